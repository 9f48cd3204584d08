//! The commands of a cart: read, decide, commit.

use domain::article::Articles;
use domain::cart::{Cart, CartError, Owner};
use domain::event::Event;
use jiff::Timestamp;

use super::CartReply;
use crate::shared::Shared;
use crate::store::{StoreError, Version};
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

impl CartDeps {
    /// Collects the dependencies.
    pub fn new(shared: &Shared) -> Self {
        Self { shared: shared.clone() }
    }

    /// Returns the cart in memory; reads it first if there is none or if it has expired.
    ///
    /// A stored cart that has expired is deleted first.
    pub(super) async fn read(
        &self,
        owner: &Owner,
        current: &mut Option<CurrentCart>,
    ) -> Result<CurrentCart, StoreError> {
        let now = self.shared.clock.now();
        if let Some(in_memory) = current.as_ref().filter(|current| !current.cart.is_expired(now)) {
            return Ok(in_memory.clone());
        }
        *current = None;
        let mut row = self.shared.tables.carts.get(owner).await?;
        if let Some(expired) = row.take_if(|row| row.value.is_expired(now)) {
            row = self.expire(owner, expired).await?;
        }
        let version = version(&row);
        let empty = || Cart::empty(now + self.shared.rules.cart_ttl);
        let cart = row.map_or_else(empty, |row| row.value);
        Ok(current.insert(CurrentCart { cart, version }).clone())
    }

    /// Changes the cart as `decide` says.
    ///
    /// The cart in memory is dropped until the change is durable, so that the next command after a
    /// failed commit reads it again.
    pub(super) async fn change(
        &self,
        owner: &Owner,
        current: &mut Option<CurrentCart>,
        expected: Option<u64>,
        decide: impl FnOnce(&Cart, &Articles, Timestamp) -> Result<Cart, CartError>,
    ) -> CartReply {
        let CurrentCart { cart, version } = self.read(owner, current).await?;
        cart.expect_version(expected)?;
        let expiry = self.shared.clock.now() + self.shared.rules.cart_ttl;
        let tables = &self.shared.tables;
        let cart = if version.is_some() { cart } else { tables.new_cart(expiry).await? };
        let cart = decide(&cart, &self.shared.snapshot.articles(), expiry)?;
        *current = None;
        let mut batch = self.shared.batch();
        batch.put_until(&tables.carts, owner, version, &cart, cart.kept_until())?;
        batch.publish(&Event::CartChanged { owner: owner.clone(), cart: cart.clone() })?;
        tables.commit(batch).await?;
        let version = Some(version.unwrap_or_default() + 1);
        *current = Some(CurrentCart { cart: cart.clone(), version });
        Ok(cart)
    }

    /// Deletes a cart that has expired and publishes that it is empty.
    ///
    /// Returns `None`, or the current cart if it was changed or deleted since it was read, such as
    /// by another node that expires it.
    async fn expire(
        &self,
        owner: &Owner,
        expired: Row<Cart>,
    ) -> Result<Option<Row<Cart>>, StoreError> {
        let tables = &self.shared.tables;
        let cart = expired.value.clear(expired.value.expires_at);
        let mut batch = self.shared.batch();
        batch.remove(&tables.carts, owner, expired.version);
        batch.publish(&Event::CartChanged { owner: owner.clone(), cart })?;
        match tables.commit(batch).await {
            Ok(_) => Ok(None),
            Err(StoreError::Conflict) => tables.carts.get(owner).await,
            Err(error) => Err(error),
        }
    }
}
