//! The desk's page of payments: the breaker and the simulated bank, seen by two administrators.

use serde_json::json;

use crate::chromium::{Chromium, Window};
use crate::harness::{TestShop, single_node};
use crate::people::Person;

const ISOLATE_QUESTION: &str = "#confirm-admin-payments-isolate summary";
const ISOLATE: &str = "form[action='/admin/payments/isolate'] button";
const RESET: &str = "form[action='/admin/payments/reset'] button";

/// The breaker stays open for a time in which a test can look at it.
const SETTINGS: [(&str, &str); 2] = [("BREAKER__OPEN", "15s"), ("ORDER__UNPAID_PER_USER", "10")];

#[actix_web::test]
async fn the_bank_fails_and_recovers_before_the_eyes_of_two_administrators_and_of_the_buyer() {
    single_node("each node lists its own calls to the bank");
    for browser in Chromium::open_each_size().await {
        let shop = TestShop::open_with(&SETTINGS).await;
        let ana = shop.customer("ana").await;
        let second = Chromium::open_in_english().await;
        let buyers = Chromium::open_in_english().await;
        let (desk, other, buyer) =
            (browser.window(&shop).await, second.window(&shop).await, buyers.window(&shop).await);
        for window in [&desk, &other] {
            window.logs_in("admin", "admin").await;
            window.opens("/admin/payments").await;
            window.sees("html.live .indicator", "").await;
            window.sees(".machine [aria-current]", "Closed").await;
            window.sees("#calls", "no call since the server started").await;
        }
        let pages = (desk.page().await, other.page().await);

        desk.chooses("refuse").await;
        desk.sees("#notice", "The bank behaves differently now.").await;
        other.sees("#simulated-bank [aria-pressed=true]", "Unreachable").await;
        let order = ana.fails_to_pay("first").await;
        for window in [&desk, &other] {
            window.sees("#calls tbody tr:first-child", "not sent").await;
            window.sees("#breaker", "the last call has failed").await;
        }
        ana.fails_to_pay("second").await;
        buyer.logs_in("ana", "correct horse").await;
        buyer.opens(&format!("/orders/{order}")).await;
        buyer.sees("html.live .indicator", "").await;
        ana.fails_to_pay("third").await;
        for window in [&desk, &other] {
            window.sees(".machine [aria-current]", "Open").await;
            window.sees("#breaker time[data-form=left]", " s").await;
        }
        buyer.sees(".problem", "Payments are interrupted").await;
        buyer.sees(".actions button:disabled", "Try the payment again").await;

        other.chooses("approve").await;
        desk.sees("#simulated-bank [aria-pressed=true]", "Approve").await;
        // The button is enabled when the breaker admits the probe.
        buyer.clicks(".actions form[action$=pay] button:enabled").await;
        buyer.sees(".bank.good", "Payment accepted").await;
        for window in [&desk, &other] {
            window.sees(".machine [aria-current]", "Closed").await;
            window.sees("#calls tbody tr:first-child", "approved").await;
        }

        desk.clicks(ISOLATE_QUESTION).await;
        desk.clicks(ISOLATE).await;
        for window in [&desk, &other] {
            window.sees(".machine [aria-current]", "Isolated").await;
        }
        other.clicks(RESET).await;
        for window in [&desk, &other] {
            window.sees(".machine [aria-current]", "Closed").await;
        }
        assert_eq!((desk.page().await, other.page().await), pages);
        for browser in [browser, second, buyers] {
            browser.closes().await;
        }
    }
}

#[actix_web::test]
async fn payments_without_an_answer_are_listed_until_the_bank_has_one() {
    single_node("only the node that calls the bank knows when it calls again");
    for browser in Chromium::open_each_size().await {
        let settings = [("ORDER__PATIENCE", "0s"), ("BREAKER__FAILURES", "1000")];
        let shop = TestShop::open_with(&settings).await;
        let (admin, ana) = (shop.admin().await, shop.customer("ana").await);
        let second = Chromium::open_in_english().await;
        let (desk, other) = (browser.window(&shop).await, second.window(&shop).await);
        for window in [&desk, &other] {
            window.logs_in("admin", "admin").await;
            window.opens("/admin/payments").await;
            window.is_live().await;
            window.sees("#unknown-payments", "The bank has answered about every payment.").await;
        }
        let pages = (desk.page().await, other.page().await);
        admin.sets_bank("fail").await;
        ana.adds(2, 1).await.expect(200);
        let placed = ana.checks_out("k").await.expect(202).json;
        let order = placed["order"]["id"].as_str().unwrap();
        let row = format!("#unknown-{order}");
        for window in [&desk, &other] {
            window.sees(&row, "€29.90").await;
            window.sees(&row, &order[28..].to_uppercase()).await;
            window.sees(&format!("{row} time[data-form=left]"), " s").await;
        }
        let unknown = admin.0.get("/api/bank/unknown").await.expect(200).json;
        let payment = &unknown["payments"][0];
        assert_eq!((&unknown["total"], &payment["attempt"]), (&json!(1), &json!(1)), "{unknown}");
        assert_eq!((&payment["order_id"], &payment["total_cents"]), (&json!(order), &json!(2_990)));
        assert!(payment["since"].is_string(), "{payment}");
        admin.sets_bank("approve").await;
        for window in [&desk, &other] {
            window.sees_no(&row).await;
        }
        assert_eq!(admin.0.get("/api/bank/unknown").await.json["payments"], json!([]));
        assert_eq!((desk.page().await, other.page().await), pages);
        for browser in [browser, second] {
            browser.closes().await;
        }
    }
}

#[actix_web::test]
async fn the_desk_sets_the_bank_without_scripts_and_the_bank_stays_as_it_was_set() {
    let mut shop = TestShop::open().await;
    let admin = shop.admin().await;
    let browser = Chromium::open_without_scripts().await;
    let window = browser.window(&shop).await;
    window.logs_in("admin", "admin").await;
    window.clicks(".navigation a[href='/admin']").await;
    window.clicks(".desk a[href='/admin/payments']").await;
    window.types("[name=latency_ms]", "12").await;
    window.types("[name=decline_percent]", "100").await;
    window.clicks(".numbers button").await;
    window.sees("#notice", "La banque se comporte maintenant autrement.").await;
    window.chooses("lose_answer").await;
    window.sees("#simulated-bank [aria-pressed=true]", "Perdre la réponse").await;
    window.clicks(ISOLATE_QUESTION).await;
    window.clicks(ISOLATE).await;
    window.sees(".machine [aria-current]", "Isolé").await;
    window.clicks(RESET).await;
    window.sees(".machine [aria-current]", "Fermé").await;
    shop.kill();
    shop.start_again();
    let bank = admin.0.get("/api/bank").await.expect(200).json["bank"].clone();
    let expected = json!({
        "latency_ms": 12, "mode": "lose_answer", "decline_percent": 100, "seed": 0
    });
    assert_eq!(bank, expected);
    browser.closes().await;
}

impl Window {
    /// Chooses what the simulated bank does.
    async fn chooses(&self, mode: &str) {
        self.clicks(&format!("form[action='/admin/payments/bank'] button[value={mode}]")).await;
    }
}

impl Person {
    /// Places an order whose payment the bank does not receive, and returns the order.
    pub(super) async fn fails_to_pay(&self, key: &str) -> String {
        self.adds(2, 1).await.expect(200);
        let placed = self.checks_out(key).await.expect_problem(503, "payment_not_sent");
        placed.json["order"]["id"].as_str().unwrap().to_owned()
    }
}
