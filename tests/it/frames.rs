//! What the shop makes of frames (RFC 6455, section 5) as raw bytes; those it refuses are in [`refused`].

mod refused;

use std::time::Duration;

use futures_util::future::join;
use tokio::time::timeout;

use crate::harness::{TestShop, until};
use crate::socket::Socket;
use crate::wire::{CLOSE, CONTINUATION, FIN, Heard, PING, PONG, TEXT, Wire, frame};

/// How long a silent client may stay before the test fails; far more than it ever does.
const PATIENCE: Duration = Duration::from_secs(20);

/// The most bytes that a message may have.
const LARGEST: usize = 64 * 1024;

/// A question.
const ASKS: &[u8] = "{\"ping\":\"où est l’été ?\"}".as_bytes();
/// The answer.
const TOLD: &str = "{\"reply\":{\"pong\":\"où est l’été ?\"}}";

#[actix_web::test]
async fn a_message_may_come_in_parts_with_a_ping_between() {
    let shop = TestShop::open().await;
    // Also within a letter of several bytes, and with parts that hold nothing.
    for cuts in [
        vec![9],
        vec![0],
        vec![ASKS.len()],
        vec![4, 11],
        vec![11, 11],
        vec![1, 2, 3, 10, 11, 12, 20, 21, 22],
    ] {
        let mut wire = Wire::open(&shop).await;
        let mut parts = parts(ASKS, &cuts);
        let last = parts.pop().unwrap();
        wire.sends([parts.concat(), frame(FIN | PING, b"meanwhile"), last].concat()).await;
        assert_eq!(wire.hears().await, Heard::Pong(b"meanwhile".into()), "cut at {cuts:?}");
        assert_eq!(wire.hears().await, Heard::Text(TOLD.into()), "cut at {cuts:?}");
        still_answers(&mut wire).await;
        // The message is over.
        wire.sends(frame(FIN | CONTINUATION, b"")).await;
        assert_eq!(wire.hears_to_the_end().await, closed(Some(1002)));
    }
}

#[actix_web::test]
async fn frames_may_come_byte_by_byte_or_many_at_once() {
    let shop = TestShop::open_with(&[("LIVE__FRAMES", "1000")]).await;
    let mut wire = Wire::open(&shop).await;
    for byte in [frame(FIN | PING, b"slow"), frame(FIN | TEXT, ASKS)].concat() {
        wire.sends([byte]).await;
    }
    assert_eq!(wire.hears().await, Heard::Pong(b"slow".into()));
    assert_eq!(wire.hears().await, Heard::Text(TOLD.into()));
    wire.sends(frame(FIN | TEXT, ASKS).repeat(100)).await;
    for _ in 0..100 {
        assert_eq!(wire.hears().await, Heard::Text(TOLD.into()));
    }
}

#[actix_web::test]
async fn a_message_that_is_as_large_as_it_may_be_is_understood() {
    let shop = TestShop::open().await;
    let largest = asks(LARGEST);
    for frames in [frame(FIN | TEXT, &largest), parts(&largest, &[9_000]).concat()] {
        let mut wire = Wire::open(&shop).await;
        wire.sends(frames).await;
        let heard = wire.hears().await;
        assert!(matches!(&heard, Heard::Text(text) if text.starts_with("{\"reply\"")), "{heard:?}");
    }
}

#[actix_web::test]
async fn a_ping_is_answered_with_what_it_holds_and_a_pong_not_at_all() {
    let shop = TestShop::open().await;
    let mut wire = Wire::open(&shop).await;
    for held in [&b""[..], b"a", b"\x00\xff\xfe", &[b'a'; 125]] {
        wire.sends([frame(FIN | PONG, held), frame(FIN | PING, held)].concat()).await;
        assert_eq!(wire.hears().await, Heard::Pong(held.into()));
    }
    still_answers(&mut wire).await;
}

