//! The position of the log up to which clients have seen the shop.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::Url;
use reqwest::header::HeaderMap;

/// The header with a position.
pub(crate) const SHOP_POSITION: &str = "shop-position";

thread_local! {
    /// The last event that each address has shown to anyone in the test of this thread.
    static SHOWN: RefCell<HashMap<String, u64>> = RefCell::default();
}

/// Returns the last event that an address has shown to anyone in this test. What a test does next
/// comes after it, whichever node answers.
pub(crate) fn shown_at(url: &str) -> u64 {
    let address = url.trim_start_matches("http://").split('/').next().unwrap();
    SHOWN.with_borrow(|shown| shown.get(address).copied().unwrap_or(0))
}

/// Notes what an answer of an address has shown, in its header or its cookie.
pub(crate) fn note(url: &Url, headers: &HeaderMap) {
    let header = headers.get(SHOP_POSITION).map(|position| position.to_str().unwrap());
    let cookies = headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    let mut cookies = cookies.filter_map(|cookie| cookie.split(';').next()?.split_once('='));
    let cookie = cookies.find(|(name, _)| name.starts_with("position-")).map(|(_, value)| value);
    if let Some(position) = header.or(cookie).and_then(|position| position.parse::<u64>().ok()) {
        let address = url.authority().to_owned();
        SHOWN.with_borrow_mut(|shown| {
            let last = shown.entry(address).or_default();
            *last = position.max(*last);
        });
    }
}

/// The last event that answers have shown to a person at any address. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Position(Arc<AtomicU64>);

impl Position {
    /// Returns the last event that was seen; 0 if none was.
    pub(crate) fn last(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Notes what an answer has shown.
    pub(crate) fn sees(&self, headers: &HeaderMap) {
        if let Some(position) = headers.get(SHOP_POSITION) {
            let position = position.to_str().unwrap().parse().unwrap();
            self.0.fetch_max(position, Ordering::Relaxed);
        }
    }
}
