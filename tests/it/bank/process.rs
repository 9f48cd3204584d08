//! `microshop bank` for one test: a process with its own ledger.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{binary, client, start, stop};
use crate::people::Answer;
use crate::ports::free_port;

/// A running bank. Its process is killed when the value is dropped.
pub(super) struct BankProcess {
    folder: TempDir,
    process: Child,
    http: Client,
    /// The base URL.
    pub(super) url: String,
}

impl BankProcess {
    /// Opens a bank that approves every charge, without latency.
    pub(super) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bind = format!("127.0.0.1:{}", free_port());
        let (process, url) = start(&mut command(folder.path(), &bind), Stdio::inherit());
        let bank = Self { folder, process, http: client().build().unwrap(), url };
        bank.behaves("approve").await;
        bank
    }

    /// Kills the process with SIGKILL.
    pub(super) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Sends SIGTERM to the process and waits until it has exited.
    pub(super) fn stop(&mut self) {
        stop(&mut self.process);
    }

    /// Starts the bank again at the same address after it was killed or stopped.
    pub(super) fn start_again(&mut self) {
        let bind = self.url.trim_start_matches("http://");
        (self.process, self.url) = start(&mut command(self.folder.path(), bind), Stdio::inherit());
    }

    /// Sets the mode of the bank, without latency.
    pub(super) async fn behaves(&self, mode: &str) {
        let behaviour = json!({ "latency_ms": 0, "mode": mode, "decline_percent": 0, "seed": 0 });
        assert_eq!(
            self.send(Method::PUT, "/behaviour", behaviour.clone()).await.expect(200).json,
            behaviour
        );
    }

    /// Requests a charge.
    pub(super) async fn charges(&self, key: &str, amount: u64) -> Answer {
        let order = "00000000-0000-0000-0000-000000000001";
        let charge = json!({ "idempotency_key": key, "order_id": order, "amount_cents": amount });
        self.send(Method::POST, "/charges", charge).await
    }

    /// Looks up the decision for a key.
    pub(super) async fn lookup(&self, key: &str) -> Answer {
        self.send(Method::GET, &format!("/charges/{key}"), Value::Null).await
    }

    /// Voids a key.
    pub(super) async fn voids(&self, key: &str) -> Answer {
        self.send(Method::DELETE, &format!("/charges/{key}"), Value::Null).await
    }

    /// Sends a request with a JSON body.
    pub(super) async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = self.http.request(method, format!("{}{path}", self.url)).json(&body);
        Answer::to(request).await
    }
}

impl Drop for BankProcess {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(folder: &Path, bind: &str) -> Command {
    let mut command = binary(folder, &[]);
    command.arg("bank").env("MICROSHOP_BANK__BIND", bind);
    command
}
