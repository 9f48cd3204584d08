//! How soon everybody hears of a change: `cargo bench --bench live` starts a shop of its own and prints
//!
//! - how long a change of stock takes to reach the last of 1,000 sockets, twenty changes a second;
//! - the same beside 100 sockets that never read, what those cost in memory, and when all of them were cut;
//! - how long one takes to reach the last of 10,000, and whether it reached all of them;
//! - what an idle socket costs in memory;
//! - the same for nchan on nginx, if that is installed: as many sockets, the same bytes, in turn with the shop.
//!
//! `cargo bench --bench live -- 2000` does it with 2,000 sockets in place of 10,000.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark fails by panicking, and prints what it found"
)]

mod crowd;
mod frame;
mod nchan;
mod shop;
mod stopped;

use std::process::Child;
use std::time::{Duration, Instant};

use actix_web::rt::System;
use actix_web::rt::time::{interval, sleep};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};

use crowd::Crowd;
use nchan::Nchan;
use shop::Shop;

/// How many sockets hear of changes that come in quick succession.
const SOCKETS: usize = 1_000;
/// How many changes that is, and how long after one another.
const QUICK: (usize, Duration) = (200, Duration::from_millis(50));
/// How many sockets never read, and how long they are given to be cut.
const STOPPED: usize = 100;
const LONGEST_STOP: Duration = Duration::from_secs(60);
/// How many sockets listen at most, unless the command line says otherwise.
const MANY: usize = 10_000;
/// How many files are open besides sockets, at most.
const SPARE: usize = 200;
/// How many changes all of them hear of, one after the other.
const ROUNDS: usize = 20;
/// How long sockets rest until they count as idle.
const REST: Duration = Duration::from_secs(2);
/// How long a round is given to be over.
const PAUSE: Duration = Duration::from_millis(200);
/// How long a change may take before whoever has not heard of it counts as missing.
const PATIENCE: Duration = Duration::from_secs(5);

fn main() {
    let asked = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let many = asked.unwrap_or(MANY);
    let files = allow_files(2 * many + SPARE);
    assert!(files >= many + SPARE, "only {files} files may be open: too few for {many} sockets");
    System::new().block_on(async {
        in_quick_succession(SOCKETS.min(many)).await;
        all_at_once(many, many.min((files - SPARE) / 2)).await;
    });
}

/// Changes that nobody waits for before the next one.
async fn in_quick_succession(sockets: usize) {
    let shop = Shop::open().await;
    let crowd = Crowd::gather(sockets, shop.door()).await;
    let mut ticks = interval(QUICK.1);
    for mark in 0..QUICK.0 {
        ticks.tick().await;
        crowd.expects(mark);
        shop.change(mark).await;
    }
    crowd.settles(PATIENCE).await;
    println!(
        "\n{sockets} sockets, {} changes of {} bytes, one each {:?}",
        QUICK.0,
        crowd.last().len(),
        QUICK.1
    );
    let alone = tell("shop", &crowd);
    beside_stopped_readers(&shop, &crowd, sockets, alone).await;
}

/// The same beside sockets that never read, until all of those are cut.
async fn beside_stopped_readers(shop: &Shop, crowd: &Crowd, sockets: usize, alone: Times) {
    crowd.shrink(sockets);
    let (before, begun) = (shop.memory(), Instant::now());
    let _stopped = stopped::gather(STOPPED, shop.door()).await;
    let (mut most, mut ticks) = (0, interval(QUICK.1));
    for mark in QUICK.0.. {
        ticks.tick().await;
        crowd.expects(mark);
        shop.change(mark).await;
        most = most.max(shop.memory());
        let is_over = begun.elapsed() > LONGEST_STOP;
        if (mark % 20 == 0 && shop.sockets().await == sockets) || is_over {
            let cut = if is_over { "not all of them cut" } else { "all of them cut" };
            println!(
                "\nbeside {STOPPED} sockets that never read, {cut} after {:.1?}",
                begun.elapsed()
            );
            break;
        }
    }
    crowd.settles(PATIENCE).await;
    let beside = tell("shop", crowd);
    println!(
        "shop: each of them took at most {:.1} KiB",
        each(most.saturating_sub(before), STOPPED)
    );
    println!("ratio of medians to those alone {:.2}", beside.median() / alone.median());
}

