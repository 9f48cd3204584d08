//! One cart: an actor for each owner, started on demand and passivated when idle.
//!
//! Owns: the cart of one owner, as the store has it.
//! Serves: the owner's commands, one at a time.
//! Publishes: `cart.changed`, also when the cart expires.
//! Restart: the cart is read from the store by the next command.

use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler, Message};
use domain::article::{Article, ArticleId};
use domain::cart::{Cart, CartError, Owner};
use domain::moment::Moment;
use domain::quantity::Quantity;
use jiff::Timestamp;

use crate::failpoint;
use crate::failure::Failure;
use crate::handling::{Exclusive, exclusive};
use commands::{CartDeps, CurrentCart, Terms, is_none};
use registry::{CartRegistry, Idle};

mod active;
pub mod commands;
pub mod registry;
mod sweep;

/// The reply to every command of a cart: the cart after it.
pub type CartReply = Result<Cart, Failure<CartError>>;

/// Requests the cart.
#[derive(Debug, Clone, Message)]
#[rtype(result = "CartReply")]
pub struct GetCart;

/// Adds units of an article.
#[derive(Debug, Clone, Message)]
#[rtype(result = "CartReply")]
pub struct AddItem {
    /// The article.
    pub article: ArticleId,
    /// How many units to add.
    pub quantity: Quantity,
    /// The versions of which the cart must have one; `None` accepts any.
    pub expected: Option<Vec<u64>>,
    /// The key of a command that takes effect once, however often the owner repeats it.
    pub key: Option<String>,
}

/// Sets the quantity of an article that is in the cart.
#[derive(Debug, Clone, Message)]
#[rtype(result = "CartReply")]
pub struct SetItem {
    /// The article.
    pub article: ArticleId,
    /// The new quantity.
    pub quantity: Quantity,
    /// The versions of which the cart must have one; `None` accepts any.
    pub expected: Option<Vec<u64>>,
}

/// Removes an article from the cart.
#[derive(Debug, Clone, Message)]
#[rtype(result = "CartReply")]
pub struct RemoveItem {
    /// The article.
    pub article: ArticleId,
    /// The versions of which the cart must have one; `None` accepts any.
    pub expected: Option<Vec<u64>>,
}

/// Removes every article from the cart.
#[derive(Debug, Clone, Message)]
#[rtype(result = "CartReply")]
pub struct ClearCart {
    /// The versions of which the cart must have one; `None` accepts any.
    pub expected: Option<Vec<u64>>,
}

/// Merges another cart into this one: per article the larger quantity wins.
#[derive(Debug, Clone, Message)]
#[rtype(result = "CartReply")]
pub struct MergeCart(pub Cart);

/// Reports that the stored cart has this version.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
struct Stored(u64);

/// Stops the actor; the registry sends it after every command that it has forwarded.
#[derive(Message)]
#[rtype(result = "()")]
struct Passivate;

/// The actor that keeps one cart.
pub struct CartActor {
    deps: CartDeps,
    registry: Addr<CartRegistry>,
    owner: Owner,
    /// The durable cart; `None` if it must be read.
    current: Option<CurrentCart>,
    used_at: Moment,
}

impl CartActor {
    fn new(deps: CartDeps, owner: Owner, registry: Addr<CartRegistry>) -> Self {
        let used_at = deps.shared.clock.moment();
        Self { deps, registry, owner, current: None, used_at }
    }
}

impl Actor for CartActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let idle_after = self.deps.shared.rules.cart_sleep_after;
        ctx.run_interval(idle_after, move |cart, ctx| {
            let shared = &cart.deps.shared;
            let is_swept = |cart: &Self| {
                let current = cart.current.as_ref();
                current.is_some_and(|current| cart.deps.is_swept(&cart.owner, &current.cart))
            };
            if is_swept(cart) {
                ctx.notify(GetCart);
            } else if shared.clock.moment().since(cart.used_at) >= idle_after {
                cart.become_idle(ctx);
            }
        });
    }
}

impl Handler<GetCart> for CartActor {
    type Result = Exclusive<Self, Cart, CartError>;

