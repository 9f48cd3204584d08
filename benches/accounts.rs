//! What signing in and out costs: `cargo bench --bench accounts` starts a shop of its own and prints
//!
//! - how long `/api/articles` takes while 200 clients sign in at once, compared with when nobody does;
//! - how long a wrong password takes to be refused, compared with an unknown user;
//! - how long after a sign-out the session's token and its socket still work.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark fails by panicking, and prints what it found"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::{self, join_all};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::Message;

const PASSWORD: &str = "a long walk";
const CLIENTS: usize = 200;
const READERS: usize = 4;
const STORM: Duration = Duration::from_secs(6);
const TRIES: usize = 200;
const ENDS: usize = 40;

fn main() {
    actix_web::rt::System::new().block_on(async {
        let shop = Shop::open();
        shop.register("buyer").await;
        storm(&shop).await;
        unknown(&shop).await;
        ends(&shop).await;
    });
}

/// 200 clients sign in, each again as soon as it may; meanwhile others read the catalogue.
async fn storm(shop: &Shop) {
    let alone = reads(shop).await;
    let before = shop.memory();
    let (logins, during) =
        future::join(join_all((0..CLIENTS).map(|_| logs_in(shop))), reads(shop)).await;
    let mut statuses = BTreeMap::new();
    logins.into_iter().flatten().for_each(|status| *statuses.entry(status).or_insert(0) += 1);
    println!("\n{CLIENTS} clients sign in for {STORM:?}: answers by status {statuses:?}");
    println!("memory {before} MiB before, {} MiB at most", shop.memory());
    println!("GET /api/articles alone:  {}", Times(&alone));
    println!("GET /api/articles during: {}", Times(&during));
    println!(
        "p99 ratio {:.2}",
        Times(&during).at(99).as_secs_f64() / Times(&alone).at(99).as_secs_f64()
    );
}

async fn logs_in(shop: &Shop) -> Vec<u16> {
    let (began, mut statuses) = (Instant::now(), Vec::new());
    while began.elapsed() < STORM {
        let answer = shop.logs_in("buyer", PASSWORD).await;
        let wait = answer
            .headers()
            .get("retry-after")
            .map(|seconds| seconds.to_str().unwrap().parse().unwrap());
        statuses.push(answer.status().as_u16());
        sleep(Duration::from_secs(wait.unwrap_or(0))).await;
    }
    statuses
}

async fn reads(shop: &Shop) -> Vec<Duration> {
    let read = async || {
        let (began, client, mut times) = (Instant::now(), Client::new(), Vec::new());
        while began.elapsed() < STORM {
            let asked = Instant::now();
            let answer = client.get(format!("{}/api/articles", shop.url)).send().await.unwrap();
            assert!(answer.status().is_success() && !answer.bytes().await.unwrap().is_empty());
            times.push(asked.elapsed());
        }
        times
    };
    sorted(join_all((0..READERS).map(|_| read())).await.into_iter().flatten())
}

/// Wrong passwords and unknown users in turn, one at a time.
async fn unknown(shop: &Shop) {
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    for _ in 0..TRIES {
        for (name, times) in [("buyer", &mut wrong), ("nobody", &mut unknown)] {
            let asked = Instant::now();
            assert_eq!(shop.logs_in(name, "a short walk").await.status(), 401);
            times.push(asked.elapsed());
        }
    }
    let (wrong, unknown) = (sorted(wrong), sorted(unknown));
    println!("\nwrong password: {}", Times(&wrong));
    println!("unknown user:   {}", Times(&unknown));
    println!(
        "ratio of medians {:.3}",
        Times(&wrong).at(50).as_secs_f64() / Times(&unknown).at(50).as_secs_f64()
    );
}

