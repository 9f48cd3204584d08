//! The cart page.

use actix_web::{HttpRequest, HttpResponse};
use actors::cart::{AddItem, ClearCart, RemoveItem, SetItem};
use domain::article::ArticleId;
use domain::cart::Cart;
use domain::quantity::Quantity;
use domain::shown::Shown;
use serde::Deserialize;

use super::{redirect, render_fragments, render_page};
use crate::auth::browser::Visitor;
use crate::error::Problem;
use crate::flash::addresses::referring_page;
use crate::form::Form;
use crate::path::Path;

/// The fields of the button that adds an article.
#[derive(Deserialize)]
pub struct AddItemForm {
    /// `checkout` continues with the checkout.
    then: Option<String>,
}

/// The fields of the form that sets a quantity.
#[derive(Deserialize)]
pub struct QuantityForm {
    /// The new quantity; 0 removes the article.
    quantity: u32,
}

/// `GET /cart`: shows the cart.
pub async fn show_cart(visitor: Visitor) -> Result<HttpResponse, Problem> {
    render_page(&visitor, "page-cart", Shown::Cart, async {
        Ok(views::cart::panel(visitor.locale, &visitor.cart().priced().await?))
    })
    .await
}

/// `POST /cart/add/{id}`: adds one unit of an article.
pub async fn add_item(
    visitor: Visitor,
    request: HttpRequest,
    id: Path<ArticleId>,
    Form(form): Form<AddItemForm>,
) -> Result<HttpResponse, Problem> {
    let add = AddItem { article: *id, quantity: Quantity::ONE, expected: None, key: None };
    let cart = visitor.fill_cart(&request, add).await?;
    if form.then.as_deref() == Some("checkout") {
        return Ok(redirect(&visitor, &request, "/checkout", "notice-cart-added"));
    }
    render_cart(&visitor, &request, &cart, "notice-cart-added")
}

/// `POST /cart/update/{id}`: sets the quantity of an article.
pub async fn set_item(
    visitor: Visitor,
    request: HttpRequest,
    id: Path<ArticleId>,
    Form(form): Form<QuantityForm>,
) -> Result<HttpResponse, Problem> {
    let cart = match form.quantity {
        0 => visitor.cart().change(&request, RemoveItem { article: *id, expected: None }).await?,
        count => {
            let quantity = Quantity::new(count)?;
            let set = SetItem { article: *id, quantity, expected: None };
            visitor.fill_cart(&request, set).await?
        }
    };
    render_cart(&visitor, &request, &cart, "notice-cart-updated")
}

/// `POST /cart/remove/{id}`: removes an article.
pub async fn remove_item(
    visitor: Visitor,
    request: HttpRequest,
    id: Path<ArticleId>,
) -> Result<HttpResponse, Problem> {
    let remove = RemoveItem { article: *id, expected: None };
    let cart = visitor.cart().change(&request, remove).await?;
    render_cart(&visitor, &request, &cart, "notice-cart-removed")
}

/// `POST /cart/clear`: removes every article.
pub async fn clear_cart(visitor: Visitor, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let cart = match visitor.owner {
        Some(_) => visitor.cart().change(&request, ClearCart { expected: None }).await?,
        None => visitor.cart().current().await?,
    };
    render_cart(&visitor, &request, &cart, "notice-cart-cleared")
}

/// Answers a command with the cart it changed; `notice` is the key of the sentence shown.
fn render_cart(
    visitor: &Visitor,
    request: &HttpRequest,
    cart: &Cart,
    notice: &str,
) -> Result<HttpResponse, Problem> {
    let locale = visitor.locale;
    let cart = visitor.cart().price(cart)?;
    let fragments = [
        ("cart-badge", views::cart::badge(locale, cart.item_count)),
        ("cart", views::cart::panel(locale, &cart)),
    ];
    Ok(render_fragments(visitor, request, &fragments, notice, &referring_page(request)))
}
