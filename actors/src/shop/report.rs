//! What administrators see of the actors, and how they make one panic.

use domain::system::ActorReport;

use super::Shop;
use crate::article::CatalogueState;
use crate::cart::registry::CartsState;
use crate::live::HubState;
use crate::order::OrdersState;
use crate::payment::PaymentsState;
use crate::session::SessionsState;
use crate::statistics::StatisticsState;
use crate::user::UsersState;

impl Shop {
    /// Returns a report of every long-lived actor, in start order.
    pub async fn reports(&self) -> Vec<ActorReport> {
        let (sessions, users, catalogue, carts, payments, orders, statistics, hub) = tokio::join!(
            self.sessions.report(|state: SessionsState| {
                vec![("cached", state.cached), ("revoked", state.revoked)]
            }),
            self.users.report(|state: UsersState| {
                vec![("hashing", state.hashing), ("throttled", state.throttled)]
            }),
            self.catalogue.report(|state: CatalogueState| vec![("articles", state.articles)]),
            self.carts.report(|state: CartsState| vec![("active", state.active)]),
            self.payments.report(|state: PaymentsState| {
                vec![("free_calls", state.free_calls), ("waiting_calls", state.waiting_calls)]
            }),
            self.orders.report(|state: OrdersState| {
                vec![
                    ("pending", state.pending),
                    ("calling", state.calling),
                    ("queued", state.queued),
                ]
            }),
            self.statistics.report(|state: StatisticsState| {
                vec![("recounting", usize::from(state.is_recounting))]
            }),
            self.hub.report(|state: HubState| {
                vec![("subscribers", state.subscribers), ("channels", state.channels)]
            }),
        );
        vec![sessions, users, catalogue, carts, payments, orders, statistics, hub]
    }

    /// Makes an actor panic after the command in progress. Returns whether there is such an actor.
    pub fn kill(&self, name: &str) -> bool {
        match name {
            "sessions" => self.sessions.kill(),
            "users" => self.users.kill(),
            "catalogue" => self.catalogue.kill(),
            "carts" => self.carts.kill(),
            "payments" => self.payments.kill(),
            "orders" => self.orders.kill(),
            "statistics" => self.statistics.kill(),
            "hub" => self.hub.kill(),
            _ => return false,
        }
        true
    }
}
