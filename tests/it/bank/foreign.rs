//! A bank made by others: a bare TCP server that answers as the test wants, and every kind of nonsense.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};
use serde_json::{Value, json};

use super::certificate::Certificate;

/// How a foreign bank answers.
#[derive(Debug, Clone)]
pub(super) enum Manner {
    /// It keeps to the contract, and approves.
    Approves,
    /// It says this, whatever it is asked, and hangs up.
    Says(String),
    /// It says this, one byte a second.
    Drips(String),
    /// It hangs up without a word.
    HangsUp,
    /// It says nothing until the other side hangs up.
    IsSilent,
}

/// A bank made by others.
pub(super) struct ForeignBank {
    /// Where it is served.
    pub(super) url: String,
    manner: Arc<Mutex<Manner>>,
    approved: Arc<Mutex<BTreeSet<String>>>,
}

impl ForeignBank {
    /// A bank that keeps to the contract for now; its threads end with the tests.
    pub(super) fn open() -> Self {
        Self::serve("http", |stream| stream)
    }

    /// The same, asked by https.
    pub(super) fn open_with(certificate: &Certificate) -> Self {
        let config = certificate.server_config();
        Self::serve("https", move |stream| {
            StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream)
        })
    }

    fn serve<S: Read + Write>(
        scheme: &str,
        dress: impl Fn(TcpStream) -> S + Clone + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let bank =
            Self { url, manner: Arc::new(Mutex::new(Manner::Approves)), approved: Arc::default() };
        let (manner, approved) = (bank.manner.clone(), bank.approved.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (manner, approved, dress) =
                    (manner.lock().unwrap().clone(), approved.clone(), dress.clone());
                // Whoever hangs up on the bank ends the conversation, not the test.
                thread::spawn(move || drop(converse(dress(stream.unwrap()), manner, &approved)));
            }
        });
        bank
    }

    /// Has the bank answer in another manner from now on.
    pub(super) fn will(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    /// The keys of every charge that was approved.
    pub(super) fn approved(&self) -> BTreeSet<String> {
        self.approved.lock().unwrap().clone()
    }
}

fn converse(
    mut stream: impl Read + Write,
    manner: Manner,
    approved: &Mutex<BTreeSet<String>>,
) -> io::Result<()> {
    let (path, body) = read_request(&mut stream)?;
    let good = http("200 OK", &said("approved"));
    match manner {
        _ if path == "/elsewhere" => stream.write_all(good.as_bytes()),
        Manner::Approves => {
            approved
                .lock()
                .unwrap()
                .insert(body["idempotency_key"].as_str().unwrap_or(&path).to_owned());
            stream.write_all(good.as_bytes())
        }
        Manner::Says(text) => stream.write_all(text.as_bytes()),
        Manner::Drips(text) => text.as_bytes().iter().try_for_each(|byte| {
            thread::sleep(Duration::from_secs(1));
            stream.write_all(&[*byte])
        }),
        Manner::HangsUp => Ok(()),
        Manner::IsSilent => stream.read(&mut [0]).map(|_| ()),
    }
}

/// The path and the body of a request.
fn read_request(stream: &mut impl Read) -> io::Result<(String, Value)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    while !line.trim().is_empty() {
        line.clear();
        reader.read_line(&mut line)?;
        if let Some(said) = line.to_lowercase().strip_prefix("content-length: ") {
            length = said.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok((path, serde_json::from_slice(&body).unwrap_or_default()))
}

/// Every kind of nonsense, with its name.
pub(super) fn nonsense() -> Vec<(&'static str, Manner)> {
    let (good, declined) = (said("approved"), said("declined"));
    let another = json!({ "order_id": "00000000-0000-0000-0000-00000000000f" });
    let (less, words) = (json!({ "amount_cents": 1 }), json!({ "amount_cents": "all" }));
    let long = json!({ "note": "x".repeat(20_000) });
    let says = |status, body: &str| Manner::Says(http(status, body));
    vec![
        ("silence", Manner::IsSilent),
        ("nothing", Manner::HangsUp),
        ("one byte a second", Manner::Drips(http("200 OK", &good))),
        ("another protocol", Manner::Says("SSH-2.0-OpenSSH_9.2\r\n".into())),
        ("half a head", Manner::Says("HTTP/1.1 200 OK\r\ncontent-le".into())),
        ("an error", says("500 Internal Server Error", &good)),
        ("unavailable", says("503 Service Unavailable", "")),
        ("ask elsewhere", Manner::Says(redirect("307 Temporary Redirect"))),
        ("look elsewhere", Manner::Says(redirect("303 See Other"))),
        ("no content", Manner::Says("HTTP/1.1 204 No Content\r\n\r\n".into())),
        ("created", says("201 Created", &good)),
        ("a page", says("200 OK", "<html><h1>Welcome to the Wi-Fi</h1></html>")),
        ("an empty body", says("200 OK", "")),
        ("half an object", says("200 OK", &good[..20])),
        ("less than promised", Manner::Says(http("200 OK", &good).trim_end_matches('}').into())),
        ("an object and more", says("200 OK", &format!("{good} {good}"))),
        ("a list", says("200 OK", r#"["approved", "c-1"]"#)),
        ("null", says("200 OK", "null")),
        ("an unknown word", says("200 OK", &said("approvde"))),
        ("a word for another status", says("200 OK", &declined)),
        ("a status for another word", says("402 Payment Required", &good)),
        ("no number of the charge", says("200 OK", r#"{"status": "approved"}"#)),
        ("a proxy that wants money", says("402 Payment Required", "<h1>Pay your proxy</h1>")),
        ("a bare 402", says("402 Payment Required", "")),
        ("a bare 404", says("404 Not Found", "")),
        ("a bare 409", says("409 Conflict", "{}")),
        ("an amount in words", says("200 OK", &with(&good, &words))),
        ("more than anybody reads", says("200 OK", &with(&good, &long))),
        ("approved, another amount", says("200 OK", &with(&good, &less))),
        ("approved, another order", says("200 OK", &with(&good, &another))),
        ("declined, another order", says("402 Payment Required", &with(&declined, &another))),
    ]
}

fn said(status: &str) -> String {
    json!({ "status": status, "charge_id": "c-1" }).to_string()
}

fn with(said: &str, more: &Value) -> String {
    let mut object: Value = serde_json::from_str(said).unwrap();
    object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    object.to_string()
}

fn http(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

fn redirect(status: &str) -> String {
    format!("HTTP/1.1 {status}\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n")
}
