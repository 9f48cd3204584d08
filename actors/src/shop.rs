//! The supervision tree: every long-lived actor of a shop, in start order.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix::{Actor, Arbiter, ArbiterHandle, Context};
use domain::breaker::Interruption;
use domain::event::Event;
use domain::user::{User, UserError, UserId};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::article::Catalogue;
use crate::article::commands::ArticleDeps;
use crate::ask::Child;
use crate::bank::Bank;
use crate::bank::behaviour::BankBehaviour;
use crate::cart::commands::CartDeps;
use crate::cart::registry::CartRegistry;
use crate::clock::Clock;
use crate::failure::Failure;
use crate::live::copies::{Copies, SeenBreaker};
use crate::live::replay::Replays;
use crate::live::{Hub, LiveDeps};
use crate::order::OrderDesk;
use crate::order::commands::OrderDeps;
use crate::order::index::index_orders;
use crate::password::Hasher;
use crate::payment::PaymentGateway;
use crate::payment::calls::LastCalls;
use crate::payment::commands::PaymentDeps;
use crate::rules::Rules;
use crate::seed::{Seed, SeedError};
use crate::session::TokenRegistry;
use crate::session::commands::SessionDeps;
use crate::session::revocations::Revocations;
use crate::shared::Shared;
use crate::snapshot::CatalogueSnapshot;
use crate::statistics::Statistics;
use crate::statistics::commands::StatisticsDeps;
use crate::statistics::copy::LatestCounts;
use crate::store::{EventId, SharedStore, StoreError};
use crate::sweep_clock::SweepClock;
use crate::tables::Tables;
use crate::user::breached::BreachedPasswords;
use crate::user::commands::UserDeps;
use crate::user::default_password::DefaultPassword;
use crate::user::index::index_users;
use crate::user::lookalikes::index_names;
use crate::user::profiles::Profiles;
use crate::user::{GetUser, UserDirectory};

mod report;

/// How long to wait until the hub has pushed an event that is stored.
const HUB_PATIENCE: Duration = Duration::from_secs(2);

/// The parts of a shop.
pub struct Parts {
    /// The store.
    pub store: SharedStore,
    /// The bank.
    pub bank: Arc<dyn Bank>,
    /// How the simulated bank behaves; another bank does not use it.
    pub bank_behaviour: BankBehaviour,
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
    /// The users who are read often.
    pub profiles: Profiles,
    /// The last calls to the bank.
    pub calls: LastCalls,
    /// The counts of orders and payments.
    pub counts: LatestCounts,
    /// The breaker, as of the last event pushed.
    pub breaker: watch::Receiver<SeenBreaker>,
    /// The id of the last event pushed.
    pub position: watch::Receiver<EventId>,
    /// Whether this node has lost its place in the log, and reads everything again.
    pub is_lost: watch::Receiver<bool>,
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
    /// Counts orders and payments.
    pub statistics: Child<Statistics>,
    /// Pushes events to subscribers.
    pub hub: Child<Hub>,
}

impl Shop {
    /// Opens a shop: loads the copies, then starts every actor; each depends only on those above.
    pub async fn open(parts: Parts) -> Result<Self, SeedError> {
        let Parts { store, bank, bank_behaviour, hasher, breached, clock, rules, seed } = parts;
        let tables = Tables::new(store);
        seed.plant(&tables, &hasher, &clock).await?;
        index_names(&tables, &clock).await?;
        index_orders(&tables, &clock).await?;
        index_users(&tables, &clock).await?;
        let snapshot = CatalogueSnapshot::default();
        let sweep_clock = SweepClock::new(&clock);
        let rules = Arc::new(rules);
        let shared = Shared { tables, snapshot, bank_behaviour, clock, sweep_clock, rules };
        let copies = Copies::load(&shared).await?;
        let calls = LastCalls::default();
        let counts = LatestCounts::default();

        // Commands and pushes have a thread each, apart from the web workers, which stop first.
        let commands = Arbiter::new().handle();
        let pushes = Arbiter::new().handle();

        // Sessions: asked by every page.
        let deps = SessionDeps::new(&shared, &copies.revocations);
        let sessions = child("sessions", &shared.clock, &commands, deps, TokenRegistry::new);

        // Users: ends the sessions of users that change.
        let Copies { default_password, profiles, .. } = &copies;
        let deps = UserDeps::new(&shared, hasher, breached, &sessions, default_password, profiles);
        let users = child("users", &shared.clock, &commands, deps, UserDirectory::new);

        // Articles and stock, as administrators change them.
        let catalogue =
            child("catalogue", &shared.clock, &commands, ArticleDeps::new(&shared), Catalogue::new);

        // Carts: one actor for each that is in use.
        let carts =
            child("carts", &shared.clock, &commands, CartDeps::new(&shared), CartRegistry::new);

        // Payments: the only way to the bank.
        let deps = PaymentDeps::new(&shared, bank, &calls);
        let payments = child("payments", &shared.clock, &commands, deps, PaymentGateway::new);

        // Orders: turns carts into orders and starts their payments.
        let deps = OrderDeps::new(&shared, &carts, &payments, &counts);
        let orders = child("orders", &shared.clock, &commands, deps, OrderDesk::new);

        // Statistics: counts what all of the above have committed.
        let deps = StatisticsDeps::new(&shared, &counts);
        let statistics = child("statistics", &shared.clock, &pushes, deps, Statistics::new);

        // The hub: pushes what all of the above have committed.
        let deps = LiveDeps::new(&shared, &sessions, &carts, &payments, &copies);
        let hub = child("hub", &shared.clock, &pushes, deps, Hub::new);

        Ok(Self {
            tables: shared.tables,
            clock: shared.clock,
            snapshot: shared.snapshot,
            revocations: copies.revocations,
            default_password: copies.default_password,
            profiles: copies.profiles,
            calls,
            counts,
            breaker: copies.breaker.subscribe(),
            position: copies.position.subscribe(),
            is_lost: copies.is_lost.subscribe(),
            replays: copies.replays,
            sessions,
            users,
            catalogue,
            carts,
            payments,
            orders,
            statistics,
            hub,
        })
    }

