//! Every way a request can be refused (RFC 9457).
//!
//! Handlers return errors with `?`. Only this module sets the status of a refusal; `present`
//! renders the refusal for a program or a browser.

use std::fmt;
use std::time::Duration;

use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Value, json};

use code::Code;

pub mod code;
mod field;
pub mod request;
mod rules;

/// The fields of the forms of pages that a visitor fills in.
const FORM_FIELDS: [&str; 12] = [
    "username",
    "email",
    "password",
    "current",
    "new",
    "name",
    "address",
    "description",
    "translated_name",
    "translated_description",
    "price",
    "on_hand",
];

/// A refused request.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What went wrong.
    pub code: Code,
    /// What went wrong this time, in English, for the developer of the client.
    pub detail: Option<String>,
    /// How long the client should wait before it retries.
    pub retry_after: Option<Duration>,
    /// Further members of the problem's JSON object.
    pub members: Value,
}

impl Problem {
    /// Creates a problem without details.
    pub fn new(code: Code) -> Self {
        Self { code, detail: None, retry_after: None, members: json!({}) }
    }

    /// Creates a problem with a detail: what went wrong this time.
    pub fn because(code: Code, detail: impl ToString) -> Self {
        Self { detail: Some(detail.to_string()), ..Self::new(code) }
    }

    /// Creates the problem of an order whose payment could not be sent to the bank.
    pub fn payment_not_sent() -> Self {
        Self::because(Code::PaymentNotSent, "the order can be paid again")
            .retry_after(Duration::from_secs(5))
    }

    /// Creates the problem of a resource that does not exist.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound)
    }

    /// Sets how long the client should wait before it retries.
    pub fn retry_after(self, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..self }
    }

    /// Sets the field of the body that the problem is about, as a JSON pointer (RFC 6901), unless
    /// it is set.
    ///
    /// It is the member `errors` of the JSON object (RFC 9457, section 3).
    pub fn about(self, pointer: &str) -> Self {
        self.about_place("pointer", pointer)
    }

    /// Sets the parameter of the query that the problem is about, unless it is set.
    pub fn about_parameter(self, name: &str) -> Self {
        self.about_place("parameter", name)
    }

    fn about_place(mut self, kind: &str, place: &str) -> Self {
        if let Value::Object(members) = &mut self.members {
            let errors = json!([{ kind: place, "code": self.code.word() }]);
            members.entry("errors").or_insert(errors);
        }
        self
    }

    /// Sets the field that the code implies on a route, if it implies one and none is set.
    pub fn about_field_of(self, method: &Method, route: &str) -> Self {
        match field::field(self.code, method, route) {
            Some(pointer) => self.about(pointer),
            None => self,
        }
    }

    /// Sets further members of the JSON object.
    pub fn with(self, members: Value) -> Self {
        Self { members, ..self }
    }

    /// Returns the name of the field of a page's form that the problem is about, on the route that
    /// the form is sent to; `None` if it is about the whole form.
    pub fn form_field(&self, route: &str) -> Option<String> {
        let problem = self.clone().about_field_of(&Method::POST, route);
        let pointer = problem.members.pointer("/errors/0/pointer")?.as_str()?;
        let name = pointer.trim_start_matches('/');
        // The form to change the password has the fields `current` and `new`, and prices are typed
        // in euros.
        let suffixes = ["_password", "_cents"];
        let name = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
        FORM_FIELDS.contains(&name).then(|| name.to_owned())
    }

    /// Returns how long the client should wait before it retries, in whole seconds.
    pub fn retry_after_seconds(&self) -> Option<u64> {
        let wait = self.retry_after?;
        Some((wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1))
    }

    /// Sets the `Retry-After` header of a response (RFC 9110, section 10.2.3).
    pub fn set_retry_after(&self, response: &mut HttpResponse) {
        if let Some(seconds) = self.retry_after_seconds() {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
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

    /// Returns a response without a body, which `present` replaces.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}
