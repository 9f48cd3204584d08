//! Reads what administrators see of this node.

use std::fs;
use std::time::Duration;

use actors::live::HubState;
use actors::store::StoreUsage;
use domain::system::{Follower, SocketReport, StoreReport, System, Usage};
use domain::topic::Topic;
use tokio::time::timeout;

use crate::sockets::Sockets;
use crate::state::AppState;

/// How long to wait for the state of the hub.
const GLANCE: Duration = Duration::from_secs(1);

/// The processor time of one tick, in which Linux reports it to programs.
const TICK_MS: u64 = 10;

/// Reads the state of this node. An actor that does not answer delays this by a second at most.
pub async fn observe(state: &AppState) -> System {
    let shop = &state.shop;
    let (actors, hub) =
        tokio::join!(shop.reports(), timeout(GLANCE, shop.hub.observe::<HubState>()));
    let hub = hub.ok().flatten();
    let last_event = shop.tables.store.last_event().await.unwrap_or_default();
    let StoreUsage { bytes, sync } = shop.tables.store.usage().await;
    System {
        version: env!("CARGO_PKG_VERSION"),
        node: state.node.clone(),
        process: std::process::id(),
        uptime_s: shop.clock.moment().since_start().as_secs(),
        usage: usage(),
        actors,
        sockets: sockets(&state.live.sockets, hub),
        store: StoreReport {
            sync_us: sync.map(microseconds),
            bytes,
            ..shop.tables.commits.report(last_event)
        },
        followers: vec![
            Follower { name: "statistics", position: shop.counts.position() },
            Follower { name: "hub", position: *shop.position.borrow() },
        ],
    }
}

fn sockets(sockets: &Sockets, hub: Option<HubState>) -> SocketReport {
    let (open, pages) = (sockets.numbers().0, sockets.pages());
    let Some(HubState { topics, lagging, high_water, .. }) = hub else {
        return SocketReport { open, pages, ..SocketReport::default() };
    };
    let topics = topics.into_iter().map(|(topic, count): (Topic, usize)| (topic.name(), count));
    SocketReport { open, topics: topics.collect(), pages, lagging, high_water }
}

fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Returns what the process uses, as Linux reports it.
fn usage() -> Option<Usage> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let status = fs::read_to_string("/proc/self/status").ok()?;
    parse_usage(&stat, &status)
}

fn parse_usage(stat: &str, status: &str) -> Option<Usage> {
    // The name of the program, in parentheses, may contain spaces.
    let (_, fields) = stat.rsplit_once(')')?;
    let times = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = times.map(|time| time.parse::<u64>().unwrap_or_default()).sum();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = resident.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(Usage { cpu_ms: ticks.saturating_mul(TICK_MS), memory_bytes: kilobytes * 1_024 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usage_is_read_after_a_name_with_spaces_and_parentheses() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 100 1000 50";
        let status = "Name:\ta\nVmRSS:\t    2048 kB\nThreads:\t9\n";
        let usage = Usage { cpu_ms: 3_000, memory_bytes: 2_097_152 };
        assert_eq!(parse_usage(stat, status), Some(usage));
        assert_eq!(parse_usage(stat, ""), None);
        assert_eq!(parse_usage("", status), None);
    }
}
