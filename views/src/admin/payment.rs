//! The page of payments: the circuit breaker, the simulated bank, and the last calls to the bank.

use domain::bank::{Behaviour, EndedCall, Mode, Purpose};
use domain::breaker::{Breaker, State};
use domain::order::OrderId;
use domain::order::unknown::UnknownPayment;
use domain::payment::Outcome;
use jiff::Timestamp;
use maud::{Markup, html};

use crate::form::{Dangerous, command};
use crate::format::{countdown, money, second, time};
use crate::locale::Locale;

/// The states of the breaker in the order in which it usually passes through them, each with the
/// keys of its name and of what it means.
const STATES: [(&str, &str, &str); 4] = [
    ("closed", "admin-closed", "admin-closed-detail"),
    ("open", "admin-open", "admin-open-detail"),
    ("half_open", "admin-half-open", "admin-half-open-detail"),
    ("isolated", "admin-isolated", "admin-isolated-detail"),
];

/// The keys of the column titles of the last calls.
const COLUMNS: [&str; 5] = [
    "admin-call-at",
    "admin-call-purpose",
    "admin-call-order",
    "admin-call-outcome",
    "admin-call-took",
];

/// The keys of the column titles of the unknown payments.
const UNKNOWN_COLUMNS: [&str; 4] =
    ["admin-call-order", "admin-unknown-total", "admin-unknown-since", "admin-unknown-next"];

/// What the page shows.
pub struct Payments<'a> {
    /// The circuit breaker.
    pub breaker: &'a Breaker,
    /// The behaviour of the simulated bank; `None` if the shop uses another bank.
    pub behaviour: Option<Behaviour>,
    /// The unknown payments, the oldest order first.
    pub unknown: &'a [UnknownPayment],
    /// The last calls to the bank, the newest first.
    pub calls: &'a [EndedCall],
    /// The current time.
    pub now: Timestamp,
}

/// Returns the state of the breaker as a coloured word, with a link to the page.
pub(super) fn light(locale: Locale, state: State) -> Markup {
    let class = match state {
        State::Closed { .. } => "good",
        State::Open { .. } | State::HalfOpen { .. } => "pending",
        State::Isolated => "over",
    };
    html! { a .badge .(class) href="/admin/payments" { (locale.text(state_key(state))) } }
}

/// Returns the key of the name of a state of the breaker.
pub(super) fn state_key(state: State) -> &'static str {
    match state {
        State::Closed { .. } => "admin-closed",
        State::Open { .. } => "admin-open",
        State::HalfOpen { .. } => "admin-half-open",
        State::Isolated => "admin-isolated",
    }
}

/// Returns everything on the page that changes.
pub fn panel(locale: Locale, payments: &Payments<'_>) -> Markup {
    html! {
        div #payments {
            (breaker(locale, payments.breaker, payments.now))
            (unknown(locale, payments))
            @if let Some(behaviour) = &payments.behaviour { (bank(locale, behaviour)) }
            (calls(locale, payments.calls))
        }
    }
}

fn breaker(locale: Locale, breaker: &Breaker, now: Timestamp) -> Markup {
    let current = breaker.state.name();
    html! {
        section #breaker .panel {
            h2 { (locale.text("admin-breaker")) }
            ol.machine {
                @for (state, name, detail) in STATES {
                    li.(state) aria-current=[(state == current).then_some("step")] {
                        strong { (locale.text(name)) }
                        span { (locale.text(detail)) }
                    }
                }
            }
            p { (now_text(locale, breaker.state, now)) }
            div.actions {
                @if breaker.state != State::Isolated { (isolate_form(locale)) }
                @if breaker.state != (State::Closed { failures: 0 }) {
                    (command("/admin/payments/reset", &html! {
                        button.quiet { (locale.text("admin-reset")) }
                    }))
                }
            }
        }
    }
}

/// Returns what the current state of the breaker means now.
fn now_text(locale: Locale, state: State, now: Timestamp) -> Markup {
    let key = match state {
        State::Closed { failures } => {
            let text = locale.text_with("admin-closed-now", &[("failures", failures.into())]);
            return html! { (text) };
        }
        State::Open { until } if now < until => {
            return html! {
                (locale.text("admin-open-now")) " " (second(until))
                span.countdown { " (" (countdown(until, now)) ")" } "."
            };
        }
        State::Open { .. } => "admin-open-over",
        State::HalfOpen { .. } => "admin-half-open-now",
        State::Isolated => "admin-isolated-now",
    };
    html! { (locale.text(key)) }
}

