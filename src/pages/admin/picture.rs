//! The form that uploads the picture of an article.

use std::sync::Arc;

use actix_multipart::Multipart;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{HttpRequest, HttpResponse};
use actors::article::SetPicture;
use domain::article::ArticleId;
use futures_util::TryStreamExt;

use super::article::page_of;
use crate::auth::browser::{Administrator, Member};
use crate::error::Problem;
use crate::error::code::Code;
use crate::pages::redirect;
use crate::path::Path;
use crate::picture::{self, LARGEST};

/// `POST /admin/articles/picture/{id}`: stores the uploaded picture of an article and leads to the
/// page of the article.
pub async fn set_picture(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    id: Path<ArticleId>,
    form: Multipart,
) -> Result<HttpResponse, Problem> {
    let copies = picture::copies(read_file(form).await?).await?;
    let copies = Arc::new(copies);
    let set = SetPicture { id: *id, copies, expected: None, by: Some(me.author()) };
    visitor.state.shop.catalogue.ask(set).await?;
    Ok(redirect(&visitor, &request, &page_of(*id), "notice-article-changed"))
}

/// Returns the content of the file in a form; the form has no other field.
async fn read_file(mut form: Multipart) -> Result<Bytes, Problem> {
    let malformed = |error| Problem::because(Code::MalformedForm, error);
    let mut field = form
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
