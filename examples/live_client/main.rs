//! A program that follows the shop and resumes after every failure without missing an event.
//!
//! `cargo run --example live_client -- http://localhost:5000 admin admin cart orders` prints the
//! id, topic and type of each event.

use std::env;
use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use follower::{Follower, Next};
use login::Login;

mod follower;
mod login;

/// How long to wait after the token could not be refreshed.
const REFRESH_RETRY: Duration = Duration::from_secs(2);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [url, username, password, topics @ ..] = arguments.as_slice() else {
        return Err("usage: live_client URL USER PASSWORD TOPIC...".into());
    };
    let mut login = Login::new(url, username, password).await?;
    let mut follower = Follower::new(topics.to_vec(), None);
    loop {
        let code = match follow(url, &mut login, &mut follower).await {
            Ok(code) => code,
            Err(error) if is_refusal(&*error) => return Err(error),
            Err(_) => None,
        };
        match follower.disconnected(code, RandomState::new().hash_one(())) {
            Next::In(wait) => sleep(wait).await,
            Next::Never => return Err(format!("the server closed with {code:?}").into()),
        }
    }
}

/// Receives frames until the connection ends, and returns the close code.
async fn follow(
    url: &str,
    login: &mut Login,
    follower: &mut Follower,
) -> Result<Option<u16>, Box<dyn Error>> {
    if login.refresh_at() <= Instant::now() {
        login.refresh().await?;
    }
    let mut socket = connect(url, login.token()).await?;
    for command in follower.greeting() {
        socket.send(Message::text(command.to_string())).await?;
    }
    loop {
        tokio::select! {
            message = socket.next() => match message.transpose()? {
                Some(Message::Text(text)) => receive(follower, &text)?,
                Some(Message::Close(close)) => return Ok(close.map(|close| close.code.into())),
                Some(_) => {}
                None => return Ok(None),
            },
            () = sleep_until(login.refresh_at()) => renew(login, &mut socket).await?,
        }
    }
}

async fn connect(url: &str, token: &str) -> Result<Socket, Box<dyn Error>> {
    let url = format!("{}/api/live", url.replacen("http", "ws", 1));
    let mut request = url.into_client_request()?;
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
    request.headers_mut().insert("sec-websocket-protocol", "microshop.v1".parse()?);
    Ok(connect_async(request).await?.0)
}

/// Refreshes the access token and sends it, so that the socket stays open.
async fn renew(login: &mut Login, socket: &mut Socket) -> Result<(), tungstenite::Error> {
    match login.refresh().await {
        Ok(()) => {
            let command = json!({ "token": login.token() });
            socket.send(Message::text(command.to_string())).await?;
        }
        Err(_) => sleep(REFRESH_RETRY).await,
    }
    Ok(())
}

/// Returns whether the shop has refused a request in a way that a retry would not change.
fn is_refusal(error: &(dyn Error + 'static)) -> bool {
    let status = match (error.downcast_ref(), error.downcast_ref::<reqwest::Error>()) {
        (Some(tungstenite::Error::Http(response)), _) => Some(response.status()),
        (_, Some(error)) => error.status(),
        _ => None,
    };
    status.is_some_and(|status| status.is_client_error() && status != 429)
}

/// Records a frame, and prints it if it is an event or a snapshot.
fn receive(follower: &mut Follower, text: &str) -> io::Result<()> {
    let frame: Value = serde_json::from_str(text)?;
    let is_event = follower.receive(&frame);
    match (frame.get("id"), frame.get("topic"), frame.get("type")) {
        (Some(id), Some(Value::String(topic)), Some(Value::String(event))) if is_event => {
            writeln!(io::stdout(), "{id} {topic} {event}")
        }
        _ if frame.get("error").is_some() || frame.get("reset").is_some() => {
            writeln!(io::stderr(), "{frame}")
        }
        _ => Ok(()),
    }
}
