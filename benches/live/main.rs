//! Measures how long a change takes to reach every subscriber.
//!
//! After `cargo build --release`, `cargo run --release -p benches --bin live` starts a new shop and
//! prints
//!
//! - how long a change of stock takes to reach all of 1,000 sockets, at twenty changes a second;
//! - the same with 100 more sockets that never read, the memory of each of these, and the time
//!   until the shop has cut all of them;
//! - how long a change takes to reach all of 10,000 sockets, and whether it reached all of them;
//! - the memory of an idle socket;
//! - the same for nchan on nginx if it is installed, with as many sockets and the same bytes,
//!   alternating with the shop.
//!
//! `… --bin live 2000` uses 2,000 sockets in place of 10,000.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark fails by panicking, and prints its results"
)]

mod endpoint;
mod frame;
mod nchan;
mod process;
mod shop;
mod stopped;
mod subscribers;
mod times;

use std::time::{Duration, Instant};

use actix_web::rt::System;
use actix_web::rt::time::{interval, sleep};

use nchan::Nchan;
use shop::Shop;
use subscribers::Subscribers;
use times::Times;

/// How many sockets receive changes in quick succession.
const QUICK_SOCKETS: usize = 1_000;
/// How many changes come in quick succession.
const QUICK_CHANGES: usize = 200;
/// The time between two of these changes.
const QUICK_INTERVAL: Duration = Duration::from_millis(50);
/// How many sockets never read.
const STOPPED_SOCKETS: usize = 100;
/// How long to wait until the shop has cut all of these.
const CUT_TIMEOUT: Duration = Duration::from_secs(60);
/// How many sockets subscribe at most, unless the command line sets another number.
const MANY_SOCKETS: usize = 10_000;
/// How many changes reach these, each after the one before has reached all of them.
const ROUNDS: usize = 20;
/// How many files are open at most, apart from sockets.
const OTHER_FILES: usize = 200;
/// How long sockets do nothing before they count as idle.
const REST: Duration = Duration::from_secs(2);
/// The pause after a round.
const PAUSE: Duration = Duration::from_millis(200);
/// How long a change may take; a socket that has not received it by then has missed it.
const PATIENCE: Duration = Duration::from_secs(5);

fn main() {
    let requested = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let many = requested.unwrap_or(MANY_SOCKETS);
    let files = process::raise_file_limit(2 * many + OTHER_FILES);
    assert!(files >= many + OTHER_FILES, "{files} open files are too few for {many} sockets");
    System::new().block_on(async {
        measure_quick_succession(QUICK_SOCKETS.min(many)).await;
        measure_rounds(many, many.min((files - OTHER_FILES) / 2)).await;
    });
}

/// Measures changes that do not wait for one another.
async fn measure_quick_succession(sockets: usize) {
    let shop = Shop::open().await;
    let subscribers = Subscribers::connect(sockets, shop.endpoint()).await;
    let mut ticks = interval(QUICK_INTERVAL);
    for change in 0..QUICK_CHANGES {
        ticks.tick().await;
        subscribers.expect(change);
        shop.change(change).await;
    }
    subscribers.wait_for_all(PATIENCE).await;
    let bytes = subscribers.last_event().len();
    println!(
        "\n{sockets} sockets, {QUICK_CHANGES} changes of {bytes} bytes, one every {:?}",
        QUICK_INTERVAL
    );
    let alone = Times::report("shop", &subscribers);
    measure_with_stopped_readers(&shop, &subscribers, sockets, alone).await;
}

/// Measures the same with more sockets that never read, until the shop has cut all of these.
async fn measure_with_stopped_readers(
    shop: &Shop,
    subscribers: &Subscribers,
    sockets: usize,
    alone: Times,
) {
    subscribers.shrink(sockets);
    let memory_before = shop.memory();
    let mut memory_max = 0;
    let started_at = Instant::now();
    let _stopped = stopped::connect(STOPPED_SOCKETS, shop.endpoint()).await;
    let mut ticks = interval(QUICK_INTERVAL);
    for change in QUICK_CHANGES.. {
        ticks.tick().await;
        subscribers.expect(change);
        shop.change(change).await;
        memory_max = memory_max.max(shop.memory());
        let is_over = started_at.elapsed() > CUT_TIMEOUT;
        if (change % 20 == 0 && shop.sockets().await == sockets) || is_over {
            let cut = if is_over { "not all of them cut" } else { "all of them cut" };
            let elapsed = started_at.elapsed();
            println!("\n{STOPPED_SOCKETS} more sockets that never read, {cut} after {elapsed:.1?}");
            break;
        }
    }
    subscribers.wait_for_all(PATIENCE).await;
    let with_stopped = Times::report("shop", subscribers);
    let each = per_socket(memory_max.saturating_sub(memory_before), STOPPED_SOCKETS);
    println!("shop: each of them took at most {each:.1} KiB");
    println!("ratio of the medians {:.2}", with_stopped.median() / alone.median());
}

/// Measures changes one after the other: first of the shop alone, then of the shop and of nchan
/// alternately.
async fn measure_rounds(sockets: usize, compared: usize) {
    let shop = Shop::open().await;
    let memory_before = shop.memory();
    let started_at = Instant::now();
    let of_shop = Subscribers::connect(sockets, shop.endpoint()).await;
    println!("\n{sockets} sockets, which took {:.1?} to subscribe", started_at.elapsed());
    sleep(REST).await;
    let shop_idle = per_socket(shop.memory().saturating_sub(memory_before), sockets);
    for change in 0..ROUNDS {
        run_round(&of_shop, change, shop.change(change)).await;
    }
    Times::report("shop", &of_shop);
    println!("shop: an idle socket takes {shop_idle:.1} KiB");

    let Some(nchan) = Nchan::open().await else {
        return println!("\nnginx or its module nchan is not installed: no comparison");
    };
    of_shop.shrink(compared);
    compare(&shop, &of_shop, shop_idle, &nchan, compared).await;
}

async fn compare(
    shop: &Shop,
    of_shop: &Subscribers,
    shop_idle: f64,
    nchan: &Nchan,
    sockets: usize,
) {
    let memory_before = nchan.memory();
    let started_at = Instant::now();
    let of_nchan = Subscribers::connect(sockets, nchan.endpoint()).await;
    let subscribed = started_at.elapsed();
    sleep(REST).await;
    let nchan_idle = per_socket(nchan.memory().saturating_sub(memory_before), sockets);
    for change in ROUNDS..2 * ROUNDS {
        run_round(of_shop, change, shop.change(change)).await;
        run_round(&of_nchan, change, nchan.publish(of_shop.last_event())).await;
    }
    println!(
        "\n{sockets} sockets of each, alternately; nchan's took {subscribed:.1?} to subscribe"
    );
    let shop_times = Times::report("shop", of_shop);
    let nchan_times = Times::report("nchan", &of_nchan);
    println!("nchan: an idle socket takes {nchan_idle:.1} KiB");
    let times = shop_times.median() / nchan_times.median();
    println!("ratio of the medians {times:.2}, of the memory {:.2}", shop_idle / nchan_idle);
}

/// Makes a change and waits until it has reached every socket.
async fn run_round(subscribers: &Subscribers, change: usize, make: impl Future<Output = ()>) {
    subscribers.expect(change);
    make.await;
    subscribers.wait_for_all(PATIENCE).await;
    sleep(PAUSE).await;
}

fn per_socket(memory: u64, sockets: usize) -> f64 {
    memory as f64 / sockets as f64
}
