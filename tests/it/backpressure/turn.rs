//! A client with many connections that read: its reads wait in line, and it delays no other client.

use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};

use crate::harness::TestShop;

/// How long every round of the store takes in the test of the line.
const ROUND: Duration = Duration::from_millis(20);

/// How many reads are sent at once.
const READS: u32 = 20;

#[actix_web::test]
async fn the_reads_of_one_client_run_in_turn_while_those_of_others_and_its_commands_do_not_wait() {
    let settings = [("SERVER__READS_PER_CLIENT", "1")];
    let shop = TestShop::open_to_fail(&settings, "committer=sleep(20)").await;
    let ana = shop.customer("ana").await;
    let bob = shop.customer("bob").await;
    let started = Instant::now();
    let reads = join_all((0..READS).map(async |_| {
        ana.get("/api/orders").await.expect(200);
        started.elapsed()
    }));
    let others = async {
        bob.get("/api/orders").await.expect(200);
        ana.adds(1, 1).await.expect(200);
        started.elapsed()
    };
    let (reads, others) = join(reads, others).await;
    let last = *reads.iter().max().unwrap();
    assert!(last >= ROUND * READS, "the reads ran at once: {last:?}");
    assert!(others < last, "the others waited: {others:?} of {last:?}");
}
