//! The shop under load: a release build in a folder of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use reqwest::Client;
use serde_json::{Value, json};

use crate::crowd::{Door, stock};

/// A running shop, and its administrator.
pub(crate) struct Shop {
    process: Child,
    _folder: tempfile::TempDir,
    url: String,
    http: Client,
    token: String,
}

impl Shop {
    /// Opens an empty shop.
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // A password hashed at full cost would leave its memory behind.
        let mut process = Command::new(env!("CARGO_BIN_EXE_microshop"))
            .current_dir(folder.path())
            .envs([
                ("MICROSHOP_SERVER__BIND", "127.0.0.1:0"),
                ("MICROSHOP_AUTH__SCRYPT_LOG_N", "4"),
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().rsplit(' ').next().unwrap().to_owned();
        let http = Client::new();
        let login = http
            .post(format!("{url}/auth/login"))
            .json(&json!({ "username": "admin", "password": "admin" }));
        let tokens: Value = login.send().await.unwrap().json().await.unwrap();
        let token = tokens["access_token"].as_str().unwrap().to_owned();
        Self { process, _folder: folder, url, http, token }
    }

    /// Where programs listen to the catalogue.
    pub(crate) fn door(&self) -> Door {
        let address = self.url.trim_start_matches("http://").parse().unwrap();
        Door { address, path: "/api/live", hello: Some(r#"{"subscribe":["catalogue"]}"#) }
    }

    /// Has the administrator change what is in stock.
    pub(crate) async fn change(&self, mark: usize) {
        let change =
            self.http.patch(format!("{}/api/articles/1", self.url)).bearer_auth(&self.token);
        change
            .json(&json!({ "on_hand": stock(mark) }))
            .send()
            .await
            .unwrap()
            .error_for_status()
            .unwrap();
    }

    /// How many sockets the shop has open.
    pub(crate) async fn sockets(&self) -> usize {
        let metrics = self.http.get(format!("{}/metrics", self.url)).bearer_auth(&self.token);
        let told = metrics.send().await.unwrap().text().await.unwrap();
        let open = told.lines().find_map(|line| line.strip_prefix("microshop_live_sockets "));
        open.unwrap().parse().unwrap()
    }

    /// The memory of the shop, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        crate::memory(self.process.id())
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        crate::stop(&mut self.process);
    }
}
