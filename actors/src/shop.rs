//! The supervision tree: every long-lived actor of a shop, in the order in which they start.

use std::sync::Arc;

use actix::{Actor, Arbiter, ArbiterHandle, Context};
use domain::breaker::{Breaker, Interruption};
use domain::event::Event;
use tokio::sync::{Semaphore, watch};

use crate::article::{Catalogue, CatalogueSnapshot};
use crate::ask::Child;
use crate::bank::Bank;
use crate::cart::{CartDeps, CartRegistry};
use crate::clock::Clock;
use crate::live::{Hub, LiveDeps};
use crate::order::{OrderDeps, OrderDesk};
use crate::password::Hasher;
use crate::payment::{PaymentDeps, PaymentGateway};
use crate::rules::Rules;
use crate::seed::{Seed, SeedError};
use crate::session::{Revocations, SessionDeps, TokenRegistry};
use crate::store::{EventId, SharedStore, StoreError};
use crate::tables::Tables;
use crate::user::{DefaultPassword, UserDeps, UserDirectory};

/// What a shop is made of.
pub struct Parts {
    /// Where everything is kept.
    pub store: SharedStore,
    /// Who charges.
    pub bank: Arc<dyn Bank>,
    /// Hashes passwords.
    pub hasher: Hasher,
    /// Tells the time.
    pub clock: Clock,
    /// Every duration and limit.
    pub rules: Rules,
    /// What an empty shop begins with.
    pub seed: Seed,
}

/// A running shop: whom one may ask, and what one may read without asking.
#[derive(Clone)]
pub struct Shop {
    /// Everything that is stored.
    pub tables: Tables,
    /// Tells the time.
    pub clock: Clock,
    /// The articles as they are now.
    pub snapshot: CatalogueSnapshot,
    /// Which sessions were ended.
    pub revocations: Revocations,
    /// Whether the password that everybody knows still opens the shop.
    pub default_password: DefaultPassword,
    /// What lets calls to the bank through, as everybody who listens was told.
    pub breaker: watch::Receiver<Breaker>,
    /// The id of the last event that everybody who listens was told of.
    pub position: watch::Receiver<EventId>,
    /// Who is signed in.
    pub sessions: Child<TokenRegistry>,
    /// Users and their passwords.
    pub users: Child<UserDirectory>,
    /// Changes articles.
    pub catalogue: Child<Catalogue>,
    /// Every cart.
    pub carts: Child<CartRegistry>,
    /// Talks to the bank.
    pub payments: Child<PaymentGateway>,
    /// Every order.
    pub orders: Child<OrderDesk>,
    /// Passes events on.
    pub hub: Child<Hub>,
}

impl Shop {
    /// Opens the shop: what may be read first, then every actor; each needs only those above it.
    pub async fn open(parts: Parts) -> Result<Self, SeedError> {
        let Parts { store, bank, hasher, clock, rules, seed } = parts;
        let tables = Tables::new(store);
        seed.run(&tables, &hasher, &clock).await?;
        let (snapshot, revocations) = (CatalogueSnapshot::default(), Revocations::default());
        let position = Arc::new(watch::Sender::new(tables.store.last_event().await?));
        snapshot.fill(&tables).await?;
        revocations.fill(&tables).await?;
        let breaker = tables.breaker.get("bank").await?.map(|row| row.value).unwrap_or_default();
        let breaker = Arc::new(watch::Sender::new(breaker.recovered(clock.now())));
        let default_password = DefaultPassword::default();
        default_password.look(&tables).await?;

        // Commands and pushes have a thread each, apart from the web's, so that they go on while it stops.
        let commands = Arbiter::new().handle();
        let pushes = Arbiter::new().handle();

        // Who is signed in: asked by every page.
        let tokens = SessionDeps {
            tables: tables.clone(),
            revocations: revocations.clone(),
            clock: clock.clone(),
            lifetimes: rules.lifetimes,
            access_ttl: rules.access_ttl,
        };
        let sessions = child("sessions", &commands, move || TokenRegistry::new(tokens.clone()));

        // Users: ends the sessions of whom it changes.
        let parts = UserDeps {
            tables: tables.clone(),
            hasher,
            sessions: sessions.clone(),
            clock: clock.clone(),
            default_password: default_password.clone(),
            throttle: rules.throttle,
        };
        let users = child("users", &commands, move || UserDirectory::new(parts.clone()));

        // Articles and stock, as administrators change them.
        let changes =
            Catalogue { tables: tables.clone(), snapshot: snapshot.clone(), clock: clock.clone() };
        let catalogue = child("catalogue", &commands, move || changes.clone());

        // Carts: one actor for each that is in use.
        let cart = CartDeps {
            tables: tables.clone(),
            snapshot: snapshot.clone(),
            clock: clock.clone(),
            ttl: rules.cart_ttl,
            sleep_after: rules.cart_sleep_after,
        };
        let carts = child("carts", &commands, move || CartRegistry::new(cart.clone()));

        // The only way to the bank.
        let gateway = PaymentDeps {
            tables: tables.clone(),
            bank,
            clock: clock.clone(),
            limits: rules.breaker,
            timeout: rules.bank_timeout,
            calls: Arc::new(Semaphore::new(rules.bank_calls)),
        };
        let payments = child("payments", &commands, move || PaymentGateway::new(gateway.clone()));

        // Orders: takes carts, has them paid.
        let desk = OrderDeps {
            tables: tables.clone(),
            snapshot: snapshot.clone(),
            carts: carts.clone(),
            payments: payments.clone(),
            clock: clock.clone(),
            expiry: rules.order_expiry,
            cart_ttl: rules.cart_ttl,
        };
        let orders = child("orders", &commands, move || OrderDesk::new(desk.clone()));

        // Passes on what all of the above have written.
        let told = LiveDeps {
            tables: tables.clone(),
            snapshot: snapshot.clone(),
            carts: carts.clone(),
            revocations: revocations.clone(),
            breaker: breaker.clone(),
            access_ttl: rules.access_ttl,
            position: position.clone(),
        };
        let hub = child("hub", &pushes, move || Hub::new(told.clone()));

        let (position, breaker) = (position.subscribe(), breaker.subscribe());
        Ok(Self {
            tables,
            clock,
            snapshot,
            revocations,
            default_password,
            breaker,
            position,
            sessions,
            users,
            catalogue,
            carts,
            payments,
            orders,
            hub,
        })
    }

    /// Whether and until when the bank is not asked.
    pub fn interruption(&self) -> Option<Interruption> {
        self.breaker.borrow().interruption(self.clock.now())
    }

    /// Writes down that something happened to the shop as a whole; the event's id.
    pub async fn publish(&self, event: &Event) -> Result<EventId, StoreError> {
        self.tables.commit(self.tables.change(self.clock.now()).publish(event)?).await
    }

    /// Starts again every actor that has died, though nobody may have said anything to it.
    pub fn revive(&self) {
        drop((self.sessions.addr(), self.users.addr(), self.catalogue.addr(), self.carts.addr()));
        drop((self.payments.addr(), self.orders.addr(), self.hub.addr()));
    }
}

/// An actor that lives on a thread and is made by a recipe, again if it dies.
fn child<A: Actor<Context = Context<A>>>(
    name: &'static str,
    thread: &ArbiterHandle,
    recipe: impl Fn() -> A + Clone + Send + Sync + 'static,
) -> Child<A> {
    let thread = thread.clone();
    Child::start(name, move || {
        let recipe = recipe.clone();
        A::start_in_arbiter(&thread, move |_| recipe())
    })
}
