//! A shop in memory, and the doubles around it.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::article::ChangeArticle;
use actors::bank::{Answer, Bank, BankError, Charge};
use actors::cart::{AddItem, CartReply, ToCart};
use actors::clock::Clock;
use actors::order::{IdempotencyKey, PlaceOrder};
use actors::password::Hasher;
use actors::rules::Rules;
use actors::seed::Seed;
use actors::shop::{Parts, Shop};
use actors::store::memory::MemoryStore;
use actors::store::{Batch, EventId, LogEntry, Store, StoreError, Versioned};
use actors::tables::VerifiedUser;
use actors::user::AddUser;
use async_trait::async_trait;
use domain::article::{Article, ArticleId, ArticlePatch};
use domain::breaker::Limits;
use domain::cart::{Owner, Quantity};
use domain::money::Cents;
use domain::order::{Checkout, Contact};
use domain::session::Lifetimes;
use domain::user::{Email, Role, UserId, Username};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use tokio::sync::Notify;

/// The article that everybody buys: 12.50 each, ten in the house.
pub(crate) const LAMP: ArticleId = ArticleId(1);

/// A shop in memory.
pub(crate) struct TestShop {
    pub(crate) shop: Shop,
    pub(crate) store: Arc<TroubledStore>,
    pub(crate) bank: Arc<ToldBank>,
    clock: Arc<AtomicI64>,
}

impl TestShop {
    pub(crate) async fn open() -> Self {
        let clock = Arc::new(AtomicI64::new(1_000_000_000_000));
        let now = Clock::Manual(clock.clone());
        let store = Arc::new(TroubledStore {
            kept: MemoryStore::new(now.clone()),
            panics: AtomicBool::new(false),
        });
        let bank = Arc::new(ToldBank::default());
        Self { shop: open(store.clone(), bank.clone(), now, 1).await, store, bank, clock }
    }

    /// Another process on the same store.
    pub(crate) async fn neighbour(&self) -> Shop {
        open(self.store.clone(), self.bank.clone(), Clock::Manual(self.clock.clone()), 1).await
    }

