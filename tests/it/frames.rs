//! Valid frames (RFC 6455, section 5), sent as raw bytes. Invalid ones are in [`refused`].

mod refused;

use std::time::Duration;

use futures_util::future::join;
use tokio::time::timeout;

use crate::harness::{TestShop, single_node, until};
use crate::socket::Socket;
use crate::wire::{CLOSE, CONTINUATION, FIN, PING, PONG, Received, TEXT, Wire, frame};

/// How long a silent client may stay connected before the test fails; far longer than it should.
const PATIENCE: Duration = Duration::from_secs(20);

/// The largest message, in bytes.
const LARGEST: usize = 64 * 1024;

/// A ping of the protocol.
const QUESTION: &[u8] = "{\"ping\":\"où est l’été ?\"}".as_bytes();
/// Its reply.
const ANSWER: &str = "{\"reply\":{\"pong\":\"où est l’été ?\"}}";

#[actix_web::test]
async fn a_message_may_be_fragmented_with_a_ping_between_the_fragments() {
    let shop = TestShop::open().await;
    // Some cuts are inside a character of several bytes, and some fragments are empty.
    for cuts in [
        vec![9],
        vec![0],
        vec![QUESTION.len()],
        vec![4, 11],
        vec![11, 11],
        vec![1, 2, 3, 10, 11, 12, 20, 21, 22],
    ] {
        let mut wire = Wire::open(&shop).await;
        let mut frames = fragments(QUESTION, &cuts);
        let last = frames.pop().unwrap();
        wire.sends([frames.concat(), frame(FIN | PING, b"between"), last].concat()).await;
        assert_eq!(wire.receives().await, Received::Pong(b"between".into()), "cut at {cuts:?}");
        assert_eq!(wire.receives().await, Received::Text(ANSWER.into()), "cut at {cuts:?}");
        still_answers(&mut wire).await;
        // The message is complete, so a further fragment is a violation.
        wire.sends(frame(FIN | CONTINUATION, b"")).await;
        assert_eq!(wire.receives_to_the_end().await, closed(Some(1002)));
    }
}

#[actix_web::test]
async fn frames_may_arrive_byte_by_byte_or_many_at_once() {
    let shop = TestShop::open_with(&[("LIVE__FRAMES", "1000")]).await;
    let mut wire = Wire::open(&shop).await;
    for byte in [frame(FIN | PING, b"slow"), frame(FIN | TEXT, QUESTION)].concat() {
        wire.sends([byte]).await;
    }
    assert_eq!(wire.receives().await, Received::Pong(b"slow".into()));
    assert_eq!(wire.receives().await, Received::Text(ANSWER.into()));
    wire.sends(frame(FIN | TEXT, QUESTION).repeat(100)).await;
    for _ in 0..100 {
        assert_eq!(wire.receives().await, Received::Text(ANSWER.into()));
    }
}

#[actix_web::test]
async fn the_largest_allowed_message_is_accepted() {
    let shop = TestShop::open().await;
    let largest = question(LARGEST);
    for frames in [frame(FIN | TEXT, &largest), fragments(&largest, &[9_000]).concat()] {
        let mut wire = Wire::open(&shop).await;
        wire.sends(frames).await;
        let answer = wire.receives().await;
        let is_reply = |text: &str| text.starts_with("{\"reply\"");
        assert!(matches!(&answer, Received::Text(text) if is_reply(text)), "{answer:?}");
    }
}

#[actix_web::test]
async fn a_ping_is_answered_with_its_content_and_a_pong_is_not_answered() {
    let shop = TestShop::open().await;
    let mut wire = Wire::open(&shop).await;
    for content in [&b""[..], b"a", b"\x00\xff\xfe", &[b'a'; 125]] {
        wire.sends([frame(FIN | PONG, content), frame(FIN | PING, content)].concat()).await;
        assert_eq!(wire.receives().await, Received::Pong(content.into()));
    }
    still_answers(&mut wire).await;
}

