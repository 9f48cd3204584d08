//! A server whose calendar jumps by hours while it runs.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

use crate::harness::{TestShop, single_node, until};
use crate::people::{Answer, Person};
use crate::preload;

/// How long the breaker stays open.
const OPEN: Duration = Duration::from_secs(3);

/// The settings of the shop. A session that is not used for an hour has expired.
const SETTINGS: [(&str, &str); 4] = [
    ("BREAKER__OPEN", "3s"),
    ("ORDER__EXPIRY", "3s"),
    ("AUTH__REFRESH_TTL", "1h"),
    ("ORDER__UNPAID_PER_USER", "4"),
];

/// The first article, and how many units of it are in stock.
const LAPTOP: u64 = 1;
const IN_STOCK: u64 = 10;

/// The calendar of a server.
pub(crate) struct Calendar {
    folder: TempDir,
    library: PathBuf,
}

impl Calendar {
    /// Starts a shop again with a calendar that this value steps.
    pub(crate) fn of(shop: &mut TestShop) -> Self {
        let calendar = Self::new();
        shop.stop();
        shop.start_again_with(&calendar.variables());
        calendar
    }

    /// Builds a calendar that shows the true time.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let library = preload::build(include_str!("clock/shim.c"), folder.path());
        let calendar = Self { folder, library };
        calendar.steps_to(0);
        calendar
    }

    /// The variables of a server with the calendar.
    pub(crate) fn variables(&self) -> [(&'static str, PathBuf); 2] {
        [("LD_PRELOAD", self.library.clone()), ("CLOCK_OFFSET", self.offset())]
    }

    /// Steps the calendar, so that it is ahead of the true time by hours.
    pub(crate) fn is_ahead_by(&self, hours: i64) {
        self.steps_to(3_600 * hours);
    }

    /// Steps the calendar, so that it is ahead of the true time by seconds.
    pub(crate) fn steps_to(&self, seconds: i64) {
        // Renamed into place, so that the server never reads an empty file.
        let next = self.folder.path().join("next");
        fs::write(&next, seconds.to_string()).unwrap();
        fs::rename(next, self.offset()).unwrap();
    }

    fn offset(&self) -> PathBuf {
        self.folder.path().join("offset")
    }
}

#[actix_web::test]
async fn after_the_clock_is_put_right_nothing_revoked_comes_back_and_nothing_waits_for_hours() {
    single_node("nodes on Redis follow its clock");
    for hours in [2, -2] {
        eprintln!("{hours} hours");
        let mut shop = TestShop::open_with(&SETTINGS).await;
        let calendar = Calendar::of(&mut shop);
        let bob_before = shop.customer("bob").await;
        calendar.is_ahead_by(hours);

        let bob = Person::log_in(&shop, "bob", "correct horse").await;
        bob.send(Method::POST, "/auth/logout-all", json!({})).await.expect(200);
        let mut eve = shop.customer("eve").await;
        let used = eve.refresh_token.clone();
        eve.takes(&refresh(&eve, &used).await.expect(200).json);
        let admin = shop.admin().await;
        admin.sets_bank("decline").await;
        eve.adds(LAPTOP, 2).await.expect(200);
        eve.checks_out("declined").await.expect_problem(402, "payment_declined");
        admin.sets_bank("refuse").await;
        for key in ["first", "second", "third"] {
            eve.adds(LAPTOP, 1).await.expect(200);
            eve.checks_out(key).await.expect_problem(503, "payment_not_sent");
        }

        calendar.is_ahead_by(0);
        let ana = shop.customer("ana").await;
        ana.adds(LAPTOP, 1).await.expect(200);
        let refused = ana.checks_out("k").await.expect_problem(503, "payment_unavailable");
        let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=OPEN.as_secs()).contains(&wait), "{wait}");
        for person in [&bob_before, &bob, &eve] {
            person.get("/auth/profile").await.expect_problem(401, "invalid_token");
        }
        for token in [&bob_before.refresh_token, &bob.refresh_token, &used] {
            refresh(&eve, token).await.expect_problem(401, "invalid_token");
        }
        until(async || (available(&ana).await == IN_STOCK).then_some(())).await;
        shop.admin().await.sets_bank("approve").await;
        ana.checks_out("k").await.expect(201);
    }
}

/// Presents a refresh token.
async fn refresh(person: &Person, token: &str) -> Answer {
    person.send(Method::POST, "/auth/refresh", json!({ "refresh_token": token })).await
}

/// Reads how many laptops are available.
async fn available(person: &Person) -> u64 {
    let shown = person.get(&format!("/api/articles/{LAPTOP}")).await.expect(200).json;
    shown["article"]["available"].as_u64().unwrap()
}
