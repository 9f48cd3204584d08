//! What a browser carries to its next page: the outcome of a command, and what was typed into a
//! form that was refused.
//!
//! Both travel in cookies that expire soon, so they work without scripts and on every node, and a
//! redirect, a change of the language or a new sign-in loses neither.

use std::cell::RefCell;
use std::rc::Rc;

use actix_web::cookie::{Cookie, time};
use actix_web::{HttpMessage, HttpRequest};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::user::UserId;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use views::draft::{Draft, Refusal};
use views::failure;
use views::locale::Locale;
use views::viewer::Notice;

use crate::credentials::cookie::{BrowserCookies, CookieName, Cookies};
use crate::error::Problem;
use crate::upgrade::IsHead;
use intake::Intake;
use shipment::Shipment;

pub mod addresses;
pub mod intake;
pub mod shipment;

/// How many seconds a browser keeps the outcome of a command. The next page follows at once.
const NOTICE_SECONDS: i64 = 60;

/// How many seconds a browser keeps what was typed: enough to sign in again.
const DRAFT_SECONDS: i64 = 600;

/// The longest value of a cookie. Browsers drop one with more than 4096 bytes, name included.
const LONGEST: usize = 3_900;

/// The fields that a draft keeps. Passwords and idempotency keys are not among them.
const KEPT_FIELDS: [&str; 13] = [
    "username",
    "email",
    "role",
    "then",
    "name",
    "address",
    "user",
    "article",
    "description",
    "translated_name",
    "translated_description",
    "price",
    "on_hand",
];

/// The drafts, each with the page that has its form and the start of the path to which the form is
/// sent.
const DRAFTS: [(CookieName, &str, &str); 8] = [
    (CookieName::SignInDraft, "/login", "/login"),
    (CookieName::RegistrationDraft, "/register", "/register"),
    (CookieName::CheckoutDraft, "/checkout", "/checkout"),
    (CookieName::PasswordDraft, "/account", "/account/password"),
    (CookieName::ResetDraft, "/reset", "/reset"),
    (CookieName::UserDraft, "/admin/users", "/admin/users/add"),
    (CookieName::NewArticleDraft, "/admin/articles", "/admin/articles/add"),
    (CookieName::ArticleDraft, "/admin/articles", "/admin/articles/change"),
];

/// The cookies that a request carries for the page it opens, and those that its response sets.
#[derive(Clone)]
pub struct Flash {
    cookies: BrowserCookies,
    locale: Locale,
    now: Timestamp,
    received: Rc<Vec<(CookieName, String)>>,
    set: Rc<RefCell<Vec<Cookie<'static>>>>,
}

/// The outcome of a command, which the next page shows.
#[derive(Serialize, Deserialize)]
enum Outcome {
    /// The command succeeded; the key of the sentence.
    Done(String),
    Refused(Reason),
    /// Several orders were to be shipped.
    Shipped(Shipment),
    /// A file of articles was imported.
    Imported(Intake),
}

/// What was typed into a form, and why it was refused.
#[derive(Serialize, Deserialize)]
struct StoredDraft {
    typed: Vec<(String, String)>,
    reason: Option<Reason>,
    /// Whether a page has shown the reason.
    is_shown: bool,
}

/// Why a command was refused.
#[derive(Clone, Serialize, Deserialize)]
struct Reason {
    code: String,
    field: Option<String>,
    retry_at: Option<Timestamp>,
}

