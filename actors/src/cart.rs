//! Carts: one actor for each owner, started when needed and asleep when not.
//!
//! Owns: [`CartActor`] one cart; [`CartRegistry`] the carts that are awake.
//! Serves: the owner's commands, each until it is durable before the next.
//! Tells: `cart.changed`.
//! Restart: a cart is read from the store by its next command.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, AtomicResponse, Context, Handler,
    Message, ResponseFuture, WrapFuture,
};
use domain::article::{Article, ArticleId, Articles};
use domain::cart::{Cart, CartError, Owner, Quantity};
use domain::event::Event;
use jiff::Timestamp;
use serde_json::json;

use crate::article::CatalogueSnapshot;
use crate::ask::{Failure, Observe, Observed};
use crate::clock::Clock;
use crate::failpoint;
use crate::store::{StoreError, Version};
use crate::tables::{Tables, version};

/// What a command for a cart answers: the cart as it is then.
pub type CartReply = Result<Cart, Failure<CartError>>;

/// Asks for the cart as it is.
#[derive(Debug, Clone, Message)]
#[rtype(result = "CartReply")]
pub struct GetCart;

/// Puts more pieces of an article in the cart.
#[derive(Debug, Clone, Message)]
#[rtype(result = "CartReply")]
pub struct AddItem {
    /// The article.
    pub article: ArticleId,
    /// How many pieces more.
    pub quantity: Quantity,
    /// Only if the cart is at this version.
    pub expected: Option<u64>,
}

/// Leaves exactly that many pieces of an article in the cart.
#[derive(Debug, Clone, Message)]
#[rtype(result = "CartReply")]
pub struct SetItem {
    /// The article.
    pub article: ArticleId,
    /// How many pieces.
    pub quantity: Quantity,
    /// Only if the cart is at this version.
    pub expected: Option<u64>,
}

/// Takes an article out of the cart.
#[derive(Debug, Clone, Message)]
#[rtype(result = "CartReply")]
pub struct RemoveItem {
    /// The article.
    pub article: ArticleId,
    /// Only if the cart is at this version.
    pub expected: Option<u64>,
}

/// Takes everything out of the cart.
#[derive(Debug, Clone, Message)]
#[rtype(result = "CartReply")]
pub struct ClearCart {
    /// Only if the cart is at this version.
    pub expected: Option<u64>,
}

/// Puts what is in another cart into this one: of each article the larger quantity.
#[derive(Debug, Clone, Message)]
#[rtype(result = "CartReply")]
pub struct MergeCart(pub Cart);

/// Says that the cart was changed by somebody else, and to which version.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
struct Changed(u64);

/// Passes a command to the cart of an owner.
#[derive(Debug, Clone)]
pub struct ToCart<M>(pub Owner, pub M);

impl<M> Message for ToCart<M> {
    type Result = CartReply;
}

/// Tells whoever keeps the owner's cart awake, if anybody does, that it has changed in the store.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct CartHasChanged(pub Owner, pub u64);

/// What every cart needs to work.
#[derive(Clone)]
pub struct CartDeps {
    /// Where carts are kept.
    pub tables: Tables,
    /// What can be bought.
    pub snapshot: CatalogueSnapshot,
    /// Tells the time.
    pub clock: Clock,
    /// How long an untouched cart is kept.
    pub ttl: Duration,
    /// How long an unused cart stays awake.
    pub sleep_after: Duration,
}

/// The actor that keeps one cart.
pub struct CartActor {
    registry: Addr<CartRegistry>,
    keeper: Keeper,
    used_at: Timestamp,
}

impl Actor for CartActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let sleep_after = self.keeper.parts.sleep_after;
        ctx.run_interval(sleep_after, move |cart, ctx| {
            if cart.keeper.parts.clock.now() >= cart.used_at + sleep_after {
                cart.tire(ctx);
            }
        });
    }
}

impl Handler<GetCart> for CartActor {
    type Result = AtomicResponse<Self, CartReply>;

    fn handle(&mut self, _: GetCart, _: &mut Self::Context) -> Self::Result {
        self.work(async |keeper| Ok(keeper.current().await?.cart))
    }
}

impl Handler<AddItem> for CartActor {
    type Result = AtomicResponse<Self, CartReply>;

