//! A bank elsewhere, asked over HTTP.
//!
//! Only what [`contract`](super::contract) knows is a decision, and only a connection that could not be made is no
//! request. Everything else leaves open what the bank has done, whatever it looks like.

use std::error::Error;
use std::time::Duration;

use actors::bank::{Answer, Bank, BankError, Charge};
use async_trait::async_trait;
use reqwest::{Client, RequestBuilder, Response, Url, redirect};

use super::contract::{ChargeRequest, Said, Word};
use crate::json::Object;

/// The largest answer that is read, in bytes.
const MAX_BODY: usize = 16 * 1024;

/// How much longer than its caller a request may take, so that it is the caller who gives up.
const SPARE: Duration = Duration::from_secs(1);

/// A bank elsewhere.
pub struct HttpBank {
    http: Client,
    url: Url,
}

/// Why there is no bank at a URL.
#[derive(Debug, thiserror::Error)]
pub enum WrongUrl {
    /// It is another URL than `http[s]://HOST[:PORT][/PATH]`.
    #[error("it is neither simulated nor http[s]://HOST[:PORT][/PATH]")]
    Other,
    /// The system doesn't allow it.
    #[error("no request can be made: {0}")]
    Client(String),
}

impl HttpBank {
    /// The bank at a URL, whose caller waits at most that long for an answer.
    pub fn new(url: &str, patience: Duration) -> Result<Self, WrongUrl> {
        let url = Url::parse(url).map_err(|_| WrongUrl::Other)?;
        match url.scheme() {
            "http" | "https" if url.query().is_none() && url.fragment().is_none() => {}
            _ => return Err(WrongUrl::Other),
        }
        let mut http = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            // A connection that was kept may be dead by now, and a request lost on it may have been heard.
            .pool_max_idle_per_host(0)
            // Before the caller gives up: who can't be connected to was not asked, and only this can tell.
            .connect_timeout(patience / 2)
            .timeout(patience + SPARE);
        if url.scheme() == "http" {
            // It shows no certificate, and the system may have none that are trusted.
            http = http.tls_certs_only([]);
        }
        Ok(Self { http: http.build().map_err(|error| WrongUrl::Client(told(error)))?, url })
    }

    /// Where the charge of a key is, or all charges are.
    fn charges(&self, key: Option<&str>) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("charges").extend(key);
        }
        url
    }
}

#[async_trait]
impl Bank for HttpBank {
    async fn charge(&self, charge: &Charge) -> Result<Answer, BankError> {
        let request = self.http.post(self.charges(None)).json(&ChargeRequest::from(charge));
        let (status, said) = ask(request).await?;
        let is_another = said.order_id.is_some_and(|order| order != charge.order)
            || said.amount_cents.is_some_and(|amount| amount != charge.amount);
        if is_another {
            return Err(BankError::Unknown("it answers for another order or amount".into()));
        }
        decided(status, &said)
    }

    async fn lookup(&self, key: &str) -> Result<Option<Answer>, BankError> {
        let (status, said) = ask(self.http.get(self.charges(Some(key)))).await?;
        if (status, said.status) == (Word::NotFound.status(), Word::NotFound) {
            return Ok(None);
        }
        decided(status, &said).map(Some)
    }

    async fn void(&self, key: &str) -> Result<(), BankError> {
        let (status, said) = ask(self.http.delete(self.charges(Some(key)))).await?;
        if (status, said.status) == (200, Word::Voided) {
            Ok(())
        } else {
            Err(not_understood(status, &said))
        }
    }
}

/// What the bank has decided on a charge, if both its status and its word say so.
fn decided(status: u16, said: &Said) -> Result<Answer, BankError> {
    match said.status {
        word if word.status() != status => Err(not_understood(status, said)),
        Word::Approved if said.charge_id.is_some() => Ok(Answer::Approved),
        Word::Declined => Ok(Answer::Declined),
        Word::Voided => Ok(Answer::Voided),
        Word::KeyReused => Err(BankError::KeyReused),
        Word::Approved | Word::NotFound => Err(not_understood(status, said)),
    }
}

async fn ask(request: RequestBuilder) -> Result<(u16, Said), BankError> {
    let answer = request.send().await.map_err(|error| {
        if error.is_connect() {
            BankError::NotSent(told(error))
        } else {
            BankError::Unknown(told(error))
        }
    })?;
    let status = answer.status();
    let body = body(answer).await?;
    let Object(said) = serde_json::from_slice(&body)
        .map_err(|error| BankError::Unknown(format!("{status}: {error}")))?;
    Ok((status.as_u16(), said))
}

async fn body(mut answer: Response) -> Result<Vec<u8>, BankError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| BankError::Unknown(told(error)))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BODY {
            return Err(BankError::Unknown(format!("{}: an answer without end", answer.status())));
        }
    }
    Ok(body)
}

fn not_understood(status: u16, said: &Said) -> BankError {
    BankError::Unknown(format!("{status} with {:?} is no answer to this", said.status))
}

/// An error with its causes, without which it says little, and without the URL, which may hold a password.
fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bank(url: &str) -> Result<HttpBank, WrongUrl> {
        HttpBank::new(url, SPARE)
    }

    #[test]
    fn charges_are_below_the_url_of_the_bank() {
        for (url, charges) in [
            ("http://a:1", "http://a:1/charges"),
            ("http://a/", "http://a/charges"),
            ("http://a/b/", "http://a/b/charges"),
        ] {
            let bank = bank(url).unwrap();
            assert_eq!(bank.charges(None).as_str(), charges);
            assert_eq!(bank.charges(Some("c/1?")).as_str(), format!("{charges}/c%2F1%3F"));
        }
    }

    #[test]
    fn only_a_plain_url_names_a_bank() {
        assert!(bank("https://a").is_ok());
        for url in ["", "simulatde", "a:1", "http://", "http://a?b", "http://a#b", "ftp://a"] {
            assert!(matches!(bank(url), Err(WrongUrl::Other)), "{url}");
        }
    }
}
