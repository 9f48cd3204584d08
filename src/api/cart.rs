//! The carts of users and guests in the REST API.
//!
//! Every answer carries the version of the cart as entity tag. A command with `If-Match` changes
//! only a version that the header lists.

use actix_web::HttpRequest;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actors::cart::{AddItem, ClearCart, RemoveItem, SetItem};
use actors::order::IdempotencyKey;
use domain::article::ArticleId;
use domain::cart::Cart;
use domain::cart::priced::{ItemProblem, PricedCart, PricedItem};
use domain::money::Cents;
use domain::quantity::Quantity;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use views::locale::Locale;
use views::site::localized;

use super::expected_versions;
use crate::answer::{Answer, Answered, Example, One, Resource, Success};
use crate::auth::browser::locale;
use crate::auth::{MyCart, guest};
use crate::cors::IDEMPOTENCY_KEY;
use crate::crypto::random_token;
use crate::error::Problem;
use crate::error::code::Code;
use crate::idempotency::idempotency_header;
use crate::json::Fields;
use crate::objects::example;
use crate::path::Path;
use crate::state::AppState;

/// The body of a request that adds an item.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "article_id": 2, "quantity": 1 }))]
pub struct NewItem {
    article_id: ArticleId,
    quantity: Quantity,
}

/// The body of a request that sets a quantity.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "quantity": 2 }))]
pub struct ItemQuantity {
    /// The new quantity; 0 removes the article.
    quantity: u32,
}

/// A cart as JSON, at current prices.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Cart")]
pub struct CartJson {
    version: u64,
    items: Vec<CartItemJson>,
    item_count: u32,
    total_cents: Cents,
    expires_at: Timestamp,
}

/// An item of a cart as JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PricedItem")]
struct CartItemJson {
    article_id: ArticleId,
    name: String,
    quantity: Quantity,
    unit_price_cents: Cents,
    line_total_cents: Cents,
    /// The units that can be ordered.
    available: u32,
    problems: Vec<ItemProblem>,
}

/// The empty cart of a guest, and its secret.
#[derive(Serialize, JsonSchema)]
pub struct GuestCart {
    cart: CartJson,
    /// What requests for the cart send in the header `Cart-Token`.
    cart_token: String,
}

/// `POST /api/cart`: gives a program that is not signed in a cart of its own. It is stored once it
/// has an item.
pub async fn open_cart(
    state: Data<AppState>,
    request: HttpRequest,
) -> Answered<Success<GuestCart>> {
    let cart_token = random_token();
    let cart = MyCart::new(&state, Some(&guest::owner(&cart_token)));
    let cart = cart_json(locale(&request), cart.priced().await?);
    let opened = Success::of(GuestCart { cart, cart_token });
    Ok(Answer::created("/api/cart", opened).with_header(CACHE_CONTROL, "no-store"))
}

/// `GET /api/cart`: returns the cart.
pub async fn get_cart(cart: MyCart, request: HttpRequest) -> Answered<One<CartJson>> {
    let current = cart.current().await;
    answer(&cart, &request, current.map_err(Problem::from)).await
}

/// `POST /api/cart/items`: adds units of an article.
pub async fn add_item(
    cart: MyCart,
    request: HttpRequest,
    Fields(item): Fields<NewItem>,
) -> Answered<One<CartJson>> {
    let NewItem { article_id: article, quantity } = item;
    // The cart keeps the key with what it is for: a key for another item is another key.
    let key = match request.headers().contains_key(IDEMPOTENCY_KEY) {
        true => {
            let content = format!("add {article} {}", quantity.get());
            let IdempotencyKey { key, fingerprint } = idempotency_header(&request, &content)?;
            Some(format!("{key} {fingerprint}"))
        }
        false => None,
    };
    let add = AddItem { article, quantity, expected: expected_version(&request)?, key };
    answer(&cart, &request, cart.fill(&request, add).await).await
}

