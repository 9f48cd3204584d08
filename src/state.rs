//! What request handlers share: the shop, and how the web reaches it.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use actix_web::{HttpRequest, web};
use actors::shop::Shop;
use bytestring::ByteString;
use views::locale::Locale;

use crate::bank::simulated::SimulatedBank;
use crate::cors::AllowedOrigins;
use crate::credentials::access::AccessTokens;
use crate::credentials::cookie::Cookies;
use crate::credentials::keys::KeyRing;
use crate::credentials::refresh::RefreshTokens;
use crate::idempotency::RunningCommands;
use crate::kept::Kept;
use crate::metrics::Metrics;
use crate::per_minute::PerMinute;
use crate::proxies::TrustedProxies;
use crate::sockets::state::LiveState;

/// The state that request handlers share.
pub struct AppState {
    /// The actors and their store.
    pub shop: Shop,
    /// The simulated bank; `None` if the shop uses an external one.
    pub bank: Option<SimulatedBank>,
    /// Issues and verifies access tokens.
    pub access: AccessTokens,
    /// Issues and verifies refresh tokens.
    pub refresh: RefreshTokens,
    /// The proxies whose `X-Forwarded-For` entries are trusted.
    pub proxies: TrustedProxies,
    /// Reads and builds cookies.
    pub cookies: Cookies,
    /// The origin that browsers use; empty if it is not configured.
    pub public_origin: String,
    /// The host of that origin.
    pub public_host: Option<String>,
    /// Whether the shop can be reached from this machine only.
    pub on_loopback: bool,
    /// The other origins whose pages may use the API.
    pub cors_origins: AllowedOrigins,
    /// Whether visitors may register.
    pub registration: bool,
    /// Whether administrators may make actors panic and cut sockets.
    pub chaos: bool,
    /// The visitors who became guests in the last minute.
    pub new_guests: PerMinute,
    /// The commands of guests in the last minute.
    pub guest_commands: PerMinute,
    /// The first page of the list of articles for programs.
    pub articles: Kept<(Locale, Option<&'static str>), Bytes>,
    /// The first page of the catalogue for browsers, without what is around it.
    pub cards: Kept<Locale, ByteString>,
    /// The signing keys.
    pub keys: Arc<KeyRing>,
    /// The commands with an idempotency key.
    pub commands: Arc<RunningCommands>,
    /// How long a checkout waits for the bank.
    pub patience: Duration,
    /// The metrics of this process.
    pub metrics: Metrics,
    /// The open WebSockets.
    pub live: LiveState,
    /// The address that this node is bound to.
    pub node: String,
}

/// Returns the state of the app that serves the request.
pub fn app_state(request: &HttpRequest) -> &web::Data<AppState> {
    #[expect(clippy::expect_used, reason = "the app is built with its state")]
    request.app_data().expect("the app has a state")
}
