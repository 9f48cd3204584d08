//! The pictures of articles in the REST API, and as every page loads them.

use std::sync::Arc;

use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, web};
use actors::article::{GetPicture, SetPicture};
use domain::article::ArticleId;
use domain::article::picture::Picture;

use super::article::{answer, expected_version, refusal};
use crate::answer::{Answered, One};
use crate::assets::FOREVER;
use crate::auth::bearer::Admin;
use crate::error::Problem;
use crate::error::request::require_plain_body;
use crate::form::unread;
use crate::objects::article::{ArticleJson, admin_json};
use crate::path::Path;
use crate::picture;
use crate::state::AppState;

/// `PUT /api/articles/{id}/picture`: makes the body the picture of an article.
pub async fn set_picture(
    Admin(me): Admin,
    state: Data<AppState>,
    request: HttpRequest,
    id: Path<ArticleId>,
    body: Result<Bytes, actix_web::Error>,
) -> Answered<One<ArticleJson>> {
    require_plain_body(request.headers())?;
    let copies = picture::copies(body.map_err(|error| unread(&error))?).await?;
    let copies = Arc::new(copies);
    let expected = expected_version(&request)?;
    let set = SetPicture { id: *id, copies, expected, by: Some(me.author()) };
    let article = state.shop.catalogue.ask(set).await.map_err(refusal)?;
    Ok(answer(&request, &article, admin_json(&article)))
}

/// `GET /pictures/{name}`: returns a copy of an uploaded picture. Another content has another
/// address, so caches keep it for good.
pub async fn get_picture(
    state: Data<AppState>,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (picture, width) = Picture::of_name(&name).ok_or_else(Problem::not_found)?;
    let media_type = picture.format.media_type();
    let etag = format!("\"{}-{width}\"", picture.hash);
    let bytes = state.shop.catalogue.ask(GetPicture { picture, width }).await?;
    let bytes = bytes.ok_or_else(Problem::not_found)?;
    let mut response = HttpResponse::Ok();
    response.content_type(media_type).insert_header((CACHE_CONTROL, FOREVER));
    Ok(response.insert_header((ETAG, etag)).body(bytes))
}
