//! Forms that come back with what was typed if they are refused.

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use domain::user::UserId;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use maud::Markup;
use serde::de::DeserializeOwned;
use views::draft::Draft;
use views::layout;

use super::refused;
use crate::auth::browser::Visitor;
use crate::credentials::cookie::CookieName;
use crate::error::Problem;
use crate::error::code::Code;
use crate::flash::addresses::accepts_html;
use crate::flash::draft_sent_to;
use crate::form::FilledForm;
use crate::html::{html_response, is_htmx};
use crate::state::app_state;

/// A form, and the authority of the visitor who sent it.
///
/// What was typed is kept for a visitor who has to sign in first.
pub struct Sent<A, T> {
    pub(super) by: A,
    pub(super) form: T,
    pub(super) typed: Typed,
}

/// What was typed into a form, and where it was sent to.
pub struct Typed {
    fields: Vec<(String, String)>,
    draft: CookieName,
    request: HttpRequest,
}

impl<A, T> FromRequest for Sent<A, T>
where
    A: FromRequest<Error = Problem> + 'static,
    T: DeserializeOwned + 'static,
{
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let by = A::from_request(request, payload);
        let filled = FilledForm::<T>::from_request(request, payload);
        let request = request.clone();
        async move {
            let draft = draft_sent_to(request.path()).ok_or(Problem::new(Code::Internal))?;
            match by.await {
                Ok(by) => {
                    let FilledForm { form, typed } = filled.await?;
                    Ok(Self { by, form, typed: Typed { fields: typed, draft, request } })
                }
                Err(problem) => {
                    if problem.code == Code::Unauthorized
                        && is_deliberate(&request)
                        && let Ok(filled) = filled.await
                    {
                        let visitor = Visitor::identify(request).await?;
                        visitor.flash.keep(draft, &filled.typed);
                    }
                    Err(problem)
                }
            }
        }
        .boxed_local()
    }
}

impl Typed {
    /// Shows the form again at its own address, with the status of the problem.
    pub(super) async fn refuse(
        &self,
        problem: &Problem,
        visitor: &Visitor,
        page: impl AsyncFnOnce(&Draft) -> Result<HttpResponse, Problem>,
    ) -> Result<HttpResponse, Problem> {
        Ok(refused(problem, page(&self.keep(problem, visitor, true)).await?))
    }

    /// Shows the form again in its page: htmx receives the form, a browser is redirected.
    pub(super) fn refuse_in_page(
        &self,
        problem: Problem,
        visitor: &Visitor,
        id: &str,
        form: impl FnOnce(&Draft) -> Markup,
    ) -> Result<HttpResponse, Problem> {
        let is_htmx = is_htmx(&self.request);
        let draft = self.keep(&problem, visitor, is_htmx);
        if !is_htmx {
            return Err(problem);
        }
        let form = layout::partial(id, None, &form(&draft));
        Ok(refused(&problem, html_response(StatusCode::OK, form)))
    }

    /// Whether the form was rendered for a user. The browser may have another user since then.
    pub(super) fn is_of(&self, user: UserId) -> bool {
        let named = self.fields.iter().find(|(name, _)| name == "user");
        named.is_none_or(|(_, id)| *id == user.to_string())
    }

    /// Removes what earlier forms of this kind have left.
    pub(super) fn forget(&self, visitor: &Visitor) {
        visitor.flash.forget(self.draft);
    }

    fn keep(&self, problem: &Problem, visitor: &Visitor, is_shown: bool) -> Draft {
        let field = problem.form_field(self.request.path());
        visitor.flash.keep_refused(self.draft, &self.fields, problem, field, is_shown)
    }
}

/// Whether a browser has sent the form itself, or a script in a browser whose session has ended
/// elsewhere.
///
/// A visitor who has signed out in this browser has no cookie of a session left. What was typed on
/// a page that is still open must not appear to the next user of the browser.
fn is_deliberate(request: &HttpRequest) -> bool {
    let session = app_state(request).cookies.get(request, CookieName::Session);
    accepts_html(request) || session.is_some()
}
