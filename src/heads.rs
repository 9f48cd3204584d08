//! A deadline for the heads of requests on a connection that is kept alive.
//!
//! actix has a deadline for the first head of a connection, and closes a connection on which
//! nothing arrives. It has no deadline for a later head of which a part has arrived, so that a
//! client could hold a connection open with a byte now and then. The middleware here ends that.

use std::cell::Cell;
use std::net::Shutdown;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::rt::time::sleep;
use actix_web::web::Bytes;
use actix_web::{Error, rt};

use crate::sockets::tcp::Connection;

/// The interval between checks of a connection. A head that has not arrived within one to two
/// intervals after the response before it is late.
const CHECK_EVERY: Duration = Duration::from_secs(10);

/// Whether a connection waits for the head of its next request.
#[derive(Clone, Default)]
pub struct NextHead(Rc<Wait>);

#[derive(Default)]
struct Wait {
    /// How many responses have ended.
    responses: Cell<u64>,
    /// Whether no request has arrived since the last of them.
    is_waiting: Cell<bool>,
    /// Whether a task checks the connection.
    is_checked: Cell<bool>,
}

/// The body of a response. The wait for the next head begins when it is dropped.
pub struct WatchedBody<B> {
    body: Pin<Box<B>>,
    /// `None` if the connection has no next head.
    _end: Option<ResponseEnd>,
}

struct ResponseEnd {
    next: NextHead,
    connection: Connection,
}

/// Closes the connection if the head of the next request does not arrive in time.
pub async fn limit_head<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<WatchedBody<B>>, Error> {
    let wait = request.conn_data::<NextHead>().cloned();
    if let Some(NextHead(wait)) = &wait {
        wait.is_waiting.set(false);
    }
    let response = next.call(request).await?;
    // A connection that has become a WebSocket has no next request.
    let wait = wait.filter(|_| response.status() != StatusCode::SWITCHING_PROTOCOLS);
    let connection = response.request().conn_data::<Connection>().copied();
    let end = wait.zip(connection).map(|(next, connection)| ResponseEnd { next, connection });
    Ok(response.map_body(|_, body| WatchedBody { body: Box::pin(body), _end: end }))
}

/// Checks the connection until a request is in progress. The end of its response starts the next
/// such task.
async fn check(wait: Weak<Wait>, connection: Connection) {
    loop {
        let Some(before) = wait.upgrade().map(|wait| wait.responses.get()) else { return };
        sleep(CHECK_EVERY).await;
        let Some(wait) = wait.upgrade() else { return };
        if !wait.is_waiting.get() {
            return wait.is_checked.set(false);
        }
        if wait.responses.get() == before {
            return connection.shut_down(Shutdown::Both);
        }
    }
}

impl Drop for ResponseEnd {
    fn drop(&mut self) {
        let NextHead(wait) = &self.next;
        wait.responses.set(wait.responses.get().wrapping_add(1));
        wait.is_waiting.set(true);
        if !wait.is_checked.replace(true) {
            rt::spawn(check(Rc::downgrade(wait), self.connection));
        }
    }
}

impl<B: MessageBody> MessageBody for WatchedBody<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, B::Error>>> {
        self.body.as_mut().poll_next(cx)
    }
}
