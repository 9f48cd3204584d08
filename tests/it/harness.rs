//! A shop for one test: the real binary, with its own folder and its own port; or three of them
//! and a balancer.

use std::cell::{Cell, RefCell};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use actix_web::rt::time::sleep;
use actors::clock::Clock;
use actors::tables::Tables;
use microshop::store::{self, Options};
use reqwest::{Client, ClientBuilder, Method, RequestBuilder, redirect};
use tempfile::TempDir;

use crate::cluster::{Balancer, SECRET};
use crate::people::{Admin, Person};
use crate::ports::free_port;
use crate::position::{SHOP_POSITION, shown_at};
use crate::redis_server::RedisServer;

/// How long a test waits for a condition before it fails, far longer than it should take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The interval at which a test polls a condition.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The variable with the file of trusted certificates. The TLS library reads it; it is not a
/// setting of the shop.
const TRUSTED: &str = "SSL_CERT_FILE";

/// The password of the first administrator of a shop that may not have the default one.
pub(crate) const OWN_PASSWORD: &str = "a quiet harbour";

/// A running shop. Its processes are killed when the value is dropped.
pub(crate) struct TestShop {
    settings: Vec<(String, String)>,
    /// One process; with `NODES=3` in the environment, three and a balancer.
    nodes: Vec<Node>,
    _balancer: Option<Balancer>,
    /// The base URL.
    pub(crate) url: String,
    /// A client that keeps no cookies and follows no redirects.
    pub(crate) http: Client,
}

/// A process of a shop, and the folder in which it runs.
struct Node {
    folder: TempDir,
    process: Child,
    url: String,
}

thread_local! {
    /// Whether the test of this thread needs a shop of one node.
    static IS_SINGLE_NODE: Cell<bool> = const { Cell::new(false) };
}

/// Lets the shops of a test always have one node, for a reason.
pub(crate) fn single_node(reason: &str) {
    IS_SINGLE_NODE.set(true);
    if has_three_nodes() {
        eprintln!("on a single node: {reason}");
    }
}

/// Whether this run tests shops of three nodes.
fn has_three_nodes() -> bool {
    std::env::var("NODES").is_ok_and(|nodes| nodes == "3")
}

impl TestShop {
    /// Opens an empty shop.
    pub(crate) async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// Opens an empty shop with settings, for instance `("ORDER__EXPIRY", "1s")`.
    pub(crate) async fn open_with(settings: &[(&str, &str)]) -> Self {
        let has_store = settings.iter().any(|(key, _)| *key == "STORE__URL");
        if has_store || IS_SINGLE_NODE.get() || !has_three_nodes() {
            return Self::open_in(tempfile::tempdir().unwrap(), settings, "", Stdio::inherit());
        }
        // With one thread for all tests, a mark of one would hold for the next ones.
        assert_ne!(thread::current().name(), Some("main"), "use more than one test thread");
        let (settings, redis) = shared(settings);
        let start = || {
            let folder = tempfile::tempdir().unwrap();
            Node::start(folder, &settings, "", Stdio::inherit())
        };
        // The first one fills the store, so that it decides about the first password.
        let nodes = vec![start(), start(), start()];
        let urls: Vec<_> = nodes.iter().map(|node| node.url.as_str()).collect();
        let balancer = Balancer::unnoticed(&urls, redis);
        let url = balancer.url.clone();
        Self::new(settings, nodes, Some(balancer), url)
    }

    /// Opens an empty shop with settings and failpoints, in the syntax of the `fail` crate.
    pub(crate) async fn open_to_fail(settings: &[(&str, &str)], points: &str) -> Self {
        Self::open_in(tempfile::tempdir().unwrap(), settings, points, Stdio::inherit())
    }

    /// Opens an empty shop with settings that writes its log to the file `log`.
    pub(crate) async fn open_logged(settings: &[(&str, &str)]) -> Self {
        Self::open_logged_to_fail(settings, "").await
    }