#[actix_web::test]
async fn a_flood_is_answered_or_refused_and_harms_nobody_else() {
    const FLOOD: usize = 10_000;
    let shop = TestShop::open().await;
    let mut other = Socket::connect(&shop, "/api/live", &[]).await;
    for (drop, answer) in [
        (frame(FIN | PING, &[b'a'; 125]), Heard::Pong(vec![b'a'; 125])),
        (frame(FIN | TEXT, ASKS), Heard::Text(TOLD.into())),
    ] {
        let mut wire = Wire::open(&shop).await;
        let harmless = async {
            for _ in 0..20 {
                other.hears_nothing_more().await;
            }
        };
        join(wire.sends([drop.repeat(FLOOD), close(1000, b"")].concat()), harmless).await;
        let heard = wire.hears_to_the_end().await;
        let answered = heard.iter().take_while(|heard| **heard == answer).count();
        let whole = answered == FLOOD && heard[answered..] == closed(Some(1000));
        assert!(
            whole || heard[answered..] == closed(Some(1008)),
            "{answered}, then {:?}",
            &heard[answered..]
        );
        other.hears_nothing_more().await;
    }
}

#[actix_web::test]
async fn a_client_that_is_gone_without_a_close_leaves_nothing_behind() {
    // Nor is it asked whether it is alive.
    let shop = TestShop::open_with(&[("LIVE__PING", "10m"), ("LIVE__SILENCE", "10m")]).await;
    let before = shop.connections();
    let mut wires = Vec::new();
    for begun in begun().iter().cycle().take(30) {
        let mut wire = Wire::open(&shop).await;
        wire.sends(begun).await;
        wires.push(wire);
    }
    assert!(shop.connections() >= before + wires.len());
    wires.into_iter().for_each(Wire::breaks);
    until(async || (shop.connections() <= before).then_some(())).await;
}

#[actix_web::test]
async fn a_client_that_sends_no_more_is_let_go() {
    let shop = TestShop::open().await;
    for begun in begun() {
        let mut wire = Wire::open(&shop).await;
        wire.sends(begun).await;
        wire.sends_no_more().await;
        let heard = wire.hears_to_the_end().await;
        assert!(matches!(heard[..], [Heard::End] | [Heard::Close(_), Heard::End]), "{heard:?}");
    }
}

#[actix_web::test]
async fn a_client_that_says_nothing_is_asked_and_then_sent_away_and_one_that_answers_stays() {
    let shop = TestShop::open_with(&[("LIVE__PING", "1s"), ("LIVE__SILENCE", "3s")]).await;
    let (mut silent, mut answers) = (Wire::open(&shop).await, Wire::open(&shop).await);
    let stays = async {
        loop {
            match answers.hears().await {
                Heard::Ping(held) => answers.sends(frame(FIN | PONG, &held)).await,
                other => panic!("{other:?}"),
            }
        }
    };
    let heard = tokio::select! {
        heard = timeout(PATIENCE, silent.hears_to_the_end()) => heard.expect("it was never sent away"),
        () = stays => Vec::new(),
    };
    let asked = heard.iter().take_while(|heard| matches!(heard, Heard::Ping(_))).count();
    assert!(asked > 0 && heard[asked..] == closed(Some(1001)), "{heard:?}");
    still_answers(&mut answers).await;
}

fn closed(code: Option<u16>) -> [Heard; 2] {
    [Heard::Close(code), Heard::End]
}

async fn still_answers(wire: &mut Wire) {
    wire.sends(frame(FIN | TEXT, ASKS)).await;
    assert_eq!(wire.hears().await, Heard::Text(TOLD.into()));
}

/// What somebody may have sent who sends no more: nothing, half a frame, half a message.
fn begun() -> [Vec<u8>; 3] {
    let mut half = frame(FIN | TEXT, ASKS);
    half.truncate(9);
    [Vec::new(), half, frame(TEXT, b"{")]
}

fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(FIN | CLOSE, &[&code.to_be_bytes(), reason].concat())
}

/// A text in parts that begin where it is cut.
fn parts(text: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let (begins, ends) = ([&[0], cuts].concat(), [cuts, &[text.len()]].concat());
    let cut = begins.into_iter().zip(ends).enumerate().map(|(number, (begin, end))| {
        let code = if number == 0 { TEXT } else { CONTINUATION };
        let fin = if number == cuts.len() { FIN } else { 0 };
        frame(fin | code, &text[begin..end])
    });
    cut.collect()
}

/// A question of so many bytes.
fn asks(bytes: usize) -> Vec<u8> {
    let (begin, end) = ("{\"ping\":1", "}");
    [begin, &" ".repeat(bytes - begin.len() - end.len()), end].concat().into_bytes()
}
