//! Repeats a check whose store is in use, so that it names only what stays different.

use std::collections::HashSet;
use std::time::Duration;

use actors::tables::Tables;
use tokio::time::sleep;

use super::{Books, BooksError, Line, check};

/// In how many passes a difference must be found if other processes write to the store.
const PASSES: usize = 3;

/// How long to wait before the next pass.
const PAUSE: Duration = Duration::from_secs(1);

/// Checks the store and the books, and returns every difference.
///
/// A check reads for a while. In a shared store, what others have written between two of its
/// reads looks like a difference; such a store is checked again, and only what is found each time
/// counts. `progress` receives how far the first pass is.
pub async fn differences(
    tables: &Tables,
    books: &Books,
    progress: &mut dyn FnMut(String),
) -> Result<Vec<String>, BooksError> {
    let mut differences = pass(tables, books, progress).await?;
    for _ in 1..PASSES {
        if !tables.store.is_shared() || differences.is_empty() {
            break;
        }
        sleep(PAUSE).await;
        let found = pass(tables, books, &mut |_| {}).await?;
        let found: HashSet<_> = found.into_iter().collect();
        differences.retain(|difference| found.contains(difference));
    }
    Ok(differences)
}

/// Checks once.
async fn pass(
    tables: &Tables,
    books: &Books,
    progress: &mut dyn FnMut(String),
) -> Result<Vec<String>, BooksError> {
    let mut differences = Vec::new();
    let mut report = |line| match line {
        Line::Difference(text) => differences.push(text),
        Line::Progress(text) => progress(text),
    };
    let orders = check(tables, &mut report).await?;
    books.compare(tables, orders, &mut report).await?;
    Ok(differences)
}