    /// Opens an empty shop with settings and failpoints that writes its log to the file `log`.
    pub(crate) async fn open_logged_to_fail(settings: &[(&str, &str)], points: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = File::create(folder.path().join("log")).unwrap();
        Self::open_in(folder, settings, points, log.into())
    }

    /// Opens a shop with settings on a copy of the sled store in a folder.
    pub(crate) async fn open_on(store: &Path, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("data/shop");
        fs::create_dir_all(&copy).unwrap();
        for file in fs::read_dir(store).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), copy.join(file.file_name())).unwrap();
        }
        make_private(folder.path());
        Self::open_in(folder, settings, "", Stdio::inherit())
    }

    fn open_in(folder: TempDir, settings: &[(&str, &str)], points: &str, log: Stdio) -> Self {
        let settings = owned(settings);
        let node = Node::start(folder, &settings, points, log);
        let url = node.url.clone();
        Self::new(settings, vec![node], None, url)
    }

    fn new(
        settings: Vec<(String, String)>,
        nodes: Vec<Node>,
        balancer: Option<Balancer>,
        url: String,
    ) -> Self {
        Self { settings, nodes, _balancer: balancer, url, http: client().build().unwrap() }
    }

    /// Returns the path of a file in the folder of the shop.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.only_node().folder.path().join(path)
    }

    /// Reads a file in the folder of the shop.
    pub(crate) fn file(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// Builds a request to a path of the shop.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        request.header(SHOP_POSITION, shown_at(&self.url))
    }

    /// Returns the name of a cookie, which contains the port of the shop.
    pub(crate) fn cookie(&self, name: &str) -> String {
        format!("{name}-{}", self.url.rsplit(':').next().unwrap())
    }

    /// Signs in as the administrator that the first start creates.
    pub(crate) async fn admin(&self) -> Admin {
        Admin(Person::log_in(self, "admin", admin_password(&self.settings)).await)
    }

    /// Registers a new customer.
    pub(crate) async fn customer(&self, name: &str) -> Person {
        Person::register(self, name, "correct horse").await
    }

    /// Counts the open sockets of the process, including its listener.
    pub(crate) fn connections(&self) -> usize {
        let open = fs::read_dir(format!("/proc/{}/fd", self.only_node().process.id())).unwrap();
        let links = open.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
        links.filter(|link| link.to_string_lossy().starts_with("socket:")).count()
    }

    /// Kills the processes with SIGKILL.
    pub(crate) fn kill(&mut self) {
        for Node { process, .. } in &mut self.nodes {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Stops the process without ending it.
    pub(crate) fn pause(&self) {
        signal(&self.only_node().process, "-STOP");
    }

    /// Lets a paused process run on.
    pub(crate) fn resume(&self) {
        signal(&self.only_node().process, "-CONT");
    }

    /// Sends SIGTERM to the processes and waits until they have exited.
    pub(crate) fn stop(&mut self) {
        self.nodes.iter_mut().for_each(|node| stop(&mut node.process));
    }

    /// Sends SIGTERM to the process and waits until it has exited, without blocking the thread.
    pub(crate) async fn is_stopped(&mut self) {
        terminate(&self.only_node().process);
        assert!(self.exits().await.success());
    }

    /// Changes a setting. It takes effect when the shop is started again.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        self.settings.retain(|(set, _)| set != key);
        self.settings.push((key.into(), value.into()));
    }

    /// Starts the shop again at the same address after it was killed or stopped.
    pub(crate) fn start_again(&mut self) {
        let settings = &self.settings;
        self.nodes.iter_mut().for_each(|node| node.start_again(settings, &[]));
    }

    /// Starts the shop again at the same address, with environment variables.
    pub(crate) fn start_again_with(&mut self, variables: &[(&str, PathBuf)]) {
        let settings = &self.settings;
        self.nodes.iter_mut().for_each(|node| node.start_again(settings, variables));
    }

    /// Starts the shop again with failpoints. It may die before it is open.
    pub(crate) fn start_to_fail(&mut self, points: &str) {
        let mut command = self.command(&[]);
        command.env("FAILPOINTS", points).stdout(Stdio::null());
        self.only_node_mut().process = command.spawn().unwrap();
    }

    /// Waits until SIGKILL has ended the process.
    pub(crate) async fn is_killed(&mut self) {
        let status = self.exits().await;
        assert_eq!(status.signal(), Some(9), "{status}");
    }

    /// Waits until the process has exited.
    async fn exits(&mut self) -> ExitStatus {
        let process = RefCell::new(&mut self.only_node_mut().process);
        until(async || process.borrow_mut().try_wait().unwrap()).await
    }

    /// Opens the tables of the closed shop.
    pub(crate) async fn tables(&self) -> Tables {
        let set = self.settings.iter().find(|(key, _)| key == "STORE__URL");
        let url = set.map_or_else(
            || format!("sled:{}", self.path("data/shop").display()),
            |(_, redis)| redis.clone(),
        );
        let options = Options {
            events_max: 1_000,
            events_keep: Duration::from_secs(3_600),
            ..Options::default()
        };
        Tables::new(store::open(&url, &options, Clock::default()).await.unwrap())
    }

    /// Removes the permissions of other users from the data of the closed shop.
    pub(crate) fn make_private(&self) {
        let folders = self.nodes.iter().map(|node| node.folder.path().join("data"));
        // A node without an embedded store has no data.
        folders.filter(|folder| folder.exists()).for_each(|folder| make_private(&folder));
    }

    /// Runs `microshop check` on the closed shop. Returns its output, empty if it finds nothing.
    pub(crate) fn check_findings(&self) -> String {
        let check = self.command(&["check"]).output().unwrap();
        let output = [check.stdout, check.stderr].concat();
        let findings = String::from_utf8_lossy(&output).into_owned();
        if check.status.success() { String::new() } else { findings }
    }

    /// Builds a command that serves this closed shop at the same address.
    pub(crate) fn serving(&self) -> Command {
        let mut command = self.command(&["serve"]);
        command.env("MICROSHOP_SERVER__BIND", self.only_node().address());
        command
    }

    /// Builds another command of the binary in the folder of the shop.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = binary(self.nodes[0].folder.path(), &self.settings);
        command.args(arguments);
        command
    }

    fn only_node(&self) -> &Node {
        self.assert_single_node();
        &self.nodes[0]
    }

    fn only_node_mut(&mut self) -> &mut Node {
        self.assert_single_node();
        &mut self.nodes[0]
    }

    fn assert_single_node(&self) {
        assert_eq!(self.nodes.len(), 1, "a test that does this must be marked single_node");
    }
}

