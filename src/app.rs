//! The server, from its configuration to its shutdown.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Condition, Next, from_fn};
use actix_web::{App, Error, HttpServer, web};
use actors::bank::Bank;
use actors::bank::behaviour::BankBehaviour;
use actors::clock::Clock;
use actors::password::{HashError, Hasher};
use actors::seed::SeedError;
use actors::shop::{Parts, Shop};
use actors::store::{SharedStore, StoreError};
use actors::tables::Tables;
use domain::event::Event;
use futures_util::future::BoxFuture;
use secrecy::ExposeSecret;
use tracing_actix_web::TracingLogger;
use views::site::Site;

use crate::assets;
use crate::auth::host::require_own_host;
use crate::auth::turn::{Turns, take_turns};
use crate::bank::http::{HttpBank, WrongUrl};
use crate::bank::simulated::SimulatedBank;
use crate::bodies::limit_body;
use crate::config::{Config, origin};
use crate::cors::expose_headers;
use crate::credentials::access::AccessTokens;
use crate::credentials::cookie::Cookies;
use crate::credentials::keys::{KeyError, KeyLifetimes, KeyRing};
use crate::credentials::refresh::RefreshTokens;
use crate::heads::{NextHead, limit_head};
use crate::kept::Kept;
use crate::metrics::Metrics;
use crate::per_minute::PerMinute;
use crate::place::require_place;
use crate::plain_path::require_plain_path;
use crate::present::present;
use crate::read::{answer_conditions, answer_head};
use crate::repeat::answer_once;
use crate::routes::routes;
use crate::seed::{WrongSeed, seed};
use crate::shutdown::ShutdownSignal;
use crate::sockets::state::LiveState;
use crate::sockets::tcp::{Connection, listen, raise_file_limit};
use crate::state::AppState;
use crate::store::{self, OpenError};
use crate::tasks;
use crate::telemetry::RequestSpan;
use crate::upgrade::refuse_upgrade;
use compression::compress;
use first_password::require_own_password;
use headers::{default_headers, strict_transport_security};
use same_secret::require_same_secret;

mod compression;
mod first_password;
mod headers;
mod same_secret;

/// The articles of a new shop.
const CATALOGUE: &str = include_str!("../config/catalogue.toml");

