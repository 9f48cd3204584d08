//! Who may do what: each kind of authority is a type that only a proof can make.
//!
//! Programs prove themselves by a bearer token ([`bearer`]), browsers by a cookie ([`browser`]). A handler
//! that asks for [`bearer::Admin`] or [`browser::Member`] can't be reached without.

use actix::{Handler, Message};
use actix_web::web::Data;
use actors::ask::Failure;
use actors::cart::{CartActor, CartReply, GetCart, ToCart};
use domain::cart::{Cart, CartError, Owner, PricedCart};

use crate::error::Problem;
use crate::state::AppState;

pub mod bearer;
pub mod browser;
pub mod client;
pub mod origin;

/// The cart of whoever makes the request.
pub struct MyCart {
    state: Data<AppState>,
    owner: Owner,
}

impl MyCart {
    /// The cart as it is after a command.
    pub async fn ask<M>(&self, command: M) -> Result<Cart, Failure<CartError>>
    where
        CartActor: Handler<M>,
        M: Message<Result = CartReply> + Clone + Send + 'static,
    {
        self.state.shop.carts.ask(ToCart(self.owner.clone(), command)).await
    }

    /// The cart as it is, at the prices of now.
    pub async fn priced(&self) -> Result<PricedCart, Problem> {
        self.price(&self.ask(GetCart).await?)
    }

    /// A cart at the prices of now.
    pub fn price(&self, cart: &Cart) -> Result<PricedCart, Problem> {
        Ok(cart.priced(&self.state.shop.snapshot.articles())?)
    }
}
