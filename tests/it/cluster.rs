//! Three nodes on one Redis with nginx in front, configured as `docs/operations.md` says.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command};
use std::thread;

use tempfile::TempDir;

use crate::hanging_network::HangingNetwork;
use crate::harness::{LOOK_EVERY, TestShop};
use crate::ports::free_port;
use crate::redis_server::RedisServer;

/// The document with the configuration of nginx, in its block of that language.
const OPERATIONS: &str = include_str!("../../docs/operations.md");

/// The folder in which Debian keeps nginx, which is not in the path of every user.
const SYSTEM_PROGRAMS: &str = "/usr/sbin";

/// The secret of nodes that share a store.
pub(crate) const SECRET: &str = "kQ7vZ2mX9pL4sD8wF1tR6yB3nH5jC0gA";

/// Nodes with a balancer in front that sends each request to the next one.
pub(crate) struct Cluster {
    /// The URL of the balancer.
    pub(crate) url: String,
    pub(crate) nodes: Vec<TestShop>,
    /// Between the nodes and Redis.
    pub(crate) network: HangingNetwork,
    _balancer: Balancer,
}

/// A running nginx in front of three nodes, and their Redis. Both end when the value is dropped.
pub(crate) struct Balancer {
    /// Its URL.
    pub(crate) url: String,
    process: Child,
    _folder: TempDir,
    _redis: RedisServer,
}

impl Cluster {
    /// Opens three nodes with settings.
    pub(crate) async fn open(settings: &[(&str, &str)]) -> Self {
        let redis = RedisServer::start();
        let network = HangingNetwork::before(&redis);
        let shared = [
            ("STORE__URL", network.url.as_str()),
            ("AUTH__SECRET", SECRET),
            ("SERVER__TRUSTED_PROXIES", "127.0.0.1/32"),
        ];
        let settings = [&shared[..], settings].concat();
        let mut nodes = Vec::new();
        for _ in 0..3 {
            nodes.push(TestShop::open_with(&settings).await);
        }
        let urls: Vec<_> = nodes.iter().map(|node| node.url.as_str()).collect();
        let balancer = Balancer::before(&urls, redis, |_| true);
        Self { url: balancer.url.clone(), nodes, network, _balancer: balancer }
    }
}

impl Balancer {
    /// Starts nginx in front of nodes to which it is the only client, as if it were the browser.
    pub(crate) fn unnoticed(nodes: &[&str], redis: RedisServer) -> Self {
        Self::before(nodes, redis, |line| !line.contains("X-Forwarded-For"))
    }

    /// Starts nginx in front of nodes, with some lines of its configuration.
    fn before(nodes: &[&str], redis: RedisServer, has: impl Fn(&str) -> bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let configuration = configuration(nodes, port, folder.path(), has);
        let file = folder.path().join("nginx.conf");
        fs::write(&file, configuration).unwrap();
        let path = format!("{}:{SYSTEM_PROGRAMS}", std::env::var("PATH").unwrap());
        let mut nginx = Command::new("nginx");
        nginx.env("PATH", path).arg("-p").arg(folder.path()).arg("-c").arg(&file);
        let process = nginx.args(["-e", "stderr"]).spawn().unwrap();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            thread::sleep(LOOK_EVERY);
        }
        let url = format!("http://127.0.0.1:{port}");
        Self { url, process, _folder: folder, _redis: redis }
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        // SIGTERM: the process ends its workers, which would survive a SIGKILL.
        crate::harness::stop(&mut self.process);
    }
}

/// Returns the configuration of the document for these nodes, without TLS and on another port.
fn configuration(nodes: &[&str], port: u16, folder: &Path, has: impl Fn(&str) -> bool) -> String {
    let block = OPERATIONS.split_once("```nginx\n").unwrap().1.split_once("```").unwrap().0;
    let mut lines = Vec::new();
    let mut servers = nodes.iter();
    for line in block.lines().filter(|line| has(line)) {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            ["server", _] if line.ends_with(';') => {
                let node = servers.next().unwrap().trim_start_matches("http://");
                lines.push(format!("server {node};"));
            }
            ["listen", ..] => lines.push(format!("listen 127.0.0.1:{port};")),
            [name, ..] if name.starts_with("ssl_") => {}
            _ => lines.push(line.to_owned()),
        }
    }
    assert!(servers.next().is_none(), "the document names three nodes");
    let folder = folder.display();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {folder}/{name};"))
        .join("\n");
    let block = lines.join("\n");
    format!(
        "daemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\n\
         events {{ worker_connections 4096; }}\n\
         http {{\naccess_log off;\n{temporary}\n{block}\n}}\n"
    )
}
