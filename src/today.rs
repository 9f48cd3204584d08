//! What the desk shows of today, from copies in memory: no actor is asked and no row is read.

use actors::store::EventId;
use domain::breaker::State;
use domain::statistics::today::Today;
use views::site::site;

use crate::state::AppState;

/// Returns what the desk shows of today.
pub fn today(state: &AppState) -> Today {
    let shop = &state.shop;
    let (sockets, visitors) = state.live.sockets.numbers();
    Today {
        now: shop.clock.now(),
        time_zone: site().time_zone.clone(),
        counts: shop.counts.get(),
        low_stock: shop.snapshot.articles().values().filter(|article| article.runs_out()).count(),
        sockets,
        visitors,
        breaker: shop.breaker.borrow().state(),
        version: env!("CARGO_PKG_VERSION"),
        node: state.node.clone(),
        uptime: shop.clock.moment().since_start(),
    }
}

/// What decides whether a page that shows today is drawn again. Two values are equal if it shows
/// the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenToday {
    /// The last event pushed.
    event: EventId,
    /// The last event counted.
    counted: EventId,
    sockets: usize,
    visitors: usize,
    breaker: State,
    /// The minute in which the page was drawn: hours and days end, and the node keeps running.
    minute: i64,
}

/// Returns what a page shows that is drawn now.
pub fn seen_today(state: &AppState) -> SeenToday {
    let shop = &state.shop;
    let (sockets, visitors) = state.live.sockets.numbers();
    SeenToday {
        event: *shop.position.borrow(),
        counted: shop.counts.position(),
        sockets,
        visitors,
        breaker: shop.breaker.borrow().state(),
        minute: shop.clock.now().as_second() / 60,
    }
}
