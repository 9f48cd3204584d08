//! Many subscribed sockets of one server in one thread, which record when a change has reached all
//! of them.
//!
//! They share their cores with the server, so they do as little as possible: they share one buffer,
//! do not mask what they send, and copy only incomplete frames.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::rt::net::TcpStream;
use actix_web::rt::{spawn, task::JoinHandle};
use futures_util::StreamExt;
use futures_util::stream::iter;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::endpoint::Endpoint;

mod socket;

/// How many sockets connect at the same time.
const CONCURRENT_CONNECTS: usize = 64;
/// How long all sockets together may take to subscribe.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(60);
/// The size of the shared receive buffer, in bytes.
const BUFFER: usize = 64 * 1024;
/// What comes before the stock of an article in an event.
const STOCK_FIELD: &[u8] = b"\"available\":";
/// The stock that stands for change 0: more than a new shop has of any article.
const FIRST_STOCK: usize = 100_000;

/// The subscribed sockets of one server.
pub(crate) struct Subscribers {
    /// The changes that every socket should receive, by their numbers.
    changes: RefCell<BTreeMap<usize, Change>>,
    sockets: RefCell<Vec<Socket>>,
    subscribed: Cell<usize>,
    /// The last event that has reached every socket.
    last_event: RefCell<Vec<u8>>,
    /// Notified when a socket has subscribed or a change has reached every socket.
    progress: Notify,
    /// The receive buffer of every socket.
    buffer: RefCell<Vec<u8>>,
}

/// A change that every socket should receive.
struct Change {
    started_at: Instant,
    /// How many sockets have received it.
    reached: usize,
    /// How long it took to reach every socket.
    took: Option<Duration>,
}

/// The record of one socket.
#[derive(Default)]
struct Socket {
    /// The numbers of the changes that it has received.
    received: Vec<usize>,
    task: Option<JoinHandle<()>>,
    /// Why the connection has ended.
    end: Option<String>,
}

/// Returns the stock that an article has after a change.
pub(crate) fn stock_after(change: usize) -> usize {
    FIRST_STOCK + change
}

impl Subscribers {
    /// Connects sockets, and waits until all of them have subscribed.
    pub(crate) async fn connect(count: usize, endpoint: Endpoint) -> Rc<Self> {
        let subscribers = Rc::new(Self {
            changes: RefCell::default(),
            sockets: RefCell::new((0..count).map(|_| Socket::default()).collect()),
            subscribed: Cell::new(0),
            last_event: RefCell::default(),
            progress: Notify::new(),
            buffer: RefCell::new(vec![0; BUFFER]),
        });
        let connect = async |number| {
            let stream = TcpStream::connect(endpoint.address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            endpoint.upgrade(&stream).unwrap();
            let task = spawn(subscribers.clone().run(number, stream, endpoint.subscribe));
            subscribers.sockets.borrow_mut()[number].task = Some(task);
        };
        iter((0..count).map(connect)).buffer_unordered(CONCURRENT_CONNECTS).collect::<()>().await;
        subscribers.wait_until_subscribed(count).await;
        subscribers
    }

    async fn wait_until_subscribed(&self, count: usize) {
        let all = async {
            while self.subscribed.get() < count {
                self.progress.notified().await
            }
        };
        if timeout(SUBSCRIBE_TIMEOUT, all).await.is_err() {
            let subscribed = self.subscribed.get();
            panic!("only {subscribed} of {count} sockets have subscribed: {:?}", self.missing());
        }
    }

    /// Closes all but `count` sockets, and drops the records of all changes.
    pub(crate) fn shrink(&self, count: usize) {
        self.changes.borrow_mut().clear();
        let mut sockets = self.sockets.borrow_mut();
        sockets.drain(count..).filter_map(|socket| socket.task).for_each(|task| task.abort());
        sockets.iter_mut().for_each(|socket| socket.received.clear());
    }

    /// Starts the time of a change that every socket should receive.
    pub(crate) fn expect(&self, change: usize) {
        let expected = Change { started_at: Instant::now(), reached: 0, took: None };
        self.changes.borrow_mut().insert(change, expected);
    }

    /// Waits until every change has reached every socket, for at most `patience`.
    pub(crate) async fn wait_for_all(&self, patience: Duration) {
        let all = async {
            while self.delivered() < self.expected() {
                self.progress.notified().await
            }
        };
        let _ = timeout(patience, all).await;
    }

    /// Returns how many changes every socket should have received.
    pub(crate) fn expected(&self) -> usize {
        self.changes.borrow().len()
    }

    /// Returns how many changes have reached every socket.
    pub(crate) fn delivered(&self) -> usize {
        self.times().len()
    }

    /// Returns how long each of the delivered changes took.
    pub(crate) fn times(&self) -> Vec<Duration> {
        self.changes.borrow().values().filter_map(|change| change.took).collect()
    }

    /// Returns the last event that has reached every socket.
    pub(crate) fn last_event(&self) -> Vec<u8> {
        self.last_event.borrow().clone()
    }

    /// Describes every socket that has missed a change or whose connection has ended.
    pub(crate) fn missing(&self) -> Vec<String> {
        let changes = self.changes.borrow();
        let sockets = self.sockets.borrow();
        let described = sockets.iter().enumerate().filter_map(|(number, socket)| {
            let missed: Vec<_> =
                changes.keys().filter(|change| !socket.received.contains(change)).collect();
            let is_complete = missed.is_empty() && socket.end.is_none();
            let end = socket.end.as_deref().unwrap_or("still open");
            (!is_complete).then(|| format!("socket {number} missed changes {missed:?}; {end}"))
        });
        described.collect()
    }

    /// Records a text that a socket has received. A change counts once for each socket, and a
    /// snapshot, of an article that has not changed yet, completes the subscription.
    fn record(&self, number: usize, text: &[u8]) {
        let Some(change) = change_in(text) else {
            return if text.windows(15).any(|part| part == b"\"snapshot\":true") {
                self.record_subscription()
            };
        };
        let mut changes = self.changes.borrow_mut();
        let mut sockets = self.sockets.borrow_mut();
        let count = sockets.len();
        let received = &mut sockets[number].received;
        let is_new = received.last().is_none_or(|last| *last < change);
        let Some(expected) = changes.get_mut(&change).filter(|_| is_new) else { return };
        received.push(change);
        expected.reached += 1;
        if expected.reached == count {
            expected.took = Some(expected.started_at.elapsed());
            *self.last_event.borrow_mut() = text.to_vec();
            self.progress.notify_one();
        }
    }

    fn record_subscription(&self) {
        self.subscribed.set(self.subscribed.get() + 1);
        self.progress.notify_one();
    }
}

/// Returns the number of the change that an event reports.
fn change_in(text: &[u8]) -> Option<usize> {
    let field = text.windows(STOCK_FIELD.len()).rposition(|part| part == STOCK_FIELD)?;
    let value = &text[field + STOCK_FIELD.len()..];
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit());
    let stock = digits.fold(0, |number, digit| 10 * number + usize::from(digit - b'0'));
    stock.checked_sub(FIRST_STOCK)
}
