//! A user as JSON.

use domain::money::Cents;
use domain::user::report::UserReport;
use domain::user::{Email, Role, User, UserId, Username};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// A user as JSON.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UserJson {
    id: UserId,
    username: Username,
    email: Option<Email>,
    role: Role,
    created_at: Timestamp,
}

/// Converts a user into the JSON that administrators receive.
pub fn user_json(user: &User) -> UserJson {
    let User { id, username, email, role, created_at } = user.clone();
    UserJson { id, username, email, role, created_at }
}

/// A user with their figures, as JSON.
#[derive(Debug, Serialize)]
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
