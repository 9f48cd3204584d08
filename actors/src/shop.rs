//! The supervision tree: every long-lived actor of a shop, in start order.

use std::sync::Arc;

use actix::{Actor, Arbiter, ArbiterHandle, Context};
use domain::breaker::{Breaker, Interruption};
use domain::event::Event;
use tokio::sync::{Semaphore, watch};

use crate::article::Catalogue;
use crate::article::commands::ArticleDeps;
use crate::ask::Child;
use crate::bank::Bank;
use crate::cart::commands::CartDeps;
use crate::cart::registry::CartRegistry;
use crate::clock::Clock;
use crate::live::{Hub, LiveDeps};
use crate::order::OrderDesk;
use crate::order::commands::OrderDeps;
use crate::password::Hasher;
use crate::payment::PaymentGateway;
use crate::payment::commands::PaymentDeps;
use crate::rules::Rules;
use crate::seed::{Seed, SeedError};
use crate::session::TokenRegistry;
use crate::session::commands::SessionDeps;
use crate::session::revocations::Revocations;
use crate::shared::Shared;
use crate::snapshot::CatalogueSnapshot;
use crate::store::{EventId, SharedStore, StoreError};
use crate::tables::Tables;
use crate::user::UserDirectory;
use crate::user::commands::UserDeps;
use crate::user::default_password::DefaultPassword;

/// What a shop is made of.
pub struct Parts {
    /// The store.
    pub store: SharedStore,
    /// The bank.
    pub bank: Arc<dyn Bank>,
    /// Hashes passwords.
    pub hasher: Hasher,
    /// The source of time.
    pub clock: Clock,
    /// Durations and limits.
    pub rules: Rules,
    /// The contents of a new shop.
    pub seed: Seed,
}

/// A running shop: its actors, and the copies that can be read without a message.
#[derive(Clone)]
pub struct Shop {
    /// Everything that is stored.
    pub tables: Tables,
    /// The source of time.
    pub clock: Clock,
    /// The articles.
    pub snapshot: CatalogueSnapshot,
    /// The ended sessions.
    pub revocations: Revocations,
    /// Whether the first administrator still has the default password.
    pub default_password: DefaultPassword,
    /// The breaker, as of the last event pushed.
    pub breaker: watch::Receiver<Breaker>,
    /// The id of the last event pushed.
    pub position: watch::Receiver<EventId>,
    /// Sessions.
    pub sessions: Child<TokenRegistry>,
    /// Users and their passwords.
    pub users: Child<UserDirectory>,
    /// Articles and stock.
    pub catalogue: Child<Catalogue>,
    /// Carts.
    pub carts: Child<CartRegistry>,
    /// Calls to the bank.
    pub payments: Child<PaymentGateway>,
    /// Orders.
    pub orders: Child<OrderDesk>,
    /// Pushes events to subscribers.
    pub hub: Child<Hub>,
}

/// The copies that the hub keeps up to date.
struct Copies {
    revocations: Revocations,
    breaker: Arc<watch::Sender<Breaker>>,
    position: Arc<watch::Sender<EventId>>,
}

