//! Who guesses passwords: wrong ones in a row, and those that are looked at now.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use domain::throttle::Failures;
use domain::user::UserError;
use jiff::Timestamp;

/// Everybody who was wrong lately. Each failure has cost a hash, so there are never very many.
#[derive(Default)]
pub(super) struct Guesses {
    failures: HashMap<String, Failures>,
    /// Of those with several failures, whose next guess is looked at now.
    taking_turn: HashSet<String>,
}

/// A guess that is looked at.
pub(super) struct Guess {
    guesser: String,
    /// Whether the guesser's others wait for its end.
    has_turn: bool,
}

impl Guesses {
    /// Lets a guess be looked at, unless whoever makes it was wrong too often.
    pub(super) fn begin(&mut self, guesser: String, now: Timestamp) -> Result<Guess, UserError> {
        let failures = self.failures.get(&guesser);
        if let Some(retry_after) = failures.and_then(|failures| failures.wait(now)) {
            return Err(UserError::TooManyFailures { retry_after });
        }
        // Or else many guesses at once would all be heard before the first has failed.
        let has_turn = failures.is_some_and(|failures| failures.are_suspicious());
        if has_turn && !self.taking_turn.insert(guesser.clone()) {
            return Err(UserError::TooManyFailures { retry_after: Failures::TURN });
        }
        Ok(Guess { guesser, has_turn })
    }

    /// Remembers how a guess ended: right, wrong, or without anybody knowing.
    pub(super) fn end(
        &mut self,
        Guess { guesser, has_turn }: Guess,
        was_right: Option<bool>,
        now: Timestamp,
    ) {
        if has_turn {
            self.taking_turn.remove(&guesser);
        }
        match was_right {
            Some(true) => drop(self.failures.remove(&guesser)),
            Some(false) => {
                let before = self.failures.get(&guesser).copied();
                self.failures.insert(guesser, Failures::after(before, now));
            }
            None => {}
        }
    }

    /// Forgets failures that count no more.
    pub(super) fn forget(&mut self, now: Timestamp) {
        self.failures.retain(|_, failures| failures.count_at(now));
    }

    /// How many have failed lately.
    pub(super) fn len(&self) -> usize {
        self.failures.len()
    }
}

/// Whoever has that address, or is in the same IPv6 network, of which everybody has many, and submits that name.
pub(super) fn guesser(address: &str, username: &str) -> String {
    let network = match address.parse() {
        Ok(IpAddr::V6(address)) => format!("{:x?}", address.segments().first_chunk::<4>()),
        _ => address.to_owned(),
    };
    // No name is longer, so what follows makes no difference.
    let name: String = username.to_lowercase().chars().take(65).collect();
    format!("{network} {name}")
}
