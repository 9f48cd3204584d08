//! Copies a store that no process uses to an empty one, of any kind.
//!
//! Keys keep their versions and expiries, and events their ids and times. A target whose copy has
//! not finished can't be opened.

use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::sleep;

use super::raw::{CopyError, RawEvent, RawRow, RawStore};
use super::{OpenError, Options, redis, sled};
use crate::config::sections::REDIS_SCHEMES;
use crate::crypto::hexadecimal;

/// After how many rows or events to report how far a copy is.
const REPORT_EVERY: u64 = 10_000;

/// How long to wait for a sign of a node that uses the source: longer than two of its beats.
const LOOK: Duration = Duration::from_millis(2_500);

/// What a store holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// The number of keys.
    pub rows: u64,
    /// The number of events in the log.
    pub events: u64,
    /// The SHA-256 of all of them, in hexadecimal.
    pub checksum: String,
}

/// Copies the store at one URL to another, and returns what was copied. Then reads both again, and
/// returns an error if either holds anything else. `report` receives how far the copy is.
pub async fn copy(
    from: &str,
    to: &str,
    options: &Options,
    report: &mut dyn FnMut(String),
) -> Result<Content, CopyError> {
    let source = open(from, false, options).await?;
    let target = open(to, true, options).await?;
    let copied = walk(&*source, Some(&*target), report).await?;
    if !from.starts_with("sled:") {
        // A node that still runs changes its row every second.
        sleep(LOOK).await;
    }
    report("comparing".to_owned());
    let mut silent = |_| {};
    for (store, name) in [(&target, "target"), (&source, "source")] {
        if walk(&**store, None, &mut silent).await? != copied {
            return Err(CopyError::Changed(name));
        }
    }
    target.finish().await?;
    Ok(copied)
}

/// Opens the store at a URL: one that holds a shop, or an empty one.
async fn open(url: &str, is_new: bool, options: &Options) -> Result<Box<dyn RawStore>, CopyError> {
    match url.split_once(':') {
        Some(("sled", path)) if !path.is_empty() => {
            Ok(Box::new(sled::raw::open(path.into(), is_new, options.cache_mib)?))
        }
        Some((scheme, _)) if REDIS_SCHEMES.contains(&scheme) => {
            Ok(Box::new(redis::raw::open(url, is_new, &options.vouched).await?))
        }
        _ => Err(OpenError::WrongUrl("the scheme is unknown".to_owned()).into()),
    }
}

/// Reads a whole store, and writes it to a target if there is one.
async fn walk(
    source: &dyn RawStore,
    target: Option<&dyn RawStore>,
    report: &mut dyn FnMut(String),
) -> Result<Content, CopyError> {
    let mut content = Content::default();
    let mut checksum = Sha256::new();
    let mut after = String::new();
    loop {
        let rows = source.rows(&after).await?;
        let Some(last) = rows.last() else { break };
        after.clone_from(&last.key);
        for RawRow { key, sealed } in &rows {
            add(&mut checksum, &[key.as_bytes(), sealed]);
            content.rows += 1;
            if content.rows.is_multiple_of(REPORT_EVERY) {
                report(format!("{} keys", content.rows));
            }
        }
        if let Some(target) = target {
            target.put_rows(rows).await?;
        }
    }
    let mut after = 0;
    loop {
        let events = source.events(after).await?;
        let Some(last) = events.last() else { break };
        after = last.id;
        for RawEvent { id, at, value } in &events {
            add(&mut checksum, &[&id.to_be_bytes(), &at.to_be_bytes(), value]);
            content.events += 1;
            if content.events.is_multiple_of(REPORT_EVERY) {
                report(format!("{} events", content.events));
            }
        }
        if let Some(target) = target {
            target.put_events(events).await?;
        }
    }
    content.checksum = hexadecimal(&checksum.finalize());
    Ok(content)
}

/// Adds parts to a checksum, each with its length, so that no other parts have the same one.
fn add(checksum: &mut Sha256, parts: &[&[u8]]) {
    for part in parts {
        checksum.update((part.len() as u64).to_be_bytes());
        checksum.update(part);
    }
}
