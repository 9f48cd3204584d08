//! The cart of the program's user.

use actix_web::http::header::ETAG;
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use actors::ask::Failure;
use actors::cart::{AddItem, CartReply, ClearCart, GetCart, RemoveItem, SetItem};
use domain::article::ArticleId;
use domain::cart::{CartError, PricedCart, PricedItem, Problem as ItemProblem, Quantity};
use domain::money::Cents;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::if_match;
use crate::auth::MyCart;
use crate::error::{Code, Problem};
use crate::json::Fields;

/// What to add.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Addition {
    article_id: ArticleId,
    quantity: Quantity,
}

/// How many pieces to leave in the cart; none takes the article out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pieces {
    quantity: u32,
}

/// A cart as JSON.
#[derive(Debug, Serialize)]
pub struct CartJson {
    version: u64,
    items: Vec<ItemJson>,
    item_count: u32,
    total_cents: Cents,
    expires_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct ItemJson {
    article_id: ArticleId,
    name: String,
    quantity: Quantity,
    unit_price_cents: Cents,
    line_total_cents: Cents,
    available: u32,
    problems: Vec<ItemProblem>,
}

#[derive(Serialize)]
struct CartAnswer {
    success: bool,
    cart: CartJson,
}

/// `GET /api/cart`: the cart.
pub async fn get(cart: MyCart) -> Result<HttpResponse, Problem> {
    answer(&cart, cart.ask(GetCart).await).await
}

/// `POST /api/cart/items`: puts more pieces of an article in the cart.
pub async fn add(
    cart: MyCart,
    request: HttpRequest,
    Fields(addition): Fields<Addition>,
) -> Result<HttpResponse, Problem> {
    let Addition { article_id: article, quantity } = addition;
    answer(&cart, cart.ask(AddItem { article, quantity, expected: if_match(&request)? }).await)
        .await
}

/// `PUT /api/cart/items/{article_id}`: leaves exactly that many pieces of an article in the cart.
pub async fn set(
    cart: MyCart,
    request: HttpRequest,
    article: Path<ArticleId>,
    Fields(pieces): Fields<Pieces>,
) -> Result<HttpResponse, Problem> {
    let expected = if_match(&request)?;
    let reply = match pieces.quantity {
        0 => cart.ask(RemoveItem { article: *article, expected }).await,
        count => {
            let quantity = Quantity::new(count).map_err(Failure::from)?;
            cart.ask(SetItem { article: *article, quantity, expected }).await
        }
    };
    answer(&cart, reply).await
}

/// `DELETE /api/cart/items/{article_id}`: takes an article out of the cart.
pub async fn remove(
    cart: MyCart,
    request: HttpRequest,
    article: Path<ArticleId>,
) -> Result<HttpResponse, Problem> {
    answer(&cart, cart.ask(RemoveItem { article: *article, expected: if_match(&request)? }).await)
        .await
}

/// `DELETE /api/cart`: takes everything out of the cart.
pub async fn clear(cart: MyCart, request: HttpRequest) -> Result<HttpResponse, Problem> {
    answer(&cart, cart.ask(ClearCart { expected: if_match(&request)? }).await).await
}

/// The cart with its version as entity tag; to a command meant for another version, the cart as it is.
async fn answer(cart: &MyCart, reply: CartReply) -> Result<HttpResponse, Problem> {
    if let Err(Failure::Refused(CartError::VersionMismatch)) = reply {
        let current = CartJson::from(cart.priced().await?);
        return Err(Problem::new(Code::PreconditionFailed).with(json!({ "cart": current })));
    }
    let cart = cart.price(&reply?)?;
    let etag = format!("\"{}\"", cart.version);
    Ok(HttpResponse::Ok()
        .insert_header((ETAG, etag))
        .json(CartAnswer { success: true, cart: cart.into() }))
}

impl From<PricedCart> for CartJson {
    fn from(cart: PricedCart) -> Self {
        Self {
            version: cart.version,
            items: cart.items.into_iter().map(ItemJson::from).collect(),
            item_count: cart.item_count,
            total_cents: cart.total,
            expires_at: cart.expires_at,
        }
    }
}

impl From<PricedItem> for ItemJson {
    fn from(item: PricedItem) -> Self {
        Self {
            article_id: item.article,
            name: item.name,
            quantity: item.quantity,
            unit_price_cents: item.unit_price,
            line_total_cents: item.line_total,
            available: item.available,
            problems: item.problems,
        }
    }
}
