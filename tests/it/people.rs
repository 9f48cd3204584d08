//! People with verbs: what a test says somebody does.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::harness::TestShop;

/// A user with a program.
pub(crate) struct Person {
    url: String,
    http: reqwest::Client,
    /// The program's access token.
    pub(crate) token: String,
    /// The program's refresh token.
    pub(crate) refresh_token: String,
}

/// A user who runs the shop.
pub(crate) struct Admin(pub(crate) Person);

/// An answer of the shop.
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its headers.
    pub(crate) headers: reqwest::header::HeaderMap,
    /// Its JSON; null if it has none.
    pub(crate) json: Value,
}

impl Answer {
    /// Reads an answer to its end.
    pub(crate) async fn of(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let json = serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default();
        Self { status, headers, json }
    }

    /// The answer, which must have that status.
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.json);
        self
    }

    /// The answer, which must be that problem (RFC 9457).
    pub(crate) fn expect_problem(self, status: u16, code: &str) -> Self {
        assert_eq!(
            (self.status.as_u16(), self.json["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.json
        );
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.json["success"], false);
        assert_eq!(self.json["request_id"].as_str(), self.headers["x-request-id"].to_str().ok());
        self
    }
}

impl Person {
    /// Somebody registers.
    pub(crate) async fn register(shop: &TestShop, name: &str, password: &str) -> Self {
        let body = json!({ "username": name, "password": password });
        let answer = shop.request(Method::POST, "/auth/register").json(&body).send().await.unwrap();
        Self::with_tokens(shop, &Answer::of(answer).await.expect(201).json)
    }

    /// Somebody who has registered before signs in.
    pub(crate) async fn log_in(shop: &TestShop, name: &str, password: &str) -> Self {
        let body = json!({ "username": name, "password": password });
        let answer = shop.request(Method::POST, "/auth/login").json(&body).send().await.unwrap();
        Self::with_tokens(shop, &Answer::of(answer).await.expect(200).json)
    }

    fn with_tokens(shop: &TestShop, tokens: &Value) -> Self {
        let (url, http) = (shop.url.clone(), shop.http.clone());
        let mut person = Self { url, http, token: String::new(), refresh_token: String::new() };
        person.takes(tokens);
        person
    }

    /// Takes new tokens for the old ones.
    pub(crate) fn takes(&mut self, tokens: &Value) {
        self.token = tokens["access_token"].as_str().unwrap().to_owned();
        self.refresh_token = tokens["refresh_token"].as_str().unwrap().to_owned();
    }

    /// A request with the person's token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token)
    }

    /// Looks at something.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path).send().await.unwrap()).await
    }

    /// Sends something.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        Answer::of(self.request(method, path).json(&body).send().await.unwrap()).await
    }

    /// Removes something.
    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path).send().await.unwrap()).await
    }

    /// Puts pieces of an article in the cart.
    pub(crate) async fn adds(&self, article: u64, quantity: u64) -> Answer {
        self.send(
            Method::POST,
            "/api/cart/items",
            json!({ "article_id": article, "quantity": quantity }),
        )
        .await
    }

    /// Looks at the cart.
    pub(crate) async fn cart(&self) -> Value {
        self.get("/api/cart").await.expect(200).json["cart"].clone()
    }

    /// Orders what is in the cart, having seen its total.
    pub(crate) async fn checks_out(&self, key: &str) -> Answer {
        let cart = self.cart().await;
        self.orders(key, cart["version"].as_u64().unwrap(), cart["total_cents"].as_u64().unwrap())
            .await
    }

    /// Orders some version of the cart for some total.
    pub(crate) async fn orders(&self, key: &str, version: u64, total: u64) -> Answer {
        Answer::of(self.ordering(key, version, total).send().await.unwrap()).await
    }

    /// A request to do so.
    pub(crate) fn ordering(&self, key: &str, version: u64, total: u64) -> RequestBuilder {
        let body = json!({
            "cart_version": version, "expected_total_cents": total,
            "name": "Ana", "email": "ana@example.org", "address": "1 Quay Street",
        });
        self.request(Method::POST, "/api/orders").header("idempotency-key", key).json(&body)
    }
}

impl Admin {
    /// Has the bank behave in some way, at once.
    pub(crate) async fn sets_bank(&self, mode: &str) {
        self.0
            .send(Method::PUT, "/api/bank", json!({ "latency_ms": 0, "mode": mode }))
            .await
            .expect(200);
    }

    /// What a metric says, if it was ever counted.
    pub(crate) async fn reads_metric(&self, name: &str) -> Option<f64> {
        let told =
            self.0.request(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
        told.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }

    /// Changes an article.
    pub(crate) async fn changes_article(&self, article: u64, change: Value) -> Answer {
        self.0.send(Method::PATCH, &format!("/api/articles/{article}"), change).await
    }

    /// Puts a new article on sale, and tells its number.
    pub(crate) async fn adds_article(&self, name: &str, price: u64, on_hand: u64) -> u64 {
        let article = json!({ "name": name, "price_cents": price, "on_hand": on_hand });
        let answer = self.0.send(Method::POST, "/api/articles", article).await.expect(201);
        answer.json["article"]["id"].as_u64().unwrap()
    }
}

/// The cookie of a browser in which somebody signs in.
pub(crate) async fn signs_in(shop: &TestShop, name: &str, password: &str) -> String {
    let form = [("username", name), ("password", password)];
    let answer = shop.request(Method::POST, "/login").form(&form).send().await.unwrap();
    let set =
        answer.headers().get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    let session = set.into_iter().find(|cookie| cookie.starts_with("session=")).unwrap();
    session.split(';').next().unwrap().to_owned()
}

/// A part of an access token, as it was signed.
pub(crate) fn part(token: &str, number: usize) -> Value {
    let text = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

/// Which token of its chain a refresh token is.
pub(crate) fn generation(token: &str) -> u32 {
    token.split('.').nth(1).unwrap().parse().unwrap()
}
