//! The parameters of a query.
//!
//! The extractor of actix does not say which parameter is wrong. The one here does.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_urlencoded::Deserializer;
use url::form_urlencoded;

use crate::error::Problem;
use crate::error::code::Code;
use crate::operation::description::{Description, Input};

/// An extractor of the parameters in the query of a request.
pub struct Parameters<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Parameters<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request.query_string()).map(Self))
    }
}

/// Reads the parameters of a query.
pub fn read<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let parameters = Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    Ok(serde_path_to_error::deserialize(parameters)?)
}

impl<T: JsonSchema> Input for Parameters<T> {
    fn describe(description: &mut Description) {
        description.takes_query::<T>();
        description.refuses(&[Code::InvalidQuery]);
    }
}
