//! A WebSocket client in the role of a program, with a timeout for every frame.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::Response;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async, connect_async};

use crate::harness::TestShop;
use crate::protocol;

/// How long a frame may take before the test fails; far longer than any frame needs.
const PATIENCE: Duration = Duration::from_secs(20);

/// The receive buffer of a slow client, in bytes.
const SLOW_BUFFER: u32 = 4 * 1024;

/// An open WebSocket.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Connects as a program with a token.
    pub(crate) async fn open(shop: &TestShop, token: &str) -> Self {
        Self::connect(shop, "/api/live", &[("authorization", &format!("Bearer {token}"))]).await
    }

    /// Connects to a path with some headers.
    pub(crate) async fn connect(
        shop: &TestShop,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Self {
        Self::handshake(&shop.url, path, headers).await.unwrap()
    }

    /// Connects as a program with some headers; also returns the protocol that the shop selects.
    pub(crate) async fn connect_with_protocol(
        shop: &TestShop,
        headers: &[(&'static str, &str)],
    ) -> (Self, Option<String>) {
        let (socket, response) =
            connect_async(Self::request(&shop.url, "/api/live", headers)).await.unwrap();
        let selected = response.headers().get("sec-websocket-protocol");
        (Self(socket), selected.map(|protocol| protocol.to_str().unwrap().to_owned()))
    }

    /// Connects as a program with a token; returns an error if the handshake is refused.
    pub(crate) async fn tries(shop: &TestShop, token: &str) -> Result<Self, Error> {
        Self::tries_at(&shop.url, token).await
    }

    /// Like [`tries`](Self::tries), with the URL of a shop.
    pub(crate) async fn tries_at(url: &str, token: &str) -> Result<Self, Error> {
        Self::handshake(url, "/api/live", &[("authorization", &format!("Bearer {token}"))]).await
    }

    /// Returns the response to a program whose handshake is refused.
    pub(crate) async fn refusal(shop: &TestShop, token: &str) -> Response<Option<Vec<u8>>> {
        match Self::tries(shop, token).await.err() {
            Some(Error::Http(response)) => *response,
            other => panic!("not refused: {other:?}"),
        }
    }

    async fn handshake(
        url: &str,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        Ok(Self(connect_async(Self::request(url, path, headers)).await?.0))
    }

    fn request(url: &str, path: &str, headers: &[(&'static str, &str)]) -> Request {
        let address = format!("{}{path}", url.replacen("http", "ws", 1));
        let mut request = address.into_client_request().unwrap();
        // A browser sends the origin of its page with every handshake.
        if headers.iter().any(|(name, _)| *name == "cookie") {
            request.headers_mut().insert("origin", url.parse().unwrap());
        }
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        request
    }

    /// Connects as a program with a small receive buffer, which reads only when a test receives.
    pub(crate) async fn slow(shop: &TestShop, token: &str) -> Self {
        let address = shop.url.trim_start_matches("http://").parse().unwrap();
        let stream = TcpSocket::new_v4().unwrap();
        stream.set_recv_buffer_size(SLOW_BUFFER).unwrap();
        let stream = MaybeTlsStream::Plain(stream.connect(address).await.unwrap());
        let mut request = format!("ws://{address}/api/live").into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        Self(client_async(request, stream).await.unwrap().0)
    }

    /// Resets the connection without a close frame.
    pub(crate) fn vanishes(self) {
        let MaybeTlsStream::Plain(stream) = self.0.into_inner() else {
            panic!("not a plain connection")
        };
        stream.set_zero_linger().unwrap();
    }

    /// Sends a close frame and does not wait for the answer.
    pub(crate) async fn leaves(mut self) {
        // The server may have closed the connection already.
        let _ = self.0.close(None).await;
    }

    /// Sends a command.
    pub(crate) async fn sends(&mut self, command: Value) {
        assert!(protocol::is_command(&command), "{command}");
        self.sends_text(command).await;
    }

    /// Sends a command unless the connection is closed.
    pub(crate) async fn sends_if_open(&mut self, command: Value) {
        assert!(protocol::is_command(&command), "{command}");
        let _ = self.0.send(Message::text(command.to_string())).await;
    }

    /// Sends JSON that is not a command.
    pub(crate) async fn sends_invalid(&mut self, json: Value) {
        assert!(!protocol::is_command(&json), "{json}");
        self.sends_text(json).await;
    }

    /// Sends JSON, whether or not it is a command.
    pub(crate) async fn sends_text(&mut self, json: Value) {
        self.0.send(Message::text(json.to_string())).await.unwrap();
    }

    /// Subscribes, and receives every snapshot.
    pub(crate) async fn subscribes(&mut self, topics: &[&str]) {
        self.sends(json!({ "subscribe": topics })).await;
        self.sends(json!({ "ping": "subscribed" })).await;
        while self.receives_json().await["reply"]["pong"] != "subscribed" {}
    }

    /// Returns the next text frame.
    pub(crate) async fn receives(&mut self) -> String {
        loop {
            match self.next().await {
                Message::Text(text) => return text.to_string(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("expected a text, got {other:?}"),
            }
        }
    }

    /// Returns the next frame, which must match the schema.
    pub(crate) async fn receives_json(&mut self) -> Value {
        protocol::checked(serde_json::from_str(&self.receives().await).unwrap())
    }

    /// Returns the next frame, or the close code, if there is one, with which the connection ends.
    pub(crate) async fn receives_or_ends(&mut self) -> Result<Value, Option<u16>> {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("a frame in time") {
                Some(Ok(Message::Text(text))) => {
                    return Ok(protocol::checked(serde_json::from_str(&text).unwrap()));
                }
                Some(Ok(Message::Close(close))) => return Err(close.map(|close| close.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// Returns the next event of a type and skips the frames before it.
    pub(crate) async fn receives_event(&mut self, event: &str) -> Value {
        loop {
            let frame = self.receives_json().await;
            if frame["type"] == event {
                return frame;
            }
        }
    }

    /// Checks that no frame precedes the pong of a ping sent now.
    pub(crate) async fn receives_nothing_more(&mut self) {
        self.sends(json!({ "ping": "end" })).await;
        assert_eq!(self.receives_json().await, json!({ "reply": { "pong": "end" } }));
    }

    /// Skips frames up to the close, and returns its code and reason.
    pub(crate) async fn is_closed(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(Some(close)) = self.next().await {
                return (close.code.into(), close.reason.to_string());
            }
        }
    }

    async fn next(&mut self) -> Message {
        timeout(PATIENCE, self.0.next()).await.expect("a frame in time").expect("a frame").unwrap()
    }
}
