//! The people of the tests: each action of a user is a method.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::contract;
use crate::harness::TestShop;
use crate::position::{Position, SHOP_POSITION, note, shown_at};

/// A user of the REST API.
pub(crate) struct Person {
    url: String,
    http: reqwest::Client,
    /// What answers have shown; `None` if the person forgets it at once.
    position: Option<Position>,
    /// The access token.
    pub(crate) token: String,
    /// The refresh token.
    pub(crate) refresh_token: String,
}

/// An administrator.
pub(crate) struct Admin(pub(crate) Person);

/// A response of the shop.
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: reqwest::header::HeaderMap,
    /// The body; null if it is not JSON.
    pub(crate) json: Value,
}

impl Answer {
    /// Sends a request, and checks that the description of the API has the response.
    pub(crate) async fn to(request: RequestBuilder) -> Self {
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let method = request.method().clone();
        let response = client.execute(request).await.unwrap();
        let (url, status) = (response.url().clone(), response.status());
        let headers = response.headers().clone();
        note(&url, &headers);
        let text = response.text().await.unwrap();
        let json = serde_json::from_str(&text).unwrap_or_default();
        contract::check(&method, url.path(), status, &headers, &text);
        Self { status, headers, json }
    }

    /// Checks the status and returns the response.
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.json);
        self
    }

    /// Checks that the response is a problem (RFC 9457) with a status and a code, and returns it.
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
    /// Registers a new user.
    pub(crate) async fn register(shop: &TestShop, name: &str, password: &str) -> Self {
        let body = json!({ "username": name, "password": password });
        let request = shop.request(Method::POST, "/auth/register").json(&body);
        Self::with_tokens(shop, &Answer::to(request).await.expect(201).json)
    }

    /// Signs in as an existing user.
    pub(crate) async fn log_in(shop: &TestShop, name: &str, password: &str) -> Self {
        let body = json!({ "username": name, "password": password });
        let request = shop.request(Method::POST, "/auth/login").json(&body);
        Self::with_tokens(shop, &Answer::to(request).await.expect(200).json)
    }

    fn with_tokens(shop: &TestShop, tokens: &Value) -> Self {
        let mut person = Self {
            url: shop.url.clone(),
            http: shop.http.clone(),
            position: Some(Position::default()),
            token: String::new(),
            refresh_token: String::new(),
        };
        person.takes(tokens);
        person
    }

    /// Returns the same person on another node.
    pub(crate) fn at(&self, node: &TestShop) -> Self {
        self.at_url(&node.url)
    }

    /// Returns the same person, who uses another URL of the shop.
    pub(crate) fn at_url(&self, url: &str) -> Self {
        Self {
            url: url.to_owned(),
            http: self.http.clone(),
            position: self.position.clone(),
            token: self.token.clone(),
            refresh_token: self.refresh_token.clone(),
        }
    }

    /// Returns the same person with another access token.
    pub(crate) fn with(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.at_url(&self.url) }
    }

    /// Returns the same person as a program that does not know of positions.
    pub(crate) fn forgetting(&self) -> Self {
        Self { position: None, ..self.at_url(&self.url) }
    }

    /// Replaces both tokens.
    pub(crate) fn takes(&mut self, tokens: &Value) {
        self.token = tokens["access_token"].as_str().unwrap().to_owned();
        self.refresh_token = tokens["refresh_token"].as_str().unwrap().to_owned();
    }

    /// Builds a request with the access token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        let request = request.bearer_auth(&self.token);
        match &self.position {
            Some(position) => {
                request.header(SHOP_POSITION, position.last().max(shown_at(&self.url)))
            }
            None => request,
        }
    }

    /// Sends a request, and remembers what the answer has shown.
    pub(crate) async fn receives(&self, request: RequestBuilder) -> Answer {
        let answer = Answer::to(request).await;
        if let Some(position) = &self.position {
            position.sees(&answer.headers);
        }
        answer
    }

    /// Sends GET.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.receives(self.request(Method::GET, path)).await
    }

    /// Sends a request with a JSON body.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        self.receives(self.request(method, path).json(&body)).await
    }

    /// Sends DELETE.
    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.receives(self.request(Method::DELETE, path)).await
    }

    /// Adds units of an article to the cart.
    pub(crate) async fn adds(&self, article: u64, quantity: u64) -> Answer {
        self.send(
            Method::POST,
            "/api/cart/items",
            json!({ "article_id": article, "quantity": quantity }),
        )
        .await
    }

    /// Reads the cart.
    pub(crate) async fn cart(&self) -> Value {
        self.get("/api/cart").await.expect(200).json["cart"].clone()
    }

    /// Reads the version of the cart.
    pub(crate) async fn cart_version(&self) -> u64 {
        self.cart().await["version"].as_u64().unwrap()
    }

    /// Reads the cart and orders its content.
    pub(crate) async fn checks_out(&self, key: &str) -> Answer {
        let cart = self.cart().await;
        self.orders(key, cart["version"].as_u64().unwrap(), cart["total_cents"].as_u64().unwrap())
            .await
    }

    /// Orders a version of the cart at a total price.
    pub(crate) async fn orders(&self, key: &str, version: u64, total: u64) -> Answer {
        self.receives(self.ordering(key, version, total)).await
    }

    /// Builds the request to order a version of the cart at a total price.
    pub(crate) fn ordering(&self, key: &str, version: u64, total: u64) -> RequestBuilder {
        let body = json!({
            "cart_version": version, "expected_total_cents": total,
            "name": "Ana", "email": "ana@example.org", "address": "1 Quay Street",
        });
        self.request(Method::POST, "/api/orders").header("idempotency-key", key).json(&body)
    }
}

