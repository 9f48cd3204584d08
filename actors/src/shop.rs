//! The supervision tree: every long-lived actor of a shop, in the order in which they start.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Arbiter, ArbiterHandle, Context};
use domain::breaker::{Breaker, Interruption, Limits};
use domain::event::Event;
use domain::session::Lifetimes;
use tokio::sync::{Semaphore, watch};

use crate::article::{Catalogue, Shelf};
use crate::ask::Child;
use crate::bank::Bank;
use crate::cart::{CartParts, CartRegistry};
use crate::clock::Clock;
use crate::first_start::{FirstStart, FirstStartError};
use crate::live::{Hub, HubParts};
use crate::order::{Desk, OrderDesk};
use crate::password::Hasher;
use crate::payment::{GatewayParts, PaymentGateway};
use crate::session::{Revocations, TokenParts, TokenRegistry};
use crate::store::{EventId, SharedStore, StoreError};
use crate::tables::Tables;
use crate::user::{DefaultPassword, UserDirectory, UserParts};

/// Every duration and limit of the rules.
#[derive(Debug, Clone)]
pub struct Rules {
    /// How long sessions live.
    pub lifetimes: Lifetimes,
    /// How long an access token is good.
    pub access_ttl: Duration,
    /// Whether wrong passwords slow down.
    pub throttle: bool,
    /// How long an untouched cart is kept.
    pub cart_ttl: Duration,
    /// How long an unused cart's actor stays awake.
    pub cart_sleep_after: Duration,
    /// How long an order may stay unpaid.
    pub order_expiry: Duration,
    /// When the breaker opens and for how long.
    pub breaker: Limits,
    /// How long a call to the bank may take.
    pub bank_timeout: Duration,
    /// How many calls to the bank may be under way.
    pub bank_calls: usize,
}

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
    pub first_start: FirstStart,
}

/// A running shop: whom one may ask, and what one may read without asking.
#[derive(Clone)]
pub struct Shop {
    /// Everything that is stored.
    pub tables: Tables,
    /// Tells the time.
    pub clock: Clock,
    /// The articles as they are now.
    pub shelf: Shelf,
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
    pub async fn open(parts: Parts) -> Result<Self, FirstStartError> {
        let Parts { store, bank, hasher, clock, rules, first_start } = parts;
        let tables = Tables::new(store);
        first_start.run(&tables, &hasher, &clock).await?;
        let (shelf, revocations) = (Shelf::default(), Revocations::default());
        let position = Arc::new(watch::Sender::new(tables.store.last_event().await?));
        shelf.fill(&tables).await?;
        revocations.fill(&tables).await?;
        let breaker = tables.breaker.get("bank").await?.map(|row| row.value).unwrap_or_default();
        let breaker = Arc::new(watch::Sender::new(breaker.recovered(clock.now())));
        let default_password = DefaultPassword::default();
        default_password.look(&tables).await?;

        // Commands and pushes have a thread each, apart from the web's, so that they go on while it stops.
        let commands = Arbiter::new().handle();
        let pushes = Arbiter::new().handle();

        // Who is signed in: asked by every page.
        let tokens = TokenParts {
            tables: tables.clone(),
            revocations: revocations.clone(),
            clock: clock.clone(),
            lifetimes: rules.lifetimes,
            access_ttl: rules.access_ttl,
        };
        let sessions = child("sessions", &commands, move || TokenRegistry::new(tokens.clone()));

        // Users: ends the sessions of whom it changes.
        let parts = UserParts {
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
            Catalogue { tables: tables.clone(), shelf: shelf.clone(), clock: clock.clone() };
        let catalogue = child("catalogue", &commands, move || changes.clone());

        // Carts: one actor for each that is in use.
        let cart = CartParts {
            tables: tables.clone(),
            shelf: shelf.clone(),
            clock: clock.clone(),
            ttl: rules.cart_ttl,
            sleep_after: rules.cart_sleep_after,
        };
        let carts = child("carts", &commands, move || CartRegistry::new(cart.clone()));

        // The only way to the bank.
        let gateway = GatewayParts {
            tables: tables.clone(),
            bank,
            clock: clock.clone(),
            limits: rules.breaker,
            timeout: rules.bank_timeout,
            calls: Arc::new(Semaphore::new(rules.bank_calls)),
        };
        let payments = child("payments", &commands, move || PaymentGateway::new(gateway.clone()));

        // Orders: takes carts, has them paid.
        let desk = Desk {
            tables: tables.clone(),
            shelf: shelf.clone(),
            carts: carts.clone(),
            payments: payments.clone(),
            clock: clock.clone(),
            expiry: rules.order_expiry,
            cart_ttl: rules.cart_ttl,
        };
        let orders = child("orders", &commands, move || OrderDesk::new(desk.clone()));

        // Passes on what all of the above have written.
        let told = HubParts {
            tables: tables.clone(),
            shelf: shelf.clone(),
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
            shelf,
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
    pub async fn announce(&self, event: &Event) -> Result<EventId, StoreError> {
        self.tables.commit(self.tables.change(self.clock.now()).tell(event)?).await
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
