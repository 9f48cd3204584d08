//! `kill -9` under load: what was acknowledged is there afterwards, and nothing has happened twice.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::sleep;

use crate::harness::TestShop;
use account::{Manager, Registrar, Renewer};
use chance::Chance;
use shopper::Shopper;

pub(crate) mod account;
pub(crate) mod chance;
mod shopper;

const ON_HAND: u64 = 100_000;

/// Everybody who is in the shop when it crashes.
struct Crowd {
    shoppers: Vec<Shopper>,
    registrar: Registrar,
    renewer: Renewer,
    manager: Manager,
}

#[actix_web::test]
async fn twenty_crashes_under_load_lose_nothing_acknowledged_and_do_nothing_twice() {
    survives_under_load(20, |_| {}).await;
}

#[actix_web::test]
#[ignore = "takes minutes"]
async fn after_each_of_two_hundred_crashes_under_load_the_store_makes_sense() {
    survives_under_load(200, |shop| assert_eq!(shop.wrongs(), "")).await;
}

/// Kills the shop again and again while it is busy, and looks at what it left before it is opened again.
async fn survives_under_load(crashes: usize, look: impl Fn(&TestShop)) {
    let mut chance = Chance::new();
    let mut shop = TestShop::open_with(&[("ORDER__PATIENCE", "20ms")]).await;
    let mut crowd = Crowd::enters(&shop, &mut chance).await;
    for crash in 1..=crashes {
        let moment = Duration::from_millis(chance.between(50, 400));
        eprintln!("crash {crash} of {crashes} after {moment:?}");
        tokio::join!(is_killed(&mut shop, moment), crowd.is_busy());
        look(&shop);
        shop.start_again();
        crowd.has_a_quick_bank().await;
        crowd.finds_everything().await;
    }
    for shopper in &crowd.shoppers {
        shopper.has_paid_everything_once().await;
    }
    crowd.registrar.finds_everybody().await;
    crowd.counts_the_stock(&shop).await;
    shop.stop();
    assert_eq!(shop.wrongs(), "");
}

#[actix_web::test]
async fn a_refresh_that_a_crash_interrupts_is_asked_for_again_and_the_chain_goes_on() {
    let mut chance = Chance::new();
    let mut shop = TestShop::open().await;
    let mut renewer = Renewer::new(shop.customer("renate").await);
    for _ in 0..10 {
        let moment = Duration::from_millis(chance.between(0, 5));
        tokio::join!(renewer.renews(), is_killed(&mut shop, moment));
        shop.start_again();
        renewer.is_still_signed_in().await;
    }
}

async fn is_killed(shop: &mut TestShop, moment: Duration) {
    sleep(moment).await;
    shop.kill();
}

impl Crowd {
    async fn enters(shop: &TestShop, chance: &mut Chance) -> Self {
        let admin = shop.admin().await;
        for article in shopper::ARTICLES {
            admin.changes_article(article, json!({ "on_hand": ON_HAND })).await.expect(200);
        }
        let mut shoppers = Vec::new();
        for name in ["ana", "bela", "cora", "dino"] {
            shoppers.push(Shopper::new(shop.customer(name).await, chance.another()));
        }
        let registrar = Registrar::new(shop);
        let renewer = Renewer::new(shop.customer("renate").await);
        let manager = Manager::new(admin, shop.customer("mona").await).await;
        Self { shoppers, registrar, renewer, manager }
    }

    /// Some payments are made before the next crash, some are under way.
    async fn has_a_quick_bank(&self) {
        self.manager.sets_bank(json!({ "latency_ms": 40, "mode": "approve" })).await;
    }

    /// Everybody sends one request after the other until an answer stays away.
    async fn is_busy(&mut self) {
        tokio::join!(
            join_all(self.shoppers.iter_mut().map(Shopper::shops)),
            self.registrar.registers(),
            self.renewer.renews(),
            self.manager.manages(),
        );
    }

    /// Everybody finds what was acknowledged.
    async fn finds_everything(&mut self) {
        join_all(self.shoppers.iter_mut().map(Shopper::finds_everything)).await;
        self.registrar.finds_the_latest().await;
        self.renewer.is_still_signed_in().await;
        self.manager.finds_the_profile().await;
    }

    /// What was sold is gone from the stock, once.
    async fn counts_the_stock(&self, shop: &TestShop) {
        let admin = shop.admin().await;
        for article in shopper::ARTICLES {
            let stock =
                admin.changes_article(article, json!({})).await.expect(200).json["article"].clone();
            let sold: u64 = self.shoppers.iter().map(|shopper| shopper.bought(article)).sum();
            assert!(sold > 0);
            assert_eq!(
                (stock["on_hand"].as_u64(), &stock["reserved"]),
                (Some(ON_HAND - sold), &json!(0))
            );
        }
    }
}
