//! Tokens of links by which users set a new password: the id of the user and 256 random bits.

use actors::clock::random_bytes;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::user::UserId;
use uuid::Uuid;

/// The number of bytes of an id.
const ID: usize = 16;

/// Returns a new token of a user, which is safe in URLs.
pub fn new_token(user: UserId) -> String {
    URL_SAFE_NO_PAD.encode([&user.0.as_bytes()[..], &random_bytes::<32>()].concat())
}

/// Returns the user whom a token names; `None` for a text that is no token.
pub fn user_of(token: &str) -> Option<UserId> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (id, secret) = bytes.split_at_checked(ID)?;
    let id = Uuid::from_slice(id).ok()?;
    (secret.len() == 32).then_some(UserId(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_user_and_no_two_are_the_same() {
        let user = UserId(Uuid::from_u128(7));
        let [one, other] = [new_token(user), new_token(user)];
        assert_eq!((user_of(&one), user_of(&other)), (Some(user), Some(user)));
        assert!(one != other && one.len() == 64);
    }

    #[test]
    fn a_text_that_is_no_token_names_no_user() {
        let token = new_token(UserId(Uuid::from_u128(7)));
        let padded = format!("{token}=");
        for text in ["", "a", &token[..63], &token[..60], &padded, "ä", &token.repeat(2)] {
            assert_eq!(user_of(text), None, "{text}");
        }
    }
}