/// Returns the draft of the form that is sent to a path, if the form has one.
pub fn draft_sent_to(path: &str) -> Option<CookieName> {
    let starts = |start: &str| {
        path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    DRAFTS.iter().find(|(.., sent_to)| starts(sent_to)).map(|(draft, ..)| *draft)
}

impl Flash {
    /// Reads what a request carries. `HEAD` shows no page, so it receives nothing.
    pub fn of(request: &HttpRequest, cookies: &Cookies, locale: Locale, now: Timestamp) -> Self {
        let mut received = Vec::new();
        if !request.extensions().contains::<IsHead>() {
            let drafts = DRAFTS.into_iter().map(|(name, ..)| name);
            for name in drafts.chain([CookieName::Notice]) {
                received.extend(cookies.get(request, name).map(|value| (name, value)));
            }
        }
        let cookies = cookies.of(request);
        Self { cookies, locale, now, received: Rc::new(received), set: Rc::default() }
    }

    /// Makes the next page say that a command succeeded; `key` is the key of the sentence.
    pub fn confirm(&self, key: &str) {
        self.send(CookieName::Notice, &Outcome::Done(key.to_owned()), NOTICE_SECONDS);
    }

    /// Makes the next page say which orders were shipped.
    pub fn report(&self, shipment: Shipment) {
        self.send(CookieName::Notice, &Outcome::Shipped(shipment), NOTICE_SECONDS);
    }

    /// Makes the next page say what an import has done.
    pub fn report_intake(&self, intake: Intake) {
        self.send(CookieName::Notice, &Outcome::Imported(intake), NOTICE_SECONDS);
    }

    /// Makes the next page say why a command was refused, unless a draft does.
    pub fn refuse(&self, problem: &Problem) {
        let has_draft = DRAFTS.iter().any(|(name, ..)| self.sets(*name));
        if !has_draft {
            let reason = Reason::of(problem, None, self.now);
            self.send(CookieName::Notice, &Outcome::Refused(reason), NOTICE_SECONDS);
        }
    }

    /// Returns the outcome of the last command. No later page shows it again.
    pub fn take_notice(&self) -> Option<(Notice, String)> {
        let outcome = decode(self.received(CookieName::Notice)?);
        self.forget(CookieName::Notice);
        match outcome? {
            Outcome::Done(key) => {
                let sentence = self.locale.find(&key).filter(|_| key.starts_with("notice-"))?;
                Some((Notice::Success, sentence.to_string()))
            }
            Outcome::Shipped(shipment) => Some(shipment.notice(self.locale)),
            Outcome::Imported(intake) => Some(intake.notice(self.locale)),
            Outcome::Refused(reason) => Some((Notice::Error, self.explain(reason)?.message)),
        }
    }

    /// Keeps what was typed into a form of a visitor who has to sign in first.
    pub fn keep(&self, form: CookieName, fields: &[(String, String)]) {
        let draft = StoredDraft { typed: kept(fields), reason: None, is_shown: true };
        self.send(form, &draft, DRAFT_SECONDS);
    }

    /// Keeps what was typed into a refused form, and returns it for the page with the form. `field`
    /// is the name of the wrong field, and `is_shown` whether the response itself shows the reason.
    pub fn keep_refused(
        &self,
        form: CookieName,
        fields: &[(String, String)],
        problem: &Problem,
        field: Option<String>,
        is_shown: bool,
    ) -> Draft {
        let reason = Reason::of(problem, field, self.now);
        let draft = StoredDraft { typed: kept(fields), reason: Some(reason.clone()), is_shown };
        self.send(form, &draft, DRAFT_SECONDS);
        Draft { typed: draft.typed, refusal: self.explain(reason) }
    }

    /// Returns what was typed into a form. Later pages show it too, but not why it was refused.
    pub fn draft(&self, form: CookieName) -> Draft {
        let Some(mut draft) = self.stored(form) else { return Draft::default() };
        let reason = draft.reason.clone().filter(|_| !draft.is_shown);
        if reason.is_some() {
            draft.is_shown = true;
            self.send(form, &draft, DRAFT_SECONDS);
        }
        Draft { typed: kept(&draft.typed), refusal: reason.and_then(|reason| self.explain(reason)) }
    }

    /// Makes a page show again why its form was refused, now in another language.
    pub fn show_again(&self, page: &str) {
        let path = page.split('?').next().unwrap_or_default();
        for (form, ..) in DRAFTS.into_iter().filter(|(_, page, _)| *page == path) {
            if let Some(draft) = self.stored(form) {
                self.send(form, &StoredDraft { is_shown: false, ..draft }, DRAFT_SECONDS);
            }
        }
    }

    /// Removes everything that was typed.
    pub fn forget_drafts(&self) {
        DRAFTS.into_iter().for_each(|(form, ..)| self.forget(form));
    }

    /// Returns what a user has typed into a form that names its user. Another user of the browser
    /// sees nothing of it.
    pub fn draft_of(&self, form: CookieName, user: UserId) -> Draft {
        let draft = self.draft(form);
        if draft.value("user") == user.to_string() {
            return draft;
        }
        self.forget(form);
        Draft::default()
    }

    /// Removes a cookie from the browser, if it has it.
    pub fn forget(&self, name: CookieName) {
        if self.received(name).is_some() {
            self.remove(name);
        }
    }

    /// Sets a cookie with the response, which lasts until the browser is closed.
    pub fn set(&self, name: CookieName, value: String) {
        self.set.borrow_mut().push(self.cookies.build(name, value));
    }

    /// Removes a cookie from the browser.
    pub fn remove(&self, name: CookieName) {
        self.set.borrow_mut().push(self.cookies.build_removal(name));
    }

    /// Returns the cookies that the response must set, once.
    pub fn take_cookies(&self) -> Vec<Cookie<'static>> {
        self.set.take()
    }

    /// Returns the sentence for the visitor, or `None` for a code that the shop does not have.
    fn explain(&self, reason: Reason) -> Option<Refusal> {
        let wait = reason.retry_at.map(|retry_at| self.now.duration_until(retry_at));
        let milliseconds = wait.and_then(|wait| u64::try_from(wait.as_millis()).ok());
        let seconds = milliseconds.map(|milliseconds| milliseconds.div_ceil(1_000));
        let seconds = seconds.filter(|seconds| *seconds > 0);
        failure::is_known(&reason.code).then(|| Refusal {
            message: failure::message_with_wait(self.locale, &reason.code, seconds),
            field: reason.field,
        })
    }

    fn stored(&self, form: CookieName) -> Option<StoredDraft> {
        decode(self.received(form)?)
    }

    fn received(&self, name: CookieName) -> Option<&str> {
        let cookie = self.received.iter().find(|(other, _)| *other == name);
        cookie.map(|(_, value)| value.as_str())
    }

    fn sets(&self, name: CookieName) -> bool {
        self.set.borrow().iter().any(|cookie| self.cookies.is_named(cookie, name))
    }

    /// Sets a cookie, or removes it if the value is too long for one.
    fn send(&self, name: CookieName, value: &impl Serialize, seconds: i64) {
        let value = serde_json::to_vec(value).map(|json| BASE64_URL_SAFE_NO_PAD.encode(json));
        match value.ok().filter(|value| value.len() <= LONGEST) {
            Some(value) => {
                let mut cookie = self.cookies.build(name, value);
                cookie.set_max_age(time::Duration::seconds(seconds));
                self.set.borrow_mut().push(cookie);
            }
            None => self.forget(name),
        }
    }
}

