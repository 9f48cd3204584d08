//! A shop of one's own for every test: the real binary, in a folder and on a port of its own.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use actix_web::rt::time::sleep;
use reqwest::{Client, ClientBuilder, Method, RequestBuilder, redirect};
use tempfile::TempDir;

use crate::people::{Admin, Person};

/// How long anything may take before the test fails; far more than it ever takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often one looks.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Whose certificates a shop trusts: told without being a setting of it.
const TRUSTED: &str = "SSL_CERT_FILE";

/// A running shop, closed when it goes out of scope.
pub(crate) struct TestShop {
    folder: TempDir,
    settings: Vec<(String, String)>,
    process: Child,
    /// Where it is served.
    pub(crate) url: String,
    /// Asks it without cookies, and follows nobody elsewhere.
    pub(crate) http: Client,
}

impl TestShop {
    /// An empty shop.
    pub(crate) async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// An empty shop with settings of its own, for instance `("ORDER__EXPIRY", "1s")`.
    pub(crate) async fn open_with(settings: &[(&str, &str)]) -> Self {
        Self::open_in(tempfile::tempdir().unwrap(), settings, "", Stdio::inherit())
    }

    /// An empty shop with settings of its own that dies or panics at points, written as the `fail` crate has them.
    pub(crate) async fn open_to_fail(settings: &[(&str, &str)], points: &str) -> Self {
        Self::open_in(tempfile::tempdir().unwrap(), settings, points, Stdio::inherit())
    }

    /// An empty shop with settings of its own that keeps its log in the file `log`.
    pub(crate) async fn open_logged(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = File::create(folder.path().join("log")).unwrap();
        Self::open_in(folder, settings, "", log.into())
    }

    fn open_in(folder: TempDir, settings: &[(&str, &str)], points: &str, log: Stdio) -> Self {
        let settings: Vec<_> =
            settings.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        let mut command = binary(folder.path(), &settings);
        if !points.is_empty() {
            command.env("FAILPOINTS", points);
        }
        let (process, url) = start(&mut command, log);
        let http = client().build().unwrap();
        Self { folder, settings, process, url, http }
    }

    /// What is in a file of the shop's folder.
    pub(crate) fn file(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join(path)).unwrap()
    }

    /// A request to a path of the shop.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// The administrator that the first start makes.
    pub(crate) async fn admin(&self) -> Admin {
        Admin(Person::log_in(self, "admin", "admin").await)
    }

    /// A new customer.
    pub(crate) async fn customer(&self, name: &str) -> Person {
        Person::register(self, name, "correct horse").await
    }

    /// How many sockets of the system the process holds open, its listener among them.
    pub(crate) fn connections(&self) -> usize {
        let open = fs::read_dir(format!("/proc/{}/fd", self.process.id())).unwrap();
        let links = open.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
        links.filter(|link| link.to_string_lossy().starts_with("socket:")).count()
    }

    /// Stops the process without any warning.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Asks the process to stop, and waits until it has.
    pub(crate) fn stop(&mut self) {
        stop(&mut self.process);
    }

    /// Asks the process to stop, and waits until it has while others go on.
    pub(crate) async fn is_stopped(&mut self) {
        ask_to_stop(&self.process);
        let process = RefCell::new(&mut self.process);
        assert!(until(async || process.borrow_mut().try_wait().unwrap()).await.success());
    }

    /// Has the shop open with another setting next time.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        self.settings.retain(|(set, _)| set != key);
        self.settings.push((key.into(), value.into()));
    }

    /// Opens the shop again after it was killed or stopped, at the same address.
    pub(crate) fn start_again(&mut self) {
        let bind = self.url.trim_start_matches("http://").to_owned();
        let mut settings = self.settings.clone();
        settings.push(("SERVER__BIND".into(), bind));
        (self.process, self.url) =
            start(&mut binary(self.folder.path(), &settings), Stdio::inherit());
    }

    /// Opens the shop again to die at points, maybe before anybody hears that it is open.
    pub(crate) fn start_to_fail(&mut self, points: &str) {
        let mut command = binary(self.folder.path(), &self.settings);
        self.process = command.env("FAILPOINTS", points).stdout(Stdio::null()).spawn().unwrap();
    }

    /// Waits until the process has died of what `kill -9` sends.
    pub(crate) async fn is_killed(&mut self) {
        let process = RefCell::new(&mut self.process);
        let status = until(async || process.borrow_mut().try_wait().unwrap()).await;
        assert_eq!(status.signal(), Some(9), "{status}");
    }

    /// What is wrong with the shop's store, which must not be open; nothing, if all is well.
    pub(crate) fn wrongs(&self) -> String {
        let check = self.command(&["check"]).output().unwrap();
        let told = format!(
            "{}{}",
            String::from_utf8_lossy(&check.stdout),
            String::from_utf8_lossy(&check.stderr)
        );
        if check.status.success() { String::new() } else { told }
    }

    /// Runs another command of the binary on the shop's store, which must not be open, with a line of input.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = binary(self.folder.path(), &self.settings);
        command.args(arguments);
        command
    }
}

impl Drop for TestShop {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A client that follows nobody elsewhere, and keeps no connection that a stopped shop would leave dead.
pub(crate) fn client() -> ClientBuilder {
    Client::builder().redirect(redirect::Policy::none()).pool_max_idle_per_host(0)
}

/// What somebody waits for, if it comes in reasonable time.
pub(crate) async fn until<T>(look: impl AsyncFn() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(started.elapsed() < PATIENCE, "it never came");
        sleep(LOOK_EVERY).await;
    }
}

/// Starts a server of the binary, and tells where it listens.
pub(crate) fn start(command: &mut Command, log: Stdio) -> (Child, String) {
    let mut process =
        command.stdout(Stdio::piped()).stderr(log).spawn().expect("the binary starts");
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(!line.is_empty(), "the server did not open: {:?}", process.wait());
    let url = line.trim().rsplit(' ').next().unwrap_or_default().to_owned();
    assert!(url.starts_with("http://"), "the server said {line}");
    (process, url)
}

/// Asks a server to stop, and waits until it has.
pub(crate) fn stop(process: &mut Child) {
    ask_to_stop(process);
    assert!(process.wait().unwrap().success());
}

fn ask_to_stop(process: &Child) {
    let id = process.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
}

/// The binary in a folder of its own, with settings of its own.
pub(crate) fn binary(folder: &Path, settings: &[(String, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_microshop"));
    command.current_dir(folder).env_clear().envs(std::env::vars().filter(|(key, _)| key == "PATH"));
    let defaults =
        [("SERVER__BIND", "127.0.0.1:0"), ("AUTH__SCRYPT_LOG_N", "4"), ("LOG__FILTER", "warn")];
    for (key, value) in defaults {
        command.env(format!("MICROSHOP_{key}"), value);
    }
    for (key, value) in settings {
        command.env(if key == TRUSTED { key.clone() } else { format!("MICROSHOP_{key}") }, value);
    }
    command
}
