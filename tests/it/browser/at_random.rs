//! A visitor who clicks at random on three pages and signs in and out in another tab: afterwards
//! every page agrees with the shop, without a reload.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::time::sleep;

use super::agreement::differences;
use crate::chromium::{Chromium, Window};
use crate::crash::random::Random;
use crate::harness::TestShop;
use crate::people::{Admin, Person};

/// The name and the password of the visitor.
const ANA: (&str, &str) = ("ana", "correct horse");

/// What every page begins with: it confirms every question, and loses the next message of its
/// socket if it is marked to.
const BEGIN: &str = "window.confirm = () => true; \
    window.WebSocket = class extends WebSocket { constructor(...address) { super(...address); \
    this.addEventListener('message', (event) => { if (!window.loses) return; \
    window.loses = false; event.stopImmediatePropagation(); }); } };";

/// The settings of the shop: no limit is in the way of a fast visitor.
const SETTINGS: [(&str, &str); 5] = [
    ("AUTH__THROTTLE", "false"),
    ("GUESTS__PER_MINUTE", "1000000"),
    ("GUESTS__COMMANDS_PER_MINUTE", "1000000"),
    ("ORDER__UNPAID_PER_USER", "1000"),
    ("ORDER__PATIENCE", "1s"),
];

/// The errors that the console may show: refused commands, and sockets of pages that are left.
const ACCEPTED: [&str; 2] = ["the server responded with a status of 4", "htmx:ws:error"];

/// Fills in the checkout form, if the page has it, and sends it.
const CHECK_OUT: &str = "const form = document.querySelector('#checkout form'); \
    if (!form?.querySelector('button:not([name])')) return; \
    form.elements.name.value = 'Ana'; form.elements.email.value = 'ana@example.org'; \
    form.elements.address.value = '1 quai des Brumes'; \
    form.querySelector('button:not([name])').click();";

/// Clicks the button whose number is the argument, counted in a circle.
const CLICK: &str = "const [selector, number] = arguments[0].split(' @ '); \
    const found = [...document.querySelectorAll(selector)].filter((each) => !each.disabled); \
    found[number % found.length]?.click();";

/// Replaces a quantity, and leaves the field.
const SET: &str = "const [quantity, number] = arguments[0].split(' @ '); \
    const fields = document.querySelectorAll('#cart input[name=quantity]'); \
    const field = fields[number % fields.length]; \
    if (!field) return; \
    field.focus(); field.value = quantity; \
    field.dispatchEvent(new Event('input', { bubbles: true })); \
    field.dispatchEvent(new Event('change', { bubbles: true })); \
    field.blur();";

/// Three pages of a visitor, and another tab.
struct Visitor {
    catalogue: Window,
    cart: Window,
    orders: Window,
    tab: Window,
    random: Random,
}

#[actix_web::test]
#[ignore = "takes a minute"]
async fn pages_agree_with_the_shop_after_random_clicks() {
    for seed in 1..=3 {
        clicks_at_random(seed, Duration::from_secs(20)).await;
    }
}

#[actix_web::test]
#[ignore = "takes forty minutes"]
async fn pages_agree_with_the_shop_after_minutes_of_random_clicks() {
    for seed in 101..=120 {
        clicks_at_random(seed, Duration::from_secs(120)).await;
    }
}

#[actix_web::test]
async fn a_lost_push_is_noticed() {
    let (shop, _admin, ana, browser) = shop_with_ana().await;
    let visitor = Visitor::enters(&browser, &shop, 0).await;
    ana.adds(2, 1).await.expect(200);
    assert_eq!(differences(&visitor.windows(), &ana, ANA.0).await, Vec::<String>::new());
    visitor.cart.runs("window.loses = true", "").await;
    ana.adds(2, 1).await.expect(200);
    let found = differences(&visitor.windows(), &ana, ANA.0).await.join("\n");
    assert_eq!(visitor.cart.runs("return window.loses", "").await, false, "a push was lost");
    for part in ["#cart-badge", "quantity=2", "badge \"1\" and not \"2\""] {
        assert!(found.contains(part), "{part} is not in\n{found}");
    }
    browser.closes().await;
}

async fn shop_with_ana() -> (TestShop, Admin, Person, Chromium) {
    let shop = TestShop::open_with(&SETTINGS).await;
    let admin = shop.admin().await;
    let bank = json!({ "latency_ms": 300, "mode": "approve", "decline_percent": 40, "seed": 1 });
    admin.0.send(Method::PUT, "/api/bank", bank).await.expect(200);
    let ana = shop.customer(ANA.0).await;
    (shop, admin, ana, Chromium::open().await)
}

