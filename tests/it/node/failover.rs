//! A failover of Redis by Sentinel.

use std::fs;
use std::process::{Child, Command, Stdio};

use futures_util::future::join_all;
use tempfile::TempDir;

use super::{node, until_right};
use crate::harness::until;
use crate::redis_server::{DURABLE, RedisServer, free_port};

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

#[actix_web::test]
async fn a_failover_loses_nothing_that_a_replica_has_acknowledged() {
    let mut first = RedisServer::start();
    let second = replica(&first);
    let sentinel = Sentinel::over(&first);
    let url = sentinel.url();
    let settings = [("STORE__URL", url.as_str()), ("STORE__REPLICAS", "1")];
    let nodes = [node(&first, &settings).await, node(&first, &settings).await];
    let mut people = Vec::new();
    for number in 0..6 {
        people.push(nodes[number % 2].customer(&format!("buyer{number}")).await);
    }
    // The sentinel must know the replica before the primary dies.
    let knows = || sentinel_reply(&sentinel, "SENTINEL REPLICAS shop").contains("slave");
    until(async || knows().then_some(())).await;
    let acknowledged = join_all(people.iter().enumerate().map(async |(number, person)| {
        let mut added = 0;
        let there = person.at(&nodes[(number + 1) % 2]);
        while added < 30 {
            added += u64::from(there.adds(4, 1).await.status == 200);
        }
        added
    }));
    let kill = async {
        actix_web::rt::time::sleep(std::time::Duration::from_millis(40)).await;
        first.kill();
        // Without it, no commit would have a replica after the failover.
        actix_web::rt::time::sleep(std::time::Duration::from_secs(2)).await;
        first.start_again();
    };
    let (acknowledged, ()) = futures_util::future::join(acknowledged, kill).await;
    assert!(second.replies("INFO replication").contains("role:master"), "no failover");
    for (person, added) in people.iter().zip(acknowledged) {
        for node in &nodes {
            let there = person.at(node);
            until_right(&there, "/health/ready", |answer| answer["status"] == "ready").await;
            let kept = there.cart().await["item_count"].as_u64().unwrap();
            assert!(kept >= added, "{kept} of {added}");
        }
    }
}

fn sentinel_reply(sentinel: &Sentinel, command: &str) -> String {
    crate::redis_server::reply_of(sentinel.port, command).unwrap_or_default()
}