    fn handle(
        &mut self,
        AddItem { article, quantity, expected }: AddItem,
        _: &mut Self::Context,
    ) -> Self::Result {
        self.change(expected, move |cart, articles, expiry| {
            cart.add(find(articles, article)?, quantity, expiry)
        })
    }
}

impl Handler<SetItem> for CartActor {
    type Result = AtomicResponse<Self, CartReply>;

    fn handle(
        &mut self,
        SetItem { article, quantity, expected }: SetItem,
        _: &mut Self::Context,
    ) -> Self::Result {
        self.change(expected, move |cart, articles, expiry| {
            cart.set(find(articles, article)?, quantity, expiry)
        })
    }
}

impl Handler<RemoveItem> for CartActor {
    type Result = AtomicResponse<Self, CartReply>;

    fn handle(
        &mut self,
        RemoveItem { article, expected }: RemoveItem,
        _: &mut Self::Context,
    ) -> Self::Result {
        self.change(expected, move |cart, _, expiry| cart.remove(article, expiry))
    }
}

impl Handler<ClearCart> for CartActor {
    type Result = AtomicResponse<Self, CartReply>;

    fn handle(&mut self, ClearCart { expected }: ClearCart, _: &mut Self::Context) -> Self::Result {
        self.change(expected, |cart, _, expiry| Ok(cart.clear(expiry)))
    }
}

impl Handler<MergeCart> for CartActor {
    type Result = AtomicResponse<Self, CartReply>;

    fn handle(&mut self, MergeCart(other): MergeCart, _: &mut Self::Context) -> Self::Result {
        self.change(None, move |cart, _, expiry| Ok(cart.merge(&other, expiry)))
    }
}

impl Handler<Changed> for CartActor {
    type Result = ();

    fn handle(&mut self, Changed(version): Changed, _: &mut Self::Context) {
        self.keeper.kept.take_if(|kept| kept.cart.version < version);
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
        expected: Option<u64>,
        decide: impl FnOnce(&Cart, &Articles, Timestamp) -> Result<Cart, CartError> + 'static,
    ) -> AtomicResponse<Self, CartReply> {
        self.work(async move |keeper| keeper.change(expected, decide).await)
    }

    /// Does something with the cart while the actor does nothing else.
    fn work(
        &mut self,
        work: impl AsyncFnOnce(&mut Keeper) -> CartReply + 'static,
    ) -> AtomicResponse<Self, CartReply> {
        failpoint::reach("cart");
        self.used_at = self.keeper.parts.clock.now();
        let mut keeper = self.keeper.clone();
        let work = async move {
            let reply = work(&mut keeper).await;
            (keeper, reply)
        };
        AtomicResponse::new(Box::pin(work.into_actor(self).map(|(keeper, reply), cart, ctx| {
            cart.keeper = keeper;
            // Nothing is worth staying awake for, and visitors who only look are many.
            if cart.keeper.kept.as_ref().is_some_and(|kept| kept.version.is_none()) {
                cart.tire(ctx);
            }
            reply
        })))
    }

    /// Asks to go to sleep; a registry that has died can neither answer nor wake anybody.
    fn tire(&self, ctx: &mut Context<Self>) {
        if self.registry.connected() {
            self.registry.do_send(Idle { owner: self.keeper.owner.clone(), cart: ctx.address() });
        } else {
            ctx.stop();
        }
    }
}

/// A cart in step with the store.
#[derive(Clone)]
struct Keeper {
    parts: Arc<CartDeps>,
    owner: Owner,
    /// The cart as the store has it, unless it has to be read.
    kept: Option<Kept>,
}

/// A durable cart and the version of its key; none while the store has no such key.
#[derive(Clone)]
struct Kept {
    cart: Cart,
    version: Option<Version>,
}

impl Keeper {
    async fn current(&mut self) -> Result<Kept, StoreError> {
        let now = self.parts.clock.now();
        match self.kept.clone().filter(|kept| now < kept.cart.expires_at) {
            Some(kept) => Ok(kept),
            None => Ok(self.kept.insert(self.load(now).await?).clone()),
        }
    }

    async fn load(&self, now: Timestamp) -> Result<Kept, StoreError> {
        let row = self.parts.tables.carts.get(&self.owner).await?;
        let version = version(&row);
        Ok(Kept {
            cart: row.map_or_else(|| Cart::empty(now + self.parts.ttl), |row| row.value),
            version,
        })
    }

