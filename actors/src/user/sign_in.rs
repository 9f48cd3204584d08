//! Sign-in: a submitted name and password, in their mapped forms and as they were typed.
//!
//! Names and passwords that were chosen before they were mapped are found as they were typed. A
//! second password is hashed only if the two forms differ.

use domain::network::Network;
use domain::text::mapped_password;
use domain::user::{SubmittedName, UserError, UserId};

use super::commands::UserDeps;
use super::throttle::{Attempt, Outcome, Refusal};
use super::{CheckPassword, FindUser};
use crate::failure::Failure;
use crate::password::{Client, HashError};
use crate::session::VerifiedUser;
use crate::store::StoreError;
use crate::tables::table::Row;
use crate::tables::{Account, Tables};

type Result<T> = std::result::Result<T, Failure<UserError>>;
type AccountRow = Option<Row<Account>>;

/// Returns the id of the user with a submitted name.
pub async fn find_user(
    tables: &Tables,
    username: &str,
) -> std::result::Result<Option<UserId>, StoreError> {
    let name = SubmittedName::of(username);
    let mapped = tables.usernames.get(&name.mapped).await?;
    let found = match mapped {
        None if name.typed != name.mapped => tables.usernames.get(&name.typed).await?,
        mapped => mapped,
    };
    Ok(found.map(|row| row.value))
}

impl UserDeps {
    /// Returns the id of the user with a submitted name.
    pub(super) async fn find(self, FindUser(username): FindUser) -> Result<Option<UserId>> {
        Ok(find_user(&self.shared.tables, &username).await?)
    }

    /// Checks a name and a password, unless there were too many failures.
    pub(super) async fn check(self, check: CheckPassword) -> Result<VerifiedUser> {
        let network = check.client;
        let attempt = self.admit(network, &check.username).await?;
        let verified = self.verify(Client::Visitor(network), check).await;
        attempt.end(Outcome::of(&verified));
        let verified = verified?;
        self.note_network(&verified, network).await;
        Ok(verified)
    }

    /// Admits a sign-in. What other clients do, and guesses at other names, delay it only if the
    /// user has never signed in from the client's network.
    async fn admit(&self, network: Network, username: &str) -> Result<Attempt> {
        match self.throttle.begin_sign_in(network, username) {
            Ok(attempt) => Ok(attempt),
            Err(Refusal::Shared(_)) if self.is_known(username, network).await? => {
                let admitted = self.throttle.begin_known_sign_in(network, username);
                Ok(admitted.map_err(UserError::from)?)
            }
            Err(refusal) => Err(UserError::from(refusal).into()),
        }
    }

    /// Verifies a password, and rehashes it if the cost setting has changed or its hash is that of
    /// an unmapped password.
    async fn verify(&self, client: Client, check: CheckPassword) -> Result<VerifiedUser> {
        let CheckPassword { username, password, .. } = check;
        let (mapped, typed) = self.accounts_named(&username).await?;
        let new_password = mapped_password(&password);
        let is_same_account = id(&mapped) == id(&typed);
        let (row, is_unmapped) = if self.opens(client, &mapped, new_password.clone()).await? {
            (mapped, false)
        } else if new_password == password && is_same_account {
            return Err(UserError::InvalidCredentials.into());
        } else if self.opens(client, &typed, password.clone()).await? {
            (typed, new_password != password)
        } else {
            return Err(UserError::InvalidCredentials.into());
        };
        let Row { version, value: account } = row.ok_or(UserError::InvalidCredentials)?;
        let version = if is_unmapped || self.hasher.is_outdated(&account.password_hash) {
            self.try_rehash(client, &account, version, new_password).await?
        } else {
            version
        };
        Ok(VerifiedUser { user: account.user, version })
    }

    /// Whether a password is that of an account, in its mapped form or as it was typed.
    pub(super) async fn is_password(
        &self,
        client: Client,
        password: String,
        account: &Account,
    ) -> std::result::Result<bool, HashError> {
        let hash = &account.password_hash;
        let mapped = mapped_password(&password);
        let is_mapped = mapped == password;
        if self.hasher.verify(client, mapped, Some(hash.clone())).await? {
            return Ok(true);
        }
        Ok(!is_mapped && self.hasher.verify(client, password, Some(hash.clone())).await?)
    }

    /// Returns the account of the mapped name, and that of the name as it was typed. If there is
    /// only one, it is both.
    async fn accounts_named(&self, username: &str) -> Result<(AccountRow, AccountRow)> {
        let name = SubmittedName::of(username);
        let mapped = self.account_named(&name.mapped).await?;
        let typed =
            if name.typed == name.mapped { None } else { self.account_named(&name.typed).await? };
        let second = typed.clone().or_else(|| mapped.clone());
        Ok((mapped.or(typed), second))
    }

    async fn account_named(&self, folded: &str) -> Result<AccountRow> {
        match self.shared.tables.usernames.get(folded).await? {
            Some(row) => Ok(self.shared.tables.accounts.get(row.value).await?),
            None => Ok(None),
        }
    }

    /// Whether a password is exactly that of an account. Without an account it never is, which
    /// takes as long to find out.
    async fn opens(
        &self,
        client: Client,
        row: &AccountRow,
        password: String,
    ) -> std::result::Result<bool, HashError> {
        let hash = row.as_ref().map(|row| row.value.password_hash.clone());
        self.hasher.verify(client, password, hash).await
    }
}

fn id(row: &AccountRow) -> Option<UserId> {
    row.as_ref().map(|row| row.value.user.id)
}
