//! How a route refuses a caller, by who may call it.

use crate::people::Answer;
use Authority::{Administrator, Anyone, Credentials, Guest, Owner};

/// Who may call a route.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Authority {
    /// Every caller, with any token or none.
    Anyone,
    /// A caller without a token or with a valid one.
    Guest,
    /// A caller who sends a password or a refresh token in the body, whatever the header has.
    Credentials,
    /// A signed-in user.
    SignedIn,
    /// The owner. All other users receive this code with 404, as if it did not exist.
    Owner(&'static str),
    /// An administrator.
    Administrator,
}

/// A kind of caller.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Caller {
    /// A caller without a token or cookie, or with the wrong kind: a program with a cookie, a
    /// browser with a token.
    Anonymous,
    /// A caller whose token or cookie is invalid, expired or revoked.
    Impostor,
    /// A customer who does not own the order and the session.
    Stranger,
    /// An administrator.
    Administrator,
    /// The customer who owns the order and the session.
    Customer,
}

impl Authority {
    /// Returns how a program is refused, or `None` if it is admitted.
    pub(super) fn refuses_program(self, caller: Caller) -> Option<String> {
        let refusal = match (self, caller) {
            (Anyone, _) | (Guest, Caller::Anonymous) => return None,
            (Credentials, _) => "422 missing_field",
            (_, Caller::Anonymous) => "401 unauthorized",
            (_, Caller::Impostor) => "401 invalid_token",
            (Administrator, Caller::Stranger | Caller::Customer) => "403 forbidden",
            (Owner(unknown), Caller::Stranger | Caller::Administrator) => {
                return Some(format!("404 {unknown}"));
            }
            _ => return None,
        };
        Some(refusal.into())
    }

    /// Returns how a browser is refused, or `None` if it is admitted; `back` is the page that it
    /// returns to after signing in.
    pub(super) fn refuses_browser(self, caller: Caller, back: &str) -> Option<String> {
        match (self, caller) {
            (Anyone | Guest | Credentials, _) => None,
            (_, Caller::Anonymous | Caller::Impostor) => Some(format!("303 /login?then={back}")),
            (Administrator, Caller::Stranger | Caller::Customer) => Some("403".into()),
            (Owner(_), Caller::Stranger | Caller::Administrator) => Some("404".into()),
            _ => None,
        }
    }

    /// Returns how the caller was refused, or `None` if it was admitted, whatever the outcome of
    /// the request was.
    pub(super) fn refusal(self, answer: &Answer) -> Option<String> {
        let status = answer.status.as_u16();
        let location = answer.headers.get("location").and_then(|location| location.to_str().ok());
        let to_login = location.filter(|location| location.starts_with("/login?"));
        let is_refused = match status {
            303 => to_login.is_some(),
            404 => matches!(self, Owner(_)),
            422 => self == Credentials,
            401 | 403 | 500.. => true,
            _ => false,
        };
        let reason = to_login.or(answer.json["code"].as_str());
        is_refused.then(|| match reason {
            Some(reason) => format!("{status} {reason}"),
            None => status.to_string(),
        })
    }
}
