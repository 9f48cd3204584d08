//! The number or the id in the path of a request.
//!
//! The extractor of actix also takes `01` and `+1` for 1, and an id in braces. The one here refuses
//! them, so that a resource has one URL.

use std::fmt;
use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::error::Problem;
use crate::error::code::Code;
use crate::operation::description::{Description, Input};

/// An extractor of the only parameter in the path of a request, in the form in which the shop
/// writes it. Capital letters in an id are allowed (RFC 9562, section 4).
pub struct Path<T>(T);

impl<T> Deref for Path<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Display> fmt::Display for Path<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: DeserializeOwned + ToString + 'static> FromRequest for Path<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = web::Path::<T>::extract(request).into_inner().map(web::Path::into_inner);
        let is_written_so = |id: &T| {
            let mut written = request.match_info().iter().map(|(_, text)| text);
            written.all(|text| text.eq_ignore_ascii_case(&id.to_string()))
        };
        ready(id.ok().filter(is_written_so).map(Self).ok_or_else(Problem::not_found))
    }
}

impl<T: JsonSchema> Input for Path<T> {
    fn describe(description: &mut Description) {
        description.takes_path::<T>();
        description.refuses(&[Code::NotFound]);
    }
}
