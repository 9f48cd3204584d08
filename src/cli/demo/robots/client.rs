//! A user of the REST API over HTTP.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A user of the REST API.
pub(super) struct Client {
    http: reqwest::Client,
    shop: String,
    username: &'static str,
    password: String,
    /// The access token; empty if the user has to sign in.
    token: String,
}

/// The status and the JSON of a response.
pub(super) type Answer = (StatusCode, Value);

impl Client {
    pub(super) fn new(address: SocketAddr, username: &'static str, password: &str) -> Self {
        // Loading certificates fails on a system that has none, and plain HTTP needs none.
        let http = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).tls_certs_only([]);
        Self {
            http: http.build().unwrap_or_default(),
            shop: format!("http://{address}"),
            username,
            password: password.to_owned(),
            token: String::new(),
        }
    }

    /// Reads a resource; `None` if that fails.
    pub(super) async fn get(&mut self, path: &str) -> Option<Value> {
        let (status, json) = self.send(Method::GET, path, |request| request).await?;
        status.is_success().then_some(json)
    }

    /// Sends a command with a JSON body; `None` if there is no answer.
    pub(super) async fn command(
        &mut self,
        method: Method,
        path: &str,
        body: Value,
    ) -> Option<Answer> {
        self.send(method, path, |request| request.json(&body)).await
    }

    /// Sends a command with an idempotency key.
    pub(super) async fn once(&mut self, path: &str, key: &str, body: Value) -> Option<Answer> {
        self.send(Method::POST, path, |request| request.header("idempotency-key", key).json(&body))
            .await
    }

    /// Sends a request as the user, who signs in first if that is necessary.
    async fn send(
        &mut self,
        method: Method,
        path: &str,
        fill: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Option<Answer> {
        if self.token.is_empty() {
            self.token = self.sign_in().await?;
        }
        let request = self.http.request(method, format!("{}{path}", self.shop));
        let answer = answer(fill(request.bearer_auth(&self.token))).await;
        if answer.as_ref().is_none_or(|(status, _)| *status == StatusCode::UNAUTHORIZED) {
            self.token.clear();
        }
        answer
    }

    async fn sign_in(&self) -> Option<String> {
        let login = json!({ "username": self.username, "password": self.password });
        let request = self.http.post(format!("{}/auth/login", self.shop)).json(&login);
        let (_, json) = answer(request).await?;
        Some(json.get("access_token")?.as_str()?.to_owned())
    }
}

async fn answer(request: RequestBuilder) -> Option<Answer> {
    let response = request.send().await.ok()?;
    let status = response.status();
    Some((status, response.json().await.ok()?))
}
