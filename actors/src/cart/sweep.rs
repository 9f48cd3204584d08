//! The sweep over the stored carts: it finds those that have expired, a page at a time.
//!
//! Each one is expired by its actor, as if its owner had asked for it, so that there is one way in
//! which a cart ends. Every node sweeps; of two nodes that find the same cart, one commits.

use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext, Context, ContextFutureSpawner, WrapFuture};
use domain::cart::Owner;

use super::GetCart;
use super::commands::CartDeps;
use super::registry::CartRegistry;
use crate::store::StoreError;

/// How long the sweep pauses between two pages.
const PAUSE: Duration = Duration::from_secs(1);

/// How long the sweep pauses after an error of the store.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(60);

/// How many carts a page has. A million carts are swept in less than three hours, and the store
/// keeps an expired cart for a day.
const PAGE: usize = 100;

/// What the sweep found in a page.
struct Page {
    expired: Vec<Owner>,
    /// The key of the last cart; `None` at the end of the table.
    last: Option<String>,
}

impl CartDeps {
    /// Returns the expired carts of the page that begins after a key.
    async fn expired(self, after: Option<String>) -> Result<Page, StoreError> {
        let rows = self.shared.tables.carts.list("", after.as_deref(), PAGE).await?;
        let last = rows.last().filter(|_| rows.len() == PAGE).map(|(key, _)| key.clone());
        let owned = rows.iter().filter_map(|(key, row)| Some((Owner::parse(key)?, &row.value)));
        let expired = owned.filter(|(owner, cart)| self.is_swept(owner, cart));
        Ok(Page { expired: expired.map(|(owner, _)| owner).collect(), last })
    }
}

impl CartRegistry {
    /// Sweeps the next page after a pause.
    pub(super) fn sweep_later(&self, ctx: &mut Context<Self>) {
        ctx.run_later(PAUSE, |registry, ctx| registry.sweep(ctx));
    }

    /// Sweeps a page, then pauses. The future runs only while no command waits, so that a sweep
    /// slows no visitor down.
    fn sweep(&self, ctx: &mut Context<Self>) {
        let page = self.deps.clone().expired(self.swept.clone()).into_actor(self);
        page.map(|page, registry, ctx| match page {
            Ok(page) => {
                registry.expire(page, ctx);
                registry.sweep_later(ctx);
            }
            Err(error) => {
                tracing::warn!(%error, "could not look for expired carts");
                ctx.run_later(PAUSE_AFTER_ERROR, |registry, ctx| registry.sweep(ctx));
            }
        })
        .spawn(ctx);
    }

    /// Makes the actor of each expired cart read it, which expires it.
    fn expire(&mut self, page: Page, ctx: &mut Context<Self>) {
        self.swept = page.last;
        for owner in page.expired {
            self.cart(owner, ctx.address()).do_send(GetCart);
        }
    }
}