    async fn change(
        &mut self,
        expected: Option<u64>,
        decide: impl FnOnce(&Cart, &Articles, Timestamp) -> Result<Cart, CartError>,
    ) -> CartReply {
        let Kept { cart, version } = self.current().await?;
        cart.expect_version(expected)?;
        let now = self.parts.clock.now();
        let cart = decide(&cart, &self.parts.snapshot.articles(), now + self.parts.ttl)?;
        self.kept = None;
        let tables = &self.parts.tables;
        let change = tables.change(now).put_until(
            &tables.carts,
            &self.owner,
            version,
            &cart,
            cart.expires_at,
        )?;
        let told = Event::CartChanged { owner: self.owner.clone(), cart: cart.clone() };
        tables.commit(change.publish(&told)?).await?;
        self.kept =
            Some(Kept { cart: cart.clone(), version: Some(version.unwrap_or_default() + 1) });
        Ok(cart)
    }
}

/// A cart that nobody has used for a while, or that the store doesn't have, asks to go to sleep.
///
/// The registry forgets it first and lets it sleep behind everything already sent to it, so no command is lost.
#[derive(Message)]
#[rtype(result = "()")]
struct Idle {
    owner: Owner,
    cart: Addr<CartActor>,
}

/// Lets a cart sleep.
#[derive(Message)]
#[rtype(result = "()")]
struct Passivate;

/// The actor that knows which carts are awake; every command for a cart goes through it.
pub struct CartRegistry {
    parts: Arc<CartDeps>,
    awake: HashMap<Owner, Addr<CartActor>>,
}

impl CartRegistry {
    /// A registry of which no cart is awake.
    pub fn new(parts: CartDeps) -> Self {
        Self { parts: Arc::new(parts), awake: HashMap::new() }
    }

    /// The cart of an owner, woken if it is asleep or has died.
    fn cart(&mut self, owner: &Owner, registry: Addr<Self>) -> Addr<CartActor> {
        if let Some(cart) = self.awake.get(owner).filter(|cart| cart.connected()) {
            return cart.clone();
        }
        let keeper = Keeper { parts: self.parts.clone(), owner: owner.clone(), kept: None };
        let cart = CartActor { registry, used_at: self.parts.clock.now(), keeper }.start();
        self.awake.insert(owner.clone(), cart.clone());
        cart
    }
}

impl Actor for CartRegistry {
    type Context = Context<Self>;
}

impl<M> Handler<ToCart<M>> for CartRegistry
where
    M: Message<Result = CartReply> + Send + 'static,
    CartActor: Handler<M>,
{
    type Result = ResponseFuture<CartReply>;

    fn handle(
        &mut self,
        ToCart(owner, command): ToCart<M>,
        ctx: &mut Self::Context,
    ) -> Self::Result {
        failpoint::reach("carts");
        let reply = self.cart(&owner, ctx.address()).send(command);
        Box::pin(async move {
            reply.await.unwrap_or_else(|dead| Err(Failure::Unavailable(dead.to_string())))
        })
    }
}

impl Handler<CartHasChanged> for CartRegistry {
    type Result = ();

    fn handle(&mut self, CartHasChanged(owner, version): CartHasChanged, _: &mut Self::Context) {
        if let Some(cart) = self.awake.get(&owner) {
            cart.do_send(Changed(version));
        }
    }
}

impl Handler<Idle> for CartRegistry {
    type Result = ();

    fn handle(&mut self, Idle { owner, cart }: Idle, _: &mut Self::Context) {
        if self.awake.get(&owner) == Some(&cart) {
            self.awake.remove(&owner);
        }
        cart.do_send(Passivate);
    }
}

impl Handler<Observe> for CartRegistry {
    type Result = Observed;

    fn handle(&mut self, _: Observe, _: &mut Self::Context) -> Observed {
        Observed(json!({ "awake": self.awake.len() }))
    }
}

fn find(articles: &Articles, id: ArticleId) -> Result<&Article, CartError> {
    articles.get(&id).ok_or(CartError::UnknownArticle)
}

impl From<CartError> for Failure<CartError> {
    fn from(error: CartError) -> Self {
        Self::Refused(error)
    }
}
