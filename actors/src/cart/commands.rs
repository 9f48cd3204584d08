//! The commands of a cart: read, decide, commit.

use std::time::Duration;

use domain::article::{Article, ArticleId};
use domain::cart::{Cart, CartError, Owner};
use domain::event::Event;
use domain::time::later;
use jiff::Timestamp;

use super::CartReply;
use crate::failure::Failure;
use crate::shared::Shared;
use crate::store::{StoreError, Version};
use crate::tables::article_key;
use crate::tables::table::{Row, version};

/// The dependencies of every cart.
#[derive(Clone)]
pub struct CartDeps {
    /// Store, snapshot, clock and rules.
    pub shared: Shared,
}

/// A durable cart and the version of its key; without a version the store has no such key.
#[derive(Clone)]
pub(super) struct CurrentCart {
    pub(super) cart: Cart,
    pub(super) version: Option<Version>,
}

/// What a change depends on besides the cart.
#[derive(Default)]
pub(super) struct Terms {
    /// The versions of which the cart must have one; `None` accepts any.
    pub(super) expected: Option<Vec<u64>>,
    /// The article that is added or set.
    pub(super) article: Option<ArticleId>,
    /// The key of a command that takes effect once.
    pub(super) key: Option<String>,
}

/// How long the key of a command is kept.
const KEY_KEPT: Duration = Duration::from_secs(24 * 3_600);

/// Returns whether the owner has no cart: there never was one, or the last one has expired.
pub(super) fn is_none(cart: &Cart) -> bool {
    cart.version == 0
}

impl CartDeps {
    /// Collects the dependencies.
    pub fn new(shared: &Shared) -> Self {
        Self { shared: shared.clone() }
    }

    /// Returns the cart in memory; reads it first if there is none or if it has expired.
    ///
    /// A stored cart that has expired is emptied first.
    pub(super) async fn read(
        &self,
        owner: &Owner,
        current: &mut Option<CurrentCart>,
    ) -> Result<CurrentCart, StoreError> {
        let now = self.shared.clock.now();
        let lifetimes = self.shared.rules.carts;
        let is_expired = |cart: &Cart| lifetimes.is_expired(owner, cart, now);
        let in_memory = current.as_ref().filter(|current| !is_expired(&current.cart));
        if let Some(in_memory) = in_memory {
            return Ok(in_memory.clone());
        }
        *current = None;
        let mut row = self.shared.tables.carts.get(owner).await?;
        if let Some(expired) = row.take_if(|row| !is_none(&row.value) && is_expired(&row.value)) {
            row = self.expire(owner, expired, now).await?;
        }
        let version = version(&row);
        let stored = row.map(|row| row.value).filter(|cart| !is_none(cart));
        let cart = stored.unwrap_or_else(|| Cart::empty(lifetimes.expiry(owner, now)));
        Ok(current.insert(CurrentCart { cart, version }).clone())
    }

    /// Returns whether a sweep expires the cart.
    ///
    /// A cart that only a step of the clock has made old is not swept. It expires if its owner
    /// reads it while the clock is ahead.
    pub(super) fn is_swept(&self, owner: &Owner, cart: &Cart) -> bool {
        let lifetimes = self.shared.rules.carts;
        let sweep_now = self.shared.sweep_clock.now();
        let is_old = lifetimes.end(owner, cart, sweep_now) <= sweep_now;
        let now = self.shared.clock.now();
        let end = lifetimes.end(owner, cart, now);
        let is_ahead = now < end && lifetimes.is_expired(owner, cart, now);
        !is_none(cart) && (is_old || is_ahead)
    }