/// Why the server does not open.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The signing keys cannot be read or created.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// `auth.scrypt_log_n` is out of range.
    #[error("auth.scrypt_log_n: {0}")]
    Hash(#[from] HashError),
    /// The store takes no writes.
    #[error(transparent)]
    Unwritable(#[from] StoreError),
    /// An empty store cannot be filled.
    #[error("could not fill the empty store: {0}")]
    Seed(#[from] SeedError),
    /// The first administrator or the first articles are invalid.
    #[error(transparent)]
    Contents(#[from] WrongSeed),
    /// The metrics recorder cannot be installed.
    #[error("metrics: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
    /// `bank.url` is invalid.
    #[error("bank.url: {0}")]
    Bank(#[from] WrongUrl),
    /// The first administrator would get the default password, and the shop is public.
    #[error("{0}, so the shop needs a password of the first administrator: set admin.password")]
    NoPassword(&'static str),
    /// The first administrator still has the default password, and the shop is public.
    #[error(
        "the administrator's password is still the default, but {0}; set another, run: microshop \
         user passwd admin"
    )]
    DefaultPassword(&'static str),
    /// A node that runs on the same store signs with a key that this one does not know, or does not
    /// know the key of this one.
    #[error(
        "a node that runs on this store has another secret; give all of them the same auth.secret"
    )]
    OtherSecret,
    /// The list of leaked passwords can't be read.
    #[error("auth.breached_passwords: {0}")]
    BreachedPasswords(io::Error),
    /// The address cannot be bound.
    #[error("can't listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// The operating system refuses something else.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A server that is bound to its address and ready to run.
pub struct Server {
    listener: TcpListener,
    state: web::Data<AppState>,
    turns: web::Data<Turns>,
    body_timeout: Duration,
    keys: Arc<KeyRing>,
    workers: usize,
    drain_seconds: u64,
    standstill: Duration,
    strict_transport_security: Option<&'static str>,
    signal: ShutdownSignal,
    /// Why the store has failed for good.
    failure: BoxFuture<'static, StoreError>,
}

/// Opens the store that `store.url` names.
pub async fn open_store(config: &Config) -> Result<SharedStore, OpenError> {
    store::open(config.store.url.expose_secret(), &config.into(), Clock::default()).await
}

impl Server {
    /// Opens the shop and binds the address; no request is answered yet.
    pub async fn open(config: &Config) -> Result<Self, AppError> {
        raise_file_limit();
        site(config).open();
        let metrics = Metrics::install(&config.metrics.token)?;
        let store = open_store(config).await?;
        let failure = store.failure();
        let clock = store.clock();
        let keys = open_keys(config, &clock)?;
        if store.is_shared() {
            require_same_secret(&Tables::new(store.clone()), &keys).await?;
        }
        let bank_behaviour = BankBehaviour::default();
        let simulated_bank = config
            .bank
            .is_simulated()
            .then(|| SimulatedBank::new(store.clone(), clock.clone(), bank_behaviour.clone()));
        let bank: Arc<dyn Bank> = match &simulated_bank {
            Some(bank) => Arc::new(bank.clone()),
            None => Arc::new(HttpBank::new(&config.bank.url, config.bank.timeout)?),
        };
        let hasher = Hasher::new(config.auth.scrypt_log_n)?;
        let breached = config.auth.open_breached_passwords();
        let breached = breached.map_err(AppError::BreachedPasswords)?;
        let seed = seed(config, CATALOGUE)?;
        if let Some(exposure) = config.server.exposure() {
            require_own_password(exposure, &Tables::new(store.clone()), &seed, &hasher).await?;
        }
        let rules = config.rules();
        let shop =
            Shop::open(Parts { store, bank, bank_behaviour, hasher, breached, clock, rules, seed })
                .await?;
        let bind = config.server.bind;
        let signal = ShutdownSignal::listen()?;
        let listener = listen(bind).map_err(|error| AppError::Listen(bind, error))?;
        let node = listener.local_addr()?.to_string();
        warn_of_any_host(config);
        warn_of_open_cookies(config);
        let opened = Event::ShopOpened { version: env!("CARGO_PKG_VERSION").into() };
        shop.publish(&opened).await?;
        Ok(Self {
            listener,
            state: web::Data::new(app_state(config, shop, simulated_bank, &keys, metrics, node)),
            turns: web::Data::new(Turns::new(config.server.reads_per_client)),
            body_timeout: config.server.body_timeout,
            keys,
            workers: config.server.workers,
            drain_seconds: config.server.drain_seconds(),
            standstill: config.live.standstill,
            strict_transport_security: strict_transport_security(&config.server),
            signal,
            failure,
        })
    }

    /// Returns the address that the server is bound to.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers requests until a shutdown signal; then closes sockets, finishes open requests and
    /// closes the store.
    ///
    /// Returns an error at once if the store fails for good.
    pub async fn run(self) -> io::Result<()> {
        let state = self.state.clone();
        let turns = self.turns;
        let body_timeout = self.body_timeout;
        let standstill = self.standstill;
        let server = HttpServer::new(move || {
            App::new()
                .app_data(state.clone())
                .app_data(turns.clone())
                .wrap(from_fn(answer_once))
                .wrap(from_fn(require_place))
                .wrap(from_fn(answer_conditions))
                .wrap(from_fn(admit))
                .wrap(state.cors_origins.middleware())
                .wrap(Condition::new(!state.cors_origins.is_empty(), from_fn(expose_headers)))
                .wrap(from_fn(present))
                .wrap(from_fn(take_turns))
                .wrap(from_fn(compress))
                .wrap(from_fn(answer_head))
                .wrap(default_headers(self.strict_transport_security))
                .wrap(TracingLogger::<RequestSpan>::new())
                .wrap(from_fn(move |request, next: Next<_>| {
                    limit_body(body_timeout, request, next)
                }))
                .wrap(from_fn(limit_head))
                .configure(routes)
        })
        .workers(worker_count(self.workers)?)
        .shutdown_timeout(self.drain_seconds)
        .disable_signals()
        .on_connect(move |connection, data| {
            Connection::watch_over(connection, standstill, data);
            data.insert(NextHead::default());
        })
        .listen(self.listener)?
        .run();
        tasks::start(self.signal, server.handle(), self.state, self.keys);
        tokio::select! {
            stopped = server => stopped,
            error = self.failure => Err(io::Error::other(error)),
        }
    }
}

/// Passes on a request that is for this shop and that can only be read in one way.
async fn admit(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let admitted = require_own_host(&request)
        .and_then(|()| require_plain_path(&request))
        .and_then(|()| refuse_upgrade(&request));
    match admitted {
        Ok(()) => next.call(request).await,
        Err(problem) => Ok(request.error_response(problem)),
    }
}

/// Returns what all pages of the shop have in common.
fn site(config: &Config) -> Site {
    Site {
        time_zone: config.site.time_zone.clone(),
        language: config.site.language.clone(),
        asset: assets::address,
    }
}

/// Warns that the shop cannot distinguish its own address from that of another site.
fn warn_of_any_host(config: &Config) {
    if !config.server.is_on_loopback() && config.server.public_origin.is_empty() {
        tracing::warn!(
            "server.public_origin is not set: the shop takes every host name for its own, also one \
             that another site points to it; set it to the origin that browsers use"
        );
    }
}

/// Warns that browsers would send the cookies of a shop with TLS without it too.
fn warn_of_open_cookies(config: &Config) {
    let server = &config.server;
    if server.public_origin.starts_with("https://") && !server.sets_secure_cookies() {
        tracing::warn!(
            "server.secure_cookies is false, so browsers also send cookies without TLS; set it to \
             auto or true, because server.public_origin is https"
        );
    }
}

/// Loads the signing keys and adds one if it is due.
fn open_keys(config: &Config, clock: &Clock) -> Result<Arc<KeyRing>, KeyError> {
    // A key verifies refresh tokens for as long as one may stay unused.
    let lifetimes =
        KeyLifetimes { signing: config.auth.key_rotation, verifying: config.auth.refresh_ttl };
    let now = clock.now();
    let keys = KeyRing::load(&config.auth.secret, &config.auth.key_file, lifetimes, now)?;
    if let Err(error) = keys.rotate(now, now) {
        tracing::error!(%error, "could not add a signing key");
    }
    Ok(Arc::new(keys))
}

fn app_state(
    config: &Config,
    shop: Shop,
    simulated_bank: Option<SimulatedBank>,
    keys: &Arc<KeyRing>,
    metrics: Metrics,
    node: String,
) -> AppState {
    AppState {
        shop,
        bank: simulated_bank,
        access: AccessTokens::new(keys.clone(), config.auth.access_ttl),
        refresh: RefreshTokens::new(keys.clone()),
        proxies: config.server.trusted_proxies.clone(),
        cookies: Cookies::new(config.server.sets_secure_cookies(), &config.server.public_origin),
        public_origin: config.server.public_origin.clone(),
        public_host: origin::host(&config.server.public_origin),
        on_loopback: config.server.is_on_loopback(),
        cors_origins: config.server.cors_origins.clone(),
        registration: config.auth.registration,
        chaos: config.admin.chaos,
        metrics,
        new_guests: PerMinute::new(config.guests.per_minute),
        guest_commands: PerMinute::new(config.guests.commands_per_minute),
        articles: Kept::default(),
        cards: Kept::default(),
        keys: keys.clone(),
        commands: Arc::default(),
        patience: config.order.patience,
        live: LiveState::new(&config.live),
        node,
    }
}

/// Returns the configured number of workers; 0 stands for one for each core.
fn worker_count(configured: usize) -> io::Result<usize> {
    match configured {
        0 => Ok(std::thread::available_parallelism()?.get()),
        count => Ok(count),
    }
}
