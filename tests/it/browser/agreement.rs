//! Whether open pages agree with the shop, without a reload: with the same pages loaded now, and
//! with what the API returns.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::time::sleep;

use crate::chromium::Window;
use crate::harness::LOOK_EVERY;
use crate::people::Person;

/// Returns what a page shows, and what it would show if it were loaded now.
const SHOWN: &str = include_str!("shown.js");

/// How soon after the last action every page must agree.
const SOON: Duration = Duration::from_secs(5);

/// The badges of orders whose status only an administrator can still change, in French.
const STATUSES: [(&str, &str); 6] = [
    ("Payée", "paid"),
    ("Expédiée", "shipped"),
    ("Livrée", "delivered"),
    ("Annulée", "cancelled"),
    ("Expirée", "expired"),
    ("Remboursée", "refunded"),
];

/// Waits until all pages agree with the shop, and returns the differences that remain.
///
/// `person` is the user of the browser, whose orders and cart the pages show while signed in.
pub(super) async fn differences(windows: &[&Window], person: &Person, name: &str) -> Vec<String> {
    let started = Instant::now();
    loop {
        let mut found = Vec::new();
        for window in windows {
            found.append(&mut differences_of(window, person, name).await);
        }
        if found.is_empty() || started.elapsed() > SOON {
            return found;
        }
        sleep(LOOK_EVERY).await;
    }
}

async fn differences_of(window: &Window, person: &Person, name: &str) -> Vec<String> {
    let page = window.finds_later(SHOWN).await;
    let path = page["path"].as_str().unwrap();
    let [shown, loaded] = ["shown", "loaded"].map(|key| strings(&page[key]));
    let mut found = Vec::new();
    for (part, now) in shown.iter().zip(&loaded).filter(|(part, now)| part != now) {
        found.push(format!("{path} shows\n  {part}\nand not\n  {now}"));
    }
    if shown.len() != loaded.len() {
        found.push(format!("{path} shows\n  {shown:?}\nand not\n  {loaded:?}"));
    }
    let is_signed_in = page["account"].as_str().unwrap().contains(name);
    let api = api(person, is_signed_in, !texts(&page["orders"]).is_empty()).await;
    for (what, right) in api {
        let differs = match what {
            "badge" | "total" => {
                page[what].as_str().is_some_and(|is| !is.is_empty()) && page[what] != right
            }
            // A list may show only its first page.
            "orders" => !texts(&page[what]).iter().all(|(id, badge)| agrees(badge, &right[id])),
            _ => !texts(&page[what]).is_empty() && texts(&page[what]) != texts(&right),
        };
        if differs {
            found.push(format!("{path} shows {what} {} and not {right}", page[what]));
        }
    }
    found
}

/// Returns what the API knows of the numbers of a page.
async fn api(person: &Person, is_signed_in: bool, orders: bool) -> Vec<(&'static str, Value)> {
    let articles = person.get("/api/articles").await.expect(200).json["articles"].clone();
    let stock =
        articles.as_array().unwrap().iter().map(|article| {
            (article["id"].to_string(), Value::from(article["available"].to_string()))
        });
    let mut known = vec![("stock", Value::Object(stock.collect()))];
    if is_signed_in {
        let cart = person.cart().await;
        let lines = cart["items"].as_array().unwrap().iter().map(|item| {
            (item["article_id"].to_string(), Value::from(item["quantity"].to_string()))
        });
        known.push(("badge", cart["item_count"].to_string().into()));
        known.push(("lines", Value::Object(lines.collect())));
        known.push(("total", cart["total_cents"].to_string().into()));
    }
    if is_signed_in && orders {
        let list = person.get("/api/orders?limit=100").await.expect(200).json["orders"].clone();
        let statuses = list
            .as_array()
            .unwrap()
            .iter()
            .map(|order| (order["id"].as_str().unwrap().to_owned(), order["status"].clone()));
        known.push(("orders", Value::Object(statuses.collect())));
    }
    known
}

/// Returns whether a badge is the one of a status; a waiting order may have several.
fn agrees(badge: &str, status: &Value) -> bool {
    let settled = STATUSES.iter().find(|(text, _)| *text == badge);
    match settled {
        Some((_, expected)) => status == expected,
        None => status == "pending_payment" || status == "refunded",
    }
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn texts(map: &Value) -> BTreeMap<String, String> {
    let entries = map.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.clone(), value.as_str().unwrap_or("").to_owned())).collect()
}
