//! Readers who lose their connections while the shop is stopped, killed and opened again hear the log: every event that is
//! theirs, once, in its order. They are the client of `examples/live_client`.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::sleep;

use crate::crash::chance::Chance;
use crate::harness::{TestShop, until};
use reader::{Reader, Slice};
use writer::Writers;

#[path = "../../examples/live_client/follower.rs"]
mod follower;
mod reader;
mod writer;

/// How many read at once.
const READERS: usize = 8;

#[actix_web::test]
async fn readers_that_come_and_go_hear_two_thousand_events_once_through_stops_and_crashes() {
    hear_everything_once(2_000).await;
}

#[actix_web::test]
#[ignore = "takes most of a minute"]
async fn readers_that_come_and_go_hear_ten_thousand_events_once_through_stops_and_crashes() {
    hear_everything_once(10_000).await;
}

async fn hear_everything_once(events: u64) {
    let mut chance = Chance::new();
    let mut shop =
        TestShop::open_with(&[("EVENTS__MAX", "1000000"), ("ORDER__PATIENCE", "20ms")]).await;
    let mut writers = Writers::enter(&shop, &mut chance).await;
    let is_over = Rc::new(Cell::new(false));
    let mut readers = Vec::new();
    for number in 0..READERS {
        readers.push(Reader::new(writers.somebody(number), &shop, &is_over, chance.another()));
    }
    let mut slices: Vec<_> = readers.iter().map(Reader::slice).collect();
    let reached: Vec<_> = readers.iter().map(Reader::reached).collect();

    let writing = async {
        while reached.iter().all(|reached| reached.get() < events) {
            let moment = Duration::from_millis(chance.between(300, 1_500));
            tokio::join!(ends(&mut shop, moment, chance.between(0, 1) == 0), writers.are_busy());
            // Meanwhile readers find nobody.
            sleep(Duration::from_millis(chance.between(0, 200))).await;
            shop.start_again();
            writers.have_done_what_was_not_acknowledged().await;
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
        reader.has_heard(slice);
    }
}

/// Ends the shop after a moment, in order or not.
async fn ends(shop: &mut TestShop, moment: Duration, in_order: bool) {
    sleep(moment).await;
    eprintln!("the shop {} after {moment:?}", if in_order { "is stopped" } else { "is killed" });
    if in_order {
        shop.is_stopped().await;
    } else {
        shop.kill();
    }
}
