//! Statistics: how many orders are in which state, and what was placed, paid and refunded when.
//!
//! They are counted from the log, event by event. An event carries the state of an order after a
//! change, so each order is kept as it was counted last. An order only ever moves forward
//! ([`CountedOrder::is_before`]), so an event that was counted before changes nothing.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::{Entry, Event};
use crate::order::{Order, OrderId};
use bucket::{Bucket, Series};
use counted::CountedOrder;
use standing::Standing;
use sums::Sums;

pub mod bucket;
pub mod counted;
#[cfg(test)]
mod property;
pub mod standing;
pub mod sums;
pub mod today;

/// The totals, and how far they are counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// The last event of the log that is counted.
    pub position: u64,
    /// How often counting the stored orders has begun.
    pub recounts: u64,
    /// How far the orders are counted for which the log has no event any more.
    pub recount: Recount,
    /// What has happened since ever.
    pub ever: Sums,
    /// The states of all orders.
    pub standing: Standing,
}

/// How far the orders are counted for which the log has no event any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Recount {
    /// All of them are counted.
    #[default]
    Done,
    /// Those up to this order are counted; `None` is before the first one.
    UpTo(Option<OrderId>),
}

/// The counts, or those of them that a change is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// The totals.
    pub totals: Totals,
    /// What has happened in each minute, hour and day. Where nothing has, there is no entry.
    pub buckets: BTreeMap<Bucket, Sums>,
}

impl Counts {
    /// Counts an event, given its order as it was counted last. Returns its new state; `None` if
    /// the event changes no count.
    ///
    /// Buckets that are no longer kept `now` are left out.
    pub fn count(
        &mut self,
        entry: &Entry,
        before: Option<&CountedOrder>,
        now: Timestamp,
    ) -> Option<CountedOrder> {
        let order = entry.event.order()?;
        self.add_order(order, before, Some(entry.at), now)
    }

    /// Counts the stored state of an order. It is not known when it was paid or refunded: that
    /// counts as of when it was placed.
    pub fn recount(
        &mut self,
        order: &Order,
        before: Option<&CountedOrder>,
        now: Timestamp,
    ) -> Option<CountedOrder> {
        self.add_order(order, before, None, now)
    }

    /// Returns the sums of the last `count` buckets of a series, the oldest first, each with its
    /// start.
    pub fn last(&self, series: Series, count: i64, now: Timestamp) -> Vec<(Timestamp, Sums)> {
        let last = series.bucket(now);
        let numbers = last.number.saturating_sub(count - 1)..=last.number;
        let buckets = numbers.map(|number| Bucket { series, number });
        buckets.map(|bucket| (bucket.start(), self.of(bucket))).collect()
    }

    /// Returns the sums of the buckets of a series that begin in a period.
    pub fn between(&self, series: Series, period: Range<Timestamp>) -> Sums {
        let begins = |bucket: &Bucket| bucket.series == series && period.contains(&bucket.start());
        let sums = self.buckets.iter().filter(|(bucket, _)| begins(bucket)).map(|(_, sums)| *sums);
        sums.fold(Sums::default(), Sums::plus)
    }

    /// Returns the sums of a bucket.
    pub fn of(&self, bucket: Bucket) -> Sums {
        self.buckets.get(&bucket).copied().unwrap_or_default()
    }

    /// Returns the buckets that are no longer kept.
    pub fn outdated(&self, now: Timestamp) -> Vec<Bucket> {
        self.buckets.keys().copied().filter(|bucket| !bucket.is_kept(now)).collect()
    }

