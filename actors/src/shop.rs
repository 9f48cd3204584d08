//! The supervision tree: every long-lived actor of a shop, in start order.

use std::sync::Arc;

use actix::{Actor, Arbiter, ArbiterHandle, Context};
use domain::breaker::Interruption;
use domain::event::Event;
use tokio::sync::watch;

use crate::article::Catalogue;
use crate::article::commands::ArticleDeps;
use crate::ask::Child;
use crate::bank::Bank;
use crate::cart::commands::CartDeps;
use crate::cart::registry::CartRegistry;
use crate::clock::Clock;
use crate::live::copies::{Copies, SeenBreaker};
use crate::live::replay::Replays;
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
use crate::sweep_clock::SweepClock;
use crate::tables::Tables;
use crate::user::UserDirectory;
use crate::user::breached::BreachedPasswords;
use crate::user::commands::UserDeps;
use crate::user::default_password::DefaultPassword;
use crate::user::lookalikes::index_names;

/// The parts of a shop.
pub struct Parts {
    /// The store.
    pub store: SharedStore,
    /// The bank.
    pub bank: Arc<dyn Bank>,
    /// Hashes passwords.
    pub hasher: Hasher,
    /// The list of leaked passwords.
    pub breached: BreachedPasswords,
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
    pub breaker: watch::Receiver<SeenBreaker>,
    /// The id of the last event pushed.
    pub position: watch::Receiver<EventId>,
    /// The events of the past.
    pub replays: Replays,
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

impl Shop {
    /// Opens a shop: loads the copies, then starts every actor; each depends only on those above.
    pub async fn open(parts: Parts) -> Result<Self, SeedError> {
        let Parts { store, bank, hasher, breached, clock, rules, seed } = parts;
        let tables = Tables::new(store);
        seed.plant(&tables, &hasher, &clock).await?;
        index_names(&tables, &clock).await?;
        let snapshot = CatalogueSnapshot::default();
        let sweep_clock = SweepClock::new(&clock);
        let shared = Shared { tables, snapshot, clock, sweep_clock, rules: Arc::new(rules) };
        let copies = Copies::load(&shared).await?;
        let default_password = DefaultPassword::load(&shared.tables).await?;

        // Commands and pushes have a thread each, apart from the web workers, which stop first.
        let commands = Arbiter::new().handle();
        let pushes = Arbiter::new().handle();

        // Sessions: asked by every page.
        let deps = SessionDeps::new(&shared, &copies.revocations);
        let sessions = child("sessions", &commands, deps, TokenRegistry::new);

        // Users: ends the sessions of users that change.
        let deps = UserDeps::new(&shared, hasher, breached, &sessions, &default_password);
        let users = child("users", &commands, deps, UserDirectory::new);

        // Articles and stock, as administrators change them.
        let catalogue = child("catalogue", &commands, ArticleDeps::new(&shared), Catalogue::new);

        // Carts: one actor for each that is in use.
        let carts = child("carts", &commands, CartDeps::new(&shared), CartRegistry::new);

        // Payments: the only way to the bank.
        let payments =
            child("payments", &commands, PaymentDeps::new(&shared, bank), PaymentGateway::new);

        // Orders: turns carts into orders and starts their payments.
        let deps = OrderDeps::new(&shared, &carts, &payments);
        let orders = child("orders", &commands, deps, OrderDesk::new);

        // The hub: pushes what all of the above have committed.
        let hub = child("hub", &pushes, LiveDeps::new(&shared, &carts, &copies), Hub::new);

        Ok(Self {
            tables: shared.tables,
            clock: shared.clock,
            snapshot: shared.snapshot,
            revocations: copies.revocations,
            default_password,
            breaker: copies.breaker.subscribe(),
            position: copies.position.subscribe(),
            replays: copies.replays,
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
        self.breaker.borrow().interruption(&self.clock)
    }

    /// Publishes an event of the shop as a whole, and returns its id.
    pub async fn publish(&self, event: &Event) -> Result<EventId, StoreError> {
        let mut batch = self.tables.batch(self.clock.now());
        batch.publish(event)?;
        self.tables.commit(batch).await
    }

    /// Restarts every stopped actor, even if no message is sent to it.
    pub fn restart_stopped(&self) {
        self.sessions.addr();
        self.users.addr();
        self.catalogue.addr();
        self.carts.addr();
        self.payments.addr();
        self.orders.addr();
        self.hub.addr();
    }
}

/// Starts an actor on a thread; a stopped one is created again from the same dependencies.
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
