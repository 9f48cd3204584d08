//! The active carts, in the order in which they were last used.

use std::collections::{BTreeMap, HashMap};

use actix::Addr;
use domain::cart::Owner;

use super::CartActor;

/// The addresses of the active carts.
///
/// Invariant: `by_use` lists each of them once, under the number of its last use.
#[derive(Default)]
pub(super) struct ActiveCarts {
    carts: HashMap<Owner, ActiveCart>,
    by_use: BTreeMap<u64, Owner>,
    /// How often a cart was used.
    uses: u64,
}

struct ActiveCart {
    address: Addr<CartActor>,
    last_use: u64,
}

impl ActiveCarts {
    /// Returns the cart of an owner, unless it has stopped, and counts that as a use.
    pub(super) fn use_cart(&mut self, owner: &Owner) -> Option<Addr<CartActor>> {
        let cart = self.carts.get_mut(owner).filter(|cart| cart.address.connected())?;
        self.uses += 1;
        let listed = self.by_use.remove(&cart.last_use);
        cart.last_use = self.uses;
        self.by_use.extend(listed.map(|owner| (self.uses, owner)));
        Some(cart.address.clone())
    }

    /// Returns the cart of an owner, without a use.
    pub(super) fn get(&self, owner: &Owner) -> Option<&Addr<CartActor>> {
        self.carts.get(owner).map(|cart| &cart.address)
    }

    /// Adds the cart of an owner as the last one used; it replaces one that has stopped.
    pub(super) fn add(&mut self, owner: Owner, address: Addr<CartActor>) {
        self.remove(&owner);
        self.uses += 1;
        self.by_use.insert(self.uses, owner.clone());
        self.carts.insert(owner, ActiveCart { address, last_use: self.uses });
        self.update_gauge();
    }

    /// Removes the cart of an owner.
    pub(super) fn remove(&mut self, owner: &Owner) {
        if let Some(cart) = self.carts.remove(owner) {
            self.by_use.remove(&cart.last_use);
        }
        self.update_gauge();
    }

    /// Removes and returns the cart that was not used for the longest time, if there are more than
    /// `most`.
    pub(super) fn remove_excess(&mut self, most: usize) -> Option<Addr<CartActor>> {
        let (_, owner) = self.by_use.first_key_value().filter(|_| self.carts.len() > most)?;
        let owner = owner.clone();
        let address = self.get(&owner).cloned();
        self.remove(&owner);
        address
    }

    /// Returns how many carts are active.
    pub(super) fn len(&self) -> usize {
        self.carts.len()
    }

    fn update_gauge(&self) {
        metrics::gauge!("microshop_carts_in_memory").set(self.len() as f64);
    }
}
