//! The page of payments: the circuit breaker, the simulated bank, and the last calls to the bank.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse};
use actors::order::ListUnknown;
use actors::payment::{ChangeBehaviour, Manual, SetBreaker};
use domain::bank::BehaviourChange;
use domain::breaker::State;
use domain::shown::Shown;
use domain::time::later;
use jiff::Timestamp;
use maud::Markup;
use views::admin::payment::{Payments, panel};
use views::locale::Locale;

use crate::auth::browser::{Administrator, Member, Visitor};
use crate::error::Problem;
use crate::error::code::Code;
use crate::form::Form;
use crate::pages::{render_fragments, render_page};
use crate::state::AppState;

/// The path of the page.
const PAGE: &str = "/admin/payments";

/// The most unknown payments that the page shows.
const LISTED: usize = 50;

/// The shortest time after which the page is drawn again.
const SOON: Duration = Duration::from_secs(1);

/// `GET /admin/payments`: shows the page.
pub async fn show_payments(
    Administrator(Member { visitor, .. }): Administrator,
) -> Result<HttpResponse, Problem> {
    render_page(&visitor, "page-payments", Shown::Payments, async {
        Ok(render_payments(&visitor.state, visitor.locale).await?.markup)
    })
    .await
}

/// `POST /admin/payments/bank`: changes the behaviour of the simulated bank.
pub async fn set_bank(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    Form(change): Form<BehaviourChange>,
) -> Result<HttpResponse, Problem> {
    visitor.state.bank.as_ref().ok_or_else(Problem::not_found)?;
    visitor.state.shop.payments.ask(ChangeBehaviour { change, by: Some(me.author()) }).await?;
    answer(&visitor, &request, "notice-bank-changed").await
}

/// `POST /admin/payments/isolate`: opens the breaker until it is reset.
pub async fn isolate_breaker(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    visitor
        .state
        .shop
        .payments
        .ask(SetBreaker { to: Manual::Isolated, by: Some(me.author()) })
        .await?;
    answer(&visitor, &request, "notice-breaker-isolated").await
}

/// `POST /admin/payments/reset`: closes the breaker and forgets the failures.
pub async fn reset_breaker(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    visitor
        .state
        .shop
        .payments
        .ask(SetBreaker { to: Manual::Reset, by: Some(me.author()) })
        .await?;
    answer(&visitor, &request, "notice-breaker-reset").await
}

/// What the page shows.
pub struct RenderedPayments {
    /// Everything on the page that changes.
    pub markup: Markup,
    /// The number of calls to the bank that have ended.
    pub calls: u64,
    /// When what the page shows is over: the breaker may admit a call again, or the bank is asked
    /// about a payment again. `None` if that is not known.
    pub over_at: Option<Timestamp>,
}

/// Renders what the page shows.
pub async fn render_payments(
    state: &AppState,
    locale: Locale,
) -> Result<RenderedPayments, Problem> {
    let gateway = state.shop.payments.observe().await;
    let gateway = gateway.ok_or_else(|| Problem::new(Code::Unavailable))?;
    let (count, calls) = state.shop.calls.list();
    let (_, unknown) = state.shop.orders.ask(ListUnknown { limit: LISTED }).await?;
    let payments = Payments {
        breaker: &gateway.breaker,
        behaviour: state.bank.as_ref().map(|bank| bank.behaviour().get()),
        unknown: &unknown,
        calls: &calls,
        now: state.shop.clock.now(),
    };
    let over_at = over_at(&payments);
    Ok(RenderedPayments { markup: panel(locale, &payments), calls: count, over_at })
}

/// Returns when what the page shows is over. A call that is due may have to wait for the breaker.
fn over_at(payments: &Payments<'_>) -> Option<Timestamp> {
    let open_until = match payments.breaker.state {
        State::Open { until } => Some(until).filter(|until| *until > payments.now),
        _ => None,
    };
    let soon = later(payments.now, SOON);
    let next_tries = payments.unknown.iter().filter_map(|payment| payment.next_try_at);
    next_tries.map(|at| at.max(soon)).chain(open_until).min()
}

async fn answer(
    visitor: &Visitor,
    request: &HttpRequest,
    notice: &str,
) -> Result<HttpResponse, Problem> {
    let payments = render_payments(&visitor.state, visitor.locale).await?;
    Ok(render_fragments(visitor, request, &[("payments", payments.markup)], notice, PAGE))
}
