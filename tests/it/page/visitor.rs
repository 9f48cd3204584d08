//! A person with a browser that runs no scripts, and the pages it receives.

use std::sync::Arc;

use reqwest::cookie::Jar;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder, StatusCode};

use crate::harness::{TestShop, client, until};
use crate::position::{SHOP_POSITION, note, shown_at};

/// The fields of the checkout form that the buyer fills in.
pub(super) const CONTACT: [(&str, &str); 3] =
    [("name", "Ana"), ("email", "ana@example.org"), ("address", "1 Quay Street")];

/// The fields of the checkout form that the buyer does not see.
pub(super) const CHECKOUT_FIELDS: [&str; 4] =
    ["user", "cart_version", "expected_total_cents", "idempotency_key"];

/// A person with a browser that keeps its cookies and follows no redirect.
pub(super) struct Visitor {
    pub(super) url: String,
    pub(super) http: Client,
}

/// A response that the browser received.
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Page {
    /// Returns the values of the headers that set cookies.
    pub(super) fn set_cookies(&self) -> impl Iterator<Item = &str> {
        self.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap())
    }
}

impl Visitor {
    /// Opens a new browser, without cookies.
    pub(super) fn enter(shop: &TestShop) -> Self {
        Self {
            url: shop.url.clone(),
            http: client().cookie_provider(Arc::new(Jar::default())).build().unwrap(),
        }
    }

    /// Adds a customer and signs in with a new browser.
    pub(super) async fn sign_in(shop: &TestShop, name: &str) -> Self {
        shop.customer(name).await;
        let visitor = Self::enter(shop);
        visitor.logs_in(name, "/").await.leads_to("/");
        visitor
    }

    /// Sends the form to sign in, which redirects to `then`.
    pub(super) async fn logs_in(&self, name: &str, then: &str) -> Page {
        self.post("/login", &[("username", name), ("password", "correct horse"), ("then", then)])
            .await
    }

    /// Builds a request as one of the shop's own pages sends it.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let accept = "text/html,application/xhtml+xml,*/*;q=0.8";
        self.program_request(method, path).header("accept", accept)
    }

    /// Builds a request as a program sends it that does not ask for a page.
    pub(super) fn program_request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.url))
            .header("sec-fetch-site", "same-origin")
            .header(SHOP_POSITION, shown_at(&self.url))
    }

    pub(super) async fn send(&self, request: RequestBuilder) -> Page {
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let headers = answer.headers().clone();
        note(answer.url(), &headers);
        Page { status, headers, text: answer.text().await.unwrap() }
    }

    pub(super) async fn get(&self, path: &str) -> Page {
        self.send(self.request(Method::GET, path)).await
    }

    pub(super) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Page {
        self.send(self.request(Method::POST, path).form(form)).await
    }

    /// Opens the checkout and places the order.
    pub(super) async fn orders(&self) -> Page {
        self.orders_with(&CONTACT).await
    }

    /// Opens the checkout and places the order with this contact.
    pub(super) async fn orders_with(&self, contact: &[(&str, &str)]) -> Page {
        self.sends(&self.get("/checkout").await.has(200), contact).await
    }

    /// Sends the checkout form that the page shows.
    pub(super) async fn sends(&self, page: &Page, contact: &[(&str, &str)]) -> Page {
        let hidden = CHECKOUT_FIELDS.map(|name| (name, page.field(name)));
        self.post("/checkout", &[&hidden[..], contact].concat()).await
    }

    /// Sends a form with htmx from an open page.
    pub(super) async fn sends_with_htmx(
        &self,
        page: &str,
        path: &str,
        form: &[(&str, &str)],
    ) -> Page {
        let request = self.request(Method::POST, path).header("hx-request", "true");
        let request = request.header("hx-current-url", format!("{}{page}", self.url));
        self.send(request.form(form)).await
    }

    /// Follows a redirect to a page.
    pub(super) async fn follows(&self, redirect: &Page) -> Page {
        self.get(&redirect.location()).await.has(200)
    }

    /// Loads a page until it contains a text.
    pub(super) async fn waits_for(&self, path: &str, text: &str) -> Page {
        until(async || Some(self.get(path).await.has(200)).filter(|page| page.text.contains(text)))
            .await
    }
}

impl Page {
    #[track_caller]
    pub(super) fn has(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    #[track_caller]
    pub(super) fn shows(self, text: &str) -> Self {
        assert!(self.text.contains(text), "no {text} in {}", self.text);
        self
    }

    #[track_caller]
    pub(super) fn hides(self, text: &str) -> Self {
        assert!(!self.text.contains(text), "{text} in {}", self.text);
        self
    }

    /// Returns the path that the browser is redirected to.
    #[track_caller]
    pub(super) fn location(&self) -> String {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text);
        self.headers["location"].to_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(super) fn leads_to(&self, page: &str) {
        assert_eq!(self.location(), page);
    }

    /// Returns the value of a hidden field.
    pub(super) fn field(&self, name: &str) -> &str {
        let after = self.text.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
        after.split('"').next().unwrap()
    }
}
