//! The least that a durable cart could cost: a bare server that takes the same JSON and answers the same JSON after
//! one fdatasync shared by all waiting requests.
//!
//! `floor ADDRESS FILE` appends each answer to the file and syncs it once for all requests that wait.
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

const CART: &str = r#"{"success":true,"cart":{"version":1,"items":[{"article_id":1,"name":"Lamp","quantity":1,"unit_price_cents":1250,"line_total_cents":1250,"available":10,"problems":[]}],"item_count":1,"total_cents":1250,"expires_at":"2030-01-01T00:00:00Z"}}"#;

static ANSWER: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(CART).expect("it is JSON"));

/// What the shop takes.
#[derive(Deserialize)]
#[expect(dead_code, reason = "what is taken makes no difference here")]
struct Addition {
    article_id: u32,
    quantity: u32,
}

/// Told when the record of a request is durable.
type Durable = oneshot::Sender<()>;

#[actix_web::main]
async fn main() -> io::Result<()> {
    let arguments: Vec<_> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [address, file] = arguments.as_slice() else {
        return Err(io::Error::other("usage: floor ADDRESS FILE (benches/cart-writes does that)"));
    };
    let file = File::create(file)?;
    let (waiting, rounds) = mpsc::unbounded_channel();
    thread::spawn(move || write_in_rounds(file, rounds));
    HttpServer::new(move || {
        App::new()
            .app_data(Data::new(waiting.clone()))
            .route("/api/cart/items", web::post().to(add))
    })
    .bind(address)?
    .run()
    .await
}

async fn add(
    waiting: Data<mpsc::UnboundedSender<Durable>>,
    _addition: Json<Addition>,
) -> HttpResponse {
    let (durable, answer) = oneshot::channel();
    match waiting.send(durable) {
        Ok(()) if answer.await.is_ok() => HttpResponse::Ok().json(&*ANSWER),
        _ => HttpResponse::ServiceUnavailable().finish(),
    }
}

/// Takes everything that waits, writes a record for each, syncs once, and answers all.
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
