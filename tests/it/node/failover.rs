//! A failover of Redis by Sentinel.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use actix_web::rt::time::sleep;
use futures_util::future::{join, join_all};
use tempfile::TempDir;

use super::{node, until_right};
use crate::harness::until;
use crate::ports::free_port;
use crate::redis_server::{DURABLE, RedisServer};

/// A running sentinel, which promotes a replica soon. It is killed when the value is dropped.
struct Sentinel {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Sentinel {
    /// Watches over a primary.
    fn over(primary: &RedisServer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let address = primary.url().trim_start_matches("redis://").replace(':', " ");
        let file = folder.path().join("sentinel.conf");
        let settings = format!(
            "port {port}\nbind 127.0.0.1\nsentinel monitor shop {address} 1\n\
             sentinel down-after-milliseconds shop 500\nsentinel failover-timeout shop 3000\n"
        );
        fs::write(&file, settings).unwrap();
        let mut command = Command::new("redis-server");
        command.arg(&file).arg("--sentinel").stdout(Stdio::null());
        Self { child: command.spawn().unwrap(), port, _folder: folder }
    }

    /// The URL of the shop's Redis through the sentinel.
    fn url(&self) -> String {
        format!("redis-sentinel://127.0.0.1:{}?sentinelServiceName=shop", self.port)
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Starts a replica of a primary.
fn replica(primary: &RedisServer) -> RedisServer {
    let address = primary.url().trim_start_matches("redis://").replace(':', " ");
    let replica = ["--replicaof", &address];
    let replica = RedisServer::start_with(&[&DURABLE[..], &replica].concat());
    while !replica.replies("INFO replication").contains("master_link_status:up") {
        std::thread::sleep(crate::harness::LOOK_EVERY);
    }
    replica
}

/// What people have added to their carts around a failover.
#[derive(Default)]
struct Adds {
    acknowledged: u64,
    lost: u64,
}

/// Kills the primary while two nodes serve six people, and waits until the nodes have followed the
/// new one. Then both nodes show what is stored.
async fn adds_around_a_failover(replicas: &str) -> Adds {
    let mut first = RedisServer::start();
    let second = replica(&first);
    let sentinel = Sentinel::over(&first);
    let url = sentinel.url();
    let settings = [("STORE__URL", url.as_str()), ("STORE__REPLICAS", replicas)];
    let nodes = [node(&first, &settings).await, node(&first, &settings).await];
    let mut people = Vec::new();
    for number in 0..6 {
        people.push(nodes[number % 2].customer(&format!("buyer{number}")).await);
    }
    // The sentinel must know the replica before the primary dies.
    let knows = || sentinel_reply(&sentinel, "SENTINEL REPLICAS shop").contains("slave");
    until(async || knows().then_some(())).await;
    let adds = join_all(people.iter().enumerate().map(async |(number, person)| {
        let mut added = 0;
        // Without its position, which a primary that has lost events may not have.
        let there = person.forgetting().at(&nodes[(number + 1) % 2]);
        while added < 30 {
            let answer = there.adds(4, 1).await;
            added += u64::from(answer.status == 200);
            assert_ne!(answer.status, 401, "a session was lost: {}", answer.json);
        }
        added
    }));
    let kill = async {
        sleep(Duration::from_millis(40)).await;
        first.kill();
        // Without it, no commit would have a replica after the failover.
        sleep(Duration::from_secs(2)).await;
        first.start_again();
    };
    let (acknowledged, ()) = join(adds, kill).await;
    assert!(second.replies("INFO replication").contains("role:master"), "no failover");
    let mut total = Adds::default();
    for (person, added) in people.iter().zip(acknowledged) {
        let views = nodes.each_ref().map(|node| person.forgetting().at(node));
        for view in &views {
            until_right(view, "/health/ready", |answer| answer["status"] == "ready").await;
        }
        // A command is decided on what is stored.
        let stored = views[0].adds(4, 1).await.expect(200).json["cart"]["item_count"].clone();
        for view in &views {
            until_right(view, "/api/cart", |answer| answer["cart"]["item_count"] == stored).await;
        }
        total.acknowledged += added;
        total.lost += (added + 1).saturating_sub(stored.as_u64().unwrap());
    }
    total
}

#[actix_web::test]
async fn a_failover_loses_nothing_that_a_replica_has_acknowledged() {
    assert_eq!(adds_around_a_failover("1").await.lost, 0);
}

#[actix_web::test]
#[ignore = "takes minutes, and prints what is lost"]
async fn ten_failovers_lose_nothing_that_a_replica_has_acknowledged() {
    for replicas in ["1", "0"] {
        let mut total = Adds::default();
        for _ in 0..10 {
            let adds = adds_around_a_failover(replicas).await;
            total.acknowledged += adds.acknowledged;
            total.lost += adds.lost;
        }
        let Adds { acknowledged, lost } = total;
        eprintln!("store.replicas = {replicas}: {lost} of {acknowledged} adds lost");
        assert!(lost == 0 || replicas == "0");
    }
}

fn sentinel_reply(sentinel: &Sentinel, command: &str) -> String {
    crate::redis_server::reply_of(sentinel.port, command).unwrap_or_default()
}
