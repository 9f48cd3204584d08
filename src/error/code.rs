//! The codes of problems, each with its word and its HTTP status.

use actix_web::http::StatusCode;

/// What went wrong. Clients match on the word of a code, so no code is renamed or reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "views/locales has a sentence for each code")]
pub enum Code {
    MalformedJson,
    MalformedForm,
    MissingIdempotencyKey,
    InvalidIdempotencyKey,
    InvalidQuery,
    Unauthorized,
    InvalidCredentials,
    InvalidToken,
    PaymentDeclined,
    Forbidden,
    CrossOrigin,
    RegistrationClosed,
    WrongPassword,
    NotFound,
    ArticleNotFound,
    NotInCart,
    OrderNotFound,
    UserNotFound,
    SessionNotFound,
    MethodNotAllowed,
    RequestTimeout,
    ArticleUnavailable,
    TooManyUnits,
    TooManyArticles,
    CartChanged,
    EmptyCart,
    TotalChanged,
    InsufficientStock,
    WrongState,
    UsernameTaken,
    LastAdmin,
    BelowReserved,
    IdempotencyKeyInUse,
    PreconditionFailed,
    BodyTooLarge,
    UnsupportedMediaType,
    MisdirectedRequest,
    IdempotencyKeyReused,
    WrongType,
    UnknownField,
    MissingField,
    OutOfRange,
    QuantityOutOfRange,
    InvalidContact,
    TotalTooLarge,
    InvalidUsername,
    InvalidEmail,
    PasswordLength,
    PasswordCommon,
    InvalidArticle,
    TooManyRequests,
    Internal,
    PaymentNotSent,
    PaymentUnavailable,
    TooBusy,
    Unavailable,
}

impl Code {
    /// Returns the word, the `code` of the problem's JSON object.
    pub fn word(self) -> &'static str {
        self.entry().0
    }

    /// Returns the HTTP status.
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.entry().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Returns the word and the status.
    fn entry(self) -> (&'static str, u16) {
        match self {
            Self::MalformedJson => ("malformed_json", 400),
            Self::MalformedForm => ("malformed_form", 400),
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
            Self::RequestTimeout => ("request_timeout", 408),
            Self::ArticleUnavailable => ("article_unavailable", 409),
            Self::TooManyUnits => ("too_many_pieces", 409),
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
            Self::MisdirectedRequest => ("misdirected_request", 421),
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
}
