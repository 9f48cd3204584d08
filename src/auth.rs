//! Authority as types: each can be constructed only from a proof that the request carries.
//!
//! Programs prove who they are with an access token ([`bearer`]), browsers with a cookie
//! ([`browser`]), and both have a cart before they sign in ([`guest`]). A handler that takes
//! [`bearer::Admin`] or [`browser::Member`] runs only after the extractor has verified the proof.

use actix::{Handler, Message};
use actix_web::web::Data;
use actors::cart::registry::ToCart;
use actors::cart::{CartActor, CartReply, GetCart};
use domain::cart::priced::PricedCart;
use domain::cart::{Cart, CartError, Owner};

use crate::error::Problem;
use crate::state::AppState;

pub mod audit;
pub mod bearer;
pub mod browser;
pub mod client;
pub mod guest;
pub mod host;
pub mod origin;
pub mod reset;
pub mod sign_in;
pub mod turn;

/// The cart of the user, guest or visitor who makes the request.
pub struct MyCart {
    state: Data<AppState>,
    /// The owner; `None` for a visitor who is neither signed in nor a guest.
    owner: Option<Owner>,
}

impl MyCart {
    /// Returns the cart of an owner; without one it is empty.
    pub fn new(state: &Data<AppState>, owner: Option<&Owner>) -> Self {
        Self { state: state.clone(), owner: owner.cloned() }
    }

    /// Sends a command to the cart's actor and returns the cart after it. Without an owner there is
    /// nothing to change.
    pub async fn ask<M>(&self, command: M) -> CartReply
    where
        CartActor: Handler<M>,
        M: Message<Result = CartReply> + Clone + Send + 'static,
    {
        let owner = self.owner.clone().ok_or(CartError::NotInCart)?;
        self.state.shop.carts.ask(ToCart(owner, command)).await
    }

    /// Returns the current cart. Without an owner, no actor is asked.
    pub async fn current(&self) -> CartReply {
        match self.owner {
            Some(_) => self.ask(GetCart).await,
            None => Ok(Cart::empty(self.state.shop.clock.now())),
        }
    }

    /// Returns the current cart at current prices.
    pub async fn priced(&self) -> Result<PricedCart, Problem> {
        self.price(&self.current().await?)
    }

    /// Returns a cart at current prices. Fails if the total is too large.
    pub fn price(&self, cart: &Cart) -> Result<PricedCart, Problem> {
        Ok(cart.priced(&self.state.shop.snapshot.articles())?)
    }
}