    /// Changes the cart as `decide` says, given an article. A command whose key is stored took
    /// effect before, and changes nothing.
    ///
    /// Decides on what this node knows. Another node may have changed that, so the store decides
    /// on a refusal, and the versions of a commit on everything else.
    ///
    /// The cart in memory is dropped until the change is durable, so that the next command after a
    /// failed commit reads it again.
    pub(super) async fn change(
        &self,
        owner: &Owner,
        current: &mut Option<CurrentCart>,
        terms: Terms,
        decide: impl Fn(&Cart, Option<&Article>, Timestamp) -> Result<Cart, CartError>,
    ) -> CartReply {
        let Terms { expected, article, key } = terms;
        let tables = &self.shared.tables;
        let key = key.map(|key| format!("{owner}/{key}"));
        if let Some(key) = &key
            && tables.cart_keys.get(key).await?.is_some()
        {
            // Another node may have run it, which this one does not know yet.
            *current = None;
            return Ok(self.read(owner, current).await?.cart);
        }
        let expiry = self.shared.rules.carts.expiry(owner, self.shared.clock.now());
        let decide_on = async |current: CurrentCart, article: Option<&Article>| {
            let CurrentCart { cart, version } = current;
            cart.expect_version(expected.as_deref())?;
            let cart = if is_none(&cart) { tables.new_cart(expiry).await? } else { cart };
            Ok((decide(&cart, article, expiry)?, version))
        };
        let articles = self.shared.snapshot.articles();
        let known = article.and_then(|article| articles.get(&article));
        let mut decided = decide_on(self.read(owner, current).await?, known).await;
        if matches!(decided, Err(Failure::Refused(_))) && tables.store.is_shared() {
            *current = None;
            let stored = match article {
                Some(article) => tables.articles.get(article_key(article)).await?,
                None => None,
            };
            let stored = stored.as_ref().map(|row| &row.value);
            decided = decide_on(self.read(owner, current).await?, stored).await;
        }
        let (cart, version) = decided?;
        *current = None;
        let mut batch = self.shared.batch().repeated();
        batch.put_until(&tables.carts, owner, version, &cart, cart.kept_until())?;
        batch.publish(&Event::CartChanged { owner: owner.clone(), cart: cart.clone() })?;
        if let Some(key) = key {
            let until = later(self.shared.clock.now(), KEY_KEPT);
            batch.put_until(&tables.cart_keys, key, None, &(), until)?;
        }
        tables.commit(batch).await?;
        let version = Some(version.unwrap_or_default() + 1);
        *current = Some(CurrentCart { cart: cart.clone(), version });
        Ok(cart)
    }

    /// Removes every article. If there is no cart, there is nothing to store.
    pub(super) async fn clear(
        &self,
        owner: &Owner,
        current: &mut Option<CurrentCart>,
        expected: Option<Vec<u64>>,
    ) -> CartReply {
        let CurrentCart { cart, .. } = self.read(owner, current).await?;
        if is_none(&cart) {
            cart.expect_version(expected.as_deref())?;
            return Ok(cart);
        }
        let terms = Terms { expected, ..Terms::default() };
        self.change(owner, current, terms, |cart, _, expiry| Ok(cart.clear(expiry))).await
    }

    /// Empties a cart that has expired and publishes that.
    ///
    /// Puts that there is no cart, for a day, and does not remove the key: the owner's next cart
    /// would begin at version 1 of the key again. Returns this row, or the current one if the cart
    /// was changed since it was read, such as by another node that expires it.
    async fn expire(
        &self,
        owner: &Owner,
        expired: Row<Cart>,
        now: Timestamp,
    ) -> Result<Option<Row<Cart>>, StoreError> {
        let tables = &self.shared.tables;
        let Row { version, value: expired } = expired;
        let cleared = expired.clear(expired.expires_at);
        let none = Cart::empty(now);
        let mut batch = self.shared.batch();
        batch.put_until(&tables.carts, owner, Some(version), &none, none.kept_until())?;
        batch.publish(&Event::CartChanged { owner: owner.clone(), cart: cleared })?;
        match tables.commit(batch).await {
            Ok(_) => Ok(Some(Row { version: version + 1, value: none })),
            Err(StoreError::Conflict) => tables.carts.get(owner).await,
            Err(error) => Err(error),
        }
    }
}
