//! The simulated bank as a server of its own (`microshop bank`).

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::middleware::{DefaultHeaders, Next, from_fn};
use actix_web::web::{Data, JsonConfig, Path, ServiceConfig, delete, get, post, put, resource};
use actix_web::{App, Error, HttpResponse, HttpServer};
use actors::bank::behaviour::BankBehaviour;
use actors::clock::Clock;
use actors::store::StoreError;
use domain::bank::Behaviour;
use futures_util::future::BoxFuture;
use secrecy::ExposeSecret;

use super::contract::{BankReply, ChargeRequest, Status};
use super::ledger::{Decision, LedgerError};
use super::simulated::{SimulatedBank, SimulatedError};
use crate::bodies::limit_body;
use crate::config::Config;
use crate::error::Problem;
use crate::error::code::Code;
use crate::heads::{NextHead, limit_head};
use crate::hosts::is_for_own_host;
use crate::json::Fields;
use crate::read::answer_head;
use crate::shutdown::ShutdownSignal;
use crate::sockets::tcp::Connection;
use crate::store::{self, OpenError};
use crate::upgrade::refuse_upgrade;

/// The largest body of a request, in bytes.
const MAX_BODY: usize = 16 * 1024;

/// Why the bank could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BankServerError {
    /// The store of the ledger can't be opened.
    #[error("bank.store: {0}")]
    Store(#[from] OpenError),
    /// The address can't be bound.
    #[error("can't listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// Another error of the operating system.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A bank that is ready to run.
pub struct BankServer {
    listener: TcpListener,
    bank: SimulatedBank,
    drain_seconds: u64,
    body_timeout: Duration,
    standstill: Duration,
    stop: ShutdownSignal,
    /// Why the store of the ledger has failed for good.
    failure: BoxFuture<'static, StoreError>,
}

/// Whether the bank can be reached from this machine only.
struct OnLoopback(bool);

impl BankServer {
    /// Opens the ledger and binds the address. Requests wait until [`BankServer::run`].
    pub async fn open(config: &Config) -> Result<Self, BankServerError> {
        let store =
            store::open(config.bank.store.expose_secret(), &config.into(), Clock::default())
                .await?;
        let failure = store.failure();
        let clock = store.clock();
        let bind = config.bank.bind;
        let stop = ShutdownSignal::listen()?;
        let listener =
            TcpListener::bind(bind).map_err(|error| BankServerError::Listen(bind, error))?;
        Ok(Self {
            listener,
            bank: SimulatedBank::new(store, clock, BankBehaviour::default()),
            drain_seconds: config.server.drain_seconds(),
            body_timeout: config.server.body_timeout,
            standstill: config.live.standstill,
            stop,
            failure,
        })
    }

    /// The address on which the bank listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves requests until the process receives a shutdown signal.
    ///
    /// Returns an error at once if the store of the ledger fails for good.
    pub async fn run(self) -> io::Result<()> {
        let bank = Data::new(self.bank);
        let on_loopback =
            Data::new(OnLoopback(self.listener.local_addr()?.ip().to_canonical().is_loopback()));
        let body_timeout = self.body_timeout;
        let standstill = self.standstill;
        let server = HttpServer::new(move || {
            App::new()
                .app_data(bank.clone())
                .app_data(on_loopback.clone())
                .wrap(from_fn(admit))
                .wrap(from_fn(answer_head))
                // The next answer about the same key may be another one.
                .wrap(DefaultHeaders::new().add((CACHE_CONTROL, "no-store")))
                .wrap(from_fn(move |request, next: Next<_>| {
                    limit_body(body_timeout, request, next)
                }))
                .wrap(from_fn(limit_head))
                .configure(routes)
        })
        .workers(1)
        .on_connect(move |connection, data| {
            Connection::watch_over(connection, standstill, data);
            data.insert(NextHead::default());
        })
        // Drops a request that never gets a reply when its client closes the connection.
        .h1_allow_half_closed(false)
        .shutdown_timeout(self.drain_seconds)
        .disable_signals()
        .listen(self.listener)?
        .run();
        let handle = server.handle();
        actix_web::rt::spawn(async move {
            self.stop.received().await;
            handle.stop(true).await;
        });
        tokio::select! {
            stopped = server => stopped,
            error = self.failure => Err(io::Error::other(error)),
        }
    }
}

/// Refuses a request that wants another protocol, or whose host another site may have pointed to a
/// bank on loopback, which has no other protection.
async fn admit(
    on_loopback: Data<OnLoopback>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let admitted = if !on_loopback.0 || is_for_own_host(request.request(), None) {
        refuse_upgrade(&request)
    } else {
        Err(Problem::new(Code::MisdirectedRequest))
    };
    match admitted {
        Ok(()) => next.call(request).await,
        Err(problem) => Ok(request.error_response(problem)),
    }
}

/// Registers the routes of the bank.
fn routes(config: &mut ServiceConfig) {
    config
        .app_data(
            JsonConfig::default()
                .limit(MAX_BODY)
                .error_handler(|error, _| Problem::from(&error).into()),
        )
        .service(resource("/charges").route(post().to(charge)))
        .service(resource("/charges/{key}").route(get().to(lookup)).route(delete().to(void)))
        .service(
            resource("/behaviour").route(get().to(get_behaviour)).route(put().to(set_behaviour)),
        );
}

/// `POST /charges`: decides on a charge, at most once for each key.
async fn charge(bank: Data<SimulatedBank>, Fields(request): Fields<ChargeRequest>) -> HttpResponse {
    respond(bank.decide(&request.into()).await.map(Some)).await
}

/// `GET /charges/{key}`: returns the decision for a key.
async fn lookup(bank: Data<SimulatedBank>, key: Path<String>) -> HttpResponse {
    respond(bank.find(&key).await).await
}

/// `DELETE /charges/{key}`: voids a key.
async fn void(bank: Data<SimulatedBank>, key: Path<String>) -> HttpResponse {
    match bank.void_key(&key).await {
        Ok(_) => HttpResponse::Ok().json(BankReply::from(Status::Voided)),
        Err(error) => respond_to_error(error).await,
    }
}

/// `GET /behaviour`: returns the behaviour of the bank.
async fn get_behaviour(bank: Data<SimulatedBank>) -> HttpResponse {
    HttpResponse::Ok().json(bank.behaviour().get())
}

/// `PUT /behaviour`: changes the behaviour of the bank.
async fn set_behaviour(
    bank: Data<SimulatedBank>,
    Fields(behaviour): Fields<Behaviour>,
) -> HttpResponse {
    bank.behaviour().set(behaviour);
    HttpResponse::Ok().json(behaviour)
}

/// Sends a decision. No decision is the status `not_found`.
async fn respond(decision: Result<Option<Decision>, SimulatedError>) -> HttpResponse {
    match decision {
        Ok(Some(Decision { answer, id, order, amount })) => reply(BankReply {
            status: answer.into(),
            charge_id: id.map(|id| id.to_string()),
            order_id: order,
            amount_cents: amount,
        }),
        Ok(None) => reply(Status::NotFound.into()),
        Err(error) => respond_to_error(error).await,
    }
}

/// Sends what the contract requires for an error. A lost reply never ends.
async fn respond_to_error(error: SimulatedError) -> HttpResponse {
    match error {
        SimulatedError::Unreachable => HttpResponse::ServiceUnavailable().finish(),
        SimulatedError::NoReply => std::future::pending().await,
        SimulatedError::Ledger(LedgerError::KeyReused) => reply(Status::KeyReused.into()),
        SimulatedError::Failed => HttpResponse::InternalServerError().finish(),
        SimulatedError::Ledger(error @ LedgerError::Store(_)) => {
            tracing::error!(%error, "request failed");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// Sends a reply with the HTTP status that belongs to its field `status`.
fn reply(reply: BankReply) -> HttpResponse {
    let http_status = StatusCode::from_u16(reply.status.http_status())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(http_status).json(reply)
}
