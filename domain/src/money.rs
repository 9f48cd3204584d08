//! Money: whole cents of one currency, with checked arithmetic.

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

/// The error for an amount above [`Cents::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("amount must be at most {} cents", Cents::MAX.0)]
pub struct TooLarge;

impl Cents {
    /// An amount of zero.
    pub const ZERO: Self = Self(0);

    /// The largest amount, far below where a JSON number loses precision (RFC 8259, section 6).
    pub const MAX: Self = Self(1_000_000_000_000);

    /// Reads an amount in euros as people type it, such as `12`, `12.5` or `1 299,90`; `None` if it
    /// is not one.
    pub fn from_euros(text: &str) -> Option<Self> {
        let text: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
        let (euros, cents) = text.split_once(['.', ',']).unwrap_or((&text, "0"));
        let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(euros) || !is_number(cents) || cents.len() > 2 {
            return None;
        }
        let cents: u64 = format!("{cents:0<2}").parse().ok()?;
        let amount = euros.parse::<u64>().ok()?.checked_mul(100)?.checked_add(cents)?;
        Self(amount).checked().ok()
    }

    /// Returns the amount in euros with two decimals, such as `12.50`, for programs.
    pub fn in_euros(self) -> String {
        format!("{}.{:02}", self.0 / 100, self.0 % 100)
    }

    /// Returns the sum of two amounts.
    pub fn plus(self, other: Self) -> Result<Self, TooLarge> {
        self.0.checked_add(other.0).map(Self).ok_or(TooLarge)?.checked()
    }

    /// Returns the amount multiplied by `count`.
    pub fn times(self, count: u32) -> Result<Self, TooLarge> {
        self.0.checked_mul(count.into()).map(Self).ok_or(TooLarge)?.checked()
    }

    /// Returns the amount unchanged, or an error if it is above [`Cents::MAX`].
    pub fn checked(self) -> Result<Self, TooLarge> {
        if self <= Self::MAX { Ok(self) } else { Err(TooLarge) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_products_above_the_maximum_are_errors() {
        assert_eq!(Cents(150).times(3), Ok(Cents(450)));
        assert_eq!(Cents(150).plus(Cents(50)), Ok(Cents(200)));
        assert_eq!(Cents::MAX.plus(Cents(1)), Err(TooLarge));
        assert_eq!(Cents(u64::MAX).times(2), Err(TooLarge));
    }

    #[test]
    fn an_amount_is_read_as_people_type_it() {
        for (text, cents) in
            [("12", 1_200), (" 12.5 ", 1_250), ("1 299,90", 129_990), ("0,05", 5), ("7.", 700)]
        {
            assert_eq!(Cents::from_euros(text), Some(Cents(cents)), "{text}");
        }
        for wrong in ["", ",", ",5", "-1", "1.234", "1,2,3", "€5", "1e3", "99999999999999999999"]
        {
            assert_eq!(Cents::from_euros(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_amount_in_euros_is_exact_and_read_back() {
        for (cents, text) in [(0, "0.00"), (5, "0.05"), (1_250, "12.50"), (129_990, "1299.90")] {
            assert_eq!(Cents(cents).in_euros(), text);
            assert_eq!(Cents::from_euros(text), Some(Cents(cents)));
        }
        assert_eq!(Cents::from_euros(&Cents::MAX.in_euros()), Some(Cents::MAX));
    }

    #[test]
    fn the_maximum_is_the_largest_amount() {
        assert_eq!(Cents::MAX.checked(), Ok(Cents::MAX));
        assert_eq!(Cents(Cents::MAX.0 - 1).plus(Cents(1)), Ok(Cents::MAX));
        assert_eq!(Cents(Cents::MAX.0 + 1).checked(), Err(TooLarge));
        assert_eq!(Cents::MAX.times(2), Err(TooLarge));
    }
}
