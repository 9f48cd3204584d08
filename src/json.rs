//! JSON bodies that must be an object.
//!
//! serde also accepts an array for a struct and assigns its values by position. The types here
//! refuse arrays.

use std::fmt;
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::error::JsonPayloadError;
use actix_web::web::Json;
use actix_web::{Error, FromRequest, HttpRequest};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::error::Problem;
use crate::error::code::Code;
use crate::error::request::require_plain_body;
use crate::operation::description::{Description, Input};

/// An extractor of the JSON object in the body of a request.
pub struct Fields<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Fields<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let encoding = require_plain_body(request.headers());
        let body = Json::<Box<RawValue>>::from_request(request, payload);
        async {
            encoding?;
            Ok(Self(read_object(&body.await?)?))
        }
        .boxed_local()
    }
}

/// Reads an object from a text. The problem names the field that is wrong.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let json = serde_json::from_str(text).map_err(JsonPayloadError::Deserialize);
    read_object(json.map_err(|error| Problem::from(&error))?)
}

fn read_object<T: DeserializeOwned>(json: &RawValue) -> Result<T, Problem> {
    let deserializer = &mut serde_json::Deserializer::from_str(json.get());
    let Object(fields) = serde_path_to_error::deserialize(deserializer)?;
    Ok(fields)
}

/// Deserializes an optional field whose value is given, so that `null` is a value like any other.
///
/// It is an error unless the type has a `null`: `Option<Option<T>>` distinguishes a field that
/// is absent from one that the client removes. For use with `#[serde(default)]`.
pub fn given<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// A value that is deserialized from an object only.
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
    }
}

impl<T: JsonSchema> Input for Fields<T> {
    fn describe(description: &mut Description) {
        description.takes::<T>();
        description.refuses(&[
            Code::MalformedJson,
            Code::BodyTooLarge,
            Code::UnsupportedMediaType,
            Code::WrongType,
            Code::UnknownField,
            Code::MissingField,
            Code::OutOfRange,
        ]);
    }
}
