//! What every request needs: the shop, and how the web sees it.

use std::time::Duration;

use actix_web::{HttpRequest, web};
use actors::shop::Shop;

use crate::auth::access::AccessTokens;
use crate::auth::client::TrustedProxies;
use crate::auth::cookie::Cookies;
use crate::auth::refresh::RefreshTokens;
use crate::bank::simulated::SimulatedBank;
use crate::live::Live;
use crate::metrics::Metrics;

/// The shop as the web sees it.
pub struct Site {
    /// The shop.
    pub shop: Shop,
    /// The simulated bank, if it is the one that the shop asks.
    pub bank: Option<SimulatedBank>,
    /// Makes and checks access tokens.
    pub access: AccessTokens,
    /// Makes and checks refresh tokens.
    pub refresh: RefreshTokens,
    /// Whose word is taken for where a request comes from.
    pub proxies: TrustedProxies,
    /// How cookies are set.
    pub cookies: Cookies,
    /// What browsers call the shop; empty if that isn't known.
    pub public_origin: String,
    /// Whether visitors may register.
    pub registration: bool,
    /// How long a checkout waits for the bank.
    pub patience: Duration,
    /// What is counted and measured.
    pub metrics: Metrics,
    /// WebSockets.
    pub live: Live,
}

/// The site that a request came to.
pub fn site(request: &HttpRequest) -> &web::Data<Site> {
    #[expect(clippy::expect_used, reason = "the app is built with its site")]
    request.app_data().expect("every app has a site")
}
