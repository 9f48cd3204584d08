//! Why a command was not carried out.

use crate::store::StoreError;

/// Why a command was not carried out; `E` is the error of the rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure<E> {
    /// A rule forbids it; nothing has changed.
    #[error(transparent)]
    Refused(E),
    /// A value that the decision was based on has changed since it was read; nothing has changed,
    /// and the command may be decided again.
    #[error("the value has changed since it was read")]
    Conflict,
    /// The actor or the store did not reply; the command may or may not have taken effect.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

impl<E> Failure<E> {
    /// Maps the error of the rules.
    pub fn map_refused<F>(self, map: impl FnOnce(E) -> F) -> Failure<F> {
        match self {
            Self::Refused(error) => Failure::Refused(map(error)),
            Self::Conflict => Failure::Conflict,
            Self::Unavailable(reason) => Failure::Unavailable(reason),
        }
    }
}

impl<E> From<StoreError> for Failure<E> {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => Self::Conflict,
            other => Self::Unavailable(other.to_string()),
        }
    }
}