    fn add_order(
        &mut self,
        order: &Order,
        before: Option<&CountedOrder>,
        at: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<CountedOrder> {
        let after = CountedOrder::new(order, before, at);
        if before.is_some_and(|before| !before.is_before(&after)) {
            return None;
        }
        before.into_iter().for_each(|before| self.totals.standing.remove(before));
        self.totals.standing.add(&after);
        if before.is_none() {
            self.add(order.created_at, Sums { placed: 1, ..Sums::default() }, now);
        }
        let happened = after.since(before, order.total, at);
        self.add(at.unwrap_or(order.created_at), happened, now);
        Some(after)
    }

    /// Adds what has happened at a time.
    fn add(&mut self, at: Timestamp, happened: Sums, now: Timestamp) {
        if happened == Sums::default() {
            return;
        }
        self.totals.ever = self.totals.ever.plus(happened);
        for bucket in Bucket::all_of(at, now) {
            let sums = self.buckets.entry(bucket).or_default();
            *sums = sums.plus(happened);
        }
    }
}

impl Event {
    /// Returns the order that the event is about, or `None` if there is none.
    pub fn order(&self) -> Option<&Order> {
        match self {
            Self::OrderPlaced(order) | Self::OrderChanged(order) => Some(order),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::order::checkout::tests::{NOW, placed};
    use crate::payment::Outcome;

    const SECOND: SignedDuration = SignedDuration::from_secs(1);

    /// Counts the states of one order, a second apart.
    fn counted(states: &[Order]) -> Counts {
        let mut counts = Counts::default();
        let mut before = None;
        for (id, order) in (1..).zip(states) {
            let event = match id {
                1 => Event::OrderPlaced(order.clone()),
                _ => Event::OrderChanged(order.clone()),
            };
            let at = NOW + SECOND * (id - 1);
            let entry = Entry { id: u64::from(id as u32), at, event, by: None };
            before = counts.count(&entry, before.as_ref(), NOW).or(before);
        }
        counts
    }

    #[test]
    fn an_order_that_is_declined_paid_shipped_and_refunded_is_counted_at_each_step() {
        let declined = placed().settle(1, Outcome::Declined).unwrap().0;
        let again = declined.pay_again().unwrap();
        let unknown = again.settle(2, Outcome::Unknown).unwrap().0;
        let paid = unknown.settle(2, Outcome::Approved).unwrap().0;
        let shipped = paid.ship().unwrap().0;
        let refunding = shipped.refund().unwrap();
        let refunded = refunding.refunded().unwrap().0;
        let states = [placed(), declined, again, unknown, paid, shipped, refunding, refunded];
        let total = placed().total.0;
        let standing = |length: usize| counted(&states[..length]).totals.standing;
        assert_eq!((standing(1).waiting, standing(1).orders.pending_payment), (1, 1));
        assert_eq!((standing(2).waiting, standing(2).declined), (0, 1));
        assert_eq!((standing(4).waiting, standing(4).unknown), (1, 1));
        assert_eq!((standing(5).to_ship, standing(5).orders.paid), (1, 1));
        assert_eq!((standing(6).to_ship, standing(6).orders.shipped), (0, 1));
        assert_eq!((standing(7).refunding, standing(7).orders.shipped), (1, 1));
        assert_eq!((standing(8).refunding, standing(8).orders.refunded), (0, 1));

        let counts = counted(&states);
        let sums = counts.totals.ever;
        assert_eq!((sums.placed, sums.paid, sums.refunded), (1, 1, 1));
        assert_eq!((sums.paid_cents, sums.refunded_cents, sums.revenue()), (total, total, 0));
        assert_eq!((sums.declined.count, sums.declined.milliseconds), (1, 1_000));
        assert_eq!((sums.unknown.count, sums.unknown.milliseconds), (1, 1_000));
        assert_eq!((sums.approved.count, sums.approved.milliseconds), (1, 2_000));
        for series in Series::ALL {
            assert_eq!(counts.of(series.bucket(NOW)), sums);
        }
    }

    #[test]
    fn an_event_that_was_counted_before_changes_nothing() {
        let paid = placed().settle(1, Outcome::Approved).unwrap().0;
        let once = counted(&[placed(), paid.clone()]);
        assert_eq!(counted(&[placed(), paid.clone(), placed(), paid]), once);
    }

    #[test]
    fn an_order_of_an_earlier_version_counts_when_it_was_placed() {
        let paid = placed().settle(1, Outcome::Approved).unwrap().0;
        let mut counts = Counts::default();
        let counted = counts.recount(&paid, None, NOW).unwrap();
        let sums = counts.of(Series::Day.bucket(NOW));
        assert_eq!(
            (sums.placed, sums.paid, sums.approved.count, sums.approved.timed),
            (1, 1, 1, 0)
        );
        assert_eq!(counts.recount(&paid, Some(&counted), NOW), None);
    }

    #[test]
    fn buckets_are_left_out_once_they_are_not_kept_and_the_totals_stay() {
        let day = SignedDuration::from_hours(24);
        let mut counts = Counts::default();
        counts.recount(&placed(), None, NOW + day * 30);
        assert_eq!(
            counts.buckets.keys().map(|bucket| bucket.series).collect::<Vec<_>>(),
            [Series::Day]
        );
        assert_eq!(counts.outdated(NOW + day * 30), []);
        assert_eq!(counts.outdated(NOW + day * 400), [Series::Day.bucket(NOW)]);
        assert_eq!(counts.totals.ever.placed, 1);
    }

    #[test]
    fn the_last_buckets_of_a_series_end_with_the_current_one() {
        let mut counts = Counts::default();
        counts.recount(&placed(), None, NOW);
        let hour = SignedDuration::from_hours(1);
        let last = counts.last(Series::Hour, 3, NOW + hour);
        let shown: Vec<_> = last.iter().map(|(start, sums)| (*start, sums.placed)).collect();
        assert_eq!(shown, [(NOW - hour, 0), (NOW, 1), (NOW + hour, 0)]);
    }

    #[test]
    fn a_step_of_the_clock_makes_no_latency() {
        let paid = placed().settle(1, Outcome::Approved).unwrap().0;
        let day = SignedDuration::from_hours(24);
        for (step, timed) in [(SECOND, 1), (-SECOND, 0), (day * 2, 0)] {
            let mut counts = Counts::default();
            let place = Entry { id: 1, at: NOW, event: Event::OrderPlaced(placed()), by: None };
            let before = counts.count(&place, None, NOW);
            let pay =
                Entry { id: 2, at: NOW + step, event: Event::OrderChanged(paid.clone()), by: None };
            counts.count(&pay, before.as_ref(), NOW);
            assert_eq!(counts.totals.ever.approved.count, 1);
            assert_eq!(counts.totals.ever.approved.timed, timed);
        }
    }
}
