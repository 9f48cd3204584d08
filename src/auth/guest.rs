//! Guests: visitors and programs whose cart belongs to a secret until they sign in.
//!
//! A browser sends the secret in a cookie, a program in the header `Cart-Token`.

use actix::{Handler, Message};
use actix_web::HttpRequest;
use actors::cart::registry::ToCart;
use actors::cart::{CartActor, CartReply, ClearCart, GetCart, MergeCart};
use actors::failure::Failure;
use domain::cart::{Cart, CartError, Owner};
use domain::user::UserId;

use super::{MyCart, client};
use crate::crypto::fingerprint;
use crate::error::Problem;
use crate::error::code::Code;
use crate::state::AppState;

/// The length of a token: 256 bits in Base64.
const TOKEN_LENGTH: usize = 43;

/// How often to merge a guest's cart that other requests keep changing.
const MAX_MERGES: usize = 3;

/// Returns the owner of the cart with a secret.
pub fn owner(secret: &str) -> Owner {
    Owner::Guest(fingerprint(secret))
}

/// Returns the owner of the cart with a token, or an error if it has not the form of the tokens
/// that the shop gives.
pub fn owner_by_token(token: &str) -> Result<Owner, Problem> {
    let is_of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let is_token = token.len() == TOKEN_LENGTH && token.bytes().all(is_of_token);
    is_token.then(|| owner(token)).ok_or_else(|| Problem::new(Code::InvalidToken))
}

impl MyCart {
    /// Sends a command that changes a stored cart and returns the cart after it.
    ///
    /// Returns an error if the guests of the address have sent too many commands.
    pub async fn change<M>(&self, request: &HttpRequest, command: M) -> Result<Cart, Problem>
    where
        CartActor: Handler<M>,
        M: Message<Result = CartReply> + Clone + Send + 'static,
    {
        self.admit_command(request)?;
        Ok(self.ask(command).await?)
    }

    /// Sends a command that may store a cart and returns the cart after it.
    ///
    /// The first one of a cart makes its owner a guest. Returns an error if too many of the
    /// address have become guests, or have sent commands.
    pub async fn fill<M>(&self, request: &HttpRequest, command: M) -> Result<Cart, Problem>
    where
        CartActor: Handler<M>,
        M: Message<Result = CartReply> + Clone + Send + 'static,
    {
        self.admit_command(request)?;
        if self.is_of_user() || self.current().await?.version > 0 {
            return Ok(self.ask(command).await?);
        }
        let guests = &self.state.new_guests;
        let admitted = guests.admit(client::network(request), self.state.shop.clock.moment());
        let admitted = admitted
            .map_err(|retry_after| Problem::new(Code::TooManyGuests).retry_after(retry_after))?;
        let reply = self.ask(command).await;
        // After any other failure, the cart may have been stored.
        if let Err(Failure::Refused(_)) = &reply {
            guests.withdraw(&admitted);
        }
        Ok(reply?)
    }

    /// Counts a command of an owner who is not signed in.
    fn admit_command(&self, request: &HttpRequest) -> Result<(), Problem> {
        if self.is_of_user() {
            return Ok(());
        }
        let now = self.state.shop.clock.moment();
        let admitted = self.state.guest_commands.admit(client::network(request), now);
        admitted
            .map(drop)
            .map_err(|retry_after| Problem::new(Code::TooManyRequests).retry_after(retry_after))
    }

    fn is_of_user(&self) -> bool {
        matches!(self.owner, Some(Owner::User(_)))
    }
}

/// Merges a guest's cart into that of the user who signs in, then clears the guest's.
///
/// Another request may add an item between the two steps. The version of the guest's cart has then
/// changed, and the cart is merged again.
pub async fn merge_cart(state: &AppState, guest: &Owner, user: UserId) -> Result<(), Problem> {
    let carts = &state.shop.carts;
    for _ in 0..MAX_MERGES {
        let cart = carts.ask(ToCart(guest.clone(), GetCart)).await?;
        if cart.items.is_empty() {
            break;
        }
        let clear = ClearCart { expected: Some(vec![cart.version]) };
        carts.ask(ToCart(Owner::User(user), MergeCart(cart))).await?;
        match carts.ask(ToCart(guest.clone(), clear)).await {
            Err(Failure::Refused(CartError::VersionMismatch)) => {}
            cleared => return Ok(cleared.map(drop)?),
        }
    }
    Ok(())
}
