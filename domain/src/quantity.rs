//! Quantities: how many units of one article a cart or an order holds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A number of units of one article, from 1 to 99.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "u32", into = "u32")]
#[schemars(extend("minimum" = 1, "maximum" = 99))]
pub struct Quantity(u32);

/// The error for a number of units outside 1 to 99.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("quantity must be from 1 to 99")]
pub struct QuantityError;

impl Quantity {
    /// One unit.
    pub const ONE: Self = Self(1);
    /// The most units of one article in a cart.
    pub const MAX: Self = Self(99);

    /// Returns the quantity for a number of units.
    ///
    /// Every quantity passes this check, deserialized ones too, so no other rule repeats it.
    pub fn new(units: u32) -> Result<Self, QuantityError> {
        if (Self::ONE.0..=Self::MAX.0).contains(&units) {
            Ok(Self(units))
        } else {
            Err(QuantityError)
        }
    }

    /// Returns the number of units.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Quantity {
    type Error = QuantityError;
    fn try_from(units: u32) -> Result<Self, QuantityError> {
        Self::new(units)
    }
}

impl From<Quantity> for u32 {
    fn from(quantity: Quantity) -> u32 {
        quantity.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_from_1_to_99_also_when_it_is_deserialized() {
        for units in [1, 99] {
            assert_eq!(Quantity::new(units).map(Quantity::get), Ok(units));
            let quantity: Quantity = serde_json::from_value(units.into()).unwrap();
            assert_eq!(serde_json::to_value(quantity).unwrap(), units);
        }
        for units in [0, 100, u32::MAX] {
            assert_eq!(Quantity::new(units), Err(QuantityError));
            assert!(serde_json::from_value::<Quantity>(units.into()).is_err());
        }
    }
}
