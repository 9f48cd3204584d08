//! The credentials of the client: it signs in once and refreshes its access token before it
//! expires.

use std::time::Duration;

use reqwest::Client;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

/// A sign-in that lasts as long as its tokens are refreshed.
pub(crate) struct Login {
    http: Client,
    url: String,
    tokens: Tokens,
    refresh_at: Instant,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    refresh_token: String,
    expires_in: u64,
}

impl Login {
    /// Signs in to the shop at `url`.
    pub(crate) async fn new(
        url: &str,
        username: &str,
        password: &str,
    ) -> Result<Self, reqwest::Error> {
        let http = Client::new();
        let credentials = json!({ "username": username, "password": password });
        let tokens = post(&http, format!("{url}/auth/login"), credentials).await?;
        Ok(Self { http, url: url.into(), refresh_at: refresh_at(&tokens), tokens })
    }

    /// Returns the access token.
    pub(crate) fn token(&self) -> &str {
        &self.tokens.access_token
    }

    /// Returns when the token should be refreshed.
    pub(crate) fn refresh_at(&self) -> Instant {
        self.refresh_at
    }

    /// Exchanges the refresh token for new tokens.
    pub(crate) async fn refresh(&mut self) -> Result<(), reqwest::Error> {
        let body = json!({ "refresh_token": self.tokens.refresh_token });
        self.tokens = post(&self.http, format!("{}/auth/refresh", self.url), body).await?;
        self.refresh_at = refresh_at(&self.tokens);
        Ok(())
    }
}

/// Returns when four fifths of the token's lifetime are over.
fn refresh_at(tokens: &Tokens) -> Instant {
    Instant::now() + Duration::from_secs(tokens.expires_in) * 4 / 5
}

async fn post(http: &Client, url: String, body: Value) -> Result<Tokens, reqwest::Error> {
    http.post(url).json(&body).send().await?.error_for_status()?.json().await
}
