//! Forms, which must be UTF-8.
//!
//! The extractor of actix replaces bytes that are not UTF-8, so that a form of another encoding
//! would be stored with wrong letters. The one here refuses the form.

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_urlencoded::Deserializer;
use url::form_urlencoded;

use crate::error::Problem;
use crate::error::code::Code;
use crate::error::request::{invalid_form, is_late, require_plain_body};

/// The media type of the forms of pages.
const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// An extractor of the fields of a form in the body of a request.
pub struct Form<T>(pub T);

/// An extractor of a form that is shown again if it is refused.
pub struct FilledForm<T> {
    /// The fields.
    pub form: T,
    /// The names and values of the fields, as they were sent.
    pub typed: Vec<(String, String)>,
}

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = read(request, payload);
        async move { parse(&body.await?).map(Form) }.boxed_local()
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for FilledForm<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = read(request, payload);
        async move {
            let body = body.await?;
            Ok(Self { form: parse(&body)?, typed: parse(&body)? })
        }
        .boxed_local()
    }
}

/// Reads the body of a request that has a form.
fn read(
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<Bytes, Problem>> + 'static {
    let encoding = check_type(request);
    let body = Bytes::from_request(request, payload);
    async move {
        encoding?;
        body.await.map_err(|error| unread(&error))
    }
}

/// Checks that the request says to have a form, not compressed and in no other encoding than UTF-8.
fn check_type(request: &HttpRequest) -> Result<(), Problem> {
    if !request.content_type().eq_ignore_ascii_case(MEDIA_TYPE) {
        return Err(Problem::new(Code::UnsupportedMediaType));
    }
    require_plain_body(request.headers())?;
    match request.encoding() {
        Ok(encoding) if encoding.name() == "UTF-8" => Ok(()),
        _ => Err(not_utf8()),
    }
}

/// Returns the problem of a body that could not be read.
pub fn unread(error: &Error) -> Problem {
    match error.as_error::<PayloadError>() {
        Some(PayloadError::Overflow) => Problem::because(Code::BodyTooLarge, error),
        Some(cause) if is_late(cause) => Problem::because(Code::RequestTimeout, error),
        _ => Problem::because(Code::MalformedForm, error),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if std::str::from_utf8(&decoded(body)).is_err() {
        return Err(not_utf8());
    }
    let fields = Deserializer::new(form_urlencoded::parse(body));
    serde_path_to_error::deserialize(fields).map_err(|error| invalid_form(&error))
}

fn not_utf8() -> Problem {
    Problem::because(Code::MalformedForm, "the form must be encoded in UTF-8")
}

/// Returns a form with every percent-encoded byte decoded. What separates the fields stays, so that
/// no character is put together from two of them.
fn decoded(mut body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len());
    while let Some((byte, rest)) = body.split_first() {
        let hex = rest.first_chunk::<2>().filter(|_| *byte == b'%');
        let hex = hex.and_then(|hex| std::str::from_utf8(hex).ok());
        let code = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(code.unwrap_or(*byte));
        body = if code.is_some() { rest.get(2..).unwrap_or_default() } else { rest };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_that_is_not_utf8_is_refused() {
        let parse = parse::<Vec<(String, String)>>;
        for body in ["a=%FF", "a=%E9t%E9", "%C3=%A9", "a=%C3&b=%A9", "a=%ED%A0%80", "a=%C0%80"] {
            assert_eq!(parse(body.as_bytes()).unwrap_err().code, Code::MalformedForm, "{body}");
        }
        assert_eq!(parse(b"a=\xE9").unwrap_err().code, Code::MalformedForm);
        for body in ["a=%C3%A9%25+%zz%", "a=é%25 %zz%"] {
            assert_eq!(parse(body.as_bytes()).unwrap(), [("a".into(), "é% %zz%".into())]);
        }
    }
}
