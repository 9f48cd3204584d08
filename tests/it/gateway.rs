//! A reverse proxy in front of a shop, which can hold or replace the responses to one path.

use actix_web::rt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::harness::TestShop;

/// What a proxy answers when it cannot reach the shop.
const BAD_GATEWAY: &str = "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\n\
    content-length: 20\r\nconnection: close\r\n\r\n<h1>Bad Gateway</h1>";

/// A gateway. It serves until the test ends.
pub(crate) struct Gateway {
    /// The URL of the shop for its visitors.
    pub(crate) url: String,
    mode: watch::Sender<Mode>,
}

/// What the gateway does with the requests to a path.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    /// Forwards them and their responses.
    Open,
    /// Forwards them, and keeps the responses until it is open.
    Holding(&'static str),
    /// Answers them itself.
    Failing(&'static str),
}

impl Gateway {
    /// Opens a gateway to a shop.
    pub(crate) async fn to(shop: &TestShop) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (mode, current) = watch::channel(Mode::Open);
        let upstream = shop.url.trim_start_matches("http://").to_owned();
        rt::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                rt::spawn(forward(client, upstream.clone(), current.clone()));
            }
        });
        Self { url, mode }
    }

    /// Keeps the responses to a path.
    pub(crate) fn holds(&self, path: &'static str) {
        self.mode.send(Mode::Holding(path)).unwrap();
    }

    /// Answers the requests to a path with an error of its own.
    pub(crate) fn fails(&self, path: &'static str) {
        self.mode.send(Mode::Failing(path)).unwrap();
    }

    /// Forwards every response, also those that it has kept.
    pub(crate) fn opens(&self) {
        self.mode.send(Mode::Open).unwrap();
    }
}

/// Forwards the only request of a connection, or the connection of a WebSocket.
async fn forward(
    mut client: TcpStream,
    upstream: String,
    mut mode: watch::Receiver<Mode>,
) -> std::io::Result<()> {
    let request = read_head(&mut client).await?;
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let current = *mode.borrow();
    if matches!(current, Mode::Failing(failing) if failing == path) {
        return client.write_all(BAD_GATEWAY.as_bytes()).await;
    }
    let mut server = TcpStream::connect(upstream).await?;
    let request = request.replace("Connection: keep-alive", "Connection: close");
    server.write_all(request.as_bytes()).await?;
    if matches!(current, Mode::Holding(held) if held == path) {
        let (mut from_client, mut to_client) = client.split();
        let (mut from_server, mut to_server) = server.split();
        let response = async {
            let mut start = [0; 1];
            from_server.read_exact(&mut start).await?;
            let _ = mode.wait_for(|mode| *mode == Mode::Open).await;
            to_client.write_all(&start).await?;
            copy(&mut from_server, &mut to_client).await
        };
        tokio::try_join!(copy(&mut from_client, &mut to_server), response)?;
    } else {
        copy_bidirectional(&mut client, &mut server).await?;
    }
    Ok(())
}

/// Reads the head of a request, and whatever arrives with its end.
async fn read_head(client: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if client.read_buf(&mut head).await? == 0 {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}
