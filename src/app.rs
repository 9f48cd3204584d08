//! The server, from its configuration to its end.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::rt::time::{interval, timeout};
use actix_web::{App, HttpServer, web};
use actors::bank::Bank;
use actors::clock::Clock;
use actors::first_start::{FirstStart, FirstStartError};
use actors::live::Close;
use actors::password::{HashError, Hasher};
use actors::shop::{Parts, Shop};
use actors::store::SharedStore;
use domain::article::{Article, ArticleId};
use domain::event::Event;
use domain::money::Cents;
use domain::user::{UserError, Username};
use secrecy::ExposeSecret;
use serde::Deserialize;
use tracing_actix_web::TracingLogger;

use crate::auth::access::AccessTokens;
use crate::auth::cookie::Cookies;
use crate::auth::keys::{KeyError, KeyRing, KeyTimes};
use crate::auth::refresh::RefreshTokens;
use crate::bank::http::{HttpBank, WrongUrl};
use crate::bank::simulated::SimulatedBank;
use crate::config::{Config, SecureCookies};
use crate::error::present::present;
use crate::live::Live;
use crate::live::kernel::{Connection, listen, make_room};
use crate::metrics::Metrics;
use crate::routes::routes;
use crate::rules::rules;
use crate::site::Site;
use crate::stop::Stop;
use crate::store::{self, OpenError, Options};
use crate::telemetry::RequestSpan;

/// The articles of a new shop.
const CATALOGUE: &str = include_str!("../config/catalogue.toml");

/// The password of a new shop's administrator, unless the configuration sets another.
const DEFAULT_PASSWORD: &str = "admin";

/// How often it is looked whether a new key is due.
const TURN_EVERY: Duration = Duration::from_secs(3_600);

/// How often dead actors are looked for.
const REVIVE_EVERY: Duration = Duration::from_secs(1);

/// How often measurements are summed up, and sockets that stand still are looked for.
const TIDY_EVERY: Duration = Duration::from_secs(5);