    /// Another process that hashes passwords at a higher cost.
    pub(crate) async fn dearer_neighbour(&self) -> Shop {
        open(self.store.clone(), self.bank.clone(), Clock::Manual(self.clock.clone()), 2).await
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, duration: Duration) {
        self.clock.fetch_add(i64::try_from(duration.as_millis()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) async fn user(&self, name: &str) -> VerifiedUser {
        let username = Username::new(name).unwrap();
        let add = AddUser {
            username,
            email: None,
            password: "correct horse".into(),
            role: Role::Customer,
        };
        self.shop.users.ask(add).await.unwrap()
    }

    pub(crate) async fn adds_lamps(&self, owner: &Owner, pieces: u32) -> CartReply {
        self.shop.carts.ask(ToCart(owner.clone(), lamps(pieces))).await
    }

    /// A user with lamps in the cart.
    pub(crate) async fn buyer(&self, name: &str, pieces: u32) -> UserId {
        let user = self.user(name).await.user.id;
        self.adds_lamps(&Owner::User(user), pieces).await.unwrap();
        user
    }

    pub(crate) async fn reprices_lamps(&self, cents: u64) {
        let patch = ArticlePatch { price: Some(Cents(cents)), ..ArticlePatch::default() };
        self.shop.catalogue.ask(ChangeArticle { id: LAMP, patch }).await.unwrap();
    }

    pub(crate) fn lamp(&self) -> Article {
        self.shop.snapshot.articles()[&LAMP].clone()
    }
}

pub(crate) fn lamps(pieces: u32) -> AddItem {
    AddItem { article: LAMP, quantity: Quantity::new(pieces).unwrap(), expected: None }
}

/// The order of a first cart with that many lamps.
pub(crate) fn order(user: UserId, key: &str, pieces: u64) -> PlaceOrder {
    let contact =
        Contact::new("Ana".into(), Email::new("ana@example.org").unwrap(), "1 Quay Street".into())
            .unwrap();
    let checkout = Checkout { cart_version: 1, expected_total: Cents(1_250 * pieces), contact };
    PlaceOrder {
        user,
        checkout,
        idempotency_key: IdempotencyKey { key: key.into(), fingerprint: format!("{pieces}") },
    }
}

/// Tries until something is so.
pub(crate) async fn until<T>(mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..2_000 {
        if let Some(found) = attempt().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never became so")
}

async fn open(
    store: Arc<TroubledStore>,
    bank: Arc<ToldBank>,
    clock: Clock,
    scrypt_log_n: u8,
) -> Shop {
    let minutes = |count: u64| Duration::from_secs(60 * count);
    let rules = Rules {
        lifetimes: Lifetimes {
            browser_idle: minutes(60),
            browser_max: minutes(24 * 60),
            api_idle: minutes(60),
            api_max: minutes(24 * 60),
            refresh_grace: Duration::from_secs(10),
        },
        throttle: true,
        access_ttl: minutes(60),
        cart_ttl: minutes(24 * 60),
        cart_sleep_after: Duration::from_millis(20),
        order_expiry: minutes(15),
        breaker: Limits { failures: 3, open: minutes(1) },
        bank_timeout: Duration::from_secs(3),
        bank_calls: 16,
    };
    let lamp = Article {
        id: LAMP,
        name: "Lamp".into(),
        description: String::new(),
        picture: "article.svg".into(),
        price: Cents(1_250),
        on_hand: 10,
        reserved: 0,
        active: true,
    };
    let seed = Seed {
        admin: Username::new("admin").unwrap(),
        password: "admin".into(),
        default_password: true,
        articles: vec![lamp],
    };
    let hasher = Hasher::new(scrypt_log_n).unwrap();
    Shop::open(Parts { store, bank, hasher, clock, rules, seed }).await.unwrap()
}

/// A store in memory whose next commit may panic in the actor that makes it.
pub(crate) struct TroubledStore {
    pub(crate) kept: MemoryStore,
    panics: AtomicBool,
}

impl TroubledStore {
    pub(crate) fn panic_once(&self) {
        self.panics.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl Store for TroubledStore {
    async fn get(&self, key: &str) -> Result<Option<Versioned>, StoreError> {
        self.kept.get(key).await
    }

    async fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Versioned)>, StoreError> {
        self.kept.scan(prefix, after, limit).await
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<EventId, StoreError>> {
        assert!(!self.panics.swap(false, Ordering::SeqCst), "told to panic");
        self.kept.commit(batch)
    }

    fn tail(&self, after: EventId) -> BoxStream<'static, Result<LogEntry, StoreError>> {
        self.kept.tail(after)
    }

    async fn last_event(&self) -> Result<EventId, StoreError> {
        self.kept.last_event().await
    }
}

/// What the bank does when it is asked next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Approve,
    Decline,
    Refuse,
    LoseAnswer,
    Panic,
    /// Approve after others that were asked later.
    Late,
    /// Approve when the test lets it.
    Held,
}

/// A bank that does what the test tells it, call by call, and then approves.
#[derive(Default)]
pub(crate) struct ToldBank {
    told: Mutex<Vec<Told>>,
    /// Each charge and what was decided, in the order in which the bank heard of them.
    ledger: Mutex<Vec<(String, Answer)>>,
    pub(crate) calls: AtomicUsize,
    /// Lets a call go that is held.
    pub(crate) lets_go: Notify,
}

impl ToldBank {
    /// What to do in the next calls.
    pub(crate) fn will(&self, told: &[Told]) {
        self.told.lock().unwrap().extend(told.iter().rev());
    }

    /// The keys that were charged, each once.
    pub(crate) fn charged(&self) -> Vec<String> {
        let ledger = self.ledger.lock().unwrap();
        let charged = ledger.iter().filter(|(_, answer)| *answer == Answer::Approved);
        charged.map(|(key, _)| key.clone()).collect()
    }

    /// What was decided for a key before, or else now.
    fn decide(&self, key: &str, answer: Answer) -> Answer {
        let mut ledger = self.ledger.lock().unwrap();
        let before = find(&ledger, key);
        if before.is_none() {
            ledger.push((key.to_owned(), answer));
        }
        before.unwrap_or(answer)
    }
}

#[async_trait]
impl Bank for ToldBank {
    async fn charge(&self, charge: &Charge) -> Result<Answer, BankError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let told = self.told.lock().unwrap().pop().unwrap_or(Told::Approve);
        if told == Told::Late {
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
        if told == Told::Held {
            self.lets_go.notified().await;
        }
        match told {
            Told::Approve | Told::Late | Told::Held => {
                Ok(self.decide(&charge.key, Answer::Approved))
            }
            Told::Decline => Ok(self.decide(&charge.key, Answer::Declined)),
            Told::Refuse => Err(BankError::NotSent("told to refuse".into())),
            Told::LoseAnswer => {
                self.decide(&charge.key, Answer::Approved);
                Err(BankError::Unknown("told to lose the answer".into()))
            }
            Told::Panic => panic!("told to panic"),
        }
    }

    async fn lookup(&self, key: &str) -> Result<Option<Answer>, BankError> {
        Ok(find(&self.ledger.lock().unwrap(), key))
    }

    async fn void(&self, key: &str) -> Result<(), BankError> {
        let mut ledger = self.ledger.lock().unwrap();
        ledger.retain(|(decided, _)| decided != key);
        ledger.push((key.to_owned(), Answer::Voided));
        match self.told.lock().unwrap().pop() {
            Some(Told::LoseAnswer) => Err(BankError::Unknown("told to lose the answer".into())),
            _ => Ok(()),
        }
    }
}

fn find(ledger: &[(String, Answer)], key: &str) -> Option<Answer> {
    ledger.iter().find(|(decided, _)| decided == key).map(|(_, answer)| *answer)
}
