//! The keys of nodes that share a store: each must accept the tokens of the others.

use std::time::Duration;

use actors::store::{StoreError, Version};
use actors::tables::Tables;
use actors::tables::table::{Table, version};
use tokio::time::sleep;

use super::AppError;
use crate::credentials::keys::KeyRing;

/// Under what the ids of the keys are stored.
const ALL: &str = "all";

/// How long to look whether another node is running: longer than two of its beats.
const LOOK: Duration = Duration::from_millis(2_500);

/// Stores the ids of the keys of this node, for the next one that starts.
///
/// Returns an error if they do not fit those of the node that has started last, and a node is
/// running: the node must know the key with which the other signs, and the other its own.
pub(super) async fn require_same_secret(tables: &Tables, keys: &KeyRing) -> Result<(), AppError> {
    let stored: Table<Vec<String>> = tables.named("signing-keys");
    let own = keys.ids();
    loop {
        let row = stored.get(ALL).await?;
        let version = version(&row);
        if let Some(others) = row.map(|row| row.value)
            && !(signs_with_one_of(&others, &own) && signs_with_one_of(&own, &others))
            && is_a_node_running(tables).await?
        {
            return Err(AppError::OtherSecret);
        }
        let mut batch = tables.batch(tables.store.clock().now());
        batch.put(&stored, ALL, version, &own)?;
        match tables.commit(batch).await {
            // Another node has started at the same time.
            Err(StoreError::Conflict) => {}
            result => return Ok(result.map(drop)?),
        }
    }
}

/// Whether the key with which a node signs, the first of its own, is known to another node.
fn signs_with_one_of(own: &[String], others: &[String]) -> bool {
    own.first().is_none_or(|newest| others.contains(newest))
}

/// Whether another node is running: each writes its row every second.
async fn is_a_node_running(tables: &Tables) -> Result<bool, StoreError> {
    let before = beats(tables).await?;
    sleep(LOOK).await;
    let after = beats(tables).await?;
    Ok(after.iter().any(|beat| !before.contains(beat)))
}

async fn beats(tables: &Tables) -> Result<Vec<(String, Version)>, StoreError> {
    let nodes = tables.nodes.all().await?;
    Ok(nodes.into_iter().map(|(node, row)| (node, row.version)).collect())
}