fn isolate_form(locale: Locale) -> Markup {
    let question = locale.text("admin-isolate-question");
    let action = "/admin/payments/isolate";
    let isolate = Dangerous { action, class: "quiet", question: &question };
    isolate.render(&html! { (locale.text("admin-isolate")) })
}

/// Returns the payments that the shop asks the bank about until it knows what became of them.
fn unknown(locale: Locale, payments: &Payments<'_>) -> Markup {
    html! {
        section #unknown-payments .panel {
            h2 { (locale.text("admin-unknown-payments")) }
            @if payments.unknown.is_empty() {
                p.quiet { (locale.text("admin-unknown-none")) }
            } @else {
                div.scroll role="region" aria-label=(locale.text("admin-unknown-payments"))
                    tabindex="0" {
                    table {
                        thead {
                            tr {
                                @for key in UNKNOWN_COLUMNS {
                                    th scope="col" { (locale.text(key)) }
                                }
                            }
                        }
                        tbody {
                            @for payment in payments.unknown {
                                (unknown_row(locale, payment, payments.now))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn unknown_row(locale: Locale, payment: &UnknownPayment, now: Timestamp) -> Markup {
    html! {
        tr id={ "unknown-" (payment.order_id) } {
            th scope="row" { (attempt_link(payment.order_id, payment.attempt)) }
            td data-label=(locale.text("admin-unknown-total")) {
                (money(locale, payment.total_cents))
            }
            td data-label=(locale.text("admin-unknown-since")) { (time(locale, payment.since)) }
            td data-label=(locale.text("admin-unknown-next")) {
                @if let Some(at) = payment.next_try_at {
                    (second(at)) span.countdown { " (" (countdown(at, now)) ")" }
                } @else {
                    (locale.text("admin-unknown-asking"))
                }
            }
        }
    }
}

fn bank(locale: Locale, behaviour: &Behaviour) -> Markup {
    html! {
        section #simulated-bank .panel {
            h2 { (locale.text("admin-bank")) }
            (command("/admin/payments/bank", &html! {
                div.numbers {
                    (number(
                        &locale.text("admin-latency"),
                        "latency_ms",
                        behaviour.latency_ms,
                        u32::MAX,
                    ))
                    (number(
                        &locale.text("admin-declines"),
                        "decline_percent",
                        behaviour.decline_percent.get().into(),
                        100,
                    ))
                    button.quiet { (locale.text("admin-save")) }
                }
            }))
            (command("/admin/payments/bank", &html! {
                ul.modes {
                    @for mode in Mode::ALL {
                        @let (name, detail) = mode_keys(mode);
                        li {
                            button.quiet name="mode" value=(mode.name())
                                aria-pressed=(mode == behaviour.mode) {
                                (locale.text(name))
                            }
                            p.quiet { (locale.text(detail)) }
                        }
                    }
                }
            }))
        }
    }
}

fn number(label: &str, name: &str, value: u32, most: u32) -> Markup {
    html! {
        label.field {
            span { (label) }
            input type="number" name=(name) value=(value) min="0" max=(most) required
                inputmode="numeric";
        }
    }
}

fn calls(locale: Locale, calls: &[EndedCall]) -> Markup {
    html! {
        section #calls .panel {
            h2 { (locale.text("admin-calls")) }
            @if calls.is_empty() {
                p.quiet { (locale.text("admin-calls-none")) }
            } @else {
                div.scroll role="region" aria-label=(locale.text("admin-calls")) tabindex="0" {
                    table {
                        thead {
                            tr {
                                @for key in COLUMNS { th scope="col" { (locale.text(key)) } }
                            }
                        }
                        tbody {
                            @for call in calls { (row(locale, call)) }
                        }
                    }
                }
            }
        }
    }
}

fn row(locale: Locale, call: &EndedCall) -> Markup {
    let (class, outcome) = match call.outcome {
        Some(Outcome::Approved) => ("good", "admin-approved"),
        Some(Outcome::Declined) if call.purpose == Purpose::Charge => ("over", "admin-declined"),
        // The key is void now: nothing is charged, or no longer.
        Some(Outcome::Declined) => ("good", "admin-voided"),
        Some(Outcome::NotSent) => ("pending", "admin-not-sent"),
        Some(Outcome::Unknown) => ("pending", "admin-unknown"),
        Some(Outcome::Refused) => ("pending", "admin-refused"),
        None => ("pending", "admin-panicked"),
    };
    html! {
        tr {
            td { (second(call.at)) }
            td { (locale.text(purpose_key(call.purpose))) }
            th scope="row" {
                @match call.attempt() {
                    Some((order, attempt)) => (attempt_link(order, attempt)),
                    None => (call.key),
                }
            }
            td { span .badge .(class) { (locale.text(outcome)) } }
            td { (call.took_ms) " ms" }
        }
    }
}

/// Returns the number of an order, as a link to its page, and the number of a payment attempt.
fn attempt_link(order: OrderId, attempt: u32) -> Markup {
    html! { a href={ "/admin/orders/" (order) } { (order.number()) } " · " (attempt) }
}

fn purpose_key(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Charge => "admin-charge",
        Purpose::Refund => "admin-refund",
        Purpose::Void => "admin-void",
        Purpose::Resolve => "admin-resolve",
    }
}

/// Returns the keys of the name of a mode and of what it does.
pub(super) fn mode_keys(mode: Mode) -> (&'static str, &'static str) {
    match mode {
        Mode::Approve => ("admin-approve", "admin-approve-detail"),
        Mode::Decline => ("admin-decline", "admin-decline-detail"),
        Mode::Refuse => ("admin-refuse", "admin-refuse-detail"),
        Mode::LoseRequest => ("admin-lose-request", "admin-lose-request-detail"),
        Mode::LoseAnswer => ("admin-lose-answer", "admin-lose-answer-detail"),
        Mode::Fail => ("admin-fail", "admin-fail-detail"),
        Mode::Hang => ("admin-hang", "admin-hang-detail"),
        Mode::Panic => ("admin-panic", "admin-panic-detail"),
    }
}

#[cfg(test)]
mod tests {
    use domain::order::OrderStatus;
    use domain::payment::PaymentStatus;

    use super::*;
    use crate::sample::{lines, order};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn call(outcome: Option<Outcome>) -> EndedCall {
        EndedCall {
            at: NOW,
            purpose: Purpose::Charge,
            key: "01890a5d-ac96-774b-bcce-b302099a8057-2".into(),
            outcome,
            took_ms: 42,
        }
    }

    fn shown(state: State) -> String {
        let calls = [call(Some(Outcome::Approved)), call(None)];
        let breaker = Breaker { state, generation: 1 };
        let behaviour = Some(Behaviour::default());
        let next_try_at = NOW + jiff::SignedDuration::from_secs(4);
        let unknown = [unknown(Some(next_try_at)), unknown(None)];
        lines(&panel(
            Locale::En,
            &Payments { breaker: &breaker, behaviour, unknown: &unknown, calls: &calls, now: NOW },
        ))
    }

    fn unknown(next_try_at: Option<Timestamp>) -> UnknownPayment {
        let order = order(OrderStatus::PendingPayment, 2, PaymentStatus::Unknown);
        order.unknown_payment(next_try_at).unwrap()
    }

    #[test]
    fn the_page_shows_the_breaker_the_bank_and_the_last_calls() {
        insta::assert_snapshot!("payments_en", shown(State::Closed { failures: 2 }));
    }

    #[test]
    fn every_state_of_the_breaker_is_marked_and_explained() {
        let until = NOW + jiff::SignedDuration::from_secs(30);
        for (state, class, text) in [
            (State::Closed { failures: 0 }, "closed", "the last call did not fail"),
            (State::Open { until }, "open", "data-form=\"left\">30 s"),
            (State::Open { until: NOW }, "open", "The next payment tests the bank."),
            (State::HalfOpen { until: None }, "half_open", "One call is testing the bank."),
            (State::Isolated, "isolated", "stopped until the breaker is reset"),
        ] {
            let page = shown(state);
            assert!(page.contains(&format!("<li class=\"{class}\" aria-current=\"step\">")));
            assert_eq!(page.matches("aria-current").count(), 1, "{page}");
            assert!(page.contains(text), "no {text} in {page}");
            assert_eq!(page.contains("/admin/payments/isolate"), state != State::Isolated);
            let is_reset = state == (State::Closed { failures: 0 });
            assert_eq!(page.contains("/admin/payments/reset"), !is_reset);
        }
    }
}
