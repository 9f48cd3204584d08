//! A real browser: headless Chromium, driven through chromedriver.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) use window::Window;

use crate::harness::TestShop;

mod window;

const ARGUMENTS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,900",
];

/// The setting that says what a user reads.
const LANGUAGES: &str = "intl.accept_languages";

/// A browser with a profile of its own: its windows share their cookies, and nothing else does.
pub(crate) struct Chromium {
    client: Client,
    driver: Driver,
    _profile: TempDir,
}

/// A chromedriver, and every process it has started; gone when it goes out of scope.
struct Driver {
    process: Child,
    url: String,
    /// Held open: who writes to nobody is stopped.
    _output: BufReader<ChildStdout>,
}

impl Chromium {
    /// A browser whose user reads French.
    pub(crate) async fn open() -> Self {
        Self::open_with(json!({ "prefs": { LANGUAGES: "fr" } })).await
    }

    /// A browser that runs no scripts.
    pub(crate) async fn open_without_scripts() -> Self {
        let blocked = 2;
        let scripts = "profile.managed_default_content_settings.javascript";
        Self::open_with(json!({ "prefs": { LANGUAGES: "fr", scripts: blocked } })).await
    }

    /// A telephone whose user reads English.
    pub(crate) async fn open_on_a_phone() -> Self {
        let screen = json!({ "width": 390, "height": 700, "pixelRatio": 1.0, "touch": true });
        let phone = json!({ "deviceMetrics": screen });
        Self::open_with(json!({ "prefs": { LANGUAGES: "en" }, "mobileEmulation": phone })).await
    }

    async fn open_with(mut options: Value) -> Self {
        let (driver, profile) = (Driver::start(), tempfile::tempdir().unwrap());
        let mut arguments = ARGUMENTS.map(str::to_owned).to_vec();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        options["args"] = json!(arguments);
        let capabilities = json!({
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let Value::Object(capabilities) = capabilities else { unreachable!() };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&driver.url)
            .await;
        let client = client.expect("Chromium starts; tests/prepare installs it");
        Self { client, driver, _profile: profile }
    }

    /// A new window on a shop.
    pub(crate) async fn window(&self, shop: &TestShop) -> Window {
        let as_tab = false;
        let handle = self.client.new_window(as_tab).await.unwrap().handle;
        Window::new(self.client.clone(), handle, shop.url.clone())
    }

    /// Closes the browser, in which nothing must have gone wrong.
    pub(crate) async fn closes(self) {
        self.closes_having_seen(&[]).await;
    }

    /// Closes the browser, in which nothing must have gone wrong but what the texts tell of.
    pub(crate) async fn closes_having_seen(self, expected: &[&str]) {
        let mut errors = self.errors().await;
        errors.retain(|error| !expected.iter().any(|text| error.contains(text)));
        assert!(errors.is_empty(), "the console says:\n{}", errors.join("\n"));
        self.client.close().await.unwrap();
    }

    /// What went wrong, as the console says it: what scripts threw, what was not found, what the policy forbade.
    async fn errors(&self) -> Vec<String> {
        let session = self.client.session_id().await.unwrap().unwrap();
        let address = format!("{}/session/{session}/se/log", self.driver.url);
        let log = reqwest::Client::new()
            .post(address)
            .json(&json!({ "type": "browser" }))
            .send()
            .await
            .unwrap();
        let log: Value = log.json().await.unwrap();
        let entries = log["value"].as_array().expect("the console can be read");
        let errors = entries.iter().filter(|entry| entry["level"] == "SEVERE");
        errors.map(|entry| entry["message"].to_string()).collect()
    }
}

impl Driver {
    fn start() -> Self {
        let mut command = Command::new("chromedriver");
        let process = command.arg("--port=0").process_group(0).stdout(Stdio::piped()).spawn();
        let mut process = process.expect("chromedriver starts; tests/prepare installs it");
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut said = String::new();
        let port = loop {
            said.clear();
            assert!(output.read_line(&mut said).unwrap() > 0, "chromedriver has ended");
            if let Some((_, port)) =
                said.trim_end_matches(['.', '\n']).split_once("successfully on port ")
            {
                break port.to_owned();
            }
        };
        Self { process, url: format!("http://127.0.0.1:{port}"), _output: output }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let everyone = format!("-{}", self.process.id());
        let _ = Command::new("kill").args(["-KILL", "--", &everyone]).status();
        let _ = self.process.wait();
    }
}
