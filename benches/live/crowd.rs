//! Many sockets of one server in one thread, which know when all of them have heard of a change.
//!
//! They share their cores with the server, so they do the least that listening can mean: no buffer while nothing is
//! half read, no masks, no copies.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::rt::net::TcpStream;
use actix_web::rt::{spawn, task::JoinHandle};
use futures_util::StreamExt;
use futures_util::stream::iter;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::frame::{self, CLOSE, PING, PONG, TEXT};

/// How many sockets connect at the same time.
const AT_ONCE: usize = 64;
/// What stands before the number by which a change is known.
const MARK: &[u8] = b"\"available\":";
/// The number by which the first change is known: more than a new shop has of anything.
const FIRST: usize = 100_000;

/// Where sockets are opened.
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    pub(crate) path: &'static str,
    /// What a socket says to be told of changes; its answer ends with a snapshot.
    pub(crate) hello: Option<&'static str>,
}

/// Sockets that listen.
pub(crate) struct Crowd {
    /// The changes that everybody should hear of, by their numbers.
    changes: RefCell<BTreeMap<usize, Change>>,
    sockets: RefCell<Vec<Socket>>,
    listening: Cell<usize>,
    /// The last change, as it was told.
    last: RefCell<Vec<u8>>,
    moved: Notify,
    scratch: RefCell<Vec<u8>>,
}

/// A change that everybody should hear of.
struct Change {
    since: Instant,
    reached: usize,
    /// How long it took to reach everybody.
    took: Option<Duration>,
}

/// What is known of a socket.
#[derive(Default)]
struct Socket {
    heard: Vec<usize>,
    task: Option<JoinHandle<()>>,
    /// Why it listens no more.
    end: Option<String>,
}

/// The number that makes an article's stock known as a change.
pub(crate) fn stock(mark: usize) -> usize {
    FIRST + mark
}

