//! The floor of durable cart writes: a bare server that accepts the same JSON and returns the same
//! JSON, after one `fdatasync` for all requests that wait.
//!
//! `floor ADDRESS FILE` serves the address and appends a record for each request to the file.
//! `benches/cart-writes` compares the shop with it.

#![expect(clippy::expect_used, reason = "a benchmark fails by panicking")]

use std::fs::File;
use std::io::{self, Write};
use std::sync::LazyLock;
use std::thread;

use actix_web::web::{Data, Json};
use actix_web::{App, HttpResponse, HttpServer, web};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

/// The cart that every response holds.
const CART: &str = concat!(
    r#"{"success":true,"cart":{"version":1,"items":[{"article_id":1,"name":"Lamp","quantity":1,"#,
    r#""unit_price_cents":1250,"line_total_cents":1250,"available":10,"problems":[]}],"#,
    r#""item_count":1,"total_cents":1250,"expires_at":"2030-01-01T00:00:00Z"}}"#,
);

static RESPONSE: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(CART).expect("the cart is valid JSON"));

/// A request body of the shop.
#[derive(Deserialize)]
#[expect(dead_code, reason = "the body is parsed for its cost only")]
struct Addition {
    article_id: u32,
    quantity: u32,
}

/// Notifies a request that its record is durable.
type Durable = oneshot::Sender<()>;

#[actix_web::main]
async fn main() -> io::Result<()> {
    let arguments: Vec<_> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [address, file] = arguments.as_slice() else {
        return Err(io::Error::other("usage: floor ADDRESS FILE (see benches/cart-writes)"));
    };
    let file = File::create(file)?;
    let (queue, waiting) = mpsc::unbounded_channel();
    thread::spawn(move || write_in_rounds(file, waiting));
    HttpServer::new(move || {
        App::new().app_data(Data::new(queue.clone())).route("/api/cart/items", web::post().to(add))
    })
    .bind(address)?
    .run()
    .await
}

async fn add(
    queue: Data<mpsc::UnboundedSender<Durable>>,
    _addition: Json<Addition>,
) -> HttpResponse {
    let (durable, when_durable) = oneshot::channel();
    match queue.send(durable) {
        Ok(()) if when_durable.await.is_ok() => HttpResponse::Ok().json(&*RESPONSE),
        _ => HttpResponse::ServiceUnavailable().finish(),
    }
}

/// Writes a record for each request that waits, syncs once, and notifies all of them.
fn write_in_rounds(
    mut file: File,
    mut waiting: mpsc::UnboundedReceiver<Durable>,
) -> io::Result<()> {
    let mut round = Vec::new();
    while waiting.blocking_recv_many(&mut round, 1024) > 0 {
        file.write_all(CART.repeat(round.len()).as_bytes())?;
        file.sync_data()?;
        for durable in round.drain(..) {
            durable.send(()).ok();
        }
    }
    Ok(())
}
