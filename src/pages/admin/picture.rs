//! The form that uploads the picture of an article.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use actors::article::SetPicture;
use domain::article::ArticleId;

use super::article::page_of;
use crate::auth::browser::{Administrator, Member};
use crate::error::Problem;
use crate::pages::redirect;
use crate::path::Path;
use crate::picture;
use crate::upload::Upload;

/// `POST /admin/articles/picture/{id}`: stores the uploaded picture of an article and leads to the
/// page of the article.
pub async fn set_picture(
    Administrator(Member { visitor, me }): Administrator,
    request: HttpRequest,
    id: Path<ArticleId>,
    upload: Upload,
) -> Result<HttpResponse, Problem> {
    let copies = picture::copies(upload.read().await?).await?;
    let copies = Arc::new(copies);
    let set = SetPicture { id: *id, copies, expected: None, by: Some(me.author()) };
    visitor.state.shop.catalogue.ask(set).await?;
    Ok(redirect(&visitor, &request, &page_of(*id), "notice-article-changed"))
}
