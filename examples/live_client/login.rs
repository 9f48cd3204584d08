//! Who the client is: signed in once, and with a new access token before the old one is over.

use std::time::Duration;

use reqwest::Client;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

/// A sign-in that lasts as long as it is refreshed.
pub(crate) struct Login {
    http: Client,
    url: String,
    tokens: Tokens,
    renew_at: Instant,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    refresh_token: String,
    expires_in: u64,
}

impl Login {
    /// Signs in.
    pub(crate) async fn new(
        url: &str,
        username: &str,
        password: &str,
    ) -> Result<Self, reqwest::Error> {
        let http = Client::new();
        let body = json!({ "username": username, "password": password });
        let tokens = ask(&http, format!("{url}/auth/login"), body).await?;
        Ok(Self { http, url: url.into(), renew_at: renewal(&tokens), tokens })
    }

    /// The access token.
    pub(crate) fn token(&self) -> &str {
        &self.tokens.access_token
    }

    /// When to renew it.
    pub(crate) fn renew_at(&self) -> Instant {
        self.renew_at
    }

    /// Takes the refresh token for the next ones.
    pub(crate) async fn renew(&mut self) -> Result<(), reqwest::Error> {
        let body = json!({ "refresh_token": self.tokens.refresh_token });
        self.tokens = ask(&self.http, format!("{}/auth/refresh", self.url), body).await?;
        self.renew_at = renewal(&self.tokens);
        Ok(())
    }
}

/// When four fifths of the token's time are over.
fn renewal(tokens: &Tokens) -> Instant {
    Instant::now() + Duration::from_secs(tokens.expires_in) * 4 / 5
}

async fn ask(http: &Client, url: String, body: Value) -> Result<Tokens, reqwest::Error> {
    http.post(url).json(&body).send().await?.error_for_status()?.json().await
}
