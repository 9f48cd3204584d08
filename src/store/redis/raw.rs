//! What a Redis store holds, byte for byte, to copy it.

use std::collections::HashMap;

use actors::store::EventId;
use async_trait::async_trait;
use fred::bytes::Bytes;
use fred::error::Error;
use fred::interfaces::{HashesInterface, KeysInterface, SortedSetsInterface, StreamsInterface};
use fred::types::SetOptions;

use super::inspection::{inspect, unreachable};
use super::log::{EVENTS_PER_READ, event_id};
use super::opening::connect;
use super::{Connection, EPOCH_KEY, EXPIRIES, FORMAT_KEY, LOG, NAMES, VALUES, unreadable};
use crate::crypto::random_token;
use crate::store::envelope::Envelope;
use crate::store::raw::{CopyError, ROWS_PER_READ, RawEvent, RawRow, RawStore};
use crate::store::{COPYING, FORMAT, OpenError, check_format};

/// A connection to the Redis of a store.
pub(in crate::store) struct RawRedis {
    connection: Connection,
}

/// Connects to a Redis that may acknowledge commits: one that holds a shop, or an empty one.
pub(in crate::store) async fn open(
    url: &str,
    is_new: bool,
    vouched: &[String],
) -> Result<RawRedis, CopyError> {
    let connection = connect(url).await?;
    inspect(&connection, vouched, None).await?;
    let keys = vec![VALUES, NAMES, EXPIRIES, LOG, EPOCH_KEY];
    let existing: u64 = connection.exists(keys).await.map_err(unreachable)?;
    if is_new {
        let not_empty = || CopyError::NotEmpty("this Redis".to_owned());
        if existing > 0 {
            return Err(not_empty());
        }
        // A node may fill it at the same time.
        let begun: Option<String> = connection
            .set(FORMAT_KEY, COPYING, None, Some(SetOptions::NX), false)
            .await
            .map_err(unreachable)?;
        return begun.map(|_| RawRedis { connection }).ok_or_else(not_empty);
    }
    if existing == 0 {
        return Err(CopyError::Empty("this Redis".to_owned()));
    }
    let format: Option<String> = connection.get(FORMAT_KEY).await.map_err(unreachable)?;
    match format.as_deref() {
        Some(COPYING) => return Err(OpenError::Unfinished.into()),
        Some(format) => check_format(format.parse().unwrap_or(u64::MAX))?,
        None => {}
    }
    Ok(RawRedis { connection })
}

#[async_trait]
impl RawStore for RawRedis {
    async fn rows(&self, after: &str) -> Result<Vec<RawRow>, CopyError> {
        let connection = &self.connection;
        let after = format!("({after}");
        let keys: Vec<String> = connection
            .zrangebylex(NAMES, after, "+", Some((0, ROWS_PER_READ as i64)))
            .await
            .map_err(failed)?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let sealed: Vec<Bytes> = connection.hmget(VALUES, keys.clone()).await.map_err(failed)?;
        let rows = keys.into_iter().zip(sealed);
        Ok(rows.map(|(key, sealed)| RawRow { key, sealed: sealed.into() }).collect())
    }

    async fn events(&self, after: EventId) -> Result<Vec<RawEvent>, CopyError> {
        let from = format!("({after}-0");
        let entries: Vec<(String, HashMap<String, Bytes>)> = self
            .connection
            .xrange_values(LOG, from, "+", Some(EVENTS_PER_READ))
            .await
            .map_err(failed)?;
        let events = entries.into_iter().map(|(id, mut fields)| {
            let id = event_id(&id)?;
            let at = std::str::from_utf8(fields.get("at")?).ok()?.parse().ok()?;
            Some(RawEvent { id, at, value: fields.remove("event")?.into() })
        });
        let events: Option<_> = events.collect();
        events.ok_or_else(|| CopyError::Failed(unreadable().to_string()))
    }

    async fn put_rows(&self, rows: Vec<RawRow>) -> Result<(), CopyError> {
        let pipeline = self.connection.pipeline();
        let mut expiries = Vec::new();
        for RawRow { key, sealed } in &rows {
            let envelope = Envelope::open(sealed).map(|(envelope, _)| envelope);
            if let Some(at) = envelope.map(|envelope| envelope.expires_at).filter(|at| *at > 0) {
                expiries.push((at as f64, key.clone()));
            }
        }
        let names: Vec<_> = rows.iter().map(|row| (0.0, row.key.clone())).collect();
        let values: HashMap<_, _> =
            rows.into_iter().map(|row| (row.key, Bytes::from(row.sealed))).collect();
        let _: () = pipeline.hset(VALUES, values).await.map_err(failed)?;
        let _: () = pipeline.zadd(NAMES, None, None, false, false, names).await.map_err(failed)?;
        if !expiries.is_empty() {
            let added = pipeline.zadd(EXPIRIES, None, None, false, false, expiries).await;
            let _: () = added.map_err(failed)?;
        }
        pipeline.all().await.map_err(failed)
    }

    async fn put_events(&self, events: Vec<RawEvent>) -> Result<(), CopyError> {
        let pipeline = self.connection.pipeline();
        for RawEvent { id, at, value } in events {
            let fields = [
                ("at", Bytes::from(at.to_string())),
                ("event", value.into()),
                // No node searches for the commit of an event that was copied.
                ("commit", Bytes::new()),
            ];
            let added = pipeline.xadd(LOG, false, None, format!("{id}-0"), fields.to_vec()).await;
            let _: () = added.map_err(failed)?;
        }
        pipeline.all().await.map_err(failed)
    }

    async fn finish(self: Box<Self>) -> Result<(), CopyError> {
        for (key, value) in [(EPOCH_KEY, random_token()), (FORMAT_KEY, FORMAT.to_string())] {
            let set: Result<(), Error> = self.connection.set(key, value, None, None, false).await;
            set.map_err(failed)?;
        }
        Ok(())
    }
}

fn failed(error: Error) -> CopyError {
    CopyError::Failed(error.to_string())
}