/// `PUT /api/cart/items/{article_id}`: sets the quantity of an article.
pub async fn set_item(
    cart: MyCart,
    request: HttpRequest,
    article: Path<ArticleId>,
    Fields(item): Fields<ItemQuantity>,
) -> Answered<One<CartJson>> {
    let expected = expected_version(&request)?;
    let reply = match item.quantity {
        0 => {
            let remove = RemoveItem { article: *article, expected };
            cart.change(&request, remove).await
        }
        count => {
            let quantity = Quantity::new(count)?;
            let set = SetItem { article: *article, quantity, expected };
            cart.fill(&request, set).await
        }
    };
    answer(&cart, &request, reply).await
}

/// `DELETE /api/cart/items/{article_id}`: removes an article.
pub async fn remove_item(
    cart: MyCart,
    request: HttpRequest,
    article: Path<ArticleId>,
) -> Answered<One<CartJson>> {
    let remove = RemoveItem { article: *article, expected: expected_version(&request)? };
    answer(&cart, &request, cart.change(&request, remove).await).await
}

/// `DELETE /api/cart`: removes every article.
pub async fn clear_cart(cart: MyCart, request: HttpRequest) -> Answered<One<CartJson>> {
    let clear = ClearCart { expected: expected_version(&request)? };
    answer(&cart, &request, cart.change(&request, clear).await).await
}

fn expected_version(request: &HttpRequest) -> Result<Option<Vec<u64>>, Problem> {
    expected_versions(request, |tag| tag.parse().ok().filter(|read: &u64| read.to_string() == tag))
}

/// Answers a command with the cart and its entity tag.
///
/// A command for another version is answered with 412 and the current cart.
async fn answer(
    cart: &MyCart,
    request: &HttpRequest,
    changed: Result<Cart, Problem>,
) -> Answered<One<CartJson>> {
    let locale = locale(request);
    let changed = match changed {
        Err(problem) if problem.code == Code::PreconditionFailed => {
            let current = cart_json(locale, cart.priced().await?);
            return Err(Problem::new(Code::PreconditionFailed).with(json!({ "cart": current })));
        }
        changed => changed?,
    };
    let cart = cart.price(&changed)?;
    let version = cart.version;
    Ok(Answer::ok(One(cart_json(locale, cart))).tagged(version))
}

impl Resource for CartJson {
    const ONE: &'static str = "cart";
    const MANY: &'static str = "carts";
}

impl Example for CartJson {
    fn example() -> Value {
        let item = json!({
            "article_id": 2,
            "name": "Lamp",
            "quantity": 1,
            "unit_price_cents": example::PRICE,
            "line_total_cents": example::PRICE,
            "available": 14,
            "problems": [],
        });
        json!({
            "version": 4,
            "items": [item],
            "item_count": 1,
            "total_cents": example::PRICE,
            "expires_at": example::in_an_hour(),
        })
    }
}

impl Example for GuestCart {
    fn example() -> Value {
        let cart = json!({
            "version": 0,
            "items": [],
            "item_count": 0,
            "total_cents": 0,
            "expires_at": example::in_an_hour(),
        });
        json!({ "cart": cart, "cart_token": "5a1e…" })
    }
}

/// Converts a cart into JSON, with the names of the articles for a reader.
fn cart_json(locale: Locale, cart: PricedCart) -> CartJson {
    CartJson {
        version: cart.version,
        items: cart.items.into_iter().map(|item| item_json(locale, item)).collect(),
        item_count: cart.item_count,
        total_cents: cart.total,
        expires_at: cart.expires_at,
    }
}

fn item_json(locale: Locale, item: PricedItem) -> CartItemJson {
    CartItemJson {
        article_id: item.article,
        name: localized(locale, &item.name, &item.translated_name).0.to_owned(),
        quantity: item.quantity,
        unit_price_cents: item.unit_price,
        line_total_cents: item.line_total,
        available: item.available,
        problems: item.problems,
    }
}
