//! Who may do what: each kind of authority is a type that only a proof can make.
//!
//! Programs prove themselves by a bearer token ([`bearer`]), browsers by a cookie ([`browser`]). A handler
//! that asks for [`bearer::Admin`] or [`browser::Member`] can't be reached without.

use actix::{Handler, Message};
use actix_web::web::Data;
use actors::ask::Failure;
use actors::cart::{CartActor, CartReply, GetCart, ToCart};
use domain::cart::{Cart, CartError, Owner, PricedCart};
use domain::session::{Session, SessionId};
use domain::user::{Role, UserId};
use jiff::Timestamp;

use crate::error::Problem;
use crate::site::Site;

pub mod access;
pub mod bearer;
pub mod browser;
pub mod client;
pub mod cookie;
pub mod keys;
pub mod origin;
pub mod refresh;
pub mod secret;

/// A user who has proved to be signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub user: UserId,
    /// The user's name.
    pub username: String,
    /// What the user may do.
    pub role: Role,
    /// By which session.
    pub session: SessionId,
    /// Until when that is proved.
    pub until: Timestamp,
}

impl From<&Session> for SignedIn {
    fn from(session: &Session) -> Self {
        let Session { id, user, username, role, expires_at, .. } = session;
        Self {
            user: *user,
            username: username.to_string(),
            role: *role,
            session: *id,
            until: *expires_at,
        }
    }
}

/// The cart of whoever makes the request.
pub struct MyCart {
    site: Data<Site>,
    owner: Owner,
}

impl MyCart {
    /// The cart as it is after a command.
    pub async fn ask<M>(&self, command: M) -> Result<Cart, Failure<CartError>>
    where
        CartActor: Handler<M>,
        M: Message<Result = CartReply> + Clone + Send + 'static,
    {
        self.site.shop.carts.ask(ToCart(self.owner.clone(), command)).await
    }

    /// The cart as it is, at the prices of now.
    pub async fn priced(&self) -> Result<PricedCart, Problem> {
        self.price(&self.ask(GetCart).await?)
    }

    /// A cart at the prices of now.
    pub fn price(&self, cart: &Cart) -> Result<PricedCart, Problem> {
        Ok(cart.priced(&self.site.shop.shelf.articles())?)
    }
}
