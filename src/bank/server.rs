//! The simulated bank as a process of its own, behind HTTP (`microshop bank`).

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Data, JsonConfig, Path, ServiceConfig, delete, get, post, put, resource};
use actix_web::{App, HttpResponse, HttpServer};
use actors::clock::Clock;
use secrecy::ExposeSecret;

use super::behaviour::Behaviour;
use super::contract::{ChargeRequest, Said, Word};
use super::ledger::{Decision, LedgerError};
use super::simulated::{SimulatedBank, Trouble};
use crate::config::Config;
use crate::error::Problem;
use crate::json::Fields;
use crate::shutdown::ShutdownSignal;
use crate::store::{self, OpenError, Options};

/// The largest body of a request, in bytes.
const MAX_BODY: usize = 16 * 1024;

/// Why the bank does not open.
#[derive(Debug, thiserror::Error)]
pub enum BankServerError {
    /// The ledger can't be opened.
    #[error("bank.store: {0}")]
    Store(#[from] OpenError),
    /// The address can't be listened on.
    #[error("can't listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// Something else the system refuses.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A bank that is ready to run.
pub struct BankServer {
    listener: TcpListener,
    bank: SimulatedBank,
    drain: Duration,
    stop: ShutdownSignal,
}

impl BankServer {
    /// Opens the ledger and takes the address, without answering anybody yet.
    pub async fn open(config: &Config) -> Result<Self, BankServerError> {
        let options = Options { events_max: config.events.max, events_keep: config.events.keep };
        let store =
            store::open(config.bank.store.expose_secret(), &options, Clock::default()).await?;
        let bind = config.bank.bind;
        let stop = ShutdownSignal::listen()?;
        let listener =
            TcpListener::bind(bind).map_err(|error| BankServerError::Listen(bind, error))?;
        Ok(Self {
            listener,
            bank: SimulatedBank::new(store, Clock::default()),
            drain: config.server.drain,
            stop,
        })
    }

    /// Where the bank listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until the process is told to stop.
    pub async fn run(self) -> io::Result<()> {
        let bank = Data::new(self.bank);
        let server = HttpServer::new(move || App::new().app_data(bank.clone()).configure(routes))
            .workers(1)
            // Else a request that is never answered would be kept though its caller is gone.
            .h1_allow_half_closed(false)
            .shutdown_timeout(self.drain.as_secs())
            .disable_signals()
            .listen(self.listener)?
            .run();
        let handle = server.handle();
        actix_web::rt::spawn(async move {
            self.stop.received().await;
            handle.stop(true).await;
        });
        server.await
    }
}

/// Puts every URL of the bank in its place.
fn routes(config: &mut ServiceConfig) {
    config
        .app_data(
            JsonConfig::default()
                .limit(MAX_BODY)
                .error_handler(|error, _| Problem::from(&error).into()),
        )
        .service(resource("/charges").route(post().to(charge)))
        .service(resource("/charges/{key}").route(get().to(lookup)).route(delete().to(void)))
        .service(resource("/behaviour").route(get().to(behaviour)).route(put().to(behave)));
}

/// `POST /charges`: decides on a charge, once for a key.
async fn charge(bank: Data<SimulatedBank>, Fields(request): Fields<ChargeRequest>) -> HttpResponse {
    decided(bank.decide(&request.into()).await.map(Some)).await
}

/// `GET /charges/{key}`: what was decided.
async fn lookup(bank: Data<SimulatedBank>, key: Path<String>) -> HttpResponse {
    decided(bank.find(&key).await).await
}

/// `DELETE /charges/{key}`: sees to it that nothing is charged for a key.
async fn void(bank: Data<SimulatedBank>, key: Path<String>) -> HttpResponse {
    match bank.call_off(&key).await {
        Ok(_) => HttpResponse::Ok().json(Said::from(Word::Voided)),
        Err(trouble) => troubled(trouble).await,
    }
}

/// `GET /behaviour`: how the bank behaves.
async fn behaviour(bank: Data<SimulatedBank>) -> HttpResponse {
    HttpResponse::Ok().json(bank.behaviour())
}

/// `PUT /behaviour`: has the bank behave in another way.
async fn behave(bank: Data<SimulatedBank>, Fields(behaviour): Fields<Behaviour>) -> HttpResponse {
    bank.behave(behaviour);
    HttpResponse::Ok().json(bank.behaviour())
}

async fn decided(decided: Result<Option<Decision>, Trouble>) -> HttpResponse {
    match decided {
        Ok(Some(Decision { answer, id })) => {
            say(Said { charge_id: id.map(|id| id.to_string()), ..Said::from(Word::from(answer)) })
        }
        Ok(None) => say(Word::NotFound.into()),
        Err(trouble) => troubled(trouble).await,
    }
}

async fn troubled(trouble: Trouble) -> HttpResponse {
    match trouble {
        Trouble::Refused => HttpResponse::ServiceUnavailable().finish(),
        Trouble::Lost => std::future::pending().await,
        Trouble::Ledger(LedgerError::KeyReused) => say(Word::KeyReused.into()),
        Trouble::Failed => HttpResponse::InternalServerError().finish(),
        Trouble::Ledger(error @ LedgerError::Store(_)) => {
            tracing::error!(%error, "request not done");
            HttpResponse::InternalServerError().finish()
        }
    }
}

fn say(said: Said) -> HttpResponse {
    let status =
        StatusCode::from_u16(said.status.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status).json(said)
}
