//! The first administrator's password where clients on other machines reach the shop: it must not
//! be the default.

use actors::password::{Client, Hasher};
use actors::seed::Seed;
use actors::tables::Tables;

use super::AppError;
use crate::config::judge::DEFAULT_PASSWORD;

/// Returns an error if the first administrator has the default password, or will get it from the
/// seed of an empty store. `exposure` is the setting that makes the shop public.
///
/// The hash is verified, too: the accounts of early versions do not record what it is of.
pub(super) async fn require_own_password(
    exposure: &'static str,
    tables: &Tables,
    seed: &Seed,
    hasher: &Hasher,
) -> Result<(), AppError> {
    let Some(first) = tables.seed.get("admin").await? else {
        return if seed.default_password { Err(AppError::NoPassword(exposure)) } else { Ok(()) };
    };
    let Some(account) = tables.accounts.get(first.value).await? else { return Ok(()) };
    let hash = Some(account.value.password_hash);
    let is_default = hasher.verify(Client::Staff, DEFAULT_PASSWORD.to_owned(), hash);
    if account.value.default_password || is_default.await? {
        return Err(AppError::DefaultPassword(exposure));
    }
    Ok(())
}
