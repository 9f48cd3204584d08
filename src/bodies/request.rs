//! The body of a request, shared between the request that reads it and the response after it.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::rt::time::{Instant, Sleep, sleep};
use actix_web::web::Bytes;
use futures_util::Stream;

/// How many bytes extend the deadline of a body by one second.
const BYTES_PER_SECOND: u64 = 16 * 1024;

/// How many bytes are discarded of a body that its request does not read.
const MAX_DISCARDED: usize = 64 * 1024;

/// A body, with its deadline.
pub(super) struct RequestBody {
    payload: Payload,
    /// The deadline of a body of no bytes.
    first_deadline: Instant,
    /// Ends at the current deadline; `None` if there is no deadline.
    timer: Option<Pin<Box<Sleep>>>,
    received: u64,
    discarded: usize,
    has_ended: bool,
}

/// The body as the request reads it.
pub(super) struct SharedBody(pub(super) Rc<RefCell<RequestBody>>);

impl RequestBody {
    /// Creates a body that has this time from now on.
    pub(super) fn new(payload: Payload, timeout: Duration) -> Self {
        let timer = sleep(timeout);
        Self {
            payload,
            first_deadline: timer.deadline(),
            timer: Some(Box::pin(timer)),
            received: 0,
            discarded: 0,
            has_ended: false,
        }
    }

    /// Lets the body last, because it has become the stream of a WebSocket.
    pub(super) fn remove_deadline(&mut self) {
        self.timer = None;
    }

    /// Whether the body was read to its end, or will never end because the connection is lost.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Discards what has arrived. Returns `Ready` at the end of the body, and `Pending` if more may
    /// arrive; from the limit on, it reads nothing more.
    pub(super) fn discard(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !self.has_ended {
            if self.discarded >= MAX_DISCARDED {
                return Poll::Pending;
            }
            match self.poll_payload(cx) {
                Poll::Ready(Some(Ok(bytes))) => self.discarded += bytes.len(),
                Poll::Ready(_) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }

    /// Returns the next bytes, or an error when the deadline has passed.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, PayloadError>>> {
        match self.poll_payload(cx) {
            Poll::Ready(next) => Poll::Ready(next),
            Poll::Pending if self.is_late(cx) => {
                let late = io::Error::from(io::ErrorKind::TimedOut);
                Poll::Ready(Some(Err(PayloadError::Io(late))))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_payload(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, PayloadError>>> {
        let next = Pin::new(&mut self.payload).poll_next(cx);
        match &next {
            Poll::Ready(Some(Ok(bytes))) => self.received += bytes.len() as u64,
            Poll::Ready(_) => self.has_ended = true,
            Poll::Pending => {}
        }
        next
    }

    /// Whether the deadline has passed; if it has not, the task is woken when it does.
    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        let extension = Duration::from_secs(self.received / BYTES_PER_SECOND);
        let deadline = self.first_deadline + extension;
        self.timer.as_mut().is_some_and(|timer| {
            if timer.deadline() != deadline {
                timer.as_mut().reset(deadline);
            }
            timer.as_mut().poll(cx).is_ready()
        })
    }
}

impl Stream for SharedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.borrow_mut().poll_next(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[actix_web::test]
    async fn a_body_without_bytes_ends_at_its_deadline() {
        let (_sender, payload) = actix_http::h1::Payload::create(false);
        let mut body = RequestBody::new(Payload::H1 { payload }, Duration::from_millis(20));
        let next = poll_fn(|cx| body.poll_next(cx)).await;
        let Some(Err(PayloadError::Io(error))) = next else { panic!("{next:?}") };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(!body.has_ended());
    }

    #[actix_web::test]
    async fn every_16_kib_extend_the_deadline_by_a_second() {
        let (mut sender, payload) = actix_http::h1::Payload::create(false);
        let mut body = RequestBody::new(Payload::H1 { payload }, Duration::ZERO);
        sender.feed_data(vec![0; 2 * BYTES_PER_SECOND as usize].into());
        assert!(poll_fn(|cx| body.poll_next(cx)).await.unwrap().is_ok());
        assert!(poll_fn(|cx| Poll::Ready(body.poll_next(cx).is_pending())).await);
        let deadline = body.timer.as_ref().unwrap().deadline();
        assert_eq!(deadline - body.first_deadline, Duration::from_secs(2));
    }

    #[actix_web::test]
    async fn at_most_64_kib_and_one_chunk_are_discarded() {
        let (mut sender, payload) = actix_http::h1::Payload::create(false);
        let mut body = RequestBody::new(Payload::H1 { payload }, Duration::from_secs(9));
        for _ in 0..9 {
            sender.feed_data(vec![0; 16 * 1024].into());
        }
        assert!(poll_fn(|cx| Poll::Ready(body.discard(cx).is_pending())).await);
        assert_eq!(body.discarded, MAX_DISCARDED);
    }
}
