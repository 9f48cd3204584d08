//! Authority as types: each can be constructed only from a proof that the request carries.
//!
//! Programs prove who they are with an access token ([`bearer`]), browsers with a cookie
//! ([`browser`]). A handler that takes [`bearer::Admin`] or [`browser::Member`] runs only after
//! the extractor has verified the proof.

use actix::{Handler, Message};
use actix_web::web::Data;
use actors::cart::registry::ToCart;
use actors::cart::{CartActor, CartReply, GetCart};
use actors::failure::Failure;
use domain::cart::priced::PricedCart;
use domain::cart::{Cart, CartError, Owner};

use crate::error::Problem;
use crate::state::AppState;

pub mod audit;
pub mod bearer;
pub mod browser;
pub mod client;
pub mod host;
pub mod origin;
pub mod sign_in;
pub mod turn;

/// The cart of the user or guest who makes the request.
pub struct MyCart {
    state: Data<AppState>,
    owner: Owner,
}

impl MyCart {
    /// Sends a command to the cart's actor and returns the cart after it.
    pub async fn ask<M>(&self, command: M) -> Result<Cart, Failure<CartError>>
    where
        CartActor: Handler<M>,
        M: Message<Result = CartReply> + Clone + Send + 'static,
    {
        self.state.shop.carts.ask(ToCart(self.owner.clone(), command)).await
    }

    /// Returns the current cart at current prices.
    pub async fn priced(&self) -> Result<PricedCart, Problem> {
        self.price(&self.ask(GetCart).await?)
    }

    /// Returns a cart at current prices. Fails if the total is too large.
    pub fn price(&self, cart: &Cart) -> Result<PricedCart, Problem> {
        Ok(cart.priced(&self.state.shop.snapshot.articles())?)
    }
}