impl Crowd {
    /// Connects so many sockets, and waits until all of them listen.
    pub(crate) async fn gather(size: usize, door: Door) -> Rc<Self> {
        let crowd = Rc::new(Self {
            changes: RefCell::default(),
            sockets: RefCell::new((0..size).map(|_| Socket::default()).collect()),
            listening: Cell::new(0),
            last: RefCell::default(),
            moved: Notify::new(),
            scratch: RefCell::new(vec![0; 64 * 1024]),
        });
        let open = async |number| {
            let stream = TcpStream::connect(door.address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            send(&stream, request(&door).as_bytes()).unwrap();
            let task = spawn(crowd.clone().listen(number, stream, door.hello));
            crowd.sockets.borrow_mut()[number].task = Some(task);
        };
        iter((0..size).map(open)).buffer_unordered(AT_ONCE).collect::<()>().await;
        let all = async {
            while crowd.listening.get() < size {
                crowd.moved.notified().await
            }
        };
        if timeout(Duration::from_secs(60), all).await.is_err() {
            panic!(
                "only {} of {size} sockets listen: {:?}",
                crowd.listening.get(),
                crowd.missing()
            );
        }
        crowd
    }

    /// Lets go of all sockets but so many, and forgets what was heard.
    pub(crate) fn shrink(&self, size: usize) {
        self.changes.borrow_mut().clear();
        let mut sockets = self.sockets.borrow_mut();
        sockets.drain(size..).filter_map(|socket| socket.task).for_each(|task| task.abort());
        sockets.iter_mut().for_each(|socket| socket.heard.clear());
    }

    /// From now on everybody should hear of a change.
    pub(crate) fn expects(&self, mark: usize) {
        self.changes
            .borrow_mut()
            .insert(mark, Change { since: Instant::now(), reached: 0, took: None });
    }

    /// Waits until everybody has heard of every change, or that takes too long.
    pub(crate) async fn settles(&self, patience: Duration) {
        let all = async {
            while self.complete() < self.expected() {
                self.moved.notified().await
            }
        };
        let _ = timeout(patience, all).await;
    }

    /// How many changes there were.
    pub(crate) fn expected(&self) -> usize {
        self.changes.borrow().len()
    }

    /// How many of them have reached everybody.
    pub(crate) fn complete(&self) -> usize {
        self.times().len()
    }

    /// How long each of those took.
    pub(crate) fn times(&self) -> Vec<Duration> {
        self.changes.borrow().values().filter_map(|change| change.took).collect()
    }

    /// What was heard last of a change.
    pub(crate) fn last(&self) -> Vec<u8> {
        self.last.borrow().clone()
    }

    /// What did not reach whom, and why sockets have ended.
    pub(crate) fn missing(&self) -> Vec<String> {
        let (changes, sockets) = (self.changes.borrow(), self.sockets.borrow());
        let told = sockets.iter().enumerate().filter_map(|(number, socket)| {
            let missed: Vec<_> =
                changes.keys().filter(|mark| !socket.heard.contains(mark)).collect();
            let whole = missed.is_empty() && socket.end.is_none();
            let end = socket.end.as_deref().unwrap_or("still open");
            (!whole).then(|| format!("socket {number} missed changes {missed:?}; {end}"))
        });
        told.collect()
    }

    async fn listen(self: Rc<Self>, number: usize, stream: TcpStream, hello: Option<&'static str>) {
        let end = self.hear(number, &stream, hello).await;
        self.sockets.borrow_mut()[number].end = Some(end.unwrap_or_else(|error| error.to_string()));
    }

    /// Hears until the connection ends, and tells why it did.
    async fn hear(
        &self,
        number: usize,
        stream: &TcpStream,
        hello: Option<&str>,
    ) -> io::Result<String> {
        let (mut upgraded, mut begun) = (false, Vec::new());
        loop {
            stream.readable().await?;
            let mut scratch = self.scratch.borrow_mut();
            let read = match stream.try_read(&mut scratch) {
                Ok(0) => return Ok("hung up".into()),
                Ok(read) => &scratch[..read],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error),
            };
            // What was read before of a frame that has not come as a whole stands before what came now.
            let joined = (!begun.is_empty()).then(|| [&begun, read].concat());
            let mut rest = joined.as_deref().unwrap_or(read);
            if !upgraded {
                let Some(end) = rest.windows(4).position(|end| end == b"\r\n\r\n") else {
                    begun = rest.to_vec();
                    continue;
                };
                if !rest.starts_with(b"HTTP/1.1 101 ") {
                    return Ok(String::from_utf8_lossy(rest).into_owned());
                }
                upgraded = true;
                rest = &rest[end + 4..];
                match hello {
                    Some(hello) => send(stream, &frame::masked(TEXT, hello.as_bytes()))?,
                    None => self.listens(),
                }
            }
            while let Some((code, held, length)) = frame::first(rest) {
                rest = &rest[length..];
                match code {
                    TEXT => self.told(number, held),
                    PING => send(stream, &frame::masked(PONG, held))?,
                    CLOSE => {
                        return Ok(format!(
                            "closed: {}",
                            String::from_utf8_lossy(held.get(2..).unwrap_or_default())
                        ));
                    }
                    _ => {}
                }
            }
            begun = rest.to_vec();
        }
    }

    /// A change counts for its socket once; a snapshot is of an article that has not changed yet.
    fn told(&self, number: usize, text: &[u8]) {
        let Some(change) = mark(text) else {
            return if text.windows(15).any(|part| part == b"\"snapshot\":true") {
                self.listens()
            };
        };
        let (mut changes, mut sockets) = (self.changes.borrow_mut(), self.sockets.borrow_mut());
        let (size, heard) = (sockets.len(), &mut sockets[number].heard);
        let Some(told) =
            changes.get_mut(&change).filter(|_| heard.last().is_none_or(|last| *last < change))
        else {
            return;
        };
        heard.push(change);
        told.reached += 1;
        if told.reached == size {
            told.took = Some(told.since.elapsed());
            *self.last.borrow_mut() = text.to_vec();
            self.moved.notify_one();
        }
    }

    fn listens(&self) {
        self.listening.set(self.listening.get() + 1);
        self.moved.notify_one();
    }
}

/// The number of the change that a text tells of.
fn mark(text: &[u8]) -> Option<usize> {
    let begin = text.windows(MARK.len()).rposition(|part| part == MARK)? + MARK.len();
    let digits = text[begin..].iter().take_while(|byte| byte.is_ascii_digit());
    let number = digits.fold(0, |number, digit| 10 * number + usize::from(digit - b'0'));
    number.checked_sub(FIRST)
}

pub(crate) fn request(door: &Door) -> String {
    let Door { address, path, .. } = door;
    format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// Sends what is so short that it always fits.
pub(crate) fn send(stream: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    let sent = stream.try_write(bytes)?;
    if sent == bytes.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}
