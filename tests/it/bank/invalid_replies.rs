//! A fake bank: a TCP server that sends any reply, and a list of all invalid replies.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::certificate::Certificate;

/// How a fake bank replies to every request.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// Approves, as the contract requires.
    Approve,
    /// Sends a text and closes the connection.
    Text(String),
    /// Sends a text, one byte each second.
    SlowText(String),
    /// Closes the connection.
    Close,
    /// Sends nothing until the client closes the connection.
    Silence,
}

/// A fake bank. Its threads run until the tests end.
pub(super) struct FakeBank {
    /// The base URL.
    pub(super) url: String,
    reply: Arc<Mutex<Reply>>,
    approved: Arc<Mutex<BTreeMap<String, Value>>>,
}

impl FakeBank {
    /// Opens a bank over HTTP that approves every charge.
    pub(super) fn open() -> Self {
        Self::serve("http", |stream| stream)
    }

    /// Opens a bank over HTTPS that approves every charge.
    pub(super) fn open_with(certificate: &Certificate) -> Self {
        let config = certificate.server_config();
        Self::serve("https", move |stream| {
            StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream)
        })
    }

    /// Listens on a free port. `wrap` adds TLS to a connection.
    fn serve<S: Read + Write>(
        scheme: &str,
        wrap: impl Fn(TcpStream) -> S + Clone + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let reply = Arc::new(Mutex::new(Reply::Approve));
        let bank = Self { url, reply: reply.clone(), approved: Arc::default() };
        let approved = bank.approved.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let reply = reply.lock().unwrap().clone();
                let approved = approved.clone();
                let wrap = wrap.clone();
                // A client that closes the connection does not fail the test.
                thread::spawn(move || drop(respond(wrap(stream.unwrap()), reply, &approved)));
            }
        });
        bank
    }

    /// Changes the reply to all later requests.
    pub(super) fn replies(&self, reply: Reply) {
        *self.reply.lock().unwrap() = reply;
    }

    /// Returns the keys of all approved charges.
    pub(super) fn approved(&self) -> BTreeSet<String> {
        self.approved.lock().unwrap().keys().cloned().collect()
    }
}

fn respond(
    mut stream: impl Read + Write,
    reply: Reply,
    approved: &Mutex<BTreeMap<String, Value>>,
) -> io::Result<()> {
    let (path, body) = read_request(&mut stream)?;
    match reply {
        _ if path == REDIRECTED => {
            stream.write_all(http("200 OK", &with_status("approved")).as_bytes())
        }
        Reply::Approve => {
            let key = body["idempotency_key"].as_str().unwrap_or(&path).to_owned();
            approved.lock().unwrap().insert(key, body.clone());
            stream.write_all(approval(&body).as_bytes())
        }
        Reply::Text(text) => stream.write_all(text.as_bytes()),
        Reply::SlowText(text) => text.as_bytes().iter().try_for_each(|byte| {
            thread::sleep(Duration::from_secs(1));
            stream.write_all(&[*byte])
        }),
        Reply::Close => Ok(()),
        Reply::Silence => stream.read(&mut [0]).map(|_| ()),
    }
}

/// Returns the approval of a charge.
fn approval(charge: &Value) -> String {
    let approved = json!({
        "status": "approved",
        "charge_id": "c-1",
        "order_id": charge["order_id"],
        "amount_cents": charge["amount_cents"],
    });
    http("200 OK", &approved.to_string())
}

/// Reads the path and the body of a request.
fn read_request(stream: &mut impl Read) -> io::Result<(String, Value)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    while !line.trim().is_empty() {
        line.clear();
        reader.read_line(&mut line)?;
        if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok((path, serde_json::from_slice(&body).unwrap_or_default()))
}

/// Returns every kind of invalid reply, with its name.
pub(super) fn invalid_replies() -> Vec<(&'static str, Reply)> {
    [invalid_http(), invalid_bodies(), contradictory_replies()].concat()
}

