//! The shop under load: a release build that runs in a temporary folder.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use reqwest::Client;
use serde_json::{Value, json};

use crate::endpoint::Endpoint;
use crate::process;
use crate::subscribers::stock_after;

/// A running shop and the token of its administrator.
pub(crate) struct Shop {
    process: Child,
    _folder: tempfile::TempDir,
    url: String,
    http: Client,
    token: String,
}

impl Shop {
    /// Starts a new shop and signs its administrator in.
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // A password hash of full cost would increase the memory of the process.
        let mut process = Command::new(env::current_exe().unwrap().with_file_name("microshop"))
            .current_dir(folder.path())
            .envs([
                ("MICROSHOP_SERVER__BIND", "127.0.0.1:0"),
                ("MICROSHOP_AUTH__SCRYPT_LOG_N", "10"),
                // Every subscriber connects from this machine.
                ("MICROSHOP_LIVE__SOCKETS_PER_ADDRESS", "20000"),
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().rsplit(' ').next().unwrap().to_owned();
        let http = Client::new();
        let token = sign_in(&http, &url).await;
        Self { process, _folder: folder, url, http, token }
    }

    /// The endpoint at which programs subscribe to the catalogue.
    pub(crate) fn endpoint(&self) -> Endpoint {
        let address = self.url.trim_start_matches("http://").parse().unwrap();
        let subscribe = Some(r#"{"subscribe":["catalogue"]}"#);
        Endpoint { address, path: "/api/live", subscribe }
    }

    /// Changes the stock of an article.
    pub(crate) async fn change(&self, change: usize) {
        let url = format!("{}/api/articles/1", self.url);
        let patch = self.http.patch(url).bearer_auth(&self.token);
        let response = patch.json(&json!({ "on_hand": stock_after(change) })).send().await;
        response.unwrap().error_for_status().unwrap();
    }

    /// Returns how many sockets the shop has open.
    pub(crate) async fn sockets(&self) -> usize {
        let request = self.http.get(format!("{}/metrics", self.url)).bearer_auth(&self.token);
        let metrics = request.send().await.unwrap().text().await.unwrap();
        let open = metrics.lines().find_map(|line| line.strip_prefix("microshop_live_sockets "));
        open.unwrap().parse().unwrap()
    }

    /// Returns the memory of the shop, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        process::memory(self.process.id())
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        process::stop(&mut self.process);
    }
}

/// Signs the administrator in and returns an access token.
async fn sign_in(http: &Client, url: &str) -> String {
    let credentials = json!({ "username": "admin", "password": "admin" });
    let login = http.post(format!("{url}/auth/login")).json(&credentials);
    let tokens: Value = login.send().await.unwrap().json().await.unwrap();
    tokens["access_token"].as_str().unwrap().to_owned()
}
