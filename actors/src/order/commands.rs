//! The commands that place, pay and refund orders, as a round decides them.

use domain::breaker::Rejected;
use domain::cart::{Cart, Owner};
use domain::moment::KEPT_AFTER_EXPIRY;
use domain::order::transitions::StockMove;
use domain::order::{Order, OrderError, OrderId, OrderStatus};
use domain::payment::{Outcome, PaymentStatus};
use domain::time::later;

use super::decision::{Decision, Permits, Result};
use super::peers::Peers;
use super::times::OrderTimes;
use super::{PayAgain, PlaceOrder};
use crate::ask::Child;
use crate::bank::{self, Charge};
use crate::cart::registry::CartRegistry;
use crate::clock::new_id;
use crate::failpoint::Durable;
use crate::payment::commands::BREAKER;
use crate::payment::{PaymentGateway, Request};
use crate::shared::Shared;
use crate::statistics::copy::LatestCounts;
use crate::tables::rows::Rows;
use crate::tables::user_order_key;

/// The dependencies of the order desk.
#[derive(Clone)]
pub struct OrderDeps {
    /// Store, snapshot, clock and rules.
    pub shared: Shared,
    /// The carts that become orders.
    pub carts: Child<CartRegistry>,
    /// Calls the bank.
    pub payments: Child<PaymentGateway>,
    /// How many orders there are.
    pub counts: LatestCounts,
    /// The time of each unpaid order.
    pub(super) times: OrderTimes,
    /// This node and the others.
    pub(super) peers: Peers,
}

impl OrderDeps {
    /// Collects the dependencies.
    pub fn new(
        shared: &Shared,
        carts: &Child<CartRegistry>,
        payments: &Child<PaymentGateway>,
        counts: &LatestCounts,
    ) -> Self {
        Self {
            shared: shared.clone(),
            carts: carts.clone(),
            payments: payments.clone(),
            counts: counts.clone(),
            times: OrderTimes::new(&shared.clock),
            peers: Peers::new(&shared.clock),
        }
    }

    /// Turns a cart into an order: reserves the stock, empties the cart and records the payment as
    /// submitting.
    pub(super) fn place(
        &self,
        place: &PlaceOrder,
        rows: &mut Rows,
        permits: &mut Permits,
    ) -> Result<Decision> {
        let PlaceOrder { user, checkout, idempotency_key, .. } = place;
        let tables = &self.shared.tables;
        let owner = Owner::User(*user);
        let placed_key = format!("{owner}/{}", checkout.cart_version);
        rows.want(&tables.placed, &placed_key);
        rows.want(&tables.accounts, user);
        rows.want(&tables.carts, &owner);
        rows.want(&tables.buyers, user);
        rows.want(&tables.breaker, BREAKER);
        if let Some(order) = self.changed_before(*user, idempotency_key, rows)? {
            return Ok(Decision::unchanged(order));
        }
        if let Some(placed) = rows.get(&tables.placed, &placed_key)? {
            return Ok(Decision::unchanged(self.order(placed, rows)?));
        }
        rows.get(&tables.accounts, user)?.ok_or(OrderError::NoBuyer)?;
        let now = self.shared.clock.now();
        let rules = &self.shared.rules;
        let cart = rows
            .get(&tables.carts, &owner)?
            .filter(|cart| !rules.carts.is_expired(&owner, cart, now))
            .unwrap_or_else(|| Cart::empty(now));
        rules.orders.check_unpaid(self.unpaid(*user, rows)?)?;
        self.check_declines(*user, now, rows)?;
        let stock = self.stock(cart.items.iter().map(|item| item.article), rows)?;
        let id = OrderId(new_id(now));
        let (order, articles) = Order::place(
            id,
            *user,
            &cart,
            stock.clone(),
            checkout.clone(),
            now,
            rules.orders.expiry,
        )?;
        let order = order.attempted(&rules.orders, now);
        self.admit(rows, permits)?;

        let cart_expiry = rules.carts.expiry(&owner, now);
        rows.require(&tables.accounts, user);
        rows.put(&tables.user_orders, user_order_key(*user, id), &id, None)?;
        rows.put(&tables.placed, &placed_key, &id, Some(later(cart_expiry, KEPT_AFTER_EXPIRY)))?;
        self.use_key(*user, idempotency_key, id, rows)?;
        self.put_cart(&owner, cart.clear(cart_expiry), rows)?;
        self.put_stock(&stock, articles, rows)?;
        let order = self.put_order(None, order, rows)?;
        Ok(Decision::calling_bank(Durable::Place, order))
    }

