//! The server that the shop is compared with: Debian's nchan on nginx, with two workers.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use actix_web::rt::time::sleep;
use reqwest::Client;

use crate::endpoint::Endpoint;
use crate::process;

/// The module of Debian's `libnginx-mod-nchan`.
const MODULE: &str = "/usr/lib/nginx/modules/ngx_nchan_module.so";

/// A running nginx.
pub(crate) struct Nchan {
    process: Child,
    _folder: tempfile::TempDir,
    address: SocketAddr,
    http: Client,
}

impl Nchan {
    /// Starts an nginx with one channel; `None` if it is not installed.
    pub(crate) async fn open() -> Option<Self> {
        if !Path::new(MODULE).exists() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        fs::write(folder.path().join("nginx.conf"), configuration(address)).unwrap();
        let mut nginx = Command::new("nginx");
        nginx.arg("-p").arg(folder.path()).args(["-c", "nginx.conf", "-e", "error.log"]);
        let process = nginx.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        let nchan = Self { process, _folder: folder, address, http: Client::new() };
        for _ in 0..100 {
            if nchan.http.get(format!("http://{address}/publish")).send().await.is_ok() {
                return Some(nchan);
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("nginx does not respond");
    }

    /// The endpoint at which sockets subscribe to the channel.
    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint { address: self.address, path: "/listen", subscribe: None }
    }

    /// Publishes a message to the channel.
    pub(crate) async fn publish(&self, message: Vec<u8>) {
        let publish = self.http.post(format!("http://{}/publish", self.address)).body(message);
        publish.send().await.unwrap().error_for_status().unwrap();
    }

    /// Returns the memory of the workers, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let master = self.process.id();
        let workers = fs::read_to_string(format!("/proc/{master}/task/{master}/children")).unwrap();
        workers.split_whitespace().map(|worker| process::memory(worker.parse().unwrap())).sum()
    }
}

impl Drop for Nchan {
    fn drop(&mut self) {
        process::stop(&mut self.process);
    }
}

/// Returns a configuration without an access log, with every file in the temporary folder, and with
/// the same ping interval as the shop.
fn configuration(address: SocketAddr) -> String {
    format!(
        "load_module {MODULE};
        daemon off;
        user root;
        worker_processes 2;
        worker_rlimit_nofile 40000;
        pid nginx.pid;
        error_log error.log crit;
        events {{ worker_connections 30000; }}
        http {{
            access_log off;
            client_body_temp_path body;
            proxy_temp_path proxy;
            fastcgi_temp_path fastcgi;
            uwsgi_temp_path uwsgi;
            scgi_temp_path scgi;
            nchan_max_reserved_memory 128M;
            server {{
                listen {address} backlog=4096 reuseport;
                location = /publish {{ nchan_publisher http; nchan_channel_id stock; }}
                location = /listen {{
                    nchan_subscriber websocket;
                    nchan_channel_id stock;
                    nchan_subscriber_first_message newest;
                    nchan_websocket_ping_interval 25;
                }}
            }}
        }}"
    )
}
