//! The problems that the rules and the actors cause.

use std::time::Duration;

use actors::failure::Failure;
use domain::article::ArticleError;
use domain::breaker::Rejected;
use domain::cart::CartError;
use domain::money::TooLarge;
use domain::order::OrderError;
use domain::quantity::QuantityError;
use domain::session::SessionError;
use domain::user::UserError;
use serde_json::json;

use super::Problem;
use super::code::Code;

impl Problem {
    /// Converts the failure of a command; `refused` converts the error of the rules.
    fn from_failure<E>(failure: Failure<E>, refused: impl FnOnce(E) -> Self) -> Self {
        match failure {
            Failure::Refused(error) => refused(error),
            Failure::Conflict => Self::unavailable("too many conflicts"),
            Failure::Unavailable(reason) => Self::unavailable(&reason),
        }
    }

    fn unavailable(reason: &str) -> Self {
        tracing::error!(reason, "command failed");
        Self::new(Code::Unavailable).retry_after(Duration::from_secs(1))
    }
}

impl From<Failure<CartError>> for Problem {
    fn from(failure: Failure<CartError>) -> Self {
        Self::from_failure(failure, |error| {
            let code = match error {
                CartError::TooManyUnits => Code::TooManyUnits,
                CartError::TooManyArticles => Code::TooManyArticles,
                CartError::UnknownArticle => Code::ArticleNotFound,
                CartError::Unavailable => Code::ArticleUnavailable,
                CartError::NotInCart => Code::NotInCart,
                CartError::VersionMismatch => Code::PreconditionFailed,
            };
            Self::because(code, error)
        })
    }
}

impl From<QuantityError> for Problem {
    fn from(error: QuantityError) -> Self {
        Self::because(Code::QuantityOutOfRange, error)
    }
}

impl From<Failure<ArticleError>> for Problem {
    fn from(failure: Failure<ArticleError>) -> Self {
        Self::from_failure(failure, Self::from)
    }
}

impl From<ArticleError> for Problem {
    fn from(error: ArticleError) -> Self {
        let code = match error {
            ArticleError::Unknown => Code::ArticleNotFound,
            ArticleError::Invalid { field, .. } => {
                return Self::because(Code::InvalidArticle, error).about(&format!("/{field}"));
            }
            ArticleError::VersionMismatch { .. } | ArticleError::OtherNumber => {
                Code::PreconditionFailed
            }
            ArticleError::SameName { .. } => Code::ArticleExists,
            ArticleError::BelowReserved { .. } => Code::BelowReserved,
            ArticleError::InsufficientStock { .. } => Code::InsufficientStock,
        };
        Self::because(code, error)
    }
}

impl From<Failure<SessionError>> for Problem {
    fn from(failure: Failure<SessionError>) -> Self {
        Self::from_failure(failure, |error| match error {
            SessionError::Refused | SessionError::Reused { .. } => Self::new(Code::InvalidToken),
            SessionError::Unknown => Self::because(Code::SessionNotFound, error),
        })
    }
}

impl From<Failure<UserError>> for Problem {
    fn from(failure: Failure<UserError>) -> Self {
        Self::from_failure(failure, Self::from)
    }
}

impl From<UserError> for Problem {
    fn from(error: UserError) -> Self {
        let code = match error {
            UserError::Unknown => Code::UserNotFound,
            UserError::InvalidCredentials => Code::InvalidCredentials,
            UserError::WrongPassword => Code::WrongPassword,
            UserError::InvalidResetLink => Code::InvalidResetLink,
            UserError::TooBusy => {
                return Self::new(Code::TooBusy).retry_after(Duration::from_secs(2));
            }
            UserError::TooManyAtOnce => {
                return Self::because(Code::TooManyRequests, error)
                    .retry_after(Duration::from_secs(1));
            }
            UserError::TooManyFailures { retry_after } => {
                return Self::new(Code::TooManyRequests).retry_after(retry_after);
            }
            UserError::TooManyRegistrations { retry_after } => {
                return Self::because(Code::TooManyRegistrations, error).retry_after(retry_after);
            }
            UserError::InvalidUsername => Code::InvalidUsername,
            UserError::InvalidEmail => Code::InvalidEmail,
            UserError::PasswordLength => Code::PasswordLength,
            UserError::PasswordCommon => Code::PasswordCommon,
            UserError::PasswordPersonal => Code::PasswordPersonal,
            UserError::PasswordBreached => Code::PasswordBreached,
            UserError::UsernameTaken => Code::UsernameTaken,
            UserError::LastAdmin => Code::LastAdmin,
        };
        Self::because(code, error)
    }
}

impl From<Failure<Rejected>> for Problem {
    fn from(failure: Failure<Rejected>) -> Self {
        Self::from_failure(failure, |Rejected { retry_after }| {
            OrderError::PaymentUnavailable { retry_after }.into()
        })
    }
}

impl From<Failure<OrderError>> for Problem {
    fn from(failure: Failure<OrderError>) -> Self {
        Self::from_failure(failure, Self::from)
    }
}

impl From<OrderError> for Problem {
    fn from(error: OrderError) -> Self {
        let detail = error.to_string();
        match error {
            OrderError::Unknown => Self::because(Code::OrderNotFound, detail),
            OrderError::NoBuyer => Self::new(Code::InvalidToken),
            OrderError::KeyInUse => {
                Self::because(Code::IdempotencyKeyInUse, detail).retry_after(Duration::from_secs(1))
            }
            OrderError::KeyReused => Self::because(Code::IdempotencyKeyReused, detail),
            OrderError::PaymentUnavailable { retry_after } => {
                Self::because(Code::PaymentUnavailable, detail).retry_after(retry_after)
            }
            OrderError::TooManyUnpaid { .. } => Self::because(Code::TooManyUnpaidOrders, detail),
            OrderError::TooManyAttempts { retry_after } => {
                Self::because(Code::TooManyPaymentAttempts, detail).retry_after(retry_after)
            }
            OrderError::EmptyCart => Self::because(Code::EmptyCart, detail),
            OrderError::CartChanged => Self::because(Code::CartChanged, detail),
            OrderError::TotalChanged { total } => {
                Self::because(Code::TotalChanged, detail).with(json!({ "total_cents": total }))
            }
            OrderError::Unavailable { .. } => Self::because(Code::ArticleUnavailable, detail),
            OrderError::Stock(error) => error.into(),
            OrderError::TooLarge(error) => error.into(),
            OrderError::InvalidContact { field, .. } => {
                Self::because(Code::InvalidContact, detail).about(&format!("/{field}"))
            }
            OrderError::InvalidNote { .. } => {
                Self::because(Code::InvalidNote, detail).about("/text")
            }
            OrderError::WrongState { status, payment } => Self::because(Code::WrongState, detail)
                .with(json!({ "order_status": status, "payment_status": payment })),
        }
    }
}

impl From<TooLarge> for Problem {
    fn from(error: TooLarge) -> Self {
        Self::because(Code::TotalTooLarge, error)
    }
}
