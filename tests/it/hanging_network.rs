//! A network that hangs: a proxy in front of Redis whose connections stop carrying anything, and do
//! not close; or that carries everything, or only the news of the log, late. It has threads of its
//! own, because a test blocks its thread while a shop starts.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::redis_server::RedisServer;

/// How often a hanging connection looks whether it goes on.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The network between a shop and its Redis.
pub(crate) struct HangingNetwork {
    /// The URL of Redis through it.
    pub(crate) url: String,
    state: Arc<State>,
}

/// The connections are numbered from 1.
#[derive(Default)]
struct State {
    /// How many connections were opened.
    opened: AtomicUsize,
    /// Up to which one they hang.
    hanging: AtomicUsize,
    /// The reply to which of the next commits is lost with its connection; 0 for none.
    lost_reply: AtomicUsize,
    /// By how many milliseconds the news of the log is late.
    late: AtomicU64,
    /// By how many milliseconds everything is late.
    far: AtomicU64,
}

impl State {
    /// Counts a commit, and returns whether its reply is lost.
    fn loses_this_reply(&self) -> bool {
        let next = |number: usize| number.checked_sub(1);
        self.lost_reply.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next) == Ok(1)
    }
}

/// What is known of a connection.
#[derive(Default)]
struct Marks {
    /// Whether the reply that comes next is lost.
    is_lost: AtomicBool,
    /// Whether the reply that comes next is news of the log.
    is_news: AtomicBool,
}

impl HangingNetwork {
    /// Opens a network in front of a Redis.
    pub(crate) fn before(redis: &RedisServer) -> Self {
        let server = redis.url().trim_start_matches("redis://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        let state = Arc::new(State::default());
        let of_listener = state.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let number = of_listener.opened.fetch_add(1, Ordering::SeqCst) + 1;
                let Ok(server) = TcpStream::connect(&server) else { continue };
                let marks = Arc::new(Marks::default());
                let there = (client.try_clone().unwrap(), server.try_clone().unwrap());
                for (from, to) in [there, (server, client)] {
                    let state = of_listener.clone();
                    let marks = marks.clone();
                    thread::spawn(move || carry(from, to, &state, number, &marks));
                }
            }
        });
        Self { url, state }
    }

    /// Lets the next commit arrive, and loses its reply with the connection.
    pub(crate) fn loses_next_reply(&self) {
        self.loses_reply(1);
    }

    /// Lets the next commits arrive, and loses the reply to one of them with the connection.
    pub(crate) fn loses_reply(&self, number: usize) {
        self.state.lost_reply.store(number, Ordering::SeqCst);
    }

    /// Delays the news that the log has a new event.
    pub(crate) fn delays_news(&self, by: Duration) {
        self.state.late.store(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Delays whatever comes next, in each direction.
    pub(crate) fn is_far(&self, by: Duration) {
        self.state.far.store(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Makes the open connections hang for ever. New ones work.
    pub(crate) fn hangs(&self) {
        self.state.hanging.store(self.state.opened.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Makes the open connections and all new ones hang.
    pub(crate) fn is_cut(&self) {
        self.state.hanging.store(usize::MAX, Ordering::SeqCst);
    }
}

/// Carries bytes in one direction until an end closes, or a reply is to be lost.
fn carry(mut from: TcpStream, mut to: TcpStream, state: &State, number: usize, marks: &Marks) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(length) = from.read(&mut bytes) {
        while number <= state.hanging.load(Ordering::SeqCst) {
            thread::sleep(LOOK_EVERY);
        }
        thread::sleep(Duration::from_millis(state.far.load(Ordering::SeqCst)));
        let names = |name: &[u8]| {
            bytes[..length].windows(name.len()).any(|word| word.eq_ignore_ascii_case(name))
        };
        if names(b"xread") {
            marks.is_news.store(true, Ordering::SeqCst);
        } else if marks.is_news.swap(false, Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(state.late.load(Ordering::SeqCst)));
        }
        if names(b"evalsha") && state.loses_this_reply() {
            marks.is_lost.store(true, Ordering::SeqCst);
        } else if marks.is_lost.load(Ordering::SeqCst) {
            let _ = from.shutdown(Shutdown::Both);
            break;
        }
        if length == 0 || to.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