/// Clicks for some time. Afterwards no page may differ from the shop.
async fn clicks_at_random(seed: u64, time: Duration) {
    eprintln!("seed {seed}");
    let (shop, admin, ana, browser) = shop_with_ana().await;
    let mut visitor = Visitor::enters(&browser, &shop, seed).await;
    let started = Instant::now();
    let mut actions = Vec::new();
    while started.elapsed() < time {
        actions.push(visitor.acts(&admin, &ana).await);
        let pause = visitor.random.between(0, 250);
        sleep(Duration::from_millis(pause)).await;
    }
    let found = differences(&visitor.windows(), &ana, ANA.0).await;
    let last: Vec<_> = actions.iter().rev().take(12).rev().collect();
    assert!(
        found.is_empty(),
        "seed {seed}, {} actions, the last of which are {last:?}:\n{}",
        actions.len(),
        found.join("\n")
    );
    browser.closes_after_errors(&ACCEPTED).await;
}

impl Visitor {
    async fn enters(browser: &Chromium, shop: &TestShop, seed: u64) -> Self {
        let mut windows = Vec::new();
        for path in ["/login", "/articles", "/cart", "/orders"] {
            let window = browser.window(shop).await;
            window.begins_pages_with(BEGIN).await;
            if path == "/login" {
                window.logs_in(ANA.0, ANA.1).await;
            } else {
                window.opens(path).await;
                window.sees("html.live .indicator", "").await;
            }
            windows.push(window);
        }
        let [tab, catalogue, cart, orders] = windows.try_into().ok().unwrap();
        Self { catalogue, cart, orders, tab, random: Random::seeded(seed) }
    }

    fn windows(&self) -> [&Window; 4] {
        [&self.catalogue, &self.cart, &self.orders, &self.tab]
    }

    /// Takes one action and returns its name.
    async fn acts(&mut self, admin: &Admin, ana: &Person) -> &'static str {
        let number = self.random.between(0, 999);
        match self.random.between(1, 20) {
            1..=5 => {
                goes_to(&self.catalogue, "/articles").await;
                clicks(&self.catalogue, "#articles form[hx-post*='/cart/add/'] button", number)
                    .await;
                "add"
            }
            6..=9 => {
                goes_to(&self.cart, "/cart").await;
                let quantity = self.random.between(1, 12);
                self.cart.runs(SET, &format!("{quantity} @ {number}")).await;
                "set"
            }
            10 | 11 => {
                goes_to(&self.cart, "/cart").await;
                clicks(&self.cart, "#cart form[action*='/cart/remove/'] button", number).await;
                "remove"
            }
            12 => {
                goes_to(&self.cart, "/cart").await;
                clicks(&self.cart, "#cart form[action='/cart/clear'] button", 0).await;
                "clear"
            }
            13 | 14 => {
                goes_to(&self.orders, "/checkout").await;
                self.orders.runs(CHECK_OUT, "").await;
                "check out"
            }
            15 => {
                clicks(&self.orders, ".order form[action$='/cancel'] button", 0).await;
                "cancel"
            }
            16 => {
                goes_to(&self.orders, "/orders").await;
                "list the orders"
            }
            17 => {
                ana.adds(number % 5 + 1, 1).await;
                "add by a program"
            }
            18 | 19 => {
                let change = json!({ "on_hand": 100 + number, "price_cents": 1000 + number });
                admin.changes_article(number % 5 + 1, change).await;
                "price and stock"
            }
            _ => self.signs_in_or_out().await,
        }
    }

    async fn signs_in_or_out(&self) -> &'static str {
        self.tab.opens("/account").await;
        if self.tab.path().await == "/account" {
            clicks(&self.tab, ".header form[action='/logout'] button", 0).await;
            "sign out"
        } else {
            self.tab.fills_in_the_login(ANA.0, ANA.1).await;
            "sign in"
        }
    }
}

/// Opens a page unless the window shows it.
async fn goes_to(window: &Window, path: &str) {
    if window.path().await != path {
        window.opens(path).await;
    }
}

async fn clicks(window: &Window, selector: &str, number: u64) {
    window.runs(CLICK, &format!("{selector} @ {number}")).await;
}
