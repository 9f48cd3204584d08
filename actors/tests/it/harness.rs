//! A shop on a store in memory, with a manual clock and a scripted bank.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::article::ChangeArticle;
use actors::bank::behaviour::BankBehaviour;
use actors::cart::registry::ToCart;
use actors::cart::{AddItem, CartReply, GetCart};
use actors::clock::{Clock, ManualClock};
use actors::password::{Client, Hasher};
use actors::rules::Rules;
use actors::seed::Seed;
use actors::session::{SessionClient, VerifiedUser};
use actors::shop::{Parts, Shop};
use actors::user::AddUser;
use actors::user::breached::BreachedPasswords;
use domain::article::texts::Texts;
use domain::article::{Article, ArticleId, ArticlePatch};
use domain::breaker::Limits;
use domain::cart::lifetimes::CartLifetimes;
use domain::cart::{Cart, Owner};
use domain::money::Cents;
use domain::order::limits::OrderLimits;
use domain::quantity::Quantity;
use domain::session::Lifetimes;
use domain::user::password::PasswordRule;
use domain::user::{Author, Role, UserId, Username};
use uuid::Uuid;

use bank::ScriptedBank;
use store::FaultyStore;

pub(crate) mod bank;
pub(crate) mod order;
pub(crate) mod store;
pub(crate) mod subscriber;

/// The only article of the shop: it costs 12.50, and ten units are in stock.
pub(crate) const LAMP: ArticleId = ArticleId(1);

/// The password of every user.
pub(crate) const PASSWORD: &str = "correct horse";

/// The scrypt cost of every node, and the one of a node with costlier hashes, as log2(N).
pub(crate) const LOG_N: u8 = 1;
const COSTLIER_LOG_N: u8 = 2;

/// How often and for how many times [`eventually`] checks a condition.
const CHECK_EVERY: Duration = Duration::from_millis(5);
const CHECKS: usize = 6_000;

/// A shop with its store, bank and clock.
pub(crate) struct TestShop {
    pub(crate) shop: Shop,
    pub(crate) store: Arc<FaultyStore>,
    pub(crate) bank: Arc<ScriptedBank>,
    pub(crate) clock: ManualClock,
    rules: Rules,
    /// The first version of each cart to which lamps were added.
    first_versions: Mutex<HashMap<Owner, u64>>,
}

impl TestShop {
    /// Opens a new shop.
    pub(crate) async fn open() -> Self {
        Self::open_with(rules()).await
    }

    /// Opens a new shop for a thousand buyers: their carts do not look all the time whether they
    /// may sleep.
    pub(crate) async fn open_for_a_thousand() -> Self {
        Self::open_with(Rules { cart_sleep_after: minutes(24 * 60), ..rules() }).await
    }

    /// Opens a new shop with rules of its own.
    pub(crate) async fn open_with(rules: Rules) -> Self {
        let clock = ManualClock::new(1_000_000_000_000);
        let store = Arc::new(FaultyStore::keeping(rules.events_max, Clock::Manual(clock.clone())));
        let bank = Arc::new(ScriptedBank::default());
        let parts = (store.clone(), bank.clone(), clock.clone());
        let shop = open_node(parts, rules.clone(), LOG_N).await;
        Self { shop, store, bank, clock, rules, first_versions: Mutex::default() }
    }

    /// Opens another node on the same store.
    pub(crate) async fn second_node(&self) -> Shop {
        self.node(LOG_N, self.rules.clone()).await
    }

    /// Opens another node whose access tokens are valid for another time.
    pub(crate) async fn second_node_with_access_ttl(&self, access_ttl: Duration) -> Shop {
        self.node(LOG_N, Rules { access_ttl, ..self.rules.clone() }).await
    }

    /// Opens another node that hashes passwords at a higher cost.
    pub(crate) async fn second_node_with_costlier_hashes(&self) -> Shop {
        self.node(COSTLIER_LOG_N, self.rules.clone()).await
    }

    async fn node(&self, log_n: u8, rules: Rules) -> Shop {
        open_node((self.store.clone(), self.bank.clone(), self.clock.clone()), rules, log_n).await
    }

