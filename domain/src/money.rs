//! Money: whole cents of one currency, with arithmetic that can't overflow unnoticed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The shop's only currency (ISO 4217).
pub const CURRENCY: &str = "EUR";

/// An amount of money in cents, never negative.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct Cents(pub u64);

/// An amount that is larger than the shop can account for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the amount is too large")]
pub struct TooLarge;

impl Cents {
    /// Nothing to pay.
    pub const ZERO: Self = Self(0);

    /// The largest amount, far below where a JSON number loses precision (RFC 8259, section 6).
    pub const MAX: Self = Self(1_000_000_000_000);

    /// The sum of two amounts.
    pub fn plus(self, other: Self) -> Result<Self, TooLarge> {
        self.0.checked_add(other.0).map(Self).ok_or(TooLarge)?.checked()
    }

    /// The amount `count` times.
    pub fn times(self, count: u32) -> Result<Self, TooLarge> {
        self.0.checked_mul(count.into()).map(Self).ok_or(TooLarge)?.checked()
    }

    /// The amount itself, if the shop can account for it.
    pub fn checked(self) -> Result<Self, TooLarge> {
        if self <= Self::MAX { Ok(self) } else { Err(TooLarge) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_products_stop_at_the_maximum() {
        assert_eq!(Cents(150).times(3), Ok(Cents(450)));
        assert_eq!(Cents(150).plus(Cents(50)), Ok(Cents(200)));
        assert_eq!(Cents::MAX.plus(Cents(1)), Err(TooLarge));
        assert_eq!(Cents(u64::MAX).times(2), Err(TooLarge));
    }
}
