//! SIGKILL under load: no acknowledged change is lost, and none takes effect twice.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::sleep;

use crate::harness::{TestShop, single_node};
use account::{Manager, Registrar, Renewer};
use random::Random;
use shopper::Shopper;

pub(crate) mod account;
pub(crate) mod random;
mod shopper;
mod statistics;

const ON_HAND: u64 = 100_000;

/// The users of the shop.
struct Crowd {
    shoppers: Vec<Shopper>,
    registrar: Registrar,
    renewer: Renewer,
    manager: Manager,
}

#[actix_web::test]
async fn twenty_crashes_under_load_lose_no_acknowledged_change_and_repeat_none() {
    single_node("nginx answers for a shop that is down");
    survives_under_load(20, |_| {}).await;
}

#[actix_web::test]
#[ignore = "takes minutes"]
async fn the_store_is_consistent_after_each_of_two_hundred_crashes_under_load() {
    survives_under_load(200, |shop| assert_eq!(shop.check_findings(), "")).await;
}

async fn open_for_load() -> TestShop {
    TestShop::open_with(&[("ORDER__PATIENCE", "20ms"), ("ORDER__UNPAID_PER_USER", "1000")]).await
}

/// Kills the shop several times while it handles requests, and checks its store after each crash.
async fn survives_under_load(crashes: usize, check: impl Fn(&TestShop)) {
    let mut random = Random::new();
    let mut shop = open_for_load().await;
    let mut crowd = Crowd::enters(&shop, &mut random).await;
    for crash in 1..=crashes {
        let delay = Duration::from_millis(random.between(50, 400));
        eprintln!("crash {crash} of {crashes} after {delay:?}");
        tokio::join!(kill_after(delay, &mut shop), crowd.uses_the_shop());
        check(&shop);
        shop.start_again();
        crowd.sets_a_fast_bank().await;
        crowd.finds_everything().await;
    }
    for shopper in &crowd.shoppers {
        shopper.has_paid_everything_once().await;
    }
    crowd.registrar.finds_all_users().await;
    crowd.counts_the_stock(&shop).await;
    shop.stop();
    assert_eq!(shop.check_findings(), "");
}

#[actix_web::test]
#[ignore = "takes minutes"]
async fn statistics_are_those_of_the_log_after_fifty_crashes_in_ten_thousand_events() {
    let mut random = Random::new();
    let mut shop = open_for_load().await;
    let mut crowd = Crowd::enters(&shop, &mut random).await;
    let mut crashes = 0;
    loop {
        let delay = Duration::from_millis(random.between(100, 2_500));
        tokio::join!(kill_after(delay, &mut shop), crowd.uses_the_shop());
        crashes += 1;
        if crashes >= 50 && statistics::last_event(&shop).await >= 10_000 {
            break;
        }
        shop.start_again();
        crowd.sets_a_fast_bank().await;
        crowd.finds_everything().await;
    }
    eprintln!("{crashes} crashes");
    assert_eq!(shop.check_findings(), "");
    statistics::are_those_of_the_log(&mut shop).await;
    assert_eq!(shop.check_findings(), "");
}

#[actix_web::test]
async fn a_refresh_interrupted_by_a_crash_is_repeated_and_the_session_continues() {
    single_node("nginx answers for a shop that is down");
    let mut random = Random::new();
    let mut shop = TestShop::open().await;
    let mut renewer = Renewer::new(shop.customer("renate").await);
    for _ in 0..10 {
        let delay = Duration::from_millis(random.between(0, 5));
        tokio::join!(renewer.renews(), kill_after(delay, &mut shop));
        shop.start_again();
        renewer.is_still_signed_in().await;
    }
}

async fn kill_after(delay: Duration, shop: &mut TestShop) {
    sleep(delay).await;
    shop.kill();
}

impl Crowd {
    async fn enters(shop: &TestShop, random: &mut Random) -> Self {
        let admin = shop.admin().await;
        for article in shopper::ARTICLES {
            admin.changes_article(article, json!({ "on_hand": ON_HAND })).await.expect(200);
        }
        let mut shoppers = Vec::new();
        for name in ["ana", "bela", "cora", "dino"] {
            shoppers.push(Shopper::new(shop.customer(name).await, random.another()));
        }
        let registrar = Registrar::new(shop);
        let renewer = Renewer::new(shop.customer("renate").await);
        let manager = Manager::new(admin, shop.customer("mona").await).await;
        Self { shoppers, registrar, renewer, manager }
    }

    /// Sets a latency at which a crash interrupts some payments and not others.
    async fn sets_a_fast_bank(&self) {
        self.manager.sets_bank(json!({ "latency_ms": 40, "mode": "approve" })).await;
    }

    /// Every user sends one request after another until the shop does not respond.
    async fn uses_the_shop(&mut self) {
        tokio::join!(
            join_all(self.shoppers.iter_mut().map(Shopper::shops)),
            self.registrar.registers(),
            self.renewer.renews(),
            self.manager.manages(),
        );
    }

    /// Every user finds all acknowledged changes.
    async fn finds_everything(&mut self) {
        join_all(self.shoppers.iter_mut().map(Shopper::finds_everything)).await;
        self.registrar.finds_new_users().await;
        self.renewer.is_still_signed_in().await;
        self.manager.finds_the_profile().await;
    }

    /// Checks that every sold unit left the stock once.
    async fn counts_the_stock(&self, shop: &TestShop) {
        let admin = shop.admin().await;
        for article in shopper::ARTICLES {
            let stock =
                admin.changes_article(article, json!({})).await.expect(200).json["article"].clone();
            let sold: u64 = self.shoppers.iter().map(|shopper| shopper.bought(article)).sum();
            assert!(sold > 0);
            assert_eq!(stock["on_hand"], ON_HAND - sold);
            assert_eq!(stock["reserved"], 0);
        }
    }
}
