//! A real browser: headless Chromium, driven through chromedriver.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) use devtools::Theme;
use traffic::Traffic;
pub(crate) use window::Window;

use crate::harness::TestShop;
use crate::ports::free_port;

mod devtools;
mod keyboard;
mod traffic;
mod window;

/// The arguments of every browser: no window, no sandbox, and no request but the test's.
const ARGUMENTS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
];

/// The preference that holds the languages of the user.
const LANGUAGES: &str = "intl.accept_languages";

/// A browser with its own profile: only its own windows share its cookies.
pub(crate) struct Chromium {
    client: Client,
    driver: Driver,
    _profile: TempDir,
}

/// A chromedriver and the processes it has started; dropping it kills them.
struct Driver {
    process: Child,
    url: String,
    /// Held open: a write to a closed pipe would stop chromedriver.
    _output: BufReader<ChildStdout>,
}

impl Chromium {
    /// Opens a browser in French.
    pub(crate) async fn open() -> Self {
        Self::open_with(json!({ "prefs": { LANGUAGES: "fr" } })).await
    }

    /// Opens a browser in English.
    pub(crate) async fn open_in_english() -> Self {
        Self::open_with(json!({ "prefs": { LANGUAGES: "en" } })).await
    }

    /// Opens a browser in French that runs no scripts.
    pub(crate) async fn open_without_scripts() -> Self {
        let blocked = 2;
        let scripts = "profile.managed_default_content_settings.javascript";
        Self::open_with(json!({ "prefs": { LANGUAGES: "fr", scripts: blocked } })).await
    }

    /// Opens a browser in English with the screen of a phone.
    pub(crate) async fn open_on_a_phone() -> Self {
        let screen = json!({ "width": 390, "height": 700, "pixelRatio": 1.0, "touch": true });
        let phone = json!({ "deviceMetrics": screen });
        Self::open_with(json!({ "prefs": { LANGUAGES: "en" }, "mobileEmulation": phone })).await
    }

    /// Opens a browser in French that counts its requests.
    pub(crate) async fn open_counting() -> Self {
        let options = json!({
            "prefs": { LANGUAGES: "fr" },
            "perfLoggingPrefs": { "enableNetwork": true, "enablePage": false },
        });
        Self::open_with(options).await
    }

    async fn open_with(mut options: Value) -> Self {
        let driver = Driver::start();
        let profile = tempfile::tempdir().unwrap();
        let mut arguments = ARGUMENTS.map(str::to_owned).to_vec();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        options["args"] = json!(arguments);
        let mut logs = json!({ "browser": "ALL" });
        if options.get("perfLoggingPrefs").is_some() {
            logs["performance"] = "ALL".into();
        }
        let capabilities = json!({
            "goog:chromeOptions": options,
            "goog:loggingPrefs": logs,
        });
        let Value::Object(capabilities) = capabilities else { unreachable!() };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&driver.url)
            .await;
        let client = client.expect("Chromium starts; tests/prepare installs it");
        Self { client, driver, _profile: profile }
    }

    /// Opens a new window for a shop.
    pub(crate) async fn window(&self, shop: &TestShop) -> Window {
        let as_tab = false;
        let handle = self.client.new_window(as_tab).await.unwrap().handle;
        Window::new(self.client.clone(), handle, shop.url.clone())
    }

    /// Opens a new window for a site that is not the shop.
    pub(crate) async fn window_at(&self, url: &str) -> Window {
        let as_tab = false;
        let handle = self.client.new_window(as_tab).await.unwrap().handle;
        Window::new(self.client.clone(), handle, url.to_owned())
    }

    /// Opens one browser for each size of a screen, in English: of a desktop and of a phone.
    pub(crate) async fn open_each_size() -> [Self; 2] {
        [Self::open_in_english().await, Self::open_on_a_phone().await]
    }

    /// Disconnects the current window from the network, or connects it again.
    pub(crate) async fn sets_offline(&self, offline: bool) {
        let session = self.client.session_id().await.unwrap().unwrap();
        let address = format!("{}/session/{session}/chromium/network_conditions", self.driver.url);
        let conditions = json!({ "offline": offline, "latency": 0, "throughput": 1_000_000 });
        let request = reqwest::Client::new().post(address);
        let answer = request.json(&json!({ "network_conditions": conditions })).send().await;
        assert_eq!(answer.unwrap().status(), 200);
    }

    /// Closes the browser, whose console must show no error.
    pub(crate) async fn closes(self) {
        self.closes_after_errors(&[]).await;
    }

    /// Closes the browser, whose console must show only errors that contain one of the texts.
    pub(crate) async fn closes_after_errors(self, expected: &[&str]) {
        let mut errors = self.errors().await;
        errors.retain(|error| !expected.iter().any(|text| error.contains(text)));
        assert!(errors.is_empty(), "the console shows:\n{}", errors.join("\n"));
        self.client.close().await.unwrap();
    }

    /// Returns the requests of all windows since the last call.
    pub(crate) async fn traffic(&self) -> Traffic {
        let log = self.log("performance").await;
        let events = log.iter().map(|entry| {
            let event: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
            event["message"].clone()
        });
        Traffic::of(events)
    }

    /// Returns the errors of the console: of scripts, failed requests, and the content security
    /// policy.
    async fn errors(&self) -> Vec<String> {
        let log = self.log("browser").await;
        let errors = log.iter().filter(|entry| entry["level"] == "SEVERE");
        errors.map(|entry| entry["message"].to_string()).collect()
    }

    /// Returns the entries of a log since the last call.
    async fn log(&self, kind: &str) -> Vec<Value> {
        let session = self.client.session_id().await.unwrap().unwrap();
        let address = format!("{}/session/{session}/se/log", self.driver.url);
        let log = reqwest::Client::new()
            .post(address)
            .json(&json!({ "type": kind }))
            .send()
            .await
            .unwrap();
        let mut log: Value = log.json().await.unwrap();
        let Value::Array(entries) = log["value"].take() else { panic!("no log: {log}") };
        entries
    }
}

impl Driver {
    /// Starts a chromedriver and waits until it reports that it replies.
    fn start() -> Self {
        let port = free_port();
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}")).process_group(0).stdout(Stdio::piped());
        let process = command.spawn();
        let mut process = process.expect("chromedriver starts; tests/prepare installs it");
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("was started successfully") {
            line.clear();
            assert!(output.read_line(&mut line).unwrap() > 0, "chromedriver has ended");
        }
        Self { process, url: format!("http://127.0.0.1:{port}"), _output: output }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let process_group = format!("-{}", self.process.id());
        let _ = Command::new("kill").args(["-KILL", "--", &process_group]).status();
        let _ = self.process.wait();
    }
}