    /// Moves the clock of every node forward.
    pub(crate) fn advance_clock(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    /// Adds a customer.
    pub(crate) async fn user(&self, name: &str) -> VerifiedUser {
        let username = Username::new(name).unwrap();
        let role = Role::Customer;
        let client = Client::Staff;
        let add =
            AddUser { username, email: None, password: PASSWORD.into(), role, client, by: None };
        self.shop.users.ask(add).await.unwrap()
    }

    /// Adds a customer with lamps in the cart.
    pub(crate) async fn buyer(&self, name: &str, units: u32) -> UserId {
        let user = self.user(name).await.user.id;
        self.add_lamps(&Owner::User(user), units).await.unwrap();
        user
    }

    /// Adds lamps to a cart.
    pub(crate) async fn add_lamps(&self, owner: &Owner, units: u32) -> CartReply {
        let reply = self.shop.carts.ask(ToCart(owner.clone(), lamps(units))).await;
        if let Ok(cart) = &reply {
            let mut first_versions = self.first_versions.lock().unwrap();
            first_versions.entry(owner.clone()).or_insert(cart.version);
        }
        reply
    }

    /// Returns the version of an owner's cart after the first lamps were added.
    pub(crate) fn first_version(&self, owner: &Owner) -> u64 {
        self.first_versions.lock().unwrap()[owner]
    }

    /// Returns the current cart of an owner.
    pub(crate) async fn cart(&self, owner: &Owner) -> Cart {
        self.shop.carts.ask(ToCart(owner.clone(), GetCart)).await.unwrap()
    }

    /// Changes the price of lamps.
    pub(crate) async fn reprice_lamps(&self, cents: u64) {
        let patch = ArticlePatch { price: Some(Cents(cents)), ..ArticlePatch::default() };
        self.shop
            .catalogue
            .ask(ChangeArticle { id: LAMP, patch, expected: None, by: None })
            .await
            .unwrap();
    }

    /// Returns how many lamps are on hand, and how many of those are reserved.
    pub(crate) fn stock(&self) -> (u32, u32) {
        let articles = self.shop.snapshot.articles();
        (articles[&LAMP].on_hand, articles[&LAMP].reserved)
    }
}

/// Returns an administrator who sends commands.
pub(crate) fn author() -> Author {
    Author { id: UserId(Uuid::nil()), username: "admin".into() }
}

/// Returns the owner of the cart of a visitor who is not signed in.
pub(crate) fn guest(name: &str) -> Owner {
    Owner::Guest(name.into())
}

/// Returns a client that signs in with this cookie, or without one as a program.
pub(crate) fn client(cookie: Option<&str>) -> SessionClient {
    let cookie_hash = cookie.map(str::to_owned);
    SessionClient { cookie_hash, device: "test".into(), address: String::new() }
}

/// Returns the command that adds lamps to a cart.
pub(crate) fn lamps(units: u32) -> AddItem {
    AddItem { article: LAMP, quantity: Quantity::new(units).unwrap(), expected: None, key: None }
}

/// Checks a condition until it returns a value; panics if it returns none for thirty seconds.
pub(crate) async fn eventually<T>(mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..CHECKS {
        if let Some(value) = condition().await {
            return value;
        }
        tokio::time::sleep(CHECK_EVERY).await;
    }
    panic!("the condition did not hold in time")
}

async fn open_node(
    (store, bank, clock): (Arc<FaultyStore>, Arc<ScriptedBank>, ManualClock),
    rules: Rules,
    log_n: u8,
) -> Shop {
    let hasher = Hasher::new(log_n).unwrap();
    let clock = Clock::Manual(clock);
    let breached = BreachedPasswords::default();
    let bank_behaviour = BankBehaviour::default();
    let seed = seed();
    let parts = Parts { store, bank, bank_behaviour, hasher, breached, clock, rules, seed };
    Shop::open(parts).await.unwrap()
}

/// Returns the rules of a shop, unless a test has its own.
pub(crate) fn rules() -> Rules {
    Rules {
        lifetimes: Lifetimes {
            browser_idle: minutes(60),
            browser_max: minutes(24 * 60),
            api_idle: minutes(60),
            api_max: minutes(24 * 60),
            refresh_grace: Duration::from_secs(10),
        },
        throttle: true,
        registrations_per_hour: 30,
        passwords: PasswordRule::default(),
        access_ttl: minutes(60),
        carts: CartLifetimes { user: minutes(24 * 60), guest: minutes(24 * 60) },
        carts_in_memory: 1_000,
        cart_sleep_after: Duration::from_millis(20),
        orders: OrderLimits {
            expiry: minutes(15),
            declined_hold: minutes(3),
            unpaid: 3,
            attempts: 5,
        },
        breaker: Limits { failures: 3, open: minutes(1), probe: Duration::from_secs(7) },
        bank_timeout: Duration::from_secs(3),
        bank_calls: 16,
        events_max: 10_000,
        events_keep: minutes(24 * 60),
        store_silence: minutes(1),
    }
}

fn seed() -> Seed {
    let lamp = Article {
        id: LAMP,
        name: "Lamp".into(),
        description: String::new(),
        picture: "article.svg".into(),
        price: Cents(1_250),
        on_hand: 10,
        reserved: 0,
        active: true,
        revision: 0,
        translation: Texts::default(),
        uploaded: None,
    };
    Seed {
        admin: Username::new("admin").unwrap(),
        password: "admin".into(),
        default_password: true,
        articles: vec![lamp],
    }
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}
