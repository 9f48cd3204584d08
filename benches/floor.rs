//! The floors of the shop's requests: a bare server that does what a request cannot do without.
//!
//! A cart write accepts the same JSON and returns the same JSON, after one `fdatasync` for all
//! requests that wait. A profile has one verified token. A list and a page are constant bodies, of
//! the lengths that the shop's have, with and without its headers. A sign-in is one hash.
//!
//! `floor ADDRESS FILE` serves the address, appends a record for each cart write to the file, and
//! prints an access token. `benches/table` and `benches/orders` compare the shop with it.

#![expect(clippy::expect_used, reason = "a benchmark fails by panicking")]

use std::fs::File;
use std::io::{self, Write};
use std::sync::LazyLock;
use std::thread;

use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{Data, Json};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use scrypt::{Params, scrypt};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
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
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [address, file] = arguments.as_slice() else {
        return Err(io::Error::other("usage: floor ADDRESS FILE (see benches/table)"));
    };
    writeln!(io::stdout(), "{}", token())?;
    let file = File::create(file)?;
    let (queue, waiting) = mpsc::unbounded_channel();
    thread::spawn(move || write_in_rounds(file, waiting));
    HttpServer::new(move || {
        App::new()
            .app_data(Data::new(queue.clone()))
            .route("/api/cart/items", web::post().to(add))
            .route("/auth/profile", web::get().to(profile))
            .route("/body/{bytes}", web::get().to(body))
            .route("/hash", web::get().to(hash))
            .service(
                web::resource("/body-with-headers/{bytes}")
                    .wrap(headers())
                    .route(web::get().to(body)),
            )
    })
    .bind(address)?
    .run()
    .await
}

/// The key of the floor's tokens.
const KEY: &[u8] = b"a key of thirty-two bytes, at least";

/// What a token of the shop says.
#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    username: String,
    exp: u64,
}

fn token() -> String {
    let sub = "019b7842-93f0-7000-8a2e-037073340002".into();
    let claims = Claims { sub, username: "ana".into(), exp: 4_000_000_000 };
    let key = EncodingKey::from_secret(KEY);
    encode(&Header::new(Algorithm::HS256), &claims, &key).expect("the claims are JSON")
}

/// Verifies the token, and returns a profile.
async fn profile(request: HttpRequest) -> HttpResponse {
    let header = request.headers().get(AUTHORIZATION).and_then(|header| header.to_str().ok());
    let token = header.and_then(|header| header.strip_prefix("Bearer ")).unwrap_or_default();
    let validation = Validation::new(Algorithm::HS256);
    match decode::<Claims>(token, &DecodingKey::from_secret(KEY), &validation) {
        Ok(token) => HttpResponse::Ok().json(json!({
            "success": true,
            "user": token.claims.username,
            "id": token.claims.sub,
            "role": "customer",
            "email": null,
            "created_at": "2026-01-01T00:00:00Z",
        })),
        Err(_) => HttpResponse::Unauthorized().finish(),
    }
}

/// Returns a constant body of a length.
async fn body(bytes: web::Path<usize>) -> HttpResponse {
    static TEXT: LazyLock<web::Bytes> = LazyLock::new(|| vec![b'x'; 1 << 20].into());
    HttpResponse::Ok().content_type("application/json").body(TEXT.slice(..*bytes))
}

/// Adds headers like those of the shop.
fn headers() -> DefaultHeaders {
    let headers = DefaultHeaders::new()
        .add(("content-security-policy", "default-src 'self'; base-uri 'none'; form-action 'self'"))
        .add(("x-content-type-options", "nosniff"))
        .add(("x-frame-options", "DENY"))
        .add(("referrer-policy", "same-origin"))
        .add(("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"))
        .add(("cross-origin-opener-policy", "same-origin"))
        .add(("cache-control", "no-store"));
    headers.add(("x-request-id", "019b7842-93f0-7000-8a2e-037073340002"))
}

/// Hashes a password at the default cost of the shop.
async fn hash() -> HttpResponse {
    let hashed = web::block(|| {
        let params = Params::new(15, 8, 3).expect("the cost is valid");
        let mut hash = [0; 32];
        scrypt(b"admin", b"sixteen bytes...", &params, &mut hash).map(|()| hash)
    });
    match hashed.await {
        Ok(Ok(hash)) => HttpResponse::Ok().body(hash.to_vec()),
        _ => HttpResponse::InternalServerError().finish(),
    }
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
