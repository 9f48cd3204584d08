//! What every request needs: the shop, and how the web sees it.

use std::time::Duration;

use actix_web::{HttpRequest, web};
use actors::shop::Shop;

use crate::bank::simulated::SimulatedBank;
use crate::credentials::access::AccessTokens;
use crate::credentials::cookie::Cookies;
use crate::credentials::refresh::RefreshTokens;
use crate::metrics::Metrics;
use crate::proxies::TrustedProxies;
use crate::sockets::state::LiveState;

/// The shop as the web sees it.
pub struct AppState {
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
    pub live: LiveState,
}

/// The site that a request came to.
pub fn state(request: &HttpRequest) -> &web::Data<AppState> {
    #[expect(clippy::expect_used, reason = "the app is built with its site")]
    request.app_data().expect("every app has a site")
}
