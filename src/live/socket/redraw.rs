//! Redraws of pages that show what changes often, or what thousands of pages show.
//!
//! Changes before a redraw need no other one, because it shows the state of its own time. Thousands
//! of pages of orders may be open when the circuit breaker changes: not all of them are redrawn at
//! the same time.

use std::time::Duration;

use actix::AsyncContext;
use metrics::counter;

use super::{Client, Context, Socket};
use crate::live::page::Page;

/// How long the changes of a page of the desk are collected.
pub(super) const SOON: Duration = Duration::from_millis(100);

/// The time over which the redraws after one change are spread, and the wait after one that fails.
pub(super) const SPREAD: Duration = Duration::from_secs(5);

impl Socket {
    /// Schedules a redraw of the page, unless one is scheduled.
    pub(super) fn schedule_redraw(&mut self, wait: Duration, ctx: &mut Context) {
        if !self.is_redraw_scheduled {
            counter!("microshop_live_redraws_total").increment(1);
            self.redraw_after(wait, ctx);
        }
    }

    /// Redraws a page that shows what has changed without an event.
    pub(super) fn redraw_if_past(&mut self, ctx: &mut Context) {
        if matches!(&self.client, Client::Page(page) if page.is_past()) {
            self.schedule_redraw(SOON, ctx);
        }
    }

    fn redraw_after(&mut self, wait: Duration, ctx: &mut Context) {
        self.is_redraw_scheduled = true;
        ctx.run_later(wait, Self::redraw);
    }

    /// Redraws the page. If that fails, the page keeps its socket and is redrawn later.
    fn redraw(&mut self, ctx: &mut Context) {
        self.is_redraw_scheduled = false;
        let Client::Page(page) = &self.client else { return };
        let rendered = Page::clone(page).render_again();
        self.send_rendered_or(rendered, ctx, |socket, ctx| socket.redraw_after(SPREAD, ctx));
    }
}
