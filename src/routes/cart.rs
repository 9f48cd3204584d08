//! The operations of carts.

use crate::api::cart;
use crate::error::code::Code;
use crate::operation::{Operation, delete, get, post, put};

/// Returns the operations.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        get("/api/cart", cart::get_cart, "Returns the cart at current prices").tagged(),
        post("/api/cart", cart::open_cart, "Gives a program that is not signed in a cart")
            .answers(&[201]),
        delete("/api/cart", cart::clear_cart, "Removes every article from the cart").tagged(),
        post("/api/cart/items", cart::add_item, "Adds units of an article to the cart")
            .tagged()
            .refuses(&[
                Code::ArticleNotFound,
                Code::ArticleUnavailable,
                Code::TooManyUnits,
                Code::TooManyArticles,
                Code::QuantityOutOfRange,
                Code::TotalTooLarge,
                Code::TooManyGuests,
            ]),
        put(
            "/api/cart/items/{article_id}",
            cart::set_item,
            "Sets the quantity of an article in the cart",
        )
        .tagged()
        .refuses(&[
            Code::NotInCart,
            Code::ArticleNotFound,
            Code::ArticleUnavailable,
            Code::QuantityOutOfRange,
            Code::TotalTooLarge,
            Code::TooManyGuests,
        ]),
        delete(
            "/api/cart/items/{article_id}",
            cart::remove_item,
            "Removes an article from the cart",
        )
        .tagged()
        .refuses(&[Code::NotInCart]),
    ]
}
