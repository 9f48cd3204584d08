//! A program that follows the shop, and comes back after whatever happens without missing anything:
//! `cargo run --example live_client -- http://localhost:5000 admin admin cart orders` prints `id topic type` of each event.

use std::env;
use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};

use follower::{Follower, Next};
use login::Login;

mod follower;
mod login;

/// How long to wait when the sign-in can't be renewed because nobody answers.
const NOBODY: Duration = Duration::from_secs(2);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [url, username, password, topics @ ..] = arguments.as_slice() else {
        return Err("say: live_client URL USER PASSWORD TOPIC...".into());
    };
    let mut login = Login::new(url, username, password).await?;
    let mut follower = Follower::new(topics.to_vec(), None);
    loop {
        let code = match follow(url, &mut login, &mut follower).await {
            Ok(code) => code,
            Err(error) if is_refusal(&*error) => return Err(error),
            Err(_) => None,
        };
        match follower.ended(code, RandomState::new().hash_one(())) {
            Next::In(wait) => sleep(wait).await,
            Next::Never => return Err(format!("sent away with {code:?}").into()),
        }
    }
}

/// Listens until the connection ends; the code it was closed with.
async fn follow(
    url: &str,
    login: &mut Login,
    follower: &mut Follower,
) -> Result<Option<u16>, Box<dyn Error>> {
    if login.renew_at() <= Instant::now() {
        login.renew().await?;
    }
    let mut request =
        format!("{}/api/live", url.replacen("http", "ws", 1)).into_client_request()?;
    request.headers_mut().insert("authorization", format!("Bearer {}", login.token()).parse()?);
    request.headers_mut().insert("sec-websocket-protocol", "microshop.v1".parse()?);
    let (mut socket, _) = connect_async(request).await?;
    for said in follower.greeting() {
        socket.send(Message::text(said.to_string())).await?;
    }
    loop {
        tokio::select! {
            heard = socket.next() => match heard.transpose()? {
                Some(Message::Text(text)) => hears(follower, &text)?,
                Some(Message::Close(close)) => return Ok(close.map(|close| close.code.into())),
                Some(_) => {}
                None => return Ok(None),
            },
            () = sleep_until(login.renew_at()) => match login.renew().await {
                Ok(()) => socket.send(Message::text(json!({ "token": login.token() }).to_string())).await?,
                Err(_) => sleep(NOBODY).await,
            },
        }
    }
}

/// Whether the shop has answered that it won't: asking again would not help.
fn is_refusal(error: &(dyn Error + 'static)) -> bool {
    let status = match (error.downcast_ref(), error.downcast_ref::<reqwest::Error>()) {
        (Some(tungstenite::Error::Http(answer)), _) => Some(answer.status()),
        (_, Some(error)) => error.status(),
        _ => None,
    };
    status.is_some_and(|status| status.is_client_error() && status != 429)
}

fn hears(follower: &mut Follower, text: &str) -> io::Result<()> {
    let frame: Value = serde_json::from_str(text)?;
    let is_news = follower.hears(&frame);
    match (frame.get("id"), frame.get("topic"), frame.get("type")) {
        (Some(id), Some(Value::String(topic)), Some(Value::String(event))) if is_news => {
            writeln!(io::stdout(), "{id} {topic} {event}")
        }
        _ if frame.get("error").is_some() || frame.get("reset").is_some() => {
            writeln!(io::stderr(), "{frame}")
        }
        _ => Ok(()),
    }
}