impl Node {
    fn start(folder: TempDir, settings: &[(String, String)], points: &str, log: Stdio) -> Self {
        let mut command = binary(folder.path(), settings);
        if !points.is_empty() {
            command.env("FAILPOINTS", points);
        }
        let (process, url) = start(&mut command, log);
        Self { folder, process, url }
    }

    /// Starts the process again at the same address.
    fn start_again(&mut self, settings: &[(String, String)], variables: &[(&str, PathBuf)]) {
        let mut command = binary(self.folder.path(), settings);
        command.env("MICROSHOP_SERVER__BIND", self.address());
        command.envs(variables.iter().cloned());
        (self.process, self.url) = start(&mut command, Stdio::inherit());
    }

    fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Adds to settings what nodes share, and starts their Redis.
fn shared(settings: &[(&str, &str)]) -> (Vec<(String, String)>, RedisServer) {
    let redis = RedisServer::start();
    let url = redis.url();
    let shared = [("STORE__URL", url.as_str()), ("AUTH__SECRET", SECRET)];
    (owned(&[&shared[..], settings].concat()), redis)
}

fn owned(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    settings.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
}

/// Builds a client that follows no redirects. It reuses no connections, because they would be dead
/// after a restart of the shop.
pub(crate) fn client() -> ClientBuilder {
    Client::builder().redirect(redirect::Policy::none()).pool_max_idle_per_host(0)
}

/// Polls until the closure returns a value. Fails the test after a timeout.
pub(crate) async fn until<T>(poll: impl AsyncFn() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = poll().await {
            return value;
        }
        assert!(started.elapsed() < PATIENCE, "the condition did not become true in time");
        sleep(LOOK_EVERY).await;
    }
}