#[actix_web::test]
async fn a_flood_is_answered_or_refused_and_delays_no_other_client() {
    const FLOOD: usize = 10_000;
    let shop = TestShop::open().await;
    let mut other = Socket::connect(&shop, "/api/live", &[]).await;
    for (request, answer) in [
        (frame(FIN | PING, &[b'a'; 125]), Received::Pong(vec![b'a'; 125])),
        (frame(FIN | TEXT, QUESTION), Received::Text(ANSWER.into())),
    ] {
        let mut wire = Wire::open(&shop).await;
        let other_is_served = async {
            for _ in 0..20 {
                other.receives_nothing_more().await;
            }
        };
        join(wire.sends([request.repeat(FLOOD), close(1000, b"")].concat()), other_is_served).await;
        let received = wire.receives_to_the_end().await;
        let answered = received.iter().take_while(|frame| **frame == answer).count();
        let rest = &received[answered..];
        let all_answered = answered == FLOOD && rest == closed(Some(1000));
        assert!(all_answered || rest == closed(Some(1008)), "{answered}, then {rest:?}");
        other.receives_nothing_more().await;
    }
}

#[actix_web::test]
async fn the_connection_of_a_client_that_vanishes_is_closed() {
    single_node("counts the connections of a process");
    // Without pings, so that only the reset shows that the client is gone.
    let shop = TestShop::open_with(&[("LIVE__PING", "10m"), ("LIVE__SILENCE", "20m")]).await;
    let before = shop.connections();
    let mut wires = Vec::new();
    for bytes in incomplete().iter().cycle().take(30) {
        let mut wire = Wire::open(&shop).await;
        wire.sends(bytes).await;
        wires.push(wire);
    }
    assert!(shop.connections() >= before + wires.len());
    wires.into_iter().for_each(Wire::breaks);
    until(async || (shop.connections() <= before).then_some(())).await;
}

#[actix_web::test]
async fn a_client_that_ends_its_side_of_the_connection_is_disconnected() {
    let shop = TestShop::open().await;
    for bytes in incomplete() {
        let mut wire = Wire::open(&shop).await;
        wire.sends(bytes).await;
        wire.sends_no_more().await;
        let received = wire.receives_to_the_end().await;
        let is_end = matches!(received[..], [Received::End] | [Received::Close(_), Received::End]);
        assert!(is_end, "{received:?}");
    }
}

#[actix_web::test]
async fn a_silent_client_is_pinged_and_then_closed_and_one_that_answers_is_not() {
    let shop = TestShop::open_with(&[("LIVE__PING", "1s"), ("LIVE__SILENCE", "3s")]).await;
    let mut silent = Wire::open(&shop).await;
    let mut alive = Wire::open(&shop).await;
    let answers_pings = async {
        loop {
            match alive.receives().await {
                Received::Ping(content) => alive.sends(frame(FIN | PONG, &content)).await,
                other => panic!("{other:?}"),
            }
        }
    };
    let received = tokio::select! {
        received = timeout(PATIENCE, silent.receives_to_the_end()) => {
            received.expect("the silent client is closed in time")
        }
        () = answers_pings => Vec::new(),
    };
    let pings = received.iter().take_while(|frame| matches!(frame, Received::Ping(_))).count();
    assert!(pings > 0 && received[pings..] == closed(Some(1001)), "{received:?}");
    still_answers(&mut alive).await;
}

fn closed(code: Option<u16>) -> [Received; 2] {
    [Received::Close(code), Received::End]
}

async fn still_answers(wire: &mut Wire) {
    wire.sends(frame(FIN | TEXT, QUESTION)).await;
    assert_eq!(wire.receives().await, Received::Text(ANSWER.into()));
}

/// Returns what a client may have sent before it stops: nothing, half a frame, half a message.
fn incomplete() -> [Vec<u8>; 3] {
    let mut half = frame(FIN | TEXT, QUESTION);
    half.truncate(9);
    [Vec::new(), half, frame(TEXT, b"{")]
}

fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(FIN | CLOSE, &[&code.to_be_bytes(), reason].concat())
}

/// Returns the frames of a text that is fragmented at these positions.
fn fragments(text: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let begins = [&[0], cuts].concat();
    let ends = [cuts, &[text.len()]].concat();
    let frames = begins.into_iter().zip(ends).enumerate().map(|(number, (begin, end))| {
        let code = if number == 0 { TEXT } else { CONTINUATION };
        let fin = if number == cuts.len() { FIN } else { 0 };
        frame(fin | code, &text[begin..end])
    });
    frames.collect()
}

/// Returns a ping of the protocol with a length in bytes.
fn question(bytes: usize) -> Vec<u8> {
    let begin = "{\"ping\":1";
    let padding = " ".repeat(bytes - begin.len() - "}".len());
    format!("{begin}{padding}}}").into_bytes()
}
