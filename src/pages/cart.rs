//! The visitor's cart.

use actix_web::web::{Form, Path};
use actix_web::{HttpRequest, HttpResponse};
use actors::ask::Failure;
use actors::cart::{AddItem, CartReply, ClearCart, RemoveItem, SetItem};
use domain::article::ArticleId;
use domain::cart::Quantity;
use domain::event::Topic;
use serde::Deserialize;

use super::{back, changed, done, draw, see_other};
use crate::auth::browser::Visitor;
use crate::error::Problem;

/// Where to go after adding.
#[derive(Deserialize)]
pub struct Then {
    then: Option<String>,
}

/// How many pieces to leave in the cart; none takes the article out.
#[derive(Deserialize)]
pub struct Pieces {
    quantity: u32,
}

/// `GET /cart`: the cart.
pub async fn show(visitor: Visitor) -> Result<HttpResponse, Problem> {
    draw(&visitor, "cart", &[Topic::Catalogue], async {
        Ok(views::cart::panel(visitor.locale, &visitor.cart().priced().await?))
    })
    .await
}

/// `POST /cart/add/{id}`: puts a piece of an article in the cart.
pub async fn add(
    visitor: Visitor,
    request: HttpRequest,
    id: Path<ArticleId>,
    form: Form<Then>,
) -> Result<HttpResponse, Problem> {
    let add = AddItem { article: *id, quantity: Quantity::ONE, expected: None };
    let reply = visitor.cart().ask(add).await;
    if form.then.as_deref() == Some("checkout") {
        reply?;
        return Ok(see_other("/checkout"));
    }
    answer(&visitor, &request, reply, "notice-cart-added")
}

/// `POST /cart/update/{id}`: leaves exactly that many pieces of an article in the cart.
pub async fn update(
    visitor: Visitor,
    request: HttpRequest,
    id: Path<ArticleId>,
    pieces: Form<Pieces>,
) -> Result<HttpResponse, Problem> {
    let reply = match pieces.quantity {
        0 => visitor.cart().ask(RemoveItem { article: *id, expected: None }).await,
        count => {
            let quantity = Quantity::new(count).map_err(Failure::from)?;
            visitor.cart().ask(SetItem { article: *id, quantity, expected: None }).await
        }
    };
    answer(&visitor, &request, reply, "notice-cart-updated")
}

/// `POST /cart/remove/{id}`: takes an article out of the cart.
pub async fn remove(
    visitor: Visitor,
    request: HttpRequest,
    id: Path<ArticleId>,
) -> Result<HttpResponse, Problem> {
    let reply = visitor.cart().ask(RemoveItem { article: *id, expected: None }).await;
    answer(&visitor, &request, reply, "notice-cart-removed")
}

/// `POST /cart/clear`: takes everything out of the cart.
pub async fn clear(visitor: Visitor, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let reply = visitor.cart().ask(ClearCart { expected: None }).await;
    answer(&visitor, &request, reply, "notice-cart-cleared")
}

fn answer(
    visitor: &Visitor,
    request: &HttpRequest,
    reply: CartReply,
    said: &str,
) -> Result<HttpResponse, Problem> {
    let (locale, cart) = (visitor.locale, visitor.cart().price(&reply?)?);
    let badge = views::cart::badge(locale, cart.item_count);
    let fragments = vec![
        ("cart-badge", badge),
        ("cart", views::cart::panel(locale, &cart)),
        done(locale, said),
    ];
    Ok(changed(request, fragments, &back(request)))
}