    /// Starts another payment attempt.
    pub(super) fn pay_again(
        &self,
        pay: &PayAgain,
        rows: &mut Rows,
        permits: &mut Permits,
    ) -> Result<Decision> {
        let PayAgain { user, order: id, idempotency_key, .. } = pay;
        rows.want(&self.shared.tables.buyers, user);
        rows.want(&self.shared.tables.breaker, BREAKER);
        let before = self.order_of(*user, *id, rows)?;
        if self.changed_before(*user, idempotency_key, rows)?.is_some() {
            return Ok(Decision::unchanged(before));
        }
        let order = before.pay_again()?;
        if order == before {
            return Ok(Decision::unchanged(before));
        }
        let now = self.times.now(*id);
        before.check_wait(now)?;
        self.check_declines(*user, self.shared.clock.now(), rows)?;
        let order = order.attempted(&self.shared.rules.orders, now);
        self.admit(rows, permits)?;
        self.use_key(*user, idempotency_key, *id, rows)?;
        let order = self.put_order(Some(&before), order, rows)?;
        Ok(Decision::calling_bank(Durable::PayAgain, order))
    }

    /// Records the request to refund an order.
    pub(super) fn refund(
        &self,
        id: OrderId,
        rows: &mut Rows,
        permits: &mut Permits,
    ) -> Result<Decision> {
        rows.want(&self.shared.tables.breaker, BREAKER);
        let before = self.order(id, rows)?;
        let order = before.refund()?;
        if order == before {
            return Ok(Decision::unchanged(order));
        }
        self.admit(rows, permits)?;
        let decision = self.advance(Durable::Refund, &before, order, StockMove::None, rows)?;
        Ok(Decision { calls_bank: true, ..decision })
    }

    /// Checks an unpaid order: the bank is called again, or the order expires. An order that
    /// another node looks after is left alone.
    pub(super) fn reconcile(
        &self,
        id: OrderId,
        rows: &mut Rows,
        permits: &mut Permits,
    ) -> Result<Decision> {
        rows.want(&self.shared.tables.breaker, BREAKER);
        let order = self.order(id, rows)?;
        match order.status {
            _ if self.peers.look_after(&order) => Ok(Decision::unchanged(order)),
            OrderStatus::PendingPayment if order.payment.is_open() => {
                self.admit(rows, permits)?;
                self.take_over(&order, rows)?;
                // An earlier call may have reached the bank, though its result never arrived.
                let attempt = order.payment.attempt;
                let decision = self.settle_payment(id, attempt, Outcome::Unknown, rows)?;
                let calls_bank = decision.order.payment.status == PaymentStatus::Unknown;
                Ok(Decision { calls_bank, ..decision })
            }
            OrderStatus::PendingPayment if self.times.is_overdue(&order) => {
                self.expire(&order, rows)
            }
            _ if order.needs_refund() => {
                self.admit(rows, permits)?;
                self.take_over(&order, rows)?;
                Ok(Decision { calls_bank: true, ..Decision::unchanged(order) })
            }
            _ => Ok(Decision::unchanged(order)),
        }
    }

    /// Counts a call to the bank for the command that is being decided.
    ///
    /// Permits are given by what this node knows of the breaker, but one that an administrator has
    /// isolated is isolated on every node at once.
    fn admit(&self, rows: &mut Rows, permits: &mut Permits) -> Result<()> {
        if let Some(breaker) = rows.get(&self.shared.tables.breaker, BREAKER)? {
            let unavailable =
                |Rejected { retry_after }| OrderError::PaymentUnavailable { retry_after };
            breaker.check_isolated().map_err(unavailable)?;
        }
        permits.admit()
    }

    /// Returns the request to the bank that an order needs, with a key that names the attempt.
    ///
    /// A charge never starts for an order that is called off or overdue. The first is voided. The
    /// second was perhaps charged in time: only if it was not, its key is voided.
    pub(super) fn request(&self, order: &Order) -> Request {
        let key = bank::key(order.id, order.payment.attempt);
        let charge = Charge { key, order: order.id, amount: order.total };
        if order.needs_refund() {
            Request::Refund(charge.key)
        } else if order.is_called_off() {
            Request::Void(charge.key)
        } else if self.times.is_overdue(order) {
            Request::Resolve(charge)
        } else {
            Request::Charge(charge)
        }
    }
}
