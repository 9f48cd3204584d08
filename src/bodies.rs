//! Deadlines and limits for the bodies of requests.
//!
//! actix reads a body for as long as the client sends it. It has no deadline for a body, and after
//! a response to an unread chunked body it reads on without end. The middleware here ends both: it
//! gives every body a deadline, and after a response it discards only a limited rest before it
//! closes the connection (RFC 9112, section 9.6).

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use actix_web::Error;
use actix_web::body::{BodySize, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_LENGTH, HeaderValue, UPGRADE};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::Next;
use actix_web::rt::task::yield_now;

use crate::sockets::tcp::Connection;
use lingering::LingeringBody;
use request::{RequestBody, SharedBody};

mod lingering;
mod request;

/// Lets a request read its body until the deadline, and closes the connection after the response
/// if the request has not read its body to the end, or wanted another protocol and did not get it:
/// what follows such a request may not be for this protocol.
///
/// `timeout` is the time for a body that hardly arrives. A larger body has one second more for
/// every 16 KiB that have arrived.
///
/// It must wrap every middleware that changes a response, because it replaces the body that they
/// return.
pub async fn limit_body<B: MessageBody + 'static>(
    timeout: Duration,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, LingeringBody<B>>>, Error> {
    let wants_upgrade = request.headers().contains_key(UPGRADE);
    let payload = request.parts_mut().1;
    if matches!(payload, Payload::None) {
        let mut response = next.call(request).await?;
        if wants_upgrade {
            response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
        }
        return Ok(response.map_into_left_body());
    }
    let body = RequestBody::new(std::mem::replace(payload, Payload::None), timeout);
    let body = Rc::new(RefCell::new(body));
    request.set_payload(Payload::Stream { payload: Box::pin(SharedBody(body.clone())) });
    let mut response = next.call(request).await?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        body.borrow_mut().remove_deadline();
        return Ok(response.map_into_left_body());
    }
    if wants_upgrade {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    if body.borrow().has_ended() || discards_the_rest(&body).await {
        return Ok(response.map_into_left_body());
    }
    Ok(close_after(response, body))
}

/// Discards what has arrived of a body that the request did not read, and returns whether the body
/// has ended. So the refusal of a small request does not cost its connection.
async fn discards_the_rest(body: &RefCell<RequestBody>) -> bool {
    // actix passes on what it has read only while it polls the request.
    yield_now().await;
    poll_fn(|cx| Poll::Ready(body.borrow_mut().discard(cx).is_ready())).await
}

/// Makes a response the last one on its connection.
fn close_after<B: MessageBody + 'static>(
    mut response: ServiceResponse<B>,
    body: Rc<RefCell<RequestBody>>,
) -> ServiceResponse<EitherBody<B, LingeringBody<B>>> {
    let status = response.status();
    let is_empty = matches!(response.response().body().size(), BodySize::None | BodySize::Sized(0));
    let head = response.response_mut().head_mut();
    head.set_connection_type(ConnectionType::Close);
    if is_empty {
        // actix polls no body that it knows to be empty. A stream without chunks is polled, and
        // adds nothing to the message.
        head.no_chunking(true);
        if status != StatusCode::NO_CONTENT && status != StatusCode::NOT_MODIFIED {
            head.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
    }
    let connection = response.request().conn_data::<Connection>().copied();
    response.map_body(|_, last| EitherBody::right(LingeringBody::new(last, body, connection)))
}
