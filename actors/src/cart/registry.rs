//! The registry of carts: routes every command to the actor of its owner's cart.
//!
//! Owns: the addresses of the active carts, and the position of the sweep over the stored ones.
//! Serves: everything that reads or changes a cart.
//! Publishes: nothing of its own.
//! Restart: active carts are started again on demand; the ones before stop when they are idle. The
//! sweep starts again with the first cart.

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message, MessageResult, ResponseFuture};
use domain::cart::Owner;

use super::active::ActiveCarts;
use super::commands::CartDeps;
use super::{CartActor, CartReply, Passivate, Stored};
use crate::failpoint;
use crate::failure::Failure;
use crate::observe::Observe;

/// Sends a command to the cart of an owner.
#[derive(Debug, Clone)]
pub struct ToCart<M>(pub Owner, pub M);

impl<M> Message for ToCart<M> {
    type Result = CartReply;
}

/// Reports the version of a cart that the log or another actor has seen in the store; an active
/// cart with an older one reads it again.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct CartStored(pub Owner, pub u64);

/// Asks to read every cart again, because the store may have changed without an event.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct ForgetCarts;

/// Asks to passivate a cart that was not used for a while, or that is not stored.
///
/// The registry removes its address first and then sends `Passivate`, which arrives after every
/// command that it has forwarded: no command is lost.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Idle {
    pub(super) owner: Owner,
    pub(super) cart: Addr<CartActor>,
}

/// The observable state of the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartsState {
    /// The number of active carts.
    pub active: usize,
}

/// The actor that holds the addresses of the active carts.
pub struct CartRegistry {
    pub(super) deps: CartDeps,
    active: ActiveCarts,
    /// The key of the last stored cart that the sweep has read; `None` starts with the first.
    pub(super) swept: Option<String>,
}

impl CartRegistry {
    /// Creates a registry without active carts.
    pub fn new(deps: CartDeps) -> Self {
        Self { deps, active: ActiveCarts::default(), swept: None }
    }

    /// Returns the actor of an owner's cart, starting it if it is passivated or dead.
    ///
    /// If too many carts are active, the one that was not used for the longest time is passivated.
    /// As in [`Idle`], its address is removed first, so it still runs every command that it has
    /// received.
    pub(super) fn cart(&mut self, owner: Owner, registry: Addr<Self>) -> Addr<CartActor> {
        if let Some(cart) = self.active.use_cart(&owner) {
            return cart;
        }
        let cart = CartActor::new(self.deps.clone(), owner.clone(), registry).start();
        self.active.add(owner, cart.clone());
        if let Some(excess) = self.active.remove_excess(self.deps.shared.rules.carts_in_memory) {
            excess.do_send(Passivate);
        }
        cart
    }
}

impl Actor for CartRegistry {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.sweep_later(ctx);
    }
}

impl<M> Handler<ToCart<M>> for CartRegistry
where
    M: Message<Result = CartReply> + Send + 'static,
    CartActor: Handler<M>,
{
    type Result = ResponseFuture<CartReply>;

    fn handle(&mut self, to_cart: ToCart<M>, ctx: &mut Self::Context) -> Self::Result {
        failpoint::reach("carts");
        let ToCart(owner, command) = to_cart;
        // The command is in the cart's mailbox before this returns, and so before any `Passivate`.
        let reply = self.cart(owner, ctx.address()).send(command);
        Box::pin(async move {
            reply.await.unwrap_or_else(|dead| Err(Failure::Unavailable(dead.to_string())))
        })
    }
}

impl Handler<CartStored> for CartRegistry {
    type Result = ();

    fn handle(&mut self, CartStored(owner, version): CartStored, _: &mut Self::Context) {
        if let Some(cart) = self.active.get(&owner) {
            cart.do_send(Stored(version));
        }
    }
}

impl Handler<ForgetCarts> for CartRegistry {
    type Result = ();

    fn handle(&mut self, _: ForgetCarts, _: &mut Self::Context) {
        while let Some(cart) = self.active.remove_excess(0) {
            cart.do_send(Passivate);
        }
    }
}

impl Handler<Idle> for CartRegistry {
    type Result = ();

    fn handle(&mut self, Idle { owner, cart }: Idle, _: &mut Self::Context) {
        if self.active.get(&owner) == Some(&cart) {
            self.active.remove(&owner);
        }
        cart.do_send(Passivate);
    }
}

impl Handler<Observe<CartsState>> for CartRegistry {
    type Result = MessageResult<Observe<CartsState>>;

    fn handle(&mut self, _: Observe<CartsState>, _: &mut Self::Context) -> Self::Result {
        MessageResult(CartsState { active: self.active.len() })
    }
}
