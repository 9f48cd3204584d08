//! Every way a request can be refused, and the status it is refused with (RFC 9457).
//!
//! Handlers only use `?`; this file alone knows the status of a refusal, [`present`] alone how a refusal looks.

use std::fmt;
use std::time::Duration;

use actix_web::error::{JsonPayloadError, QueryPayloadError, UrlencodedError};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use actors::ask::Failure;
use domain::article::ArticleError;
use domain::breaker::Rejected;
use domain::cart::CartError;
use domain::money::TooLarge;
use domain::order::OrderError;
use domain::session::SessionError;
use domain::user::UserError;
use serde_json::{Value, json};

/// What went wrong, in one word; the list is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is described by its text in views/locales")]
pub enum Code {
    MalformedJson,
    MissingIdempotencyKey,
    InvalidIdempotencyKey,
    IdempotencyKeyReused,
    IdempotencyKeyInUse,
    WrongType,
    UnknownField,
    MissingField,
    OutOfRange,
    InvalidQuery,
    UnsupportedMediaType,
    BodyTooLarge,
    MethodNotAllowed,
    NotFound,
    Unauthorized,
    InvalidCredentials,
    InvalidToken,
    Forbidden,
    CrossOrigin,
    RegistrationClosed,
    ArticleNotFound,
    ArticleUnavailable,
    NotInCart,
    QuantityOutOfRange,
    TooManyPieces,
    TooManyArticles,
    PreconditionFailed,
    CartChanged,
    EmptyCart,
    TotalChanged,
    InsufficientStock,
    InvalidContact,
    TotalTooLarge,
    OrderNotFound,
    WrongState,
    PaymentDeclined,
    PaymentNotSent,
    PaymentUnavailable,
    UsernameTaken,
    InvalidUsername,
    InvalidEmail,
    PasswordLength,
    PasswordCommon,
    WrongPassword,
    LastAdmin,
    UserNotFound,
    SessionNotFound,
    InvalidArticle,
    BelowReserved,
    TooManyRequests,
    TooBusy,
    Unavailable,
    Internal,
}

impl Code {
    /// The word and the status.
    fn entry(self) -> (&'static str, u16) {
        match self {
            Self::MalformedJson => ("malformed_json", 400),
            Self::MissingIdempotencyKey => ("missing_idempotency_key", 400),
            Self::InvalidIdempotencyKey => ("invalid_idempotency_key", 400),
            Self::InvalidQuery => ("invalid_query", 400),
            Self::Unauthorized => ("unauthorized", 401),
            Self::InvalidCredentials => ("invalid_credentials", 401),
            Self::InvalidToken => ("invalid_token", 401),
            Self::PaymentDeclined => ("payment_declined", 402),
            Self::Forbidden => ("forbidden", 403),
            Self::CrossOrigin => ("cross_origin", 403),
            Self::RegistrationClosed => ("registration_closed", 403),
            Self::WrongPassword => ("wrong_password", 403),
            Self::NotFound => ("not_found", 404),
            Self::ArticleNotFound => ("article_not_found", 404),
            Self::NotInCart => ("not_in_cart", 404),
            Self::OrderNotFound => ("order_not_found", 404),
            Self::UserNotFound => ("user_not_found", 404),
            Self::SessionNotFound => ("session_not_found", 404),
            Self::MethodNotAllowed => ("method_not_allowed", 405),
            Self::ArticleUnavailable => ("article_unavailable", 409),
            Self::TooManyPieces => ("too_many_pieces", 409),
            Self::TooManyArticles => ("too_many_articles", 409),
            Self::CartChanged => ("cart_changed", 409),
            Self::EmptyCart => ("empty_cart", 409),
            Self::TotalChanged => ("total_changed", 409),
            Self::InsufficientStock => ("insufficient_stock", 409),
            Self::WrongState => ("wrong_state", 409),
            Self::UsernameTaken => ("username_taken", 409),
            Self::LastAdmin => ("last_admin", 409),
            Self::BelowReserved => ("below_reserved", 409),
            Self::IdempotencyKeyInUse => ("idempotency_key_in_use", 409),
            Self::PreconditionFailed => ("precondition_failed", 412),
            Self::BodyTooLarge => ("body_too_large", 413),
            Self::UnsupportedMediaType => ("unsupported_media_type", 415),
            Self::IdempotencyKeyReused => ("idempotency_key_reused", 422),
            Self::WrongType => ("wrong_type", 422),
            Self::UnknownField => ("unknown_field", 422),
            Self::MissingField => ("missing_field", 422),
            Self::OutOfRange => ("out_of_range", 422),
            Self::QuantityOutOfRange => ("quantity_out_of_range", 422),
            Self::InvalidContact => ("invalid_contact", 422),
            Self::TotalTooLarge => ("total_too_large", 422),
            Self::InvalidUsername => ("invalid_username", 422),
            Self::InvalidEmail => ("invalid_email", 422),
            Self::PasswordLength => ("password_length", 422),
            Self::PasswordCommon => ("password_common", 422),
            Self::InvalidArticle => ("invalid_article", 422),
            Self::TooManyRequests => ("too_many_requests", 429),
            Self::Internal => ("internal", 500),
            Self::PaymentNotSent => ("payment_not_sent", 503),
            Self::PaymentUnavailable => ("payment_unavailable", 503),
            Self::TooBusy => ("too_busy", 503),
            Self::Unavailable => ("unavailable", 503),
        }
    }

