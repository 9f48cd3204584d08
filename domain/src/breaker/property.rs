//! A property test of the breaker: it admits at most one probe, and a late result changes nothing.

use proptest::prelude::*;
use proptest::sample::Index;

use super::tests::{LIMITS, at};
use super::{Breaker, Permit, State, Verdict};

/// Checks a step: states change only with the generation, and at most one probe is permitted.
fn check(before: Breaker, after: Breaker, permits: &[Permit]) -> Result<(), TestCaseError> {
    let current = permits.iter().filter(|permit| permit.generation == after.generation);
    match after.state {
        State::Closed { failures } => prop_assert!(failures < LIMITS.failures),
        State::HalfOpen { .. } => prop_assert_eq!(current.count(), 1),
        State::Open { .. } | State::Isolated => prop_assert_eq!(current.count(), 0),
    }
    prop_assert!(after.generation >= before.generation);
    let same_state = after.state.name() == before.state.name();
    prop_assert!(after.generation > before.generation || same_state);
    Ok(())
}

proptest! {
    #[test]
    fn a_half_open_breaker_admits_one_call_and_late_results_change_nothing(
        steps in prop::collection::vec((0..12_u8, 0..90_i64, any::<Index>()), 1..200),
    ) {
        let mut breaker = Breaker::default();
        let mut permits = Vec::new();
        let mut now = 0;
        for (step, wait, index) in steps {
            let before = breaker;
            now += wait;
            match step {
                0 => breaker.isolate(),
                1 => breaker.reset(),
                2..=7 => match breaker.admit(at(now), &LIMITS) {
                    Ok(permit) => permits.push(permit),
                    Err(rejected) => {
                        prop_assert_eq!(breaker, before);
                        let is_closed = breaker.state.name() == "closed";
                        prop_assert!(!is_closed && !rejected.retry_after.is_zero());
                    }
                },
                _ if permits.is_empty() => {}
                _ => {
                    let permit = permits.swap_remove(index.index(permits.len()));
                    let verdicts = [Verdict::Healthy, Verdict::Failure, Verdict::Unused];
                    let verdict = verdicts[usize::from(step % 3)];
                    breaker.record(permit, verdict, at(now), &LIMITS);
                    prop_assert!(permit.generation == before.generation || breaker == before);
                }
            }
            check(before, breaker, &permits)?;
        }
    }
}
