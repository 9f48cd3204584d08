//! Measures the cost of sign-ins and sign-outs.
//!
//! After `cargo build --release`, `cargo run --release -p benches --bin accounts` starts a new shop
//! and prints
//!
//! - how long `/api/articles` takes while 200 clients sign in at once, compared with no sign-ins;
//! - how long the refusal of a wrong password takes, compared with an unknown user;
//! - how long after a sign-out its session's token and socket still work.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark fails by panicking, and prints its results"
)]

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::{self, join_all};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// The password of every user.
const PASSWORD: &str = "a long walk";
/// How many clients sign in at once.
const CLIENTS: usize = 200;
/// How many clients read the catalogue.
const READERS: usize = 4;
/// How long these sign in and read.
const LOAD: Duration = Duration::from_secs(6);
/// How often a wrong password and an unknown user are tried.
const TRIES: usize = 200;
/// How many sessions end in each way.
const ENDS: usize = 40;
/// The ways in which a session ends.
const WAYS: [&str; 5] =
    ["logout", "device signed out", "password changed", "given another role", "deleted"];
/// How long a socket may take to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

fn main() {
    actix_web::rt::System::new().block_on(async {
        let shop = Shop::open();
        shop.register("buyer").await;
        measure_load(&shop).await;
        measure_refusals(&shop).await;
        measure_ends(&shop).await;
    });
}

/// Measures reads of the catalogue without sign-ins, then while 200 clients sign in repeatedly.
async fn measure_load(shop: &Shop) {
    let alone = read_articles(shop).await;
    let memory_before = shop.memory();
    let sign_ins = join_all((0..CLIENTS).map(|client| sign_in_repeatedly(shop, client)));
    let (sign_ins, during) = future::join(sign_ins, read_articles(shop)).await;
    let mut statuses = BTreeMap::new();
    sign_ins.into_iter().flatten().for_each(|status| *statuses.entry(status).or_insert(0) += 1);
    println!("\n{CLIENTS} clients sign in for {LOAD:?}: responses by status {statuses:?}");
    println!("memory {memory_before} MiB before, {} MiB at most", shop.memory());
    println!("GET /api/articles alone:  {}", Times(&alone));
    println!("GET /api/articles during: {}", Times(&during));
    println!("p99 ratio {:.2}", Times(&during).ratio_to(&Times(&alone), 99));
}

/// Signs in from an address of its own as often as the shop permits. Returns the status of every
/// response.
async fn sign_in_repeatedly(shop: &Shop, client: usize) -> Vec<u16> {
    let address = format!("192.0.2.{client}");
    let started_at = Instant::now();
    let mut statuses = Vec::new();
    while started_at.elapsed() < LOAD {
        let response = shop.sign_in_from(&address, "buyer", PASSWORD).await;
        let retry_after = response.headers().get("retry-after");
        let seconds = retry_after.map_or(0, |seconds| seconds.to_str().unwrap().parse().unwrap());
        statuses.push(response.status().as_u16());
        sleep(Duration::from_secs(seconds)).await;
    }
    statuses
}

/// Reads the catalogue with several clients, and returns how long each request took.
async fn read_articles(shop: &Shop) -> Vec<Duration> {
    let read = async || {
        let started_at = Instant::now();
        let client = Client::new();
        let mut times = Vec::new();
        while started_at.elapsed() < LOAD {
            let sent_at = Instant::now();
            let response = client.get(format!("{}/api/articles", shop.url)).send().await.unwrap();
            assert!(response.status().is_success());
            assert!(!response.bytes().await.unwrap().is_empty());
            times.push(sent_at.elapsed());
        }
        times
    };
    sorted(join_all((0..READERS).map(|_| read())).await.into_iter().flatten())
}

/// Measures refusals of a wrong password and of an unknown user, alternately.
async fn measure_refusals(shop: &Shop) {
    let mut wrong = Vec::new();
    let mut unknown = Vec::new();
    for _ in 0..TRIES {
        for (name, times) in [("buyer", &mut wrong), ("ghost", &mut unknown)] {
            let sent_at = Instant::now();
            assert_eq!(shop.sign_in(name, "a short walk").await.status(), 401);
            times.push(sent_at.elapsed());
        }
    }
    let wrong = sorted(wrong);
    let unknown = sorted(unknown);
    println!("\nwrong password: {}", Times(&wrong));
    println!("unknown user:   {}", Times(&unknown));
    println!("ratio of the medians {:.3}", Times(&wrong).ratio_to(&Times(&unknown), 50));
}

/// Measures, for every way in which a session ends, the time until its token is refused and its
/// socket is closed.
async fn measure_ends(shop: &Shop) {
    println!();
    let admin = access_token(shop.sign_in("admin", "admin").await).await;
    for way in WAYS {
        let mut refused = Vec::new();
        let mut closed = Vec::new();
        for number in 0..ENDS {
            let end = end_session(shop, &admin, way, number).await;
            refused.push(end.refused_after);
            closed.push(end.closed_after);
        }
        println!("{way}: next call refused after {}", Times(&sorted(refused)));
        println!("{way}: socket closed after     {}", Times(&sorted(closed)));
    }
}

/// The end of a session, measured from the response to the request that ended it.
struct End {
    refused_after: Duration,
    closed_after: Duration,
}

