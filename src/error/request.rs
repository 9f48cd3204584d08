//! The problems of a body or a query that cannot be parsed.

use actix_web::error::{JsonPayloadError, QueryPayloadError, UrlencodedError};

use super::Problem;
use super::code::Code;

impl From<&JsonPayloadError> for Problem {
    fn from(error: &JsonPayloadError) -> Self {
        let code = match error {
            JsonPayloadError::OverflowKnownLength { .. } | JsonPayloadError::Overflow { .. } => {
                Code::BodyTooLarge
            }
            JsonPayloadError::ContentType => Code::UnsupportedMediaType,
            JsonPayloadError::Deserialize(error) if error.is_data() => {
                field_code(&error.to_string())
            }
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
            other => field_code(&other.to_string()),
        };
        Self::because(code, error)
    }
}

impl From<&QueryPayloadError> for Problem {
    fn from(error: &QueryPayloadError) -> Self {
        Self::because(Code::InvalidQuery, error)
    }
}

/// Returns what is wrong with a field. serde reports it only in the text of its error.
fn field_code(error: &str) -> Code {
    if error.contains("unknown field") {
        Code::UnknownField
    } else if error.contains("missing field") {
        Code::MissingField
    } else if error.contains("invalid type") {
        Code::WrongType
    } else {
        Code::OutOfRange
    }
}
