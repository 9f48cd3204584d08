//! Redraws of order pages when payments are interrupted or resume.
//!
//! Thousands of pages may be open when the circuit breaker changes. So only pages of visitors with
//! an order that waits for its payment are redrawn, and not all at the same time.

use std::time::Duration;

use actix::AsyncContext;
use metrics::counter;

use super::{Client, Context, Socket};
use crate::live::spread::spread;

/// The time over which the redraws after one change are spread, and the wait after one that fails.
const SPREAD: Duration = Duration::from_secs(5);

impl Socket {
    /// Schedules a redraw of the orders that wait for their payment, if there may be any. Changes
    /// before the redraw need no other one, because it shows the state of its own time.
    pub(super) fn schedule_redraw(&mut self, ctx: &mut Context) {
        let Client::Page(page) = &self.client else { return };
        if self.is_redraw_scheduled || !page.may_have_unsettled_orders() {
            return;
        }
        counter!("microshop_live_redraws_total").increment(1);
        self.redraw_after(spread(self.slot.number, SPREAD), ctx);
    }

    fn redraw_after(&mut self, wait: Duration, ctx: &mut Context) {
        self.is_redraw_scheduled = true;
        ctx.run_later(wait, Self::redraw);
    }

    /// Redraws the orders. If that fails, the page keeps its socket and is redrawn later.
    fn redraw(&mut self, ctx: &mut Context) {
        self.is_redraw_scheduled = false;
        let Client::Page(page) = &self.client else { return };
        let rendered = page.clone().render_unsettled_orders();
        self.send_rendered_or(rendered, ctx, |socket, ctx| socket.redraw_after(SPREAD, ctx));
    }
}
