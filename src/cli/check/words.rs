//! Checks of the index of all users, by word.

use actors::store::StoreError;
use actors::tables::Tables;
use actors::user::index::word_keys;

use super::Report;
use super::lists::{report_extra, report_missing};
use super::scan::Scan;

/// How findings name the index.
const BY_WORD: &str = "the users by word";

/// Checks that every user is in the index, and that it holds no other keys than those of the users.
/// A store that was not opened since an earlier version has no index.
pub(super) async fn users(tables: &Tables, report: Report<'_>) -> Result<(), StoreError> {
    if tables.user_index_version.get("all").await?.is_none() {
        return Ok(());
    }
    let mut accounts = Scan::new(&tables.accounts);
    while let Some(page) = accounts.next_page().await? {
        let keys: Vec<_> = page.iter().flat_map(|(_, account)| word_keys(&account.user)).collect();
        let rows = tables.user_words.get_many(&keys).await?;
        for (key, _) in keys.iter().zip(rows).filter(|(_, row)| row.is_none()) {
            report_missing(key, BY_WORD, report);
        }
    }
    let mut listed = Scan::new(&tables.user_words);
    while let Some(page) = listed.next_page().await? {
        let ids: Vec<_> = page.iter().map(|(_, user)| *user).collect();
        let accounts = tables.accounts.get_many(&ids).await?;
        for ((key, _), account) in page.iter().zip(accounts) {
            if !account.is_some_and(|row| word_keys(&row.value.user).contains(key)) {
                report_extra(key, BY_WORD, report);
            }
        }
    }
    Ok(())
}
