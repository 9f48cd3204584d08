//! What the desk shows of today, for administrators.

use actix_web::web::Data;
use domain::breaker::State;
use domain::statistics::standing::ByStatus;
use domain::statistics::sums::{Attempts, Sums};
use domain::statistics::today::Today;
use domain::statistics::{Counts, Recount};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::{Answer, Example, One, Resource, one};
use crate::auth::bearer::Admin;
use crate::state::AppState;
use crate::today::today;

/// Today as JSON. Times are the starts of hours, and of days in the time zone of the shop.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Today")]
pub struct TodayJson {
    /// The last event of the log that is counted.
    position: u64,
    /// Whether the stored orders are being counted, so that the numbers are not complete.
    counting: bool,
    /// What has happened today.
    sums: SumsJson,
    /// The last 24 hours, the oldest first.
    hours: Vec<PeriodJson>,
    /// The last seven days, the oldest first.
    days: Vec<PeriodJson>,
    /// What has happened since ever.
    ever: SumsJson,
    /// The number of orders by status.
    orders: ByStatus,
    /// The unpaid orders whose payment has no result yet.
    waiting: u64,
    to_do: ToDoJson,
    /// The open sockets of this node.
    sockets: usize,
    /// The sessions and guests that have one.
    visitors: usize,
    breaker: State,
    version: &'static str,
    /// The address of this node.
    node: String,
    uptime_seconds: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Period")]
struct PeriodJson {
    start: Timestamp,
    #[serde(flatten)]
    sums: SumsJson,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Sums")]
struct SumsJson {
    /// The orders placed.
    orders: u64,
    paid: u64,
    refunded: u64,
    paid_cents: u64,
    refunded_cents: u64,
    /// What was paid minus what was refunded.
    revenue_cents: i64,
    /// The average total of the paid orders; `null` if there are none.
    average_cents: Option<u64>,
    payments: PaymentsJson,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Payments")]
struct PaymentsJson {
    approved: AttemptsJson,
    declined: AttemptsJson,
    not_sent: AttemptsJson,
    /// Those whose outcome was unknown for a time; it may be known by now.
    unknown: AttemptsJson,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Attempts")]
struct AttemptsJson {
    count: u64,
    /// How long an attempt took on average; `null` if that is not known.
    average_ms: Option<u64>,
}

/// What waits for an administrator.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ToDo")]
struct ToDoJson {
    to_ship: u64,
    /// The orders that are unpaid after a declined payment.
    declined: u64,
    low_stock: usize,
    refunding: u64,
    unknown: u64,
}

impl Resource for TodayJson {
    const ONE: &'static str = "today";
    const MANY: &'static str = "days";
}

impl Example for TodayJson {
    fn example() -> Value {
        let sums = json!(SumsJson::from(Sums::default()));
        json!({
            "position": 41,
            "counting": false,
            "sums": sums,
            "hours": [],
            "days": [],
            "ever": sums,
            "orders": ByStatus::default(),
            "waiting": 0,
            "to_do": {
                "to_ship": 1, "declined": 0, "low_stock": 0, "refunding": 0, "unknown": 0,
            },
            "sockets": 2,
            "visitors": 1,
            "breaker": State::Closed { failures: 0 },
            "version": env!("CARGO_PKG_VERSION"),
            "node": "127.0.0.1:5000",
            "uptime_seconds": 3_600,
        })
    }
}

/// `GET /api/admin/today`: returns the figures of today, and what is to do.
pub async fn get_today(_: Admin, state: Data<AppState>) -> Answer<One<TodayJson>> {
    one(TodayJson::from(today(&state)))
}

impl From<Today> for TodayJson {
    fn from(today: Today) -> Self {
        let Counts { totals, .. } = &*today.counts;
        let standing = totals.standing;
        Self {
            position: totals.position,
            counting: totals.recount != Recount::Done,
            sums: today.sums().into(),
            hours: periods(today.hours()),
            days: periods(today.days()),
            ever: totals.ever.into(),
            orders: standing.orders,
            waiting: standing.waiting,
            to_do: ToDoJson {
                to_ship: standing.to_ship,
                declined: standing.declined,
                low_stock: today.low_stock,
                refunding: standing.refunding,
                unknown: standing.unknown,
            },
            sockets: today.sockets,
            visitors: today.visitors,
            breaker: today.breaker,
            version: today.version,
            node: today.node,
            uptime_seconds: today.uptime.as_secs(),
        }
    }
}

impl From<Sums> for SumsJson {
    fn from(sums: Sums) -> Self {
        Self {
            orders: sums.placed,
            paid: sums.paid,
            refunded: sums.refunded,
            paid_cents: sums.paid_cents,
            refunded_cents: sums.refunded_cents,
            revenue_cents: sums.revenue(),
            average_cents: sums.average_cents(),
            payments: PaymentsJson {
                approved: sums.approved.into(),
                declined: sums.declined.into(),
                not_sent: sums.not_sent.into(),
                unknown: sums.unknown.into(),
            },
        }
    }
}

impl From<Attempts> for AttemptsJson {
    fn from(attempts: Attempts) -> Self {
        Self { count: attempts.count, average_ms: attempts.average_milliseconds() }
    }
}

fn periods(sums: Vec<(Timestamp, Sums)>) -> Vec<PeriodJson> {
    sums.into_iter().map(|(start, sums)| PeriodJson { start, sums: sums.into() }).collect()
}