/// Starts a server of the binary and returns its URL.
pub(crate) fn start(command: &mut Command, log: Stdio) -> (Child, String) {
    let mut process =
        command.stdout(Stdio::piped()).stderr(log).spawn().expect("the binary starts");
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(!line.is_empty(), "the server did not open: {:?}", process.wait());
    let url = line.trim().rsplit(' ').next().unwrap_or_default().to_owned();
    assert!(url.starts_with("http://"), "the server printed {line}");
    (process, url)
}

/// Starts a server that must fail to start, and returns what it wrote to standard error.
pub(crate) fn fails_to_start(server: &mut Command) -> String {
    let mut process = server.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    for _ in 0..400 {
        if let Some(status) = process.try_wait().unwrap() {
            let mut output = String::new();
            let mut error = String::new();
            process.stdout.take().unwrap().read_to_string(&mut output).unwrap();
            process.stderr.take().unwrap().read_to_string(&mut error).unwrap();
            assert!(!status.success() && output.is_empty(), "{output}");
            return error;
        }
        thread::sleep(Duration::from_millis(50));
    }
    process.kill().unwrap();
    panic!("the server started");
}

/// Sends SIGTERM to a server and waits until it has exited.
pub(crate) fn stop(process: &mut Child) {
    terminate(process);
    assert!(process.wait().unwrap().success());
}

fn terminate(process: &Child) {
    signal(process, "-TERM");
}

fn signal(process: &Child, signal: &str) {
    let id = process.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
}

/// Removes the permissions of other users from a folder and everything in it.
pub(crate) fn make_private(folder: &Path) {
    let chmod = Command::new("chmod").args(["-R", "go-rwx"]).arg(folder).status();
    assert!(chmod.unwrap().success());
}

/// Returns the password of the first administrator: the default, unless settings forbid it.
fn admin_password(settings: &[(String, String)]) -> &str {
    let set = |name: &str| settings.iter().rfind(|(key, value)| key == name && !value.is_empty());
    match (set("ADMIN__PASSWORD"), set("SERVER__PUBLIC_ORIGIN"), set("SERVER__TRUSTED_PROXIES")) {
        (Some((_, password)), ..) => password,
        (None, None, None) => "admin",
        _ => OWN_PASSWORD,
    }
}

/// Builds a command of the binary in a folder, with settings as environment variables.
pub(crate) fn binary(folder: &Path, settings: &[(String, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_microshop"));
    command.current_dir(folder).env_clear().envs(std::env::vars().filter(|(key, _)| key == "PATH"));
    // Free also when the shop starts again.
    let bind = format!("127.0.0.1:{}", free_port());
    let defaults = [
        ("SERVER__BIND", bind.as_str()),
        ("AUTH__SCRYPT_LOG_N", "10"),
        // All users of a test register from one address.
        ("AUTH__REGISTRATIONS_PER_HOUR", "1000000"),
        ("LOG__FILTER", "warn"),
    ];
    for (key, value) in defaults {
        command.env(format!("MICROSHOP_{key}"), value);
    }
    if admin_password(settings) == OWN_PASSWORD {
        command.env("MICROSHOP_ADMIN__PASSWORD", OWN_PASSWORD);
    }
    for (key, value) in settings {
        command.env(if key == TRUSTED { key.clone() } else { format!("MICROSHOP_{key}") }, value);
    }
    command
}
