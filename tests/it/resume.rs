//! Clients that reconnect while the shop is stopped, killed and restarted receive every event
//! that is theirs, once and in order. They run the code of `examples/live_client`.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::sleep;

use crate::crash::random::Random;
use crate::harness::{TestShop, single_node, until};
use reader::{Reader, Slice};
use writer::Writers;

#[path = "../../examples/live_client/follower.rs"]
mod follower;
mod reader;
mod writer;

/// How many clients read at the same time.
const READERS: usize = 8;

#[actix_web::test]
async fn clients_that_reconnect_receive_two_thousand_events_once_through_stops_and_crashes() {
    single_node("nginx answers for a shop that is down");
    receive_everything_once(2_000).await;
}

#[actix_web::test]
#[ignore = "takes most of a minute"]
async fn clients_that_reconnect_receive_ten_thousand_events_once_through_stops_and_crashes() {
    single_node("nginx answers for a shop that is down");
    receive_everything_once(10_000).await;
}

async fn receive_everything_once(events: u64) {
    let mut random = Random::new();
    let mut shop = TestShop::open_with(&[
        ("EVENTS__MAX", "1000000"),
        ("ORDER__PATIENCE", "20ms"),
        ("ORDER__UNPAID_PER_USER", "1000"),
    ])
    .await;
    let mut writers = Writers::enter(&shop, &mut random).await;
    let is_over = Rc::new(Cell::new(false));
    let mut readers = Vec::new();
    for number in 0..READERS {
        readers.push(Reader::new(writers.access(number), &shop, &is_over, random.another()));
    }
    let mut slices: Vec<_> = readers.iter().map(Reader::slice).collect();
    let reached: Vec<_> = readers.iter().map(Reader::reached).collect();

    let writing = async {
        while reached.iter().all(|reached| reached.get() < events) {
            let moment = Duration::from_millis(random.between(300, 1_500));
            let graceful = random.between(0, 1) == 0;
            tokio::join!(ends(&mut shop, moment, graceful), writers.are_busy());
            // For a while, readers find no server.
            sleep(Duration::from_millis(random.between(0, 200))).await;
            shop.start_again();
            writers.repeat_unacknowledged_requests().await;
            join_all(slices.iter_mut().map(Slice::reads_on)).await;
        }
        for (slice, reached) in slices.iter().zip(&reached) {
            until(async || (reached.get() >= slice.last()).then_some(())).await;
        }
        is_over.set(true);
        shop.stop();
    };
    tokio::join!(writing, join_all(readers.iter_mut().map(Reader::reads)));

    for (reader, slice) in readers.iter().zip(&slices) {
        reader.has_received(slice);
    }
}

/// Stops or kills the shop after a moment.
async fn ends(shop: &mut TestShop, moment: Duration, graceful: bool) {
    sleep(moment).await;
    eprintln!("the shop {} after {moment:?}", if graceful { "is stopped" } else { "is killed" });
    if graceful {
        shop.is_stopped().await;
    } else {
        shop.kill();
    }
}