/// How long telling that the server closes may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// What pages may load, and who may show them (CSP Level 3).
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// Why the shop does not open.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The store can't be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// There are no keys to sign with.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Passwords can't be hashed as configured.
    #[error("auth.scrypt_log_n: {0}")]
    Hash(#[from] HashError),
    /// An empty store can't be filled.
    #[error("the shop can't be opened: {0}")]
    FirstStart(#[from] FirstStartError),
    /// The first articles are not as expected.
    #[error("config/catalogue.toml: {0}")]
    Catalogue(#[from] toml::de::Error),
    /// The first administrator can't be made.
    #[error(transparent)]
    Admin(#[from] UserError),
    /// Nothing can be counted.
    #[error("metrics: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
    /// The bank is none that the shop can ask.
    #[error("bank.url: {0}")]
    Bank(#[from] WrongUrl),
    /// Everybody could become the administrator.
    #[error(
        "the administrator's password is still the default: set another before listening on {0}"
    )]
    DefaultPassword(SocketAddr),
    /// The address can't be listened on.
    #[error("can't listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// Something else the system refuses.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A server that is ready to run.
pub struct Server {
    listener: TcpListener,
    site: web::Data<Site>,
    keys: Arc<KeyRing>,
    workers: usize,
    drain: Duration,
    standstill: Duration,
    stop: Stop,
}

/// Opens the store of a configuration.
pub async fn open_store(config: &Config) -> Result<SharedStore, OpenError> {
    let options = Options { events_max: config.events.max, events_keep: config.events.keep };
    store::open(config.store.url.expose_secret(), &options, Clock::default()).await
}

impl Server {
    /// Opens the shop and takes the address, without answering anybody yet.
    pub async fn open(config: &Config) -> Result<Self, AppError> {
        make_room();
        let metrics = Metrics::begin(&config.metrics.token)?;
        let store = open_store(config).await?;
        let clock = Clock::default();
        // A refresh token is checked for as long as it may go unused.
        let times = KeyTimes { signs: config.auth.key_rotation, checks: config.auth.refresh_ttl };
        let keys = KeyRing::load(&config.auth.secret, &config.auth.key_file, times, clock.now())?;
        keys.turn(clock.now())
            .unwrap_or_else(|error| tracing::error!(%error, "no new key was made"));
        let keys = Arc::new(keys);
        let simulated =
            config.bank.is_simulated().then(|| SimulatedBank::new(store.clone(), clock.clone()));
        let bank: Arc<dyn Bank> = match &simulated {
            Some(bank) => Arc::new(bank.clone()),
            None => Arc::new(HttpBank::new(&config.bank.url, config.bank.timeout)?),
        };
        let parts = Parts {
            store,
            bank,
            hasher: Hasher::new(config.auth.scrypt_log_n)?,
            clock,
            rules: rules(config),
            first_start: first_start(config)?,
        };
        let shop = Shop::open(parts).await?;
        let bind = config.server.bind;
        if shop.default_password.stands() && !bind.ip().is_loopback() {
            return Err(AppError::DefaultPassword(bind));
        }
        let stop = Stop::listen()?;
        let listener = listen(bind).map_err(|error| AppError::Listen(bind, error))?;
        let site = Site {
            shop,
            bank: simulated,
            access: AccessTokens::new(keys.clone(), config.auth.access_ttl),
            refresh: RefreshTokens::new(keys.clone()),
            proxies: config.server.trusted_proxies.clone(),
            cookies: Cookies { secure: secure_cookies(config) },
            public_origin: config.server.public_origin.clone(),
            registration: config.auth.registration,
            metrics,
            patience: config.order.patience,
            live: Live::new(&config.live),
        };
        Ok(Self {
            listener,
            site: web::Data::new(site),
            keys,
            workers: config.server.workers,
            drain: config.server.drain,
            standstill: config.live.standstill,
            stop,
        })
    }

    /// Where the server listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until the process is told to stop; then lets go of sockets, finishes requests and closes the store.
    pub async fn run(self) -> io::Result<()> {
        let (site, shop) = (self.site.clone(), self.site.shop.clone());
        let standstill = self.standstill;
        let server = HttpServer::new(move || {
            App::new()
                .app_data(site.clone())
                .wrap(from_fn(present))
                .wrap(headers(&site.public_origin))
                .wrap(TracingLogger::<RequestSpan>::new())
                .configure(routes)
        })
        .workers(if self.workers == 0 {
            std::thread::available_parallelism()?.get()
        } else {
            self.workers
        })
        .shutdown_timeout(self.drain.as_secs())
        .disable_signals()
        .on_connect(move |connection, data| Connection::watch_over(connection, standstill, data))
        .listen(self.listener)?
        .run();
        shop.announce(&Event::ShopOpened { version: env!("CARGO_PKG_VERSION").into() })
            .await
            .map_err(io::Error::other)?;
        actix_web::rt::spawn(stop_when_told(self.stop, server.handle(), shop.clone()));
        actix_web::rt::spawn(revive(shop));
        actix_web::rt::spawn(tidy(self.site.clone()));
        actix_web::rt::spawn(turn(self.keys, self.site.shop.clock.clone()));
        server.await
    }
}

/// Headers that every answer carries (OWASP Secure Headers Project).
fn headers(public_origin: &str) -> DefaultHeaders {
    let headers = DefaultHeaders::new()
        .add(("content-security-policy", CONTENT_SECURITY_POLICY))
        .add(("x-content-type-options", "nosniff"))
        .add(("x-frame-options", "DENY"))
        .add(("referrer-policy", "same-origin"))
        .add(("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"))
        .add(("cross-origin-opener-policy", "same-origin"));
    // Browsers that came by TLS once never come without it again (RFC 6797).
    if public_origin.starts_with("https://") {
        headers.add(("strict-transport-security", "max-age=31536000"))
    } else {
        headers
    }
}

async fn stop_when_told(stop: Stop, server: ServerHandle, shop: Shop) {
    stop.told().await;
    // Whoever can't be told finds out by itself.
    let _ = timeout(FAREWELL, farewell(&shop)).await;
    shop.hub.tell(Close);
    server.stop(true).await;
}

/// Tells that the server closes, and waits until everybody who listens was told.
async fn farewell(shop: &Shop) -> Option<()> {
    let event = shop.announce(&Event::ShopClosing).await.ok()?;
    shop.position.clone().wait_for(|told| *told >= event).await.ok().map(drop)
}

async fn revive(shop: Shop) {
    let mut ticks = interval(REVIVE_EVERY);
    loop {
        ticks.tick().await;
        shop.revive();
    }
}

async fn tidy(site: web::Data<Site>) {
    let mut ticks = interval(TIDY_EVERY);
    loop {
        ticks.tick().await;
        site.metrics.tidy();
        site.live.sockets.cut(site.shop.clock.now());
    }
}

/// Turns the keys; what can't be written now is tried again.
async fn turn(keys: Arc<KeyRing>, clock: Clock) {
    let mut ticks = interval(TURN_EVERY);
    loop {
        ticks.tick().await;
        let (keys, now) = (keys.clone(), clock.now());
        if let Ok(Err(error)) = web::block(move || keys.turn(now)).await {
            tracing::error!(%error, "no new key was made");
        }
    }
}

fn secure_cookies(config: &Config) -> bool {
    match config.server.secure_cookies {
        SecureCookies::True => true,
        SecureCookies::False => false,
        SecureCookies::Auto => {
            !config.server.bind.ip().is_loopback()
                || config.server.public_origin.starts_with("https://")
        }
    }
}

fn first_start(config: &Config) -> Result<FirstStart, AppError> {
    #[derive(Deserialize)]
    struct Catalogue {
        article: Vec<First>,
    }
    #[derive(Deserialize)]
    struct First {
        id: u32,
        name: String,
        description: String,
        picture: String,
        price_cents: u64,
        on_hand: u32,
    }
    let catalogue: Catalogue = toml::from_str(CATALOGUE)?;
    let articles = catalogue.article.into_iter().map(|first| Article {
        id: ArticleId(first.id),
        name: first.name,
        description: first.description,
        picture: first.picture,
        price: Cents(first.price_cents),
        on_hand: first.on_hand,
        reserved: 0,
        active: true,
    });
    let configured = config.admin.password.expose_secret();
    Ok(FirstStart {
        admin: Username::new("admin")?,
        password: if configured.is_empty() {
            DEFAULT_PASSWORD.into()
        } else {
            configured.to_owned()
        },
        default_password: configured.is_empty() || configured == DEFAULT_PASSWORD,
        articles: articles.collect(),
    })
}
