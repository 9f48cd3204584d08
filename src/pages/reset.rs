//! The page of a link by which a user sets a new password.
//!
//! The page is the same for every token, so that it does not reveal whether one ever existed. It
//! sends its address, which is a secret, to no other page.

use actix_web::{HttpRequest, HttpResponse};
use domain::shown::Shown;
use serde::Deserialize;
use views::draft::Draft;

use super::sent::Sent;
use super::{redirect, render_page};
use crate::auth::browser::Visitor;
use crate::auth::reset;
use crate::error::Problem;
use crate::path::Path;

/// The field of the form.
#[derive(Deserialize)]
pub struct ResetForm {
    new: String,
}

/// `GET /reset/{token}`: shows the form for a new password.
pub async fn show_reset(visitor: Visitor, token: Path<String>) -> Result<HttpResponse, Problem> {
    reset_page(&visitor, &token, &Draft::default()).await
}

/// `POST /reset/{token}`: sets the password and leads to the form to sign in, or shows the form
/// again with the error.
pub async fn reset_password(
    sent: Sent<Visitor, ResetForm>,
    request: HttpRequest,
    token: Path<String>,
) -> Result<HttpResponse, Problem> {
    let Sent { by: visitor, form: ResetForm { new }, typed } = sent;
    match reset::reset_password(&visitor.state, &request, &token, new).await {
        Ok(()) => {
            typed.forget(&visitor);
            Ok(redirect(&visitor, &request, "/login", "notice-password-reset"))
        }
        Err(problem) => {
            let page = async |draft: &Draft| reset_page(&visitor, &token, draft).await;
            typed.refuse(&problem, &visitor, page).await
        }
    }
}

async fn reset_page(
    visitor: &Visitor,
    token: &str,
    draft: &Draft,
) -> Result<HttpResponse, Problem> {
    let form = async { Ok(views::user::reset_form(visitor.locale, token, draft)) };
    render_page(visitor, "page-reset", Shown::Nothing, form).await
}
