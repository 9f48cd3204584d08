//! The week of orders: the shop's own actors on a clock that is moved through it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actors::article::ChangeArticle;
use actors::bank::behaviour::BankBehaviour;
use actors::clock::{Clock, ManualClock};
use actors::failure::Failure;
use actors::order::{DeliverOrder, ShipOrder};
use actors::password::{Client, HashError, Hasher};
use actors::payment::ChangeBehaviour;
use actors::seed::SeedError;
use actors::shop::{Parts, Shop};
use actors::user::AddUser;
use actors::user::breached::BreachedPasswords;
use domain::article::{ArticleError, ArticleId, ArticlePatch};
use domain::bank::{BehaviourChange, Percent};
use domain::breaker::Rejected;
use domain::cart::CartError;
use domain::money::TooLarge;
use domain::order::{Contact, OrderError, OrderId};
use domain::user::{Author, Email, Role, UserError, UserId, Username};
use secrecy::ExposeSecret;

use super::dice::Dice;
use super::paced_bank::PacedBank;
use super::people::{CLERK, CUSTOMERS};
use crate::bank::simulated::SimulatedBank;
use crate::config::Config;
use crate::seed::{WrongSeed, seed};
use crate::store::{self, OpenError};

mod orders;

/// The articles of the demo.
const CATALOGUE: &str = include_str!("../../../config/demo.toml");

/// How busy each hour of a day is.
const RHYTHM: [u64; 24] = [1, 0, 0, 0, 0, 0, 1, 2, 3, 4, 4, 3, 4, 5, 3, 3, 4, 5, 6, 7, 8, 6, 4, 2];

/// How many orders an hour of rhythm 100 has.
const ORDERS: u64 = 36;

/// The articles that run out at the end of the week, each with the units that are left, and the one
/// that is off sale.
const LOW: [(ArticleId, u32); 3] = [(ArticleId(11), 2), (ArticleId(17), 4), (ArticleId(21), 0)];
const OFF_SALE: ArticleId = ArticleId(22);