impl Reason {
    fn of(problem: &Problem, field: Option<String>, now: Timestamp) -> Self {
        let retry_at = problem.retry_after.and_then(|wait| now.checked_add(wait).ok());
        Self { code: problem.code.word().to_owned(), field, retry_at }
    }
}

fn kept(fields: &[(String, String)]) -> Vec<(String, String)> {
    let is_kept = |(name, _): &&(String, String)| KEPT_FIELDS.contains(&name.as_str());
    fields.iter().filter(is_kept).cloned().collect()
}

fn decode<T: DeserializeOwned>(value: &str) -> Option<T> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(value).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_longest_contact_of_any_script_fits_into_a_cookie() {
        let cookies = Cookies::new(true, "").of(&TestRequest::get().to_http_request());
        for letter in ["é", "中", "\"", "\n"] {
            let flash = Flash {
                cookies,
                locale: Locale::Fr,
                now: Timestamp::UNIX_EPOCH,
                received: Rc::default(),
                set: Rc::default(),
            };
            let field = |name: &str, length| (name.to_owned(), letter.repeat(length));
            flash.keep(
                CookieName::CheckoutDraft,
                &[field("name", 100), field("email", 254), field("address", 500)],
            );
            let set = flash.take_cookies();
            let length = set[0].name().len() + set[0].value().len();
            assert!(set[0].value().len() > 1_000 && length <= 4_096, "{letter}: {length}");
        }
    }
}