impl Shop {
    /// Opens a shop: loads the copies, then starts every actor; each depends only on those above.
    pub async fn open(parts: Parts) -> Result<Self, SeedError> {
        let Parts { store, bank, hasher, clock, rules, seed } = parts;
        let tables = Tables::new(store);
        seed.plant(&tables, &hasher, &clock).await?;
        let snapshot = CatalogueSnapshot::default();
        let shared = Shared { tables, snapshot, clock, rules: Arc::new(rules) };
        let Copies { revocations, breaker, position } = load_copies(&shared).await?;
        let default_password = DefaultPassword::default();
        default_password.load(&shared.tables).await?;

        // Commands and pushes have a thread each, apart from the web workers, which stop first.
        let commands = Arbiter::new().handle();
        let pushes = Arbiter::new().handle();

        // Sessions: asked by every page.
        let deps = SessionDeps { shared: shared.clone(), revocations: revocations.clone() };
        let sessions = child("sessions", &commands, deps, TokenRegistry::new);

        // Users: ends the sessions of users that change.
        let deps = UserDeps {
            shared: shared.clone(),
            hasher,
            sessions: sessions.clone(),
            default_password: default_password.clone(),
        };
        let users = child("users", &commands, deps, UserDirectory::new);

        // Articles and stock, as administrators change them.
        let deps = ArticleDeps { shared: shared.clone() };
        let catalogue = child("catalogue", &commands, deps, Catalogue::new);

        // Carts: one actor for each that is in use.
        let deps = CartDeps { shared: shared.clone() };
        let carts = child("carts", &commands, deps, CartRegistry::new);

        // Payments: the only way to the bank.
        let calls = Arc::new(Semaphore::new(shared.rules.bank_calls));
        let deps = PaymentDeps { shared: shared.clone(), bank, calls };
        let payments = child("payments", &commands, deps, PaymentGateway::new);

        // Orders: turns carts into orders and starts their payments.
        let deps =
            OrderDeps { shared: shared.clone(), carts: carts.clone(), payments: payments.clone() };
        let orders = child("orders", &commands, deps, OrderDesk::new);

        // The hub: pushes what all of the above have committed.
        let deps = LiveDeps {
            shared: shared.clone(),
            carts: carts.clone(),
            revocations: revocations.clone(),
            breaker: breaker.clone(),
            position: position.clone(),
        };
        let hub = child("hub", &pushes, deps, Hub::new);

        Ok(Self {
            tables: shared.tables,
            clock: shared.clock,
            snapshot: shared.snapshot,
            revocations,
            default_password,
            breaker: breaker.subscribe(),
            position: position.subscribe(),
            sessions,
            users,
            catalogue,
            carts,
            payments,
            orders,
            hub,
        })
    }

    /// Returns whether and until when calls to the bank are interrupted.
    pub fn interruption(&self) -> Option<Interruption> {
        self.breaker.borrow().interruption(self.clock.now())
    }

    /// Publishes an event of the shop as a whole, and returns its id.
    pub async fn publish(&self, event: &Event) -> Result<EventId, StoreError> {
        let mut batch = self.tables.batch(self.clock.now());
        batch.publish(event)?;
        self.tables.commit(batch).await
    }

    /// Restarts every dead actor, even if no message is sent to it.
    pub fn revive(&self) {
        self.sessions.addr();
        self.users.addr();
        self.catalogue.addr();
        self.carts.addr();
        self.payments.addr();
        self.orders.addr();
        self.hub.addr();
    }
}

/// Reads the copies from the store, and the position in the log from which the hub follows.
async fn load_copies(shared: &Shared) -> Result<Copies, StoreError> {
    let tables = &shared.tables;
    // The position first: an event between it and a copy is then applied again, never missed.
    let position = tables.store.last_event().await?;
    shared.snapshot.load(tables).await?;
    let revocations = Revocations::default();
    revocations.load(tables).await?;
    let breaker = tables.breaker.get("bank").await?.map(|row| row.value).unwrap_or_default();
    Ok(Copies {
        revocations,
        breaker: Arc::new(watch::Sender::new(breaker.recovered(shared.clock.now()))),
        position: Arc::new(watch::Sender::new(position)),
    })
}

/// Starts an actor on a thread; a dead one is created again from the same dependencies.
fn child<A, D>(
    name: &'static str,
    thread: &ArbiterHandle,
    deps: D,
    create: impl Fn(D) -> A + Copy + Send + Sync + 'static,
) -> Child<A>
where
    A: Actor<Context = Context<A>>,
    D: Clone + Send + Sync + 'static,
{
    let thread = thread.clone();
    Child::start(name, move || {
        let deps = deps.clone();
        A::start_in_arbiter(&thread, move |_| create(deps))
    })
}