    /// The word.
    pub fn word(self) -> &'static str {
        self.entry().0
    }

    /// The status.
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.entry().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// A refused request.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What went wrong.
    pub code: Code,
    /// What went wrong this time, in English, for whoever writes the client.
    pub detail: Option<String>,
    /// When to try again.
    pub retry_after: Option<Duration>,
    /// What else the client should know: members of the problem's JSON object.
    pub members: Value,
}

impl Problem {
    /// A problem of which nothing else is to be said.
    pub fn new(code: Code) -> Self {
        Self { code, detail: None, retry_after: None, members: json!({}) }
    }

    /// A problem and what went wrong this time.
    pub fn because(code: Code, detail: impl ToString) -> Self {
        Self { detail: Some(detail.to_string()), ..Self::new(code) }
    }

    /// A bank that was not reached for an order that was placed.
    pub fn payment_not_sent() -> Self {
        Self::because(Code::PaymentNotSent, "the order can be paid again")
            .retry_after(Duration::from_secs(5))
    }

    /// What does not exist.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound)
    }

    /// The problem with more that the client should know.
    pub fn with(self, members: Value) -> Self {
        Self { members, ..self }
    }

    /// Whether whoever made the request can do better, or try again later.
    pub fn can_be_mended(&self) -> bool {
        self.code.status().is_client_error() || self.retry_after.is_some()
    }

    /// Says in an answer when to try again, in whole seconds (RFC 9110, section 10.2.3).
    pub fn say_when(&self, answer: &mut HttpResponse) {
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
    }

    /// The same, with when to come back.
    pub fn retry_after(self, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..self }
    }

    fn unavailable(why: &str) -> Self {
        tracing::error!(why, "request not done");
        Self::new(Code::Unavailable).retry_after(Duration::from_secs(1))
    }

    fn of<E>(failure: Failure<E>, refused: impl FnOnce(E) -> Self) -> Self {
        match failure {
            Failure::Refused(error) => refused(error),
            Failure::Conflict => Self::unavailable("too many conflicts"),
            Failure::Unavailable(why) => Self::unavailable(&why),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.word())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

impl From<Failure<CartError>> for Problem {
    fn from(failure: Failure<CartError>) -> Self {
        Self::of(failure, |error| {
            let code = match error {
                CartError::QuantityOutOfRange => Code::QuantityOutOfRange,
                CartError::TooManyPieces => Code::TooManyPieces,
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

impl From<Failure<ArticleError>> for Problem {
    fn from(failure: Failure<ArticleError>) -> Self {
        Self::of(failure, Self::from)
    }
}

impl From<ArticleError> for Problem {
    fn from(error: ArticleError) -> Self {
        let code = match error {
            ArticleError::Unknown => Code::ArticleNotFound,
            ArticleError::Invalid { .. } => Code::InvalidArticle,
            ArticleError::BelowReserved { .. } => Code::BelowReserved,
            ArticleError::InsufficientStock { .. } => Code::InsufficientStock,
        };
        Self::because(code, error)
    }
}

impl From<Failure<SessionError>> for Problem {
    fn from(failure: Failure<SessionError>) -> Self {
        Self::of(failure, |error| match error {
            SessionError::Refused => Self::new(Code::InvalidToken),
            SessionError::Unknown => Self::because(Code::SessionNotFound, error),
        })
    }
}

impl From<Failure<UserError>> for Problem {
    fn from(failure: Failure<UserError>) -> Self {
        Self::of(failure, Self::from)
    }
}

impl From<UserError> for Problem {
    fn from(error: UserError) -> Self {
        let code = match error {
            UserError::Unknown => Code::UserNotFound,
            UserError::InvalidCredentials => Code::InvalidCredentials,
            UserError::WrongPassword => Code::WrongPassword,
            UserError::TooBusy => {
                return Self::new(Code::TooBusy).retry_after(Duration::from_secs(2));
            }
            UserError::TooManyFailures { retry_after } => {
                return Self::new(Code::TooManyRequests).retry_after(retry_after);
            }
            UserError::InvalidUsername => Code::InvalidUsername,
            UserError::InvalidEmail => Code::InvalidEmail,
            UserError::PasswordLength => Code::PasswordLength,
            UserError::PasswordCommon => Code::PasswordCommon,
            UserError::UsernameTaken => Code::UsernameTaken,
            UserError::LastAdmin => Code::LastAdmin,
        };
        Self::because(code, error)
    }
}

impl From<Failure<Rejected>> for Problem {
    fn from(failure: Failure<Rejected>) -> Self {
        Self::of(failure, |Rejected { retry_after }| {
            OrderError::PaymentUnavailable { retry_after }.into()
        })
    }
}

impl From<Failure<OrderError>> for Problem {
    fn from(failure: Failure<OrderError>) -> Self {
        Self::of(failure, Self::from)
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
            OrderError::EmptyCart => Self::because(Code::EmptyCart, detail),
            OrderError::CartChanged => Self::because(Code::CartChanged, detail),
            OrderError::TotalChanged { total } => {
                Self::because(Code::TotalChanged, detail).with(json!({ "total_cents": total }))
            }
            OrderError::Unavailable { .. } => Self::because(Code::ArticleUnavailable, detail),
            OrderError::Stock(error) => error.into(),
            OrderError::TooLarge(error) => error.into(),
            OrderError::InvalidContact { .. } => Self::because(Code::InvalidContact, detail),
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

impl From<&JsonPayloadError> for Problem {
    fn from(error: &JsonPayloadError) -> Self {
        let code = match error {
            JsonPayloadError::OverflowKnownLength { .. } | JsonPayloadError::Overflow { .. } => {
                Code::BodyTooLarge
            }
            JsonPayloadError::ContentType => Code::UnsupportedMediaType,
            JsonPayloadError::Deserialize(error) if error.is_data() => of_field(&error.to_string()),
            _ => Code::MalformedJson,
        };
        Self::because(code, error)
    }
}

impl From<&UrlencodedError> for Problem {
    fn from(error: &UrlencodedError) -> Self {
        let code = match error {
            UrlencodedError::Overflow { .. } => Code::BodyTooLarge,
            UrlencodedError::UnknownLength | UrlencodedError::ContentType => {
                Code::UnsupportedMediaType
            }
            other => of_field(&other.to_string()),
        };
        Self::because(code, error)
    }
}

impl From<&QueryPayloadError> for Problem {
    fn from(error: &QueryPayloadError) -> Self {
        Self::because(Code::InvalidQuery, error)
    }
}

/// What is wrong with a field, by how serde says it.
fn of_field(text: &str) -> Code {
    match text {
        text if text.contains("unknown field") => Code::UnknownField,
        text if text.contains("missing field") => Code::MissingField,
        text if text.contains("invalid type") => Code::WrongType,
        _ => Code::OutOfRange,
    }
}
