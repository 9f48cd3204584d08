//! The bytes of a client: no more than a frame may be long, and a connection that ends with its actor.

use std::cell::Cell;
use std::net::Shutdown;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::rt;
use actix_web::rt::time::sleep;
use actix_web::web::{Bytes, Payload};
use futures_util::Stream;
use socket2::Socket;

use super::reader::MAX_MESSAGE;

/// How many bytes may come that are no whole frame yet: a frame, and what was read together with its end.
pub(super) const MAX_UNREAD: usize = MAX_MESSAGE + 64 * 1024;

/// How long after its actor a connection still sends: what was said last, if the client takes it.
const FAREWELL: Duration = Duration::from_millis(200);

/// What an actor reads; dropped together with it.
pub(super) struct Incoming {
    payload: Payload,
    connection: Option<Arc<Socket>>,
    /// How many bytes have come since the last frame: the decoder itself would wait for the end of one of any length.
    unread: Rc<Cell<usize>>,
}

impl Incoming {
    /// The bytes of a request on a connection, counted as they come.
    pub(super) fn new(payload: Payload, connection: Option<Arc<Socket>>, unread: Rc<Cell<usize>>) -> Self {
        Self { payload, connection, unread }
    }
}

impl Stream for Incoming {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(Pin::new(&mut self.payload).poll_next(cx));
        if let Some(Ok(bytes)) = &next {
            self.unread.set(self.unread.get() + bytes.len());
        }
        Poll::Ready(if self.unread.get() > MAX_UNREAD { Some(Err(PayloadError::Overflow)) } else { next })
    }
}

impl Drop for Incoming {
    /// The server is the first to end the connection (RFC 6455, section 7.1.1), where actix would read on for a second.
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        rt::spawn(async move {
            sleep(FAREWELL).await;
            // A client that was quicker has ended it.
            let _ = connection.shutdown(Shutdown::Write);
        });
    }
}