/// Changes one after the other: first of the shop alone, then of the shop and of nchan in turn.
async fn all_at_once(sockets: usize, compared: usize) {
    let shop = Shop::open().await;
    let (before, begun) = (shop.memory(), Instant::now());
    let shoppers = Crowd::gather(sockets, shop.door()).await;
    println!("\n{sockets} sockets, which took {:.1?} to subscribe", begun.elapsed());
    sleep(REST).await;
    let idle = each(shop.memory().saturating_sub(before), sockets);
    for mark in 0..ROUNDS {
        round(&shoppers, mark, shop.change(mark)).await;
    }
    tell("shop", &shoppers);
    println!("shop: an idle socket takes {idle:.1} KiB");

    let Some(nchan) = Nchan::open().await else {
        return println!("\nnginx or its module nchan is not installed: no comparison");
    };
    shoppers.shrink(compared);
    let (before, begun) = (nchan.memory(), Instant::now());
    let readers = Crowd::gather(compared, nchan.door()).await;
    let subscribed = begun.elapsed();
    sleep(REST).await;
    let idle_reader = each(nchan.memory().saturating_sub(before), compared);
    for mark in ROUNDS..2 * ROUNDS {
        round(&shoppers, mark, shop.change(mark)).await;
        round(&readers, mark, nchan.publish(shoppers.last())).await;
    }
    println!("\n{compared} sockets of each, in turn; nchan's took {subscribed:.1?} to subscribe");
    let (told, read) = (tell("shop", &shoppers), tell("nchan", &readers));
    println!("nchan: an idle socket takes {idle_reader:.1} KiB");
    println!(
        "ratio of medians {:.2}, of memory {:.2}",
        told.median() / read.median(),
        idle / idle_reader
    );
}

async fn round(crowd: &Crowd, mark: usize, change: impl Future<Output = ()>) {
    crowd.expects(mark);
    change.await;
    crowd.settles(PATIENCE).await;
    sleep(PAUSE).await;
}

fn each(memory: u64, sockets: usize) -> f64 {
    memory as f64 / sockets as f64
}

/// Prints how long a crowd's changes took, and what is missing.
fn tell(who: &str, crowd: &Crowd) -> Times {
    let times = Times::of(crowd);
    println!("{who}: until all have heard: {times}");
    println!("{who}: {} of {} changes reached everybody", crowd.complete(), crowd.expected());
    let missing = crowd.missing();
    missing.iter().take(10).for_each(|missing| println!("  {missing}"));
    if missing.len() > 10 {
        println!("  and {} more", missing.len() - 10);
    }
    times
}

/// Lets this process and those that it starts open so many files, or as many as it may.
fn allow_files(wanted: usize) -> usize {
    let most = getrlimit(Resource::Nofile).maximum;
    let raised =
        Rlimit { current: Some(wanted as u64), maximum: most.map(|most| most.max(wanted as u64)) };
    if setrlimit(Resource::Nofile, raised).is_err() {
        setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most }).unwrap();
    }
    getrlimit(Resource::Nofile).current.map_or(wanted, |files| files as usize)
}

/// The memory that a process has now, in KiB.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    resident.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Tells a process to stop, and waits until it has, with all that it started.
fn stop(process: &mut Child) {
    kill_process(Pid::from_child(process), Signal::TERM).unwrap();
    process.wait().unwrap();
}

/// How long changes took to reach everybody, shortest first.
struct Times(Vec<Duration>);

impl Times {
    fn of(crowd: &Crowd) -> Self {
        let mut times = crowd.times();
        times.sort_unstable();
        Self(times)
    }

    /// NaN if no change reached everybody.
    fn median(&self) -> f64 {
        self.at(50).map_or(f64::NAN, |time| time.as_secs_f64())
    }

    fn at(&self, percent: usize) -> Option<Duration> {
        self.0.get(self.0.len().checked_sub(1)? * percent / 100).copied()
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [p50, p99, max] = [50, 99, 100].map(|percent| self.at(percent).unwrap_or_default());
        write!(f, "p50 {p50:.1?}, p99 {p99:.1?}, max {max:.1?} of {}", self.0.len())
    }
}
