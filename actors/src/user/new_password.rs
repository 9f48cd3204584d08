//! The check of a password that a user wants to have.

use domain::user::{Email, UserError, Username};

use super::breached::BreachedPasswords;
use super::commands::UserDeps;
use crate::failure::Failure;

impl UserDeps {
    /// Returns an error if a user may not choose a password, which must be mapped.
    pub(super) async fn check_new(
        &self,
        password: &str,
        username: &Username,
        email: Option<&Email>,
    ) -> Result<(), Failure<UserError>> {
        self.shared.rules.passwords.check(password, username, email)?;
        let breached = self.breached.clone();
        let password = password.to_owned();
        let searched = tokio::task::spawn_blocking(move || search(&breached, &password)).await;
        searched.unwrap_or_else(|error| Err(Failure::Unavailable(error.to_string())))
    }
}

/// Returns an error if a list has a password. A list that can't be read refuses every password.
fn search(breached: &BreachedPasswords, password: &str) -> Result<(), Failure<UserError>> {
    match breached.contains(password) {
        Ok(false) => Ok(()),
        Ok(true) => Err(UserError::PasswordBreached.into()),
        Err(error) => Err(Failure::Unavailable(format!("auth.breached_passwords: {error}"))),
    }
}