impl Admin {
    /// Sets the mode of the simulated bank, without latency.
    pub(crate) async fn sets_bank(&self, mode: &str) {
        self.0
            .send(Method::PUT, "/api/bank", json!({ "latency_ms": 0, "mode": mode }))
            .await
            .expect(200);
    }

    /// Reads the value of a metric, `None` if it has none yet.
    pub(crate) async fn reads_metric(&self, name: &str) -> Option<f64> {
        let metrics =
            self.0.request(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
        metrics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }

    /// Changes an article.
    pub(crate) async fn changes_article(&self, article: u64, change: Value) -> Answer {
        self.0.send(Method::PATCH, &format!("/api/articles/{article}"), change).await
    }

    /// Returns an article, also one that is not on sale.
    pub(crate) async fn article(&self, id: u64) -> Value {
        let found = self.0.get(&format!("/api/admin/articles?q={id}")).await.expect(200).json;
        let articles = found["articles"].as_array().unwrap();
        articles.iter().find(|article| article["id"] == id).unwrap().clone()
    }

    /// Adds a new article and returns its id.
    pub(crate) async fn adds_article(&self, name: &str, price: u64, on_hand: u64) -> u64 {
        let article = json!({ "name": name, "price_cents": price, "on_hand": on_hand });
        let answer = self.0.send(Method::POST, "/api/articles", article).await.expect(201);
        answer.json["article"]["id"].as_u64().unwrap()
    }
}

/// Signs in through the form and returns the session cookie.
pub(crate) async fn signs_in(shop: &TestShop, name: &str, password: &str) -> String {
    let form = [("username", name), ("password", password)];
    let answer = shop.request(Method::POST, "/login").form(&form).send().await.unwrap();
    let set =
        answer.headers().get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    let session = set.into_iter().find(|cookie| cookie.starts_with("session-")).unwrap();
    session.split(';').next().unwrap().to_owned()
}

/// Decodes a part of an access token.
pub(crate) fn part(token: &str, number: usize) -> Value {
    let text = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

/// The generation of a refresh token: its position in its chain.
pub(crate) fn generation(token: &str) -> u32 {
    token.split('.').nth(1).unwrap().parse().unwrap()
}
