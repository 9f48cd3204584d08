//! A user as JSON.

use domain::money::Cents;
use domain::user::report::UserReport;
use domain::user::{Email, Role, User, UserId, Username};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::example;
use crate::answer::{Example, Resource};

/// A user as JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "User")]
pub struct UserJson {
    id: UserId,
    username: Username,
    email: Option<Email>,
    role: Role,
    created_at: Timestamp,
}

impl Resource for UserJson {
    const ONE: &'static str = "user";
    const MANY: &'static str = "users";
}

impl Example for UserJson {
    fn example() -> Value {
        example::user().map(|user| json!(user_json(&user))).unwrap_or_default()
    }
}

impl Resource for UserReportJson {
    const ONE: &'static str = "user";
    const MANY: &'static str = "users";
}

impl Example for UserReportJson {
    fn example() -> Value {
        let report = |user| UserReport {
            user,
            orders: 1,
            spent: example::PRICE,
            last_seen_at: Some(example::NOW),
            devices: 1,
        };
        example::user().map(|user| json!(report_json(&report(user)))).unwrap_or_default()
    }
}

/// Converts a user into the JSON that administrators receive.
pub fn user_json(user: &User) -> UserJson {
    let User { id, username, email, role, created_at } = user.clone();
    UserJson { id, username, email, role, created_at }
}

/// A user with their figures, as JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "UserReport")]
pub struct UserReportJson {
    #[serde(flatten)]
    user: UserJson,
    /// The number of orders of any status.
    orders: u64,
    /// What the user has paid, without what was refunded.
    spent_cents: Cents,
    /// When the user was last seen, to within a minute; `null` if never.
    last_seen_at: Option<Timestamp>,
    /// The number of open sessions.
    devices: usize,
}

/// Converts a user with their figures into the JSON that administrators receive.
pub fn report_json(report: &UserReport) -> UserReportJson {
    let UserReport { user, orders, spent, last_seen_at, devices } = report;
    UserReportJson {
        user: user_json(user),
        orders: *orders,
        spent_cents: *spent,
        last_seen_at: *last_seen_at,
        devices: *devices,
    }
}
