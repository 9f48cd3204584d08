//! Whether a secret could be guessed from its form.

use std::collections::HashSet;

/// How many different bytes a secret must have. Even 32 random hexadecimal digits have more.
pub(super) const DIFFERENT_BYTES: usize = 8;

/// Whether a secret has few different bytes, repeats itself, or counts up or down.
pub(super) fn is_guessable(secret: &str) -> bool {
    let bytes = secret.as_bytes();
    let pairs = |distance| bytes.iter().zip(bytes.iter().skip(distance));
    let different: HashSet<_> = bytes.iter().collect();
    let steps: HashSet<_> = pairs(1).map(|(one, next)| next.wrapping_sub(*one)).collect();
    different.len() < DIFFERENT_BYTES
        || steps.len() < DIFFERENT_BYTES
        || (1..=bytes.len() / 2).any(|period| pairs(period).all(|(one, later)| one == later))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_of_a_simple_pattern_is_guessable() {
        for secret in [
            &"x".repeat(64),
            &"ab".repeat(32),
            &"0123456789".repeat(4),
            &"correct horse".repeat(3),
            "abcdefghijklmnopqrstuvwxyz0123456789",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
            "",
        ] {
            assert!(is_guessable(secret), "{secret}");
        }
    }

    #[test]
    fn a_random_secret_is_not() {
        for secret in [
            "9f86d081884c7d659a2feaa0c55ad015",
            "Uc0z7VgYpKkWbU0bMZr0t1sO5e5dWJmH0GkqJ8Yv1R4",
            "an-old-secret-of-more-than-32-bytes",
        ] {
            assert!(!is_guessable(secret), "{secret}");
        }
    }
}
