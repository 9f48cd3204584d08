//! A program that listens: a WebSocket client with a limit to its patience.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::Response;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async, connect_async};

use crate::harness::TestShop;
use crate::protocol;

/// How long a frame may take before the test fails; far more than it ever takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// An open WebSocket.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Listens as a program with a token.
    pub(crate) async fn open(shop: &TestShop, token: &str) -> Self {
        Self::connect(shop, "/api/live", &[("authorization", &format!("Bearer {token}"))]).await
    }

    /// Connects to a path with some headers.
    pub(crate) async fn connect(
        shop: &TestShop,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Self {
        Self::asks(&shop.url, path, headers).await.unwrap()
    }

    /// Listens as a program with a token, if it may.
    pub(crate) async fn tries(shop: &TestShop, token: &str) -> Result<Self, Error> {
        Self::tries_at(&shop.url, token).await
    }

    /// Listens at an address as a program with a token, if it may.
    pub(crate) async fn tries_at(url: &str, token: &str) -> Result<Self, Error> {
        Self::asks(url, "/api/live", &[("authorization", &format!("Bearer {token}"))]).await
    }

    /// The answer to a program that may not listen.
    pub(crate) async fn refusal(shop: &TestShop, token: &str) -> Response<Option<Vec<u8>>> {
        match Self::tries(shop, token).await.err() {
            Some(Error::Http(answer)) => *answer,
            other => panic!("not refused: {other:?}"),
        }
    }

    async fn asks(url: &str, path: &str, headers: &[(&'static str, &str)]) -> Result<Self, Error> {
        let mut request =
            format!("{}{path}", url.replacen("http", "ws", 1)).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        Ok(Self(connect_async(request).await?.0))
    }

    /// Goes without a word: the connection is reset.
    pub(crate) fn vanishes(self) {
        let MaybeTlsStream::Plain(stream) = self.0.into_inner() else {
            panic!("no plain connection")
        };
        stream.set_zero_linger().unwrap();
    }

    /// Closes, and does not wait to hear that that was heard.
    pub(crate) async fn leaves(mut self) {
        // Whoever is gone already needs not be told.
        let _ = self.0.close(None).await;
    }

    /// Connects as a program that takes little at a time, and nothing until it is asked to hear.
    pub(crate) async fn slow(shop: &TestShop, token: &str) -> Self {
        let address = shop.url.trim_start_matches("http://").parse().unwrap();
        let stream = TcpSocket::new_v4().unwrap();
        stream.set_recv_buffer_size(4 * 1024).unwrap();
        let stream = MaybeTlsStream::Plain(stream.connect(address).await.unwrap());
        let mut request = format!("ws://{address}/api/live").into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        Self(client_async(request, stream).await.unwrap().0)
    }

    /// Says something that the protocol knows.
    pub(crate) async fn say(&mut self, json: Value) {
        assert!(protocol::may_be_said(&json), "{json}");
        self.says_anything(json).await;
    }

    /// Says something that the protocol knows, unless nobody listens any more.
    pub(crate) async fn says_if_open(&mut self, json: Value) {
        assert!(protocol::may_be_said(&json), "{json}");
        let _ = self.0.send(Message::text(json.to_string())).await;
    }

    /// Says something that the protocol doesn't know.
    pub(crate) async fn says_wrongly(&mut self, json: Value) {
        assert!(!protocol::may_be_said(&json), "{json}");
        self.says_anything(json).await;
    }

    async fn says_anything(&mut self, json: Value) {
        self.0.send(Message::text(json.to_string())).await.unwrap();
    }

    /// Subscribes, and hears how things are to its end.
    pub(crate) async fn listens(&mut self, topics: &[&str]) {
        self.say(json!({ "subscribe": topics })).await;
        self.say(json!({ "ping": "subscribed" })).await;
        while self.hears_json().await["reply"]["pong"] != "subscribed" {}
    }

    /// The next text frame.
    pub(crate) async fn hears(&mut self) -> String {
        loop {
            match self.next().await {
                Message::Text(text) => return text.to_string(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("expected a text, got {other:?}"),
            }
        }
    }

    /// The next frame, which must be one of the protocol.
    pub(crate) async fn hears_json(&mut self) -> Value {
        protocol::as_written(serde_json::from_str(&self.hears().await).unwrap())
    }

    /// The next frame, or the code with which the connection ends, if it ends with one.
    pub(crate) async fn hears_or_ends(&mut self) -> Result<Value, Option<u16>> {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("a frame in time") {
                Some(Ok(Message::Text(text))) => {
                    return Ok(protocol::as_written(serde_json::from_str(&text).unwrap()));
                }
                Some(Ok(Message::Close(close))) => return Err(close.map(|close| close.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// The next event of some type, whatever comes before.
    pub(crate) async fn hears_of(&mut self, event: &str) -> Value {
        loop {
            let frame = self.hears_json().await;
            if frame["type"] == event {
                return frame;
            }
        }
    }

    /// Hears nothing but the answer to what it says now.
    pub(crate) async fn hears_nothing_more(&mut self) {
        self.say(json!({ "ping": "end" })).await;
        assert_eq!(self.hears_json().await, json!({ "reply": { "pong": "end" } }));
    }

    /// The code and the reason of the close that ends what the client hears.
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