    fn handle(&mut self, _: GetCart, _: &mut Self::Context) -> Self::Result {
        self.run(async |deps, owner, current| Ok(deps.read(owner, current).await?.cart))
    }
}

impl Handler<AddItem> for CartActor {
    type Result = Exclusive<Self, Cart, CartError>;

    fn handle(&mut self, add: AddItem, _: &mut Self::Context) -> Self::Result {
        let AddItem { article, quantity, expected, key } = add;
        let terms = Terms { expected, article: Some(article), key };
        self.change(terms, move |cart, article, expiry| {
            cart.add(article.ok_or(CartError::UnknownArticle)?, quantity, expiry)
        })
    }
}

impl Handler<SetItem> for CartActor {
    type Result = Exclusive<Self, Cart, CartError>;

    fn handle(&mut self, set: SetItem, _: &mut Self::Context) -> Self::Result {
        let SetItem { article, quantity, expected } = set;
        let terms = Terms { expected, article: Some(article), key: None };
        self.change(terms, move |cart, article, expiry| {
            cart.set(article.ok_or(CartError::UnknownArticle)?, quantity, expiry)
        })
    }
}

impl Handler<RemoveItem> for CartActor {
    type Result = Exclusive<Self, Cart, CartError>;

    fn handle(&mut self, remove: RemoveItem, _: &mut Self::Context) -> Self::Result {
        let RemoveItem { article, expected } = remove;
        let terms = Terms { expected, ..Terms::default() };
        self.change(terms, move |cart, _, expiry| cart.remove(article, expiry))
    }
}

impl Handler<ClearCart> for CartActor {
    type Result = Exclusive<Self, Cart, CartError>;

    fn handle(&mut self, ClearCart { expected }: ClearCart, _: &mut Self::Context) -> Self::Result {
        self.run(async |deps, owner, current| deps.clear(owner, current, expected).await)
    }
}

impl Handler<MergeCart> for CartActor {
    type Result = Exclusive<Self, Cart, CartError>;

    fn handle(&mut self, MergeCart(other): MergeCart, _: &mut Self::Context) -> Self::Result {
        self.change(Terms::default(), move |cart, _, expiry| Ok(cart.merge(&other, expiry)))
    }
}

impl Handler<Stored> for CartActor {
    type Result = ();

    fn handle(&mut self, Stored(version): Stored, _: &mut Self::Context) {
        self.current.take_if(|current| current.cart.version < version);
    }
}

impl Handler<Passivate> for CartActor {
    type Result = ();

    fn handle(&mut self, _: Passivate, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl CartActor {
    fn change(
        &mut self,
        terms: Terms,
        decide: impl Fn(&Cart, Option<&Article>, Timestamp) -> Result<Cart, CartError> + 'static,
    ) -> Exclusive<Self, Cart, CartError> {
        self.run(async move |deps, owner, current| deps.change(owner, current, terms, decide).await)
    }

    /// Runs a command while the actor handles no other message.
    fn run<Command>(&mut self, command: Command) -> Exclusive<Self, Cart, CartError>
    where
        Command: AsyncFnOnce(&CartDeps, &Owner, &mut Option<CurrentCart>) -> CartReply + 'static,
    {
        failpoint::reach("cart");
        self.used_at = self.deps.shared.clock.moment();
        let deps = self.deps.clone();
        let owner = self.owner.clone();
        let mut current = self.current.take();
        let work = async move {
            let reply = command(&deps, &owner, &mut current).await;
            (current, reply)
        };
        exclusive(self, work, |(current, reply), cart, ctx| {
            // Most visitors only look: an actor without a cart keeps nothing.
            if current.as_ref().is_some_and(|current| is_none(&current.cart)) {
                cart.become_idle(ctx);
            }
            cart.current = current;
            reply
        })
    }

    /// Asks the registry to passivate the actor; stops at once if the registry has stopped.
    fn become_idle(&self, ctx: &mut Context<Self>) {
        if self.registry.connected() {
            self.registry.do_send(Idle { owner: self.owner.clone(), cart: ctx.address() });
        } else {
            ctx.stop();
        }
    }
}

impl From<CartError> for Failure<CartError> {
    fn from(error: CartError) -> Self {
        Self::Refused(error)
    }
}
