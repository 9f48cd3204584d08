//! The shop in a real browser: what people do on its pages, and what a push changes there.

use reqwest::Method;
use serde_json::{Value, json};

use crate::people::Admin;
use crate::socket::Socket;

mod accessibility;
mod agreement;
mod arrival;
mod at_random;
mod bad_network;
mod checkout;
mod connection;
mod desk;
mod docs;
mod end_to_end;
mod event;
mod failure;
mod first_visit;
mod focus;
mod foreign;
mod guest;
mod keyboard;
mod list;
mod palette;
mod payment;
mod pictures;
mod preserved;
mod print;
mod purchase;
mod quantity;
mod refused;
mod shift;
mod shown;
mod stock;
mod system;
mod times;
mod today;
mod tour;
mod update;
mod user;
mod visitor;
mod widths;

/// The button that adds a mouse to the cart.
const ADD_A_MOUSE: &str = "#article-2 form[hx-post] button";
/// The field with the quantity of mice in the cart.
const MICE: &str = "#cart-quantity-2";

/// The errors that the console shows while the server is down.
const SERVER_DOWN: [&str; 2] = ["/live?", "htmx:ws:error"];

/// Makes the bank take so long that a page shows the payment in progress.
async fn has_a_slow_bank(admin: &Admin) {
    let slow = json!({ "latency_ms": 1500, "mode": "approve" });
    admin.0.send(Method::PUT, "/api/bank", slow).await.expect(200);
}

/// Waits for an event of a type whose data satisfies a condition.
async fn receives_until(program: &mut Socket, event: &str, is_expected: impl Fn(&Value) -> bool) {
    while !is_expected(&program.receives_event(event).await["data"]) {}
}
