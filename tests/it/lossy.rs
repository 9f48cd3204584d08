//! A bad network: a proxy in front of a shop that takes its time and loses requests.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use actix_web::rt::{spawn, task::JoinHandle, time::sleep};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::try_join;

use crate::crash::random::Random;
use crate::harness::TestShop;

/// The time that bytes take from the browser to the shop, and back again.
const ONE_WAY: Duration = Duration::from_millis(150);

/// One of how many requests, and of how many messages of a socket, is lost.
const ONE_OF: u64 = 10;

/// The network between browsers and a shop. It is closed when the value is dropped.
pub(crate) struct LossyNetwork {
    /// The address at which browsers reach the shop.
    pub(crate) url: String,
    network: Rc<Network>,
    listener: JoinHandle<()>,
}

struct Network {
    shop: SocketAddr,
    random: RefCell<Random>,
    loses: Cell<bool>,
    lost: Cell<usize>,
}

/// What happens to a request.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Arrives,
    /// The shop never receives the request.
    IsLost,
    /// The shop executes the request, and the browser never receives the answer.
    LosesAnswer,
}

impl LossyNetwork {
    /// Opens a network that loses requests as the seed decides.
    pub(crate) async fn before(shop: &TestShop, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let network = Rc::new(Network {
            shop: shop.url.trim_start_matches("http://").parse().unwrap(),
            random: RefCell::new(Random::seeded(seed)),
            loses: Cell::new(true),
            lost: Cell::new(0),
        });
        let of_listener = Rc::clone(&network);
        let listener = spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                let network = Rc::clone(&of_listener);
                // A connection that is lost ends with an error.
                spawn(async move { drop(network.connects(browser).await) });
            }
        });
        Self { url, network, listener }
    }

    /// Loses nothing any more. The latency stays.
    pub(crate) fn recovers(&self) {
        self.network.loses.set(false);
    }

    /// Returns how many requests and messages were lost.
    pub(crate) fn lost(&self) -> usize {
        self.network.lost.get()
    }
}

impl Drop for LossyNetwork {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Network {
    /// Forwards the one request of a connection, or the messages of a socket.
    ///
    /// A browser silently repeats a request that fails on a connection that it has used before, so
    /// every request has its own connection.
    async fn connects(&self, mut browser: TcpStream) -> io::Result<()> {
        let (head, body) = read_request(&mut browser).await?;
        let fate = self.fate();
        sleep(ONE_WAY).await;
        if fate == Fate::IsLost {
            return Ok(());
        }
        let mut shop = TcpStream::connect(self.shop).await?;
        let is_socket = head.to_lowercase().contains("\r\nupgrade: websocket");
        let head = if is_socket { head } else { head.replace("keep-alive", "close") };
        shop.write_all(head.as_bytes()).await?;
        shop.write_all(&body).await?;
        if is_socket && fate == Fate::Arrives {
            let (from_browser, to_browser) = browser.into_split();
            let (from_shop, to_shop) = shop.into_split();
            let [up, down] = [(from_browser, to_shop), (from_shop, to_browser)]
                .map(|(from, to)| self.forwards(from, to));
            return try_join!(up, down).map(drop);
        }
        let mut answer = Vec::new();
        if is_socket {
            return Ok(());
        }
        shop.read_to_end(&mut answer).await?;
        sleep(ONE_WAY).await;
        if fate == Fate::Arrives { browser.write_all(&answer).await } else { Ok(()) }
    }

    /// Forwards what one side of a socket sends, until a message is lost: then the socket ends.
    async fn forwards(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> io::Result<()> {
        let mut bytes = vec![0; 64 * 1024];
        loop {
            let count = from.read(&mut bytes).await?;
            if count == 0 || self.fate() != Fate::Arrives {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            sleep(ONE_WAY).await;
            to.write_all(&bytes[..count]).await?;
        }
    }

    fn fate(&self) -> Fate {
        let mut random = self.random.borrow_mut();
        if random.between(1, ONE_OF) > 1 || !self.loses.get() {
            return Fate::Arrives;
        }
        self.lost.set(self.lost.get() + 1);
        if random.between(0, 1) == 0 { Fate::IsLost } else { Fate::LosesAnswer }
    }
}

/// Reads the head of a request, with the empty line after it, and its body.
async fn read_request(browser: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut received = Vec::new();
    let end = loop {
        if browser.read_buf(&mut received).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8_lossy(&received[..end]).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().ok())?
    });
    let mut body = received.split_off(end);
    while body.len() < length.unwrap_or(0) {
        if browser.read_buf(&mut body).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok((head, body))
}
