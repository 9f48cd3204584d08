//! The file that a form of a page uploads.

use std::future::{Ready, ready};

use actix_multipart::Multipart;
use actix_web::dev::Payload;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest};
use futures_util::TryStreamExt;

use crate::error::Problem;
use crate::error::code::Code;

/// The largest upload, in bytes.
pub const LARGEST: usize = 2 * 1024 * 1024;

/// An extractor of a form with one file and no other field. It reads nothing, so the authority of
/// the caller is checked first.
pub struct Upload(Multipart);

impl FromRequest for Upload {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self(Multipart::new(request.headers(), payload.take()))))
    }
}

impl Upload {
    /// Reads the content of the file. Returns an error if there is none or if it is too large.
    pub async fn read(mut self) -> Result<Bytes, Problem> {
        let malformed = |error| Problem::because(Code::MalformedForm, error);
        let mut field = self
            .0
            .try_next()
            .await
            .map_err(malformed)?
            .ok_or_else(|| Problem::because(Code::MissingField, "the form has no file"))?;
        let mut content = BytesMut::new();
        while let Some(bytes) = field.try_next().await.map_err(malformed)? {
            if content.len() + bytes.len() > LARGEST {
                return Err(Problem::new(Code::BodyTooLarge));
            }
            content.extend_from_slice(&bytes);
        }
        Ok(content.freeze())
    }
}
