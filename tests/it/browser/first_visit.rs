//! The first visit: how much a browser without any file of the shop has to load.

use crate::chromium::Chromium;
use crate::harness::{TestShop, single_node};

/// The most bytes that a first visit may load, compressed and with all headers.
const MOST_BYTES: u64 = 40_000;

/// The most requests that it may send, the socket included.
const MOST_REQUESTS: usize = 12;

#[actix_web::test]
async fn the_first_visit_of_the_catalogue_loads_little_in_few_requests() {
    single_node("counts the bytes of the shop itself");
    let shop = TestShop::open().await;
    for width in [1280, 390] {
        let browser = Chromium::open_counting().await;
        let window = browser.window(&shop).await;
        window.is_wide(width).await;
        browser.traffic().await;
        window.opens("/articles").await;
        window.sees(".indicator", "En direct").await;
        window.scrolls_to(".footer").await;
        window.has_loaded_every_picture().await;
        let traffic = browser.traffic().await;
        let requests = traffic.requests.len();
        eprintln!("{} bytes in {requests} requests at {width} pixels", traffic.bytes);
        let is_empty = traffic.bytes == 0 || requests == 0;
        assert!(!is_empty, "the browser has not counted anything");
        assert!(traffic.bytes <= MOST_BYTES && requests <= MOST_REQUESTS, "{traffic:#?}");
        browser.closes().await;
    }
}
