//! The last response on a connection, whose request was not read to its end.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use actix_web::rt::time::{Sleep, sleep};
use actix_web::web::Bytes;

use super::request::RequestBody;
use crate::sockets::tcp::Connection;

/// How long a connection stays open after the response, so that a client that still sends can read
/// the response before the connection is reset.
const LINGER: Duration = Duration::from_secs(1);

/// The body of the response. After its last byte, it discards the rest of the request's body, and
/// ends when the client does or when the time is over.
pub struct LingeringBody<B> {
    body: Pin<Box<B>>,
    request: Rc<RefCell<RequestBody>>,
    connection: Option<Connection>,
    /// Runs from the last byte of the response on.
    linger: Option<Pin<Box<Sleep>>>,
}

impl<B> LingeringBody<B> {
    /// Creates the body of a response to a request whose connection is to be closed.
    pub(super) fn new(
        body: B,
        request: Rc<RefCell<RequestBody>>,
        connection: Option<Connection>,
    ) -> Self {
        Self { body: Box::pin(body), request, connection, linger: None }
    }

    /// Returns `Ready` when the client has ended its body or the time is over.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(linger) = &mut self.linger else {
            self.linger = Some(Box::pin(sleep(LINGER)));
            // actix sends what it has buffered of the response before it polls again.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        };
        if self.request.borrow_mut().discard(cx).is_ready() {
            return Poll::Ready(());
        }
        ready!(linger.as_mut().poll(cx));
        // actix would read on for another second, without a limit.
        self.connection.into_iter().for_each(Connection::abort);
        Poll::Ready(())
    }
}

impl<B: MessageBody> MessageBody for LingeringBody<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        match self.body.size() {
            BodySize::None | BodySize::Sized(0) => BodySize::Stream,
            size => size,
        }
    }

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, B::Error>>> {
        let this = self.get_mut();
        if this.linger.is_none()
            && let Some(next) = ready!(this.body.as_mut().poll_next(cx))
        {
            return Poll::Ready(Some(next));
        }
        ready!(this.poll_linger(cx));
        Poll::Ready(None)
    }
}