    /// Returns a user, from the copies if possible.
    pub async fn profile(&self, id: UserId) -> Result<User, Failure<UserError>> {
        match self.profiles.get(id) {
            Ok(user) => Ok(user),
            Err(changes) => {
                let user = self.users.ask(GetUser(id)).await?.user;
                self.profiles.keep(&user, changes);
                Ok(user)
            }
        }
    }

    /// Returns whether and until when calls to the bank are interrupted.
    pub fn interruption(&self) -> Option<Interruption> {
        self.breaker.borrow().interruption(&self.clock)
    }

    /// Waits until the hub has pushed every event that is stored now, and returns the id of the
    /// last one that it has pushed. If the hub is too slow, some are not.
    pub async fn caught_up(&self) -> Result<EventId, StoreError> {
        let last = self.tables.store.last_event().await?;
        Ok(self.reach(last).await)
    }

    /// Returns the last event that an answer of this node may show by its copies.
    pub fn shown(&self) -> EventId {
        self.tables.committed.load(Ordering::Relaxed).max(*self.position.borrow())
    }

    /// Returns the last event that the answer to a command may show. The command may have found in
    /// the store what another node has done.
    pub async fn shown_after_command(&self) -> EventId {
        let last = self.tables.store.last_event().await.unwrap_or_default();
        last.max(self.shown())
    }

    /// Waits until this node shows an event that a client has seen, on another node perhaps.
    ///
    /// Returns whether it does. One that is not stored, because the store was replaced by an
    /// earlier copy, is not waited for.
    pub async fn shows(&self, seen: EventId) -> Result<bool, StoreError> {
        if seen <= *self.position.borrow() {
            return Ok(true);
        }
        let seen = seen.min(self.tables.store.last_event().await?);
        Ok(self.reach(seen).await >= seen)
    }

    /// Waits until the hub has pushed an event, and returns the last one that it has pushed.
    async fn reach(&self, event: EventId) -> EventId {
        let mut position = self.position.clone();
        let _ = timeout(HUB_PATIENCE, position.wait_for(|reached| *reached >= event)).await;
        *self.position.borrow()
    }

    /// Publishes an event of the shop as a whole, and returns its id.
    pub async fn publish(&self, event: &Event) -> Result<EventId, StoreError> {
        let mut batch = self.tables.batch(self.clock.now());
        batch.publish(event)?;
        self.tables.commit(batch).await
    }

    /// Restarts every stopped actor, even if no message is sent to it, and ends a second of all
    /// counts. Called once in a second.
    pub fn tick(&self) {
        self.sessions.tick();
        self.users.tick();
        self.catalogue.tick();
        self.carts.tick();
        self.payments.tick();
        self.orders.tick();
        self.statistics.tick();
        self.hub.tick();
        self.tables.commits.tick();
    }
}

/// Starts an actor on a thread; a stopped one is created again from the same dependencies.
fn child<A, D>(
    name: &'static str,
    clock: &Clock,
    thread: &ArbiterHandle,
    deps: D,
    create: impl Fn(D) -> A + Copy + Send + Sync + 'static,
) -> Child<A>
where
    A: Actor<Context = Context<A>>,
    D: Clone + Send + Sync + 'static,
{
    let thread = thread.clone();
    Child::start(name, clock.clone(), move |switch| {
        let deps = deps.clone();
        let switch = switch.clone();
        A::start_in_arbiter(&thread, move |ctx| {
            switch.arm(ctx);
            create(deps)
        })
    })
}
