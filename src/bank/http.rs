//! A bank reached over HTTP.
//!
//! Only a reply that follows [`contract`](super::contract) is a decision or a refusal. Only a
//! failure to connect means that no request was sent. After every other failure the decision of the
//! bank is unknown.

use std::error::Error;
use std::time::Duration;

use actors::bank::{Answer, Bank, BankError, Charge, confirmed};
use async_trait::async_trait;
use reqwest::{Client, RequestBuilder, Response, Url, redirect};
use serde_json::{Map, Value};

use super::contract::{BankReply, ChargeRequest, Status, is_of_decision, is_refusal};
use crate::json::Object;

/// The largest reply that is read, in bytes.
const MAX_BODY: usize = 16 * 1024;

/// By how much the timeout of a request exceeds that of its caller, which must expire first.
const SPARE: Duration = Duration::from_secs(1);

/// A client of a bank.
pub struct HttpBank {
    http: Client,
    url: Url,
}

/// Why there is no client for a URL.
#[derive(Debug, thiserror::Error)]
pub enum WrongUrl {
    /// The URL does not have the form `http[s]://HOST[:PORT][/PATH]`.
    #[error("it is neither simulated nor http[s]://HOST[:PORT][/PATH]")]
    Invalid,
    /// The HTTP client can't be created.
    #[error("the HTTP client can't be created: {0}")]
    Client(String),
}

impl HttpBank {
    /// Creates a client. `timeout` is how long a caller waits for a reply.
    pub fn new(url: &str, timeout: Duration) -> Result<Self, WrongUrl> {
        let url = Url::parse(url).map_err(|_| WrongUrl::Invalid)?;
        match url.scheme() {
            "http" | "https" if url.query().is_none() && url.fragment().is_none() => {}
            _ => return Err(WrongUrl::Invalid),
        }
        let mut http = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            // No connection is reused: a request lost on a dead one may have reached the bank.
            .pool_max_idle_per_host(0)
            // Connecting must fail before the caller's timeout: only then it is certain that no
            // request was sent.
            .connect_timeout(timeout / 2)
            .timeout(timeout + SPARE);
        if url.scheme() == "http" {
            // Plain HTTP needs no certificates. Loading them fails on a system that has none.
            http = http.tls_certs_only([]);
        }
        let http = http.build().map_err(|error| WrongUrl::Client(with_causes(error)))?;
        Ok(Self { http, url })
    }

    /// Returns the URL of all charges, or of the charge with a key.
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
        let (http_status, reply) = send(request).await?;
        decision_on(charge, http_status, &reply)
    }

    async fn lookup(&self, charge: &Charge) -> Result<Option<Answer>, BankError> {
        let request = self.http.get(self.charges(Some(&charge.key)));
        let (http_status, reply) = send(request).await?;
        if (http_status, reply.status) == (Status::NotFound.http_status(), Status::NotFound) {
            return Ok(None);
        }
        decision_on(charge, http_status, &reply).map(Some)
    }

    async fn void(&self, key: &str) -> Result<(), BankError> {
        let (http_status, reply) = send(self.http.delete(self.charges(Some(key)))).await?;
        if (http_status, reply.status) == (200, Status::Voided) {
            return Ok(());
        }
        match decision(http_status, &reply)? {
            Answer::Voided => Ok(()),
            Answer::Approved | Answer::Declined => Err(unexpected(http_status, &reply)),
        }
    }
}

/// Returns the decision in a reply, if it is one on this charge.
fn decision_on(charge: &Charge, http_status: u16, reply: &BankReply) -> Result<Answer, BankError> {
    let answer = decision(http_status, reply)?;
    confirmed(answer, charge, reply.order_id, reply.amount_cents)
}

/// Returns the decision in a reply. Returns an error if its two statuses disagree.
fn decision(http_status: u16, reply: &BankReply) -> Result<Answer, BankError> {
    match reply.status {
        status if status.http_status() != http_status => Err(unexpected(http_status, reply)),
        Status::Approved if reply.charge_id.is_some() => Ok(Answer::Approved),
        Status::Declined => Ok(Answer::Declined),
        Status::Voided => Ok(Answer::Voided),
        Status::KeyReused => Err(BankError::KeyReused),
        Status::NotFound => Err(BankError::Refused("404 with not_found".to_owned())),
        Status::Approved => Err(unexpected(http_status, reply)),
    }
}

/// Sends a request and reads the reply. Returns [`BankError::NotSent`] only if connecting failed,
/// and [`BankError::Refused`] for a refusal.
async fn send(request: RequestBuilder) -> Result<(u16, BankReply), BankError> {
    let response = request.send().await.map_err(|error| {
        if error.is_connect() {
            BankError::NotSent(with_causes(error))
        } else {
            BankError::Unknown(with_causes(error))
        }
    })?;
    let status = response.status();
    let http_status = status.as_u16();
    if is_refusal(http_status) && !is_of_decision(http_status) {
        return Err(BankError::Refused(status.to_string()));
    }
    let body = read_body(response).await?;
    match serde_json::from_slice(&body) {
        Ok(Object(reply)) => Ok((http_status, reply)),
        Err(_) if is_refusal(http_status) && has_fields(&body) => {
            Err(BankError::Refused(status.to_string()))
        }
        Err(error) => Err(BankError::Unknown(format!("{status}: {error}"))),
    }
}

/// Returns whether a body is a JSON object with fields, which no proxy sends by itself.
fn has_fields(body: &[u8]) -> bool {
    serde_json::from_slice::<Map<String, Value>>(body).is_ok_and(|object| !object.is_empty())
}

/// Reads a body up to [`MAX_BODY`].
async fn read_body(mut response: Response) -> Result<Vec<u8>, BankError> {
    let mut body = Vec::new();
    let unknown = |error| BankError::Unknown(with_causes(error));
    while let Some(chunk) = response.chunk().await.map_err(unknown)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BODY {
            let status = response.status();
            return Err(BankError::Unknown(format!("{status}: the reply is too large")));
        }
    }
    Ok(body)
}

/// The error for a valid reply that is no reply to this request.
fn unexpected(http_status: u16, reply: &BankReply) -> BankError {
    BankError::Unknown(format!("unexpected reply: {http_status} with {:?}", reply.status))
}

/// Formats an error with its causes, which hold the details, and without the URL, which may
/// contain a password.
fn with_causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
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
    fn a_url_without_query_and_fragment_names_a_bank() {
        assert!(bank("https://a").is_ok());
        for url in ["", "simulatde", "a:1", "http://", "http://a?b", "http://a#b", "ftp://a"] {
            assert!(matches!(bank(url), Err(WrongUrl::Invalid)), "{url}");
        }
    }
}