/// Signs a new user in twice, and ends the first of the two sessions.
async fn end_session(shop: &Shop, admin: &str, way: &str, number: usize) -> End {
    let name = format!("{way} {number}");
    let ending = shop.register(&name).await;
    let other = access_token(shop.sign_in(&name, PASSWORD).await).await;
    let user = format!("/api/users/{}", shop.user_id(&ending).await);
    let session = format!("/auth/sessions/{}", shop.session_id(&ending).await);
    let change = json!({ "current_password": PASSWORD, "new_password": "a longer walk" });
    let (method, path, token, body) = match way {
        "logout" => (Method::POST, "/auth/logout", ending.as_str(), json!({})),
        "device signed out" => (Method::DELETE, session.as_str(), other.as_str(), Value::Null),
        "password changed" => (Method::POST, "/auth/password", other.as_str(), change),
        // Any change of the role ends the sessions.
        "given another role" => (Method::PATCH, user.as_str(), admin, json!({ "role": "admin" })),
        _ => (Method::DELETE, user.as_str(), admin, Value::Null),
    };
    let mut socket = shop.subscribe(&ending).await;
    // The password is checked before the sessions end: only the time after the response counts.
    let ended = shop.send(method, path, token, body).await;
    let ended_at = Instant::now();
    assert!(ended.status().is_success(), "{way}: {}", ended.text().await.unwrap());
    let next = shop.send(Method::GET, "/auth/profile", &ending, Value::Null).await;
    assert_eq!(next.status(), 401, "{way}");
    let refused_after = ended_at.elapsed();
    timeout(CLOSE_TIMEOUT, wait_for_close(&mut socket)).await.unwrap();
    End { refused_after, closed_after: ended_at.elapsed() }
}

async fn wait_for_close(socket: &mut Socket) {
    while !matches!(socket.next().await, None | Some(Err(_) | Ok(Message::Close(_)))) {}
}

/// A release build that runs in a temporary folder.
struct Shop {
    process: Child,
    _folder: tempfile::TempDir,
    url: String,
    http: Client,
}

impl Shop {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(env::current_exe().unwrap().with_file_name("microshop"))
            .current_dir(folder.path())
            .envs([
                ("MICROSHOP_SERVER__BIND", "127.0.0.1:0"),
                ("MICROSHOP_AUTH__THROTTLE", "false"),
                ("MICROSHOP_SERVER__TRUSTED_PROXIES", "127.0.0.1"),
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().rsplit(' ').next().unwrap().to_owned();
        Self { process, _folder: folder, url, http: Client::new() }
    }

    /// Returns the largest memory that the process has had, in MiB.
    fn memory(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }

    async fn send(&self, method: Method, path: &str, token: &str, body: Value) -> Response {
        let request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(token);
        if body.is_null() { request } else { request.json(&body) }.send().await.unwrap()
    }

    async fn get_json(&self, path: &str, token: &str) -> Value {
        self.send(Method::GET, path, token, Value::Null).await.json().await.unwrap()
    }

    async fn sign_in(&self, name: &str, password: &str) -> Response {
        self.sign_in_from("192.0.2.255", name, password).await
    }

    async fn sign_in_from(&self, address: &str, name: &str, password: &str) -> Response {
        let credentials = json!({ "username": name, "password": password });
        let request = self.http.post(format!("{}/auth/login", self.url)).json(&credentials);
        request.header("x-forwarded-for", address).send().await.unwrap()
    }

    /// Registers a user and returns the access token of the new session.
    async fn register(&self, name: &str) -> String {
        let body = json!({ "username": name, "password": PASSWORD });
        access_token(self.send(Method::POST, "/auth/register", "", body).await).await
    }

    async fn user_id(&self, token: &str) -> String {
        let profile = self.get_json("/auth/profile", token).await;
        profile["id"].as_str().unwrap().to_owned()
    }

    /// Returns the id of the session that a token belongs to.
    async fn session_id(&self, token: &str) -> String {
        let sessions = self.get_json("/auth/sessions", token).await;
        let is_current = |session: &&Value| session["current"] == true;
        let current = sessions["sessions"].as_array().unwrap().iter().find(is_current).unwrap();
        current["id"].as_str().unwrap().to_owned()
    }

    /// Opens a socket for the events of a session.
    async fn subscribe(&self, token: &str) -> Socket {
        let url = format!("{}/api/live", self.url.replacen("http", "ws", 1));
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        connect_async(request).await.unwrap().0
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

async fn access_token(response: Response) -> String {
    let tokens: Value = response.json().await.unwrap();
    tokens["access_token"].as_str().unwrap_or_else(|| panic!("{tokens}")).to_owned()
}

/// Times, shortest first.
struct Times<'a>(&'a [Duration]);

impl Times<'_> {
    fn at(&self, percent: usize) -> Duration {
        self.0[(self.0.len() - 1) * percent / 100]
    }

    /// Returns the ratio of a percentile to the same percentile of other times.
    fn ratio_to(&self, other: &Self, percent: usize) -> f64 {
        self.at(percent).as_secs_f64() / other.at(percent).as_secs_f64()
    }
}

impl std::fmt::Display for Times<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "p50 {:.2?}, p99 {:.2?} of {}", self.at(50), self.at(99), self.0.len())
    }
}

fn sorted(times: impl IntoIterator<Item = Duration>) -> Vec<Duration> {
    let mut times: Vec<_> = times.into_iter().collect();
    times.sort_unstable();
    times
}
