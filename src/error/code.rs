//! The codes of problems, each with its word and its HTTP status.

use actix_web::http::StatusCode;

/// Defines the codes, and their words and statuses, from one list.
macro_rules! codes {
    ($($code:ident = $word:literal, $status:literal;)+) => {
        /// What went wrong. Clients match on the word of a code, so no code is renamed or reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "views/locales has a sentence for each code")]
        pub enum Code {
            $($code,)+
        }

        impl Code {
            /// Every code, in the order of the statuses.
            pub const ALL: &[Self] = &[$(Self::$code,)+];

            /// Returns the word and the status.
            fn entry(self) -> (&'static str, u16) {
                match self {
                    $(Self::$code => ($word, $status),)+
                }
            }
        }
    };
}

codes! {
    MalformedJson = "malformed_json", 400;
    MalformedForm = "malformed_form", 400;
    MissingIdempotencyKey = "missing_idempotency_key", 400;
    InvalidIdempotencyKey = "invalid_idempotency_key", 400;
    InvalidQuery = "invalid_query", 400;
    InvalidPath = "invalid_path", 400;
    InvalidUpgrade = "invalid_upgrade", 400;
    Unauthorized = "unauthorized", 401;
    InvalidCredentials = "invalid_credentials", 401;
    InvalidToken = "invalid_token", 401;
    PaymentDeclined = "payment_declined", 402;
    Forbidden = "forbidden", 403;
    CrossOrigin = "cross_origin", 403;
    RegistrationClosed = "registration_closed", 403;
    DefaultPassword = "default_password", 403;
    WrongPassword = "wrong_password", 403;
    OwnPassword = "own_password", 403;
    NotFound = "not_found", 404;
    ArticleNotFound = "article_not_found", 404;
    NotInCart = "not_in_cart", 404;
    OrderNotFound = "order_not_found", 404;
    UserNotFound = "user_not_found", 404;
    SessionNotFound = "session_not_found", 404;
    MethodNotAllowed = "method_not_allowed", 405;
    RequestTimeout = "request_timeout", 408;
    ArticleUnavailable = "article_unavailable", 409;
    TooManyUnits = "too_many_pieces", 409;
    TooManyArticles = "too_many_articles", 409;
    CartChanged = "cart_changed", 409;
    EmptyCart = "empty_cart", 409;
    TotalChanged = "total_changed", 409;
    InsufficientStock = "insufficient_stock", 409;
    WrongState = "wrong_state", 409;
    UsernameTaken = "username_taken", 409;
    LastAdmin = "last_admin", 409;
    BelowReserved = "below_reserved", 409;
    ArticleExists = "article_exists", 409;
    TooManyUnpaidOrders = "too_many_unpaid_orders", 409;
    IdempotencyKeyInUse = "idempotency_key_in_use", 409;
    PreconditionFailed = "precondition_failed", 412;
    BodyTooLarge = "body_too_large", 413;
    UnsupportedMediaType = "unsupported_media_type", 415;
    MisdirectedRequest = "misdirected_request", 421;
    IdempotencyKeyReused = "idempotency_key_reused", 422;
    WrongType = "wrong_type", 422;
    UnknownField = "unknown_field", 422;
    MissingField = "missing_field", 422;
    OutOfRange = "out_of_range", 422;
    QuantityOutOfRange = "quantity_out_of_range", 422;
    InvalidContact = "invalid_contact", 422;
    InvalidNote = "invalid_note", 422;
    TotalTooLarge = "total_too_large", 422;
    InvalidUsername = "invalid_username", 422;
    InvalidEmail = "invalid_email", 422;
    PasswordLength = "password_length", 422;
    PasswordCommon = "password_common", 422;
    PasswordPersonal = "password_personal", 422;
    PasswordBreached = "password_breached", 422;
    InvalidResetLink = "invalid_reset_link", 422;
    InvalidArticle = "invalid_article", 422;
    InvalidPicture = "invalid_picture", 422;
    InvalidCsv = "invalid_csv", 422;
    WebsocketVersion = "websocket_version", 426;
    TooManyRequests = "too_many_requests", 429;
    TooManyGuests = "too_many_guests", 429;
    TooManyPaymentAttempts = "too_many_payment_attempts", 429;
    TooManyRegistrations = "too_many_registrations", 429;
    Internal = "internal", 500;
    PaymentNotSent = "payment_not_sent", 503;
    PaymentUnavailable = "payment_unavailable", 503;
    TooBusy = "too_busy", 503;
    Unavailable = "unavailable", 503;
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

    /// Returns the `type` of the problem (RFC 9457, section 3.1.1): where the code is explained.
    pub fn uri(self) -> String {
        format!("/docs/errors#{}", self.word())
    }
}