fn invalid_http() -> Vec<(&'static str, Reply)> {
    let approved = with_status("approved");
    let approval = http("200 OK", &approved);
    vec![
        ("silence", Reply::Silence),
        ("no reply", Reply::Close),
        ("one byte a second", Reply::SlowText(approval.clone())),
        ("another protocol", Reply::Text("SSH-2.0-OpenSSH_9.2\r\n".into())),
        ("half a head", Reply::Text("HTTP/1.1 200 OK\r\ncontent-le".into())),
        ("an error", text("500 Internal Server Error", &approved)),
        ("unavailable", text("503 Service Unavailable", "")),
        ("a redirect", redirect("307 Temporary Redirect")),
        ("a redirect with GET", redirect("303 See Other")),
        ("no content", Reply::Text("HTTP/1.1 204 No Content\r\n\r\n".into())),
        ("created", text("201 Created", &approved)),
        ("a body shorter than its length", Reply::Text(approval.trim_end_matches('}').into())),
        ("a proxy with status 402", text("402 Payment Required", "<h1>Pay your proxy</h1>")),
        ("402 without a body", text("402 Payment Required", "")),
        ("404 without a body", text("404 Not Found", "")),
        ("409 with an empty object", text("409 Conflict", "{}")),
    ]
}

fn invalid_bodies() -> Vec<(&'static str, Reply)> {
    let approved = with_status("approved");
    let amount_in_words = with_field(&approved, "amount_cents", "all".into());
    let too_large = with_field(&approved, "note", "x".repeat(20_000).into());
    vec![
        ("a page", text("200 OK", "<html><h1>Welcome to the Wi-Fi</h1></html>")),
        ("an empty body", text("200 OK", "")),
        ("half an object", text("200 OK", &approved[..20])),
        ("two objects", text("200 OK", &format!("{approved} {approved}"))),
        ("a list", text("200 OK", r#"["approved", "c-1"]"#)),
        ("null", text("200 OK", "null")),
        ("an unknown status", text("200 OK", &with_status("approvde"))),
        ("no id of the charge", text("200 OK", &with_field(&approved, "charge_id", Value::Null))),
        ("no order", text("200 OK", &with_field(&approved, "order_id", Value::Null))),
        ("no amount", text("200 OK", &with_field(&approved, "amount_cents", Value::Null))),
        ("only a status and an id", text("200 OK", r#"{"status": "approved", "charge_id": "c"}"#)),
        ("declined, no order", text("402 Payment Required", r#"{"status": "declined"}"#)),
        ("an amount in words", text("200 OK", &amount_in_words)),
        ("a body that is too large", text("200 OK", &too_large)),
    ]
}

/// Replies whose parts contradict each other or the request.
fn contradictory_replies() -> Vec<(&'static str, Reply)> {
    let approved = with_status("approved");
    let declined = with_status("declined");
    let order = || json!("00000000-0000-0000-0000-00000000000f");
    let other_amount = with_field(&approved, "amount_cents", 1.into());
    let other_order = with_field(&approved, "order_id", order());
    let other_declined = with_field(&declined, "order_id", order());
    let other_voided = with_field(&with_status("voided"), "order_id", order());
    vec![
        ("declined with status 200", text("200 OK", &declined)),
        ("approved with status 402", text("402 Payment Required", &approved)),
        ("approved, another amount", text("200 OK", &other_amount)),
        ("approved, another order", text("200 OK", &other_order)),
        ("declined, another order", text("402 Payment Required", &other_declined)),
        ("voided with status 402", text("402 Payment Required", &other_voided)),
    ]
}

/// Returns a reply about the charge that [`charge`](super::charge) returns.
fn with_status(status: &str) -> String {
    json!({
        "status": status,
        "charge_id": "c-1",
        "order_id": "00000000-0000-0000-0000-000000000001",
        "amount_cents": 100,
    })
    .to_string()
}

fn with_field(body: &str, field: &str, value: Value) -> String {
    let mut object: Value = serde_json::from_str(body).unwrap();
    object[field] = value;
    object.to_string()
}

/// Returns the reply with a status line and a body.
pub(super) fn text(status: &str, body: &str) -> Reply {
    Reply::Text(http(status, body))
}

fn http(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n\
         content-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

/// The path to which the redirects point. It approves every charge.
const REDIRECTED: &str = "/redirected";

fn redirect(status: &str) -> Reply {
    Reply::Text(format!("HTTP/1.1 {status}\r\nlocation: {REDIRECTED}\r\ncontent-length: 0\r\n\r\n"))
}
