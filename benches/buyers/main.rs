//! A load generator for the shop, which `benches/orders` and `benches/nodes` start.
//!
//! - `buyers ADDRESSES checkouts BUYERS ARTICLES SECONDS` prints the checkouts per second, the p50
//!   and the p99 of a checkout in milliseconds, and how many were answered with 202.
//! - `buyers ADDRESSES carts BUYERS ARTICLES SECONDS` prints the same of cart adds.
//! - `buyers ADDRESSES adds checkouts|adds BUYERS SECONDS` prints the p50 and the p99 of cart adds
//!   at a fixed rate, while the buyers check out or add to their carts, and the rate of the buyers.
//!
//! `ADDRESSES` are those of one or more nodes, with commas between them. Each gets the same number
//! of buyers.
//!
//! A response with an unexpected status ends the process with an error.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark fails by panicking, and prints its results"
)]

mod buyer;
mod connection;
mod shop;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use actix_web::rt::System;
use actix_web::rt::time::sleep_until;
use futures_util::future::join_all;

use buyer::Buyer;
use shop::Shop;

/// How many customers add to their carts at a fixed rate.
const STEADY: u32 = 50;
/// The interval between two adds of one of them: together they make 100 adds a second.
const STEADY_INTERVAL: Duration = Duration::from_millis(500);

/// What the buyers do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Load {
    Checkouts,
    Adds,
}

/// The results of some clients.
struct Results {
    /// The durations of the requests, shortest first.
    times: Vec<Duration>,
    /// How many checkouts were answered before the payment was decided.
    undecided: usize,
    /// How long the measurement took.
    elapsed: Duration,
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let [addresses, case, first, second, seconds] = arguments[..] else {
        panic!("usage: see the first lines of this file");
    };
    let nodes: Vec<_> = addresses.split(',').map(|address| address.parse().unwrap()).collect();
    let length = Duration::from_secs(seconds.parse().unwrap());
    System::new().block_on(async move {
        let second = second.parse().unwrap();
        match (case, first) {
            ("checkouts", buyers) => {
                measure(nodes, Load::Checkouts, buyers.parse().unwrap(), second, length).await;
            }
            ("carts", buyers) => {
                measure(nodes, Load::Adds, buyers.parse().unwrap(), second, length).await;
            }
            ("adds", "checkouts") => measure_adds(nodes, Load::Checkouts, second, length).await,
            ("adds", "adds") => measure_adds(nodes, Load::Adds, second, length).await,
            _ => panic!("usage: see the first lines of this file"),
        }
    });
}

async fn measure(
    nodes: Vec<SocketAddr>,
    load: Load,
    buyers: usize,
    articles: usize,
    length: Duration,
) {
    let mut shop = Shop::prepare(nodes).await;
    let buyers = shop.buyers(buyers, articles).await;
    let results = run(load, buyers, length).await;
    println!(
        "{:.0} {} {} {}",
        results.rate(),
        results.percentile(50),
        results.percentile(99),
        results.undecided
    );
}

/// Measures adds at a fixed rate. The load has a thread of its own, so that these adds do not wait
/// for it in this process.
async fn measure_adds(nodes: Vec<SocketAddr>, load: Load, buyers: usize, length: Duration) {
    let mut shop = Shop::prepare(nodes).await;
    let buyers = shop.buyers(buyers, 1).await;
    let steady = shop.buyers(STEADY as usize, 1).await;
    let loaded =
        std::thread::spawn(move || System::new().block_on(run(load, buyers, length)).rate());
    let adds = join_all(steady.into_iter().zip(0..).map(|(customer, number)| {
        add_steadily(customer, STEADY_INTERVAL * number / STEADY, length)
    }));
    let results = Results::new(adds.await.into_iter().flatten().collect(), 0, length);
    let rate = loaded.join().unwrap();
    println!("{} {} {rate:.0}", results.percentile(50), results.percentile(99));
}

/// Lets every buyer send one request after the other until the time is over.
async fn run(load: Load, buyers: Vec<Buyer>, length: Duration) -> Results {
    let started_at = Instant::now();
    let clients = join_all(buyers.into_iter().map(async |mut buyer| {
        buyer.connect().await;
        let mut times = Vec::new();
        let mut undecided = 0;
        while started_at.elapsed() < length {
            let mut sent_at = Instant::now();
            let cart = buyer.add().await;
            if load == Load::Checkouts {
                sent_at = Instant::now();
                undecided += usize::from(buyer.check_out(&cart).await == 202);
            }
            times.push(sent_at.elapsed());
        }
        (times, undecided)
    }));
    let (times, undecided): (Vec<_>, Vec<_>) = clients.await.into_iter().unzip();
    Results::new(times.concat(), undecided.iter().sum(), started_at.elapsed())
}

/// Adds to a cart at fixed times. A duration starts when the request is due, so that a late
/// response also counts for the requests that it delays.
async fn add_steadily(mut customer: Buyer, first: Duration, length: Duration) -> Vec<Duration> {
    let mut due = Instant::now() + first;
    let end = Instant::now() + length;
    let mut times = Vec::new();
    customer.connect().await;
    while due < end {
        sleep_until(due.into()).await;
        customer.add().await;
        times.push(due.elapsed());
        due += STEADY_INTERVAL;
    }
    times
}

impl Results {
    fn new(mut times: Vec<Duration>, undecided: usize, elapsed: Duration) -> Self {
        times.sort_unstable();
        Self { times, undecided, elapsed }
    }

    /// Returns the requests per second.
    fn rate(&self) -> f64 {
        self.times.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// Returns a percentile in milliseconds.
    fn percentile(&self, percent: usize) -> String {
        let time = self.times[(self.times.len() - 1) * percent / 100];
        format!("{:.1}", time.as_secs_f64() * 1e3)
    }
}
