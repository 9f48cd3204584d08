//! The turns of clients: only a few reads of one client run at once, and its others wait in line.
//!
//! However many connections a client opens, it delays the requests of others only by these few, or
//! by a few more if it invents the cookies of many browsers.
//! Commands take no turns: a checkout may wait for the bank, and must not delay the pages of its
//! buyer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, web};
use domain::network::Network;
use domain::user::UserId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{bearer, client};
use crate::credentials::cookie::CookieName;
use crate::crypto::fingerprint;
use crate::error::Problem;
use crate::error::code::Code;
use crate::sockets::tcp::Connection;
use crate::state::app_state;

/// The beginnings of the paths whose requests take no turns: health checks, metrics and files,
/// which read nothing from the store, and WebSockets, which have limits of their own.
const WITHOUT_TURNS: [&str; 6] =
    ["/health/", "/metrics", "/static/", "/favicon.ico", "/live", "/api/live"];

/// A list that is kept as bytes, so a read of it without parameters takes no turn either.
const KEPT: &str = "/api/articles";

/// How many browsers of one address may have all their turns at once.
const BROWSERS: usize = 4;

/// The lines of all clients with a request under way.
pub struct Turns {
    /// How many reads of one client run at once.
    reads: usize,
    lines: Mutex<HashMap<Client, Line>>,
}

/// The line of one client.
struct Line {
    turns: Arc<Semaphore>,
    /// How many reads wait or run; never zero.
    reads: usize,
}

/// Whose turn a request takes. The cookies of a browser are not verified here, so all browsers of
/// an address share a line too.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Client {
    /// The user of a program.
    User(UserId),
    /// A browser, by the hash of the cookie of its session or of its guest's cart.
    Browser(String),
    /// All browsers of an address.
    Browsers(Network),
    /// A client without credentials, by its address.
    Address(Network),
}

/// A place in the line of a client, and then a turn. Dropping it leaves the line.
struct Turn {
    turns: web::Data<Turns>,
    client: Client,
    line: Arc<Semaphore>,
    /// The turn; `None` as long as the read waits.
    permit: Option<OwnedSemaphorePermit>,
}

/// Lets a read run when it is its turn, first come, first served. A read whose client has closed
/// the connection by then is not run.
pub async fn take_turns(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let turns = request.app_data::<web::Data<Turns>>().cloned();
    let Some(turns) = turns.filter(|_| takes_turn(request.request())) else {
        return next.call(request).await;
    };
    let mut taken = Vec::new();
    for client in Client::all_of(request.request()) {
        let mut turn = Turn::enter(turns.clone(), client);
        if turn.waits().await && is_abandoned(request.request()) {
            return Ok(request.error_response(Problem::new(Code::Unavailable)));
        }
        taken.push(turn);
    }
    next.call(request).await
}

fn takes_turn(request: &HttpRequest) -> bool {
    let path = request.path();
    let is_kept = path == KEPT && request.query_string().is_empty();
    let is_free = is_kept || WITHOUT_TURNS.iter().any(|start| path.starts_with(start));
    request.method().is_safe() && !is_free
}

/// Whether the client has closed the connection since it sent the request.
///
/// A client that has closed only its sending side looks the same to TCP. Browsers and libraries for
/// HTTP keep both sides open until they have the response.
fn is_abandoned(request: &HttpRequest) -> bool {
    request.conn_data::<Connection>().is_some_and(|connection| connection.is_closed_by_peer())
}

impl Client {
    /// Returns the clients whose turns a request takes, in this order.
    fn all_of(request: &HttpRequest) -> Vec<Self> {
        if let Ok(signed_in) = bearer::authenticate(request) {
            return vec![Self::User(signed_in.user)];
        }
        let address = client::network(request);
        let cookies = &app_state(request).cookies;
        let cookie = cookies.get(request, CookieName::Session);
        match cookie.or_else(|| cookies.get(request, CookieName::Guest)) {
            Some(cookie) => vec![Self::Browser(fingerprint(&cookie)), Self::Browsers(address)],
            None => vec![Self::Address(address)],
        }
    }
}

impl Turns {
    /// Creates the lines; `reads` is how many reads of one client run at once, at least one.
    pub fn new(reads: usize) -> Self {
        Self { reads: reads.max(1), lines: Mutex::default() }
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<Client, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    fn enter(turns: web::Data<Turns>, client: Client) -> Self {
        let reads = match client {
            Client::Browsers(_) => turns.reads.saturating_mul(BROWSERS),
            Client::User(_) | Client::Browser(_) | Client::Address(_) => turns.reads,
        };
        let new = || Line { turns: Arc::new(Semaphore::new(reads)), reads: 0 };
        let mut lines = turns.lines();
        let line = lines.entry(client.clone()).or_insert_with(new);
        line.reads += 1;
        let line = line.turns.clone();
        drop(lines);
        Self { turns, client, line, permit: None }
    }

    /// Waits for the turn, and returns whether that was necessary.
    async fn waits(&mut self) -> bool {
        self.permit = self.line.clone().try_acquire_owned().ok();
        let waits = self.permit.is_none();
        if waits {
            // The semaphore is never closed.
            self.permit = self.line.clone().acquire_owned().await.ok();
        }
        waits
    }
}

impl Drop for Turn {
    /// Ends the turn, and removes the line of a client without other requests.
    fn drop(&mut self) {
        let mut lines = self.turns.lines();
        let Some(line) = lines.get_mut(&self.client) else { return };
        line.reads -= 1;
        if line.reads == 0 {
            lines.remove(&self.client);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn enter(turns: &web::Data<Turns>, name: &str) -> Turn {
        Turn::enter(turns.clone(), Client::Browser(name.to_owned()))
    }

    #[actix_web::test]
    async fn the_reads_of_one_client_wait_in_line_and_those_of_another_do_not() {
        let turns = web::Data::new(Turns::new(2));
        let mut running = [enter(&turns, "ana"), enter(&turns, "ana")];
        for turn in &mut running {
            assert!(!turn.waits().await);
        }
        let mut third = enter(&turns, "ana");
        let mut fourth = enter(&turns, "ana");
        let mut third = Box::pin(third.waits());
        let mut fourth = Box::pin(fourth.waits());
        assert_eq!((third.as_mut().now_or_never(), fourth.as_mut().now_or_never()), (None, None));
        assert!(!enter(&turns, "bob").waits().await);
        let [first, second] = running;
        drop(first);
        assert_eq!(fourth.as_mut().now_or_never(), None);
        assert_eq!(third.as_mut().now_or_never(), Some(true));
        drop(second);
        assert_eq!(fourth.as_mut().now_or_never(), Some(true));
    }

    #[actix_web::test]
    async fn a_read_that_is_dropped_leaves_the_line_and_no_line_is_kept() {
        let turns = web::Data::new(Turns::new(1));
        let mut running = enter(&turns, "ana");
        assert!(!running.waits().await);
        let mut dropped = enter(&turns, "ana");
        assert_eq!(Box::pin(dropped.waits()).now_or_never(), None);
        let mut next = enter(&turns, "ana");
        let mut waiting = Box::pin(next.waits());
        assert_eq!(waiting.as_mut().now_or_never(), None);
        drop(dropped);
        drop(running);
        assert_eq!(waiting.as_mut().now_or_never(), Some(true));
        drop(waiting);
        assert_eq!(turns.lines().len(), 1);
        drop(next);
        assert!(turns.lines().is_empty());
    }
}