/// The percentage of payments that the bank declines, and the delay of its replies afterwards.
const DECLINES: u8 = 12;
const LATENCY_MS: u32 = 400;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// Why there is no week.
#[derive(Debug, thiserror::Error)]
pub enum WeekError {
    /// The store can't be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The store can't be filled.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// The articles are invalid.
    #[error(transparent)]
    Catalogue(#[from] WrongSeed),
    /// The configured hash parameters are invalid.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// A name or an address is invalid.
    #[error(transparent)]
    Name(#[from] UserError),
    /// A user was not added.
    #[error(transparent)]
    User(#[from] Failure<UserError>),
    /// An article was not changed.
    #[error(transparent)]
    Article(#[from] Failure<ArticleError>),
    /// A cart was not filled.
    #[error(transparent)]
    Cart(#[from] Failure<CartError>),
    /// The bank was not changed.
    #[error(transparent)]
    Bank(#[from] Failure<Rejected>),
    /// An order was not placed or changed.
    #[error(transparent)]
    Order(#[from] Failure<OrderError>),
    /// A total is too large.
    #[error(transparent)]
    Total(#[from] TooLarge),
}

type Result<T> = std::result::Result<T, WeekError>;

/// Something that happens in the week.
enum Step {
    Buy,
    Ship(OrderId),
    Deliver(OrderId),
    Refund(OrderId),
}

/// A customer of the shop.
#[derive(Clone)]
struct Buyer {
    id: UserId,
    contact: Contact,
}

/// A shop in the course of its week.
struct Week {
    shop: Shop,
    clock: ManualClock,
    dice: Dice,
    buyers: Vec<Buyer>,
    clerk: Author,
    /// What is to happen, by its time in milliseconds and in the order in which it was planned.
    agenda: BTreeMap<(i64, usize), Step>,
    planned: usize,
    /// How many payments have succeeded, and how many were declined.
    paid: u64,
    declined: u64,
    keys: u64,
}

/// Makes the week before now, up to today, in an empty store.
pub(super) async fn make(config: &Config, password: &str) -> Result<()> {
    let end = Clock::default().now().as_millisecond();
    let start = (end / DAY - 6) * DAY;
    let clock = ManualClock::new(start);
    let shop = open(config, &clock).await?;
    let clerk = add_user(&shop, CLERK, None, Role::Admin, password).await?;
    let mut week = Week {
        buyers: add_buyers(&shop, password).await?,
        shop,
        clock,
        dice: Dice::new(end.unsigned_abs()),
        clerk: Author { id: clerk, username: CLERK.to_owned() },
        agenda: BTreeMap::new(),
        planned: 0,
        paid: 0,
        declined: 0,
        keys: 0,
    };
    let decline_percent = Percent::try_from(DECLINES).ok();
    let latency_ms = Some(0);
    let fast = BehaviourChange { latency_ms, decline_percent, ..BehaviourChange::default() };
    week.set_bank(fast).await?;
    week.plan_orders(start, end);
    week.pass(end).await?;
    week.end(end).await
}

async fn open(config: &Config, manual: &ManualClock) -> Result<Shop> {
    let clock = Clock::Manual(manual.clone());
    let store =
        store::open(config.store.url.expose_secret(), &config.into(), clock.clone()).await?;
    let bank_behaviour = BankBehaviour::default();
    let bank = SimulatedBank::new(store.clone(), clock.clone(), bank_behaviour.clone());
    let bank = Arc::new(PacedBank { bank, clock: manual.clone() });
    let hasher = Hasher::new(config.auth.scrypt_log_n)?;
    let breached = BreachedPasswords::default();
    let seed = seed(config, CATALOGUE)?;
    let rules = config.rules();
    let parts = Parts { store, bank, bank_behaviour, hasher, breached, clock, rules, seed };
    Ok(Shop::open(parts).await?)
}

async fn add_buyers(shop: &Shop, password: &str) -> Result<Vec<Buyer>> {
    let mut buyers = Vec::new();
    for customer in &CUSTOMERS {
        let contact = customer.contact()?;
        let email = Some(contact.email.clone());
        let id = add_user(shop, customer.username, email, Role::Customer, password).await?;
        buyers.push(Buyer { id, contact });
    }
    Ok(buyers)
}

async fn add_user(
    shop: &Shop,
    name: &str,
    email: Option<Email>,
    role: Role,
    password: &str,
) -> Result<UserId> {
    let username = Username::choose(name)?;
    let password = password.to_owned();
    let add = AddUser { username, email, password, role, client: Client::Staff, by: None };
    Ok(shop.users.ask(add).await?.user.id)
}

impl Week {
    async fn set_bank(&self, change: BehaviourChange) -> Result<()> {
        let by = Some(self.clerk.clone());
        self.shop.payments.ask(ChangeBehaviour { change, by }).await?;
        Ok(())
    }

    /// Plans the orders of every hour: more in the evening, and on the last days.
    fn plan_orders(&mut self, start: i64, end: i64) {
        for hour in 0..(end - start) / HOUR {
            let day = (hour / 24).unsigned_abs();
            let place = usize::try_from(hour % 24).unwrap_or_default();
            let rhythm = RHYTHM.get(place).copied().unwrap_or_default();
            let expected = rhythm * ORDERS * (7 + day) / 10;
            let orders = expected / 100 + u64::from(self.dice.percent(expected % 100));
            for _ in 0..orders {
                let within = self.dice.below(HOUR.unsigned_abs()).cast_signed();
                self.plan(start + hour * HOUR + within, Step::Buy);
            }
        }
    }

    fn plan(&mut self, at: i64, step: Step) {
        self.planned += 1;
        self.agenda.insert((at, self.planned), step);
    }

    /// Plans a step in some hours from now.
    fn plan_in(&mut self, hours: u64, step: Step) {
        let wait = HOUR / 2 + self.dice.below(hours * HOUR.unsigned_abs()).cast_signed();
        let at = self.now().saturating_add(wait);
        self.plan(at, step);
    }

    /// Lets happen what was planned until a time. The rest is what the shop has to do then.
    async fn pass(&mut self, end: i64) -> Result<()> {
        while let Some(((at, _), step)) = self.agenda.pop_first() {
            if at >= end {
                return Ok(());
            }
            self.move_to(at);
            match step {
                Step::Buy => self.buy().await?,
                Step::Ship(order) => {
                    self.shop.orders.ask(ShipOrder { order, by: self.clerk.clone() }).await?;
                    self.plan_in(40, Step::Deliver(order));
                }
                Step::Deliver(order) => {
                    self.shop.orders.ask(DeliverOrder { order, by: self.clerk.clone() }).await?;
                }
                Step::Refund(order) => self.refund(order).await?,
            }
        }
        Ok(())
    }

    /// Makes some articles run out and takes one off sale.
    async fn end(&mut self, end: i64) -> Result<()> {
        self.move_to(end);
        for (id, left) in LOW {
            let reserved =
                self.shop.snapshot.articles().get(&id).map_or(0, |article| article.reserved);
            let on_hand = Some(reserved + left);
            self.change(id, ArticlePatch { on_hand, ..ArticlePatch::default() }).await?;
        }
        let off_sale = ArticlePatch { active: Some(false), ..ArticlePatch::default() };
        self.change(OFF_SALE, off_sale).await?;
        let latency_ms = Some(LATENCY_MS);
        self.set_bank(BehaviourChange { latency_ms, ..BehaviourChange::default() }).await
    }

    async fn change(&self, id: ArticleId, patch: ArticlePatch) -> Result<()> {
        let change = ChangeArticle { id, patch, expected: None, by: Some(self.clerk.clone()) };
        self.shop.catalogue.ask(change).await?;
        Ok(())
    }

    fn now(&self) -> i64 {
        Clock::Manual(self.clock.clone()).now().as_millisecond()
    }

    /// Moves the clock forward to a time, unless it is past it.
    fn move_to(&self, at: i64) {
        let wait = u64::try_from(at - self.now()).unwrap_or_default();
        self.clock.advance(Duration::from_millis(wait));
    }
}
