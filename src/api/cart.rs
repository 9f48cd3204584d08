//! The user's cart in the REST API.
//!
//! Every answer carries the version of the cart as entity tag. A command with `If-Match` changes
//! only a version that the header lists.

use actix_web::http::header::ETAG;
use actix_web::{HttpRequest, HttpResponse};
use actors::cart::{AddItem, CartReply, ClearCart, GetCart, RemoveItem, SetItem};
use actors::failure::Failure;
use domain::article::ArticleId;
use domain::cart::CartError;
use domain::cart::priced::{ItemProblem, PricedCart, PricedItem};
use domain::money::Cents;
use domain::quantity::Quantity;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use views::locale::Locale;
use views::site::localized;

use super::expected_versions;
use crate::auth::MyCart;
use crate::auth::browser::locale;
use crate::cors::IDEMPOTENCY_KEY;
use crate::error::Problem;
use crate::error::code::Code;
use crate::json::Fields;
use crate::path::Path;

/// The body of a request that adds an item.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewItem {
    article_id: ArticleId,
    quantity: Quantity,
}

/// The body of a request that sets a quantity.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemQuantity {
    /// The new quantity; 0 removes the article.
    quantity: u32,
}

/// A cart as JSON, at current prices.
#[derive(Debug, Serialize)]
pub struct CartJson {
    version: u64,
    items: Vec<CartItemJson>,
    item_count: u32,
    total_cents: Cents,
    expires_at: Timestamp,
}

/// An item of a cart as JSON.
#[derive(Debug, Serialize)]
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

/// An answer that contains a cart.
#[derive(Serialize)]
struct CartResponse {
    success: bool,
    cart: CartJson,
}

/// `GET /api/cart`: returns the cart.
pub async fn get_cart(cart: MyCart, request: HttpRequest) -> Result<HttpResponse, Problem> {
    answer(&cart, &request, cart.ask(GetCart).await).await
}

/// `POST /api/cart/items`: adds units of an article.
pub async fn add_item(
    cart: MyCart,
    request: HttpRequest,
    Fields(item): Fields<NewItem>,
) -> Result<HttpResponse, Problem> {
    let NewItem { article_id: article, quantity } = item;
    let key = request.headers().get(IDEMPOTENCY_KEY).and_then(|key| key.to_str().ok());
    let key = key.map(str::to_owned);
    let add = AddItem { article, quantity, expected: expected_version(&request)?, key };
    answer(&cart, &request, cart.ask(add).await).await
}

/// `PUT /api/cart/items/{article_id}`: sets the quantity of an article.
pub async fn set_item(
    cart: MyCart,
    request: HttpRequest,
    article: Path<ArticleId>,
    Fields(item): Fields<ItemQuantity>,
) -> Result<HttpResponse, Problem> {
    let expected = expected_version(&request)?;
    let reply = match item.quantity {
        0 => cart.ask(RemoveItem { article: *article, expected }).await,
        count => {
            let quantity = Quantity::new(count)?;
            cart.ask(SetItem { article: *article, quantity, expected }).await
        }
    };
    answer(&cart, &request, reply).await
}

/// `DELETE /api/cart/items/{article_id}`: removes an article.
pub async fn remove_item(
    cart: MyCart,
    request: HttpRequest,
    article: Path<ArticleId>,
) -> Result<HttpResponse, Problem> {
    let remove = RemoveItem { article: *article, expected: expected_version(&request)? };
    answer(&cart, &request, cart.ask(remove).await).await
}

/// `DELETE /api/cart`: removes every article.
pub async fn clear_cart(cart: MyCart, request: HttpRequest) -> Result<HttpResponse, Problem> {
    answer(&cart, &request, cart.ask(ClearCart { expected: expected_version(&request)? }).await)
        .await
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
    reply: CartReply,
) -> Result<HttpResponse, Problem> {
    let locale = locale(request);
    if let Err(Failure::Refused(CartError::VersionMismatch)) = reply {
        let current = cart_json(locale, cart.priced().await?);
        return Err(Problem::new(Code::PreconditionFailed).with(json!({ "cart": current })));
    }
    let cart = cart.price(&reply?)?;
    let etag = format!("\"{}\"", cart.version);
    Ok(HttpResponse::Ok()
        .insert_header((ETAG, etag))
        .json(CartResponse { success: true, cart: cart_json(locale, cart) }))
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
