//! What the desk does with the commands of a round: it takes permits for calls to the bank, adopts
//! what is durable, and keeps outcomes of the bank until they are stored.

use std::time::Duration;

use actix::{AsyncContext, Context};
use domain::event::Event;
use domain::order::{Order, OrderError, OrderId};
use domain::user::Author;

use super::commands::OrderDeps;
use super::decision::{CallKind, Command, Decision, Permits, Result};
use super::{DeliverOrder, NoteOrder, OrderDesk, ShipOrder};
use crate::cart::registry::CartStored;
use crate::failpoint::Durable;
use crate::failure::Failure;
use crate::handling::Reply;
use crate::payment::{Admit, Admitted};
use crate::rounds::decide::{Decide, Decided};
use crate::rounds::{Queue, Rounds};
use crate::shared::Shared;
use crate::store::StoreError;
use crate::tables::rows::Rows;

/// How long the outcome of a bank call waits before it is stored again after a failure.
const RETRY: Duration = Duration::from_millis(500);

impl Rounds for OrderDesk {
    type Deps = OrderDeps;
    type Output = Order;

    fn deps(&self) -> &OrderDeps {
        &self.deps
    }

    fn queue(&mut self) -> &mut Queue<OrderDeps, Order> {
        &mut self.queue
    }

    fn adopt(
        &mut self,
        command: Command,
        decided: Decided<OrderDeps>,
        ctx: &mut Context<Self>,
    ) -> Reply<Order, OrderError> {
        if let Command::Reconcile(order) = &command {
            self.checking.remove(order);
        }
        match decided {
            // An answer may be older than the order.
            Ok(Decision { order, .. }) if matches!(command, Command::Answer { .. }) => Ok(order),
            Ok(decision) => Ok(self.adopt_decision(&command, decision, ctx)),
            Err(failure) => {
                self.on_failure(command, &failure, ctx);
                Err(failure)
            }
        }
    }
}

impl OrderDesk {
    /// Queues the check of an order, unless it is queued already or the bank is being called.
    pub(super) fn enqueue_check(&mut self, order: OrderId, ctx: &mut Context<Self>) {
        if !self.calling.contains_key(&order) && self.checking.insert(order) {
            self.enqueue_own(Command::Reconcile(order), ctx);
        }
    }

    fn adopt_decision(
        &mut self,
        command: &Command,
        decision: Decision,
        ctx: &mut Context<Self>,
    ) -> Order {
        let Decision { order, step, answered, permit, .. } = decision;
        if let Command::Settle(settle) = command {
            self.remove_call(settle.order, settle.attempt, settle.kind);
        }
        self.schedule(&order);
        if let Some(permit) = permit {
            self.call_bank(&order, permit, ctx.address());
        } else if let Some(call) = self.calling.get(&order.id) {
            if order.is_called_off() {
                call.withdraw_charge();
            }
        } else {
            self.wake(&order, answered.as_ref());
            let is_first = match command {
                Command::Cancel { .. } => step.is_some(),
                Command::Settle(settle) => settle.kind == CallKind::Charge,
                _ => false,
            };
            // Later repetitions wait for their turn.
            if is_first && order.is_called_off() && order.is_unsettled() {
                self.enqueue_check(order.id, ctx);
            }
        }
        order
    }

    /// Keeps the outcome of a bank call until it is stored: only the bank knows it besides, and
    /// calling it again would take a permit from another order.
    fn on_failure(
        &mut self,
        command: Command,
        failure: &Failure<OrderError>,
        ctx: &mut Context<Self>,
    ) {
        let Command::Settle(settle) = &command else { return };
        if let Failure::Refused(_) = failure {
            self.waiting.remove(&settle.order);
            self.remove_call(settle.order, settle.attempt, settle.kind);
            return;
        }
        let order = settle.order;
        tracing::warn!(%order, %failure, "could not store the outcome of a bank call yet");
        ctx.run_later(RETRY, move |desk, ctx| desk.enqueue_own(command, ctx));
    }
}

impl Decide for OrderDeps {
    type Command = Command;
    type Decision = Decision;
    type Error = OrderError;
    type Permits = Permits;

    fn shared(&self) -> &Shared {
        &self.shared
    }

    fn author(command: &Command) -> Option<&Author> {
        match command {
            Command::Cancel { by, .. } => by.as_ref(),
            Command::Refund { by, .. }
            | Command::Note(NoteOrder { by, .. })
            | Command::Ship(ShipOrder { by, .. })
            | Command::Deliver(DeliverOrder { by, .. }) => Some(by),
            _ => None,
        }
    }

    fn decide(
        &self,
        command: &Command,
        rows: &mut Rows,
        permits: &mut Permits,
    ) -> Result<Decision> {
        match command {
            Command::Place(place) => self.place(place, rows, permits),
            Command::PayAgain(pay) => self.pay_again(pay, rows, permits),
            Command::Refund { order, .. } => self.refund(*order, rows, permits),
            Command::Reconcile(order) => self.reconcile(*order, rows, permits),
            Command::Settle(settle) => self.settle(settle, rows),
            Command::Answer { request, order } => self.answer_request(request, *order, rows),
            Command::Cancel { user, order, .. } => self.cancel(*user, *order, rows),
            Command::Note(note) => self.note(note, rows),
            Command::Ship(ship) => self.ship(ship.order, rows),
            Command::Deliver(deliver) => self.deliver(deliver.order, rows),
        }
    }

    fn steps(decision: &Decision) -> Vec<Durable> {
        let answer = decision.answered.as_ref().map(|_| Durable::Answer);
        decision.step.into_iter().chain(answer).collect()
    }

    fn begin_pass(permits: &mut Permits) {
        permits.used = 0;
    }

    async fn take_permits(&self, permits: &mut Permits) -> std::result::Result<bool, StoreError> {
        let missing = permits.used.saturating_sub(permits.held.len());
        if missing == 0 || permits.refused.is_some() {
            return Ok(false);
        }
        let admitted = self.payments.ask(Admit { calls: missing }).await;
        let Admitted { permits: held, retry_after } =
            admitted.map_err(|failure| StoreError::Unavailable(failure.to_string()))?;
        permits.held.extend(held);
        permits.refused = retry_after;
        Ok(permits.refused.is_some())
    }

    fn give_permits(decisions: &mut [Decided<Self>], mut permits: Permits) {
        for decision in decisions.iter_mut().flatten().filter(|decision| decision.calls_bank) {
            decision.permit = permits.held.pop();
        }
    }

    fn committed(&self, event: &Event) {
        if let Event::CartChanged { owner, cart } = event {
            self.carts.notify(CartStored(owner.clone(), cart.version));
        }
    }
}
