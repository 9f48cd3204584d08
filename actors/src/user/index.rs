//! The index of all users, by the words by which they are found.
//!
//! Its rows are in the commit that changes the user.

use domain::user::{User, UserId};
use futures_util::future::try_join_all;

use crate::clock::Clock;
use crate::order::buyer::counted;
use crate::store::StoreError;
use crate::tables::batch::WriteBatch;
use crate::tables::index::{Index, put_all};
use crate::tables::table::{Row, version};
use crate::tables::{Account, Tables};

/// The version of the index. A store with another one is indexed when it is opened.
const VERSION: u64 = 2;

/// The most rows of a word that a search reads.
const MOST_FOUND: usize = 1_000;

type Result<T> = std::result::Result<T, StoreError>;

/// Adds the users of a store whose index is missing or of another version, and counts their orders.
pub async fn index_users(tables: &Tables, clock: &Clock) -> Result<()> {
    let index = Index { stored: &tables.user_index_version, needed: VERSION };
    let add = async |page| index_page(tables, clock, page).await;
    index.build(tables, clock, &tables.accounts, add).await
}

async fn index_page(
    tables: &Tables,
    clock: &Clock,
    page: Vec<(String, Row<Account>)>,
) -> Result<()> {
    let mut batch = tables.batch(clock.now());
    let mut ids = Vec::with_capacity(page.len());
    let mut words = Vec::new();
    for (key, Row { version, value: Account { user, .. } }) in page {
        batch.require(&tables.accounts, key, Some(version));
        words.extend(word_keys(&user).into_iter().map(|key| (key, user.id)));
        ids.push(user.id);
    }
    put_all(&tables.user_words, &mut batch, words).await?;
    tables.commit(batch).await?;
    let buyers = ids.iter().zip(tables.buyers.get_many(&ids).await?);
    let counts = buyers.map(|(id, buyer)| counted(tables, tables.batch(clock.now()), *id, buyer));
    try_join_all(counts).await.map(drop)
}

/// Puts the words by which a user is found who is new or has changed, and removes the former ones.
/// The batch must name the version of the account.
pub(super) async fn put_words(
    tables: &Tables,
    batch: &mut WriteBatch,
    before: Option<&User>,
    user: &User,
) -> Result<()> {
    let former = before.map(User::words).unwrap_or_default();
    let words = user.words();
    for word in words.difference(&former) {
        let key = word_key(word, user.id);
        let row = tables.user_words.get(&key).await?;
        batch.put(&tables.user_words, key, version(&row), &user.id)?;
    }
    remove(tables, batch, former.difference(&words), user.id).await
}

/// Removes the words of a deleted user.
pub(super) async fn remove_words(
    tables: &Tables,
    batch: &mut WriteBatch,
    user: &User,
) -> Result<()> {
    remove(tables, batch, user.words().iter(), user.id).await
}

async fn remove(
    tables: &Tables,
    batch: &mut WriteBatch,
    words: impl Iterator<Item = &String>,
    user: UserId,
) -> Result<()> {
    for word in words {
        let key = word_key(word, user);
        if let Some(row) = tables.user_words.get(&key).await? {
            batch.remove(&tables.user_words, key, row.version);
        }
    }
    Ok(())
}

/// Returns the users that the words of a search find, oldest first. Of a word that more than
/// [`MOST_FOUND`] users have, not all are found.
pub(super) async fn find(tables: &Tables, search: &[String]) -> Result<Vec<User>> {
    let longest = search.iter().max_by_key(|word| word.len()).map_or("", String::as_str);
    let rows = tables.user_words.list(longest, None, MOST_FOUND).await?;
    let mut ids: Vec<_> = rows.into_iter().map(|(_, row)| row.value).collect();
    ids.sort_unstable();
    ids.dedup();
    let accounts = tables.accounts.get_many(&ids).await?;
    let users = accounts.into_iter().flatten().map(|row| row.value.user);
    Ok(users.filter(|user| user.is_found_by(search)).collect())
}

/// Returns the keys under which a user is listed.
pub fn word_keys(user: &User) -> Vec<String> {
    user.words().iter().map(|word| word_key(word, user.id)).collect()
}

fn word_key(word: &str, user: UserId) -> String {
    format!("{word}/{user}")
}