/// From the moment that a session is told to end, in every way it can, until its token is refused and its socket closed.
async fn ends(shop: &Shop) {
    println!();
    let admin = shop.tokens(shop.logs_in("admin", "admin").await).await;
    for way in ["logout", "device signed out", "password changed", "given another role", "deleted"]
    {
        let (mut refused, mut closed) = (Vec::new(), Vec::new());
        for number in 0..ENDS {
            let name = format!("{way} {number}");
            let victim = shop.register(&name).await;
            let other = shop.tokens(shop.logs_in(&name, PASSWORD).await).await;
            let profile = shop.json(Method::GET, "/auth/profile", &victim, Value::Null).await;
            let user = format!("/api/users/{}", profile["id"].as_str().unwrap());
            let sessions = shop.json(Method::GET, "/auth/sessions", &victim, Value::Null).await;
            let is_current = |session: &&Value| session["current"] == true;
            let current = sessions["sessions"].as_array().unwrap().iter().find(is_current).unwrap();
            let session = format!("/auth/sessions/{}", current["id"].as_str().unwrap());
            let change = json!({ "current_password": PASSWORD, "new_password": "a longer walk" });
            let (method, path, token, body) = match way {
                "logout" => (Method::POST, "/auth/logout".to_owned(), &victim, json!({})),
                "device signed out" => (Method::DELETE, session, &other, Value::Null),
                "password changed" => (Method::POST, "/auth/password".to_owned(), &other, change),
                // Another role, whichever, ends the sessions.
                "given another role" => (Method::PATCH, user, &admin, json!({ "role": "admin" })),
                _ => (Method::DELETE, user, &admin, Value::Null),
            };
            let mut socket = shop.listens(&victim).await;
            // The password takes its time before the sessions end: what counts is the time from the answer on.
            let told = shop.send(method, &path, token, body).await;
            let answered = Instant::now();
            assert!(told.status().is_success(), "{way}: {}", told.text().await.unwrap());
            let next = shop.send(Method::GET, "/auth/profile", &victim, Value::Null).await;
            assert_eq!(next.status(), 401, "{way}");
            refused.push(answered.elapsed());
            let close = async {
                while !matches!(socket.next().await, None | Some(Err(_) | Ok(Message::Close(_)))) {}
            };
            timeout(Duration::from_secs(5), close).await.unwrap();
            closed.push(answered.elapsed());
        }
        println!("{way}: next call refused after {}", Times(&sorted(refused)));
        println!("{way}: socket closed after     {}", Times(&sorted(closed)));
    }
}

/// A release build in a folder of its own.
struct Shop {
    process: Child,
    _folder: tempfile::TempDir,
    url: String,
    http: Client,
}

impl Shop {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_microshop"))
            .current_dir(folder.path())
            .envs([
                ("MICROSHOP_SERVER__BIND", "127.0.0.1:0"),
                ("MICROSHOP_AUTH__THROTTLE", "false"),
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

    /// The most memory that the process ever had, in MiB.
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

    async fn json(&self, method: Method, path: &str, token: &str, body: Value) -> Value {
        self.send(method, path, token, body).await.json().await.unwrap()
    }

    async fn logs_in(&self, name: &str, password: &str) -> Response {
        self.send(
            Method::POST,
            "/auth/login",
            "",
            json!({ "username": name, "password": password }),
        )
        .await
    }

    async fn register(&self, name: &str) -> String {
        let body = json!({ "username": name, "password": PASSWORD });
        self.tokens(self.send(Method::POST, "/auth/register", "", body).await).await
    }

    async fn tokens(&self, answer: Response) -> String {
        let tokens: Value = answer.json().await.unwrap();
        tokens["access_token"].as_str().unwrap_or_else(|| panic!("{tokens}")).to_owned()
    }

    async fn listens(
        &self,
        token: &str,
    ) -> impl StreamExt<Item = Result<Message, impl std::error::Error>> + Unpin {
        let mut request = format!("{}/api/live", self.url.replacen("http", "ws", 1))
            .into_client_request()
            .unwrap();
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

/// Times, shortest first.
struct Times<'a>(&'a [Duration]);

impl Times<'_> {
    fn at(&self, percent: usize) -> Duration {
        self.0[(self.0.len() - 1) * percent / 100]
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
