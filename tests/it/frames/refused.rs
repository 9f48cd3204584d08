//! Frames that end a socket, and the code with which they do (RFC 6455, section 7.4).

use futures_util::future::join_all;

use super::{ASKS, LARGEST, asks, close, closed, parts};
use crate::harness::TestShop;
use crate::wire::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, Wire, frame, header};

#[actix_web::test]
async fn a_text_that_is_none_is_refused() {
    let (before, after) = ASKS.split_at(11); // within the ù
    let rows = [
        ("a byte that is never there", frame(FIN | TEXT, b"{\"ping\":\"\xff\"}")),
        ("a letter encoded too long", frame(FIN | TEXT, b"{\"ping\":\"\xc0\xaf\"}")),
        ("half a pair of UTF-16", frame(FIN | TEXT, b"{\"ping\":\"\xed\xa0\x80\"}")),
        ("a letter beyond the last", frame(FIN | TEXT, b"{\"ping\":\"\xf4\x90\x80\x80\"}")),
        ("half a letter at the end", frame(FIN | TEXT, before)),
        (
            "half a letter at the end of all parts",
            parts(&[before, b"\xc3"].concat(), &[4]).concat(),
        ),
        ("half a letter before another part", parts(&[before, b"\"}"].concat(), &[11]).concat()),
        ("the other half first", parts(after, &[1]).concat()),
    ];
    all_close(rows.map(|(what, frames)| Row::new(what, frames, 1007))).await;
}

#[actix_web::test]
async fn a_message_that_is_too_big_is_refused() {
    let larger = asks(LARGEST + 1);
    let endless = parts(&vec![b'a'; 3 * LARGEST], &[LARGEST, 2 * LARGEST])[..2].concat();
    let rows = [
        ("a frame", frame(FIN | TEXT, &larger)),
        ("a frame of bytes", frame(FIN | BINARY, &larger)),
        ("two parts", parts(&larger, &[LARGEST]).concat()),
        (
            "many parts",
            parts(&larger, &[8_000, 16_000, 24_000, 32_000, 40_000, 48_000, 56_000, 64_000])
                .concat(),
        ),
        ("parts without an end", endless),
        // Nobody may have the shop wait for more than it would take.
        ("a frame announced", header(FIN | TEXT, LARGEST as u64 + 1)),
        ("a huge frame announced", header(FIN | TEXT, 1 << 40)),
    ];
    // These are wrong in two ways.
    let wrong = [
        ("a length that is none", header(FIN | TEXT, 1 << 63)),
        ("a ping", frame(FIN | PING, &larger)),
        ("a close", frame(FIN | CLOSE, &larger)),
    ];
    let rows = rows.map(|(what, frames)| Row::new(what, frames, 1009));
    all_close(
        rows.into_iter().chain(wrong.map(|(what, frames)| Row::new(what, frames, 1009).or(1002))),
    )
    .await;
}

#[actix_web::test]
async fn frames_against_the_protocol_are_refused() {
    let unmasked = |first: u8, held: &[u8]| [&[first, held.len() as u8], held].concat();
    let begun = |then: Vec<u8>| [frame(TEXT, b"{"), then].concat();
    let mut rows = vec![
        ("an unmasked text".to_owned(), unmasked(FIN | TEXT, ASKS)),
        ("an unmasked ping".to_owned(), unmasked(FIN | PING, b"")),
        ("an unmasked close".to_owned(), unmasked(FIN | CLOSE, &1000_u16.to_be_bytes())),
        ("an end without a beginning".to_owned(), frame(FIN | CONTINUATION, ASKS)),
        ("a part without a beginning".to_owned(), frame(CONTINUATION, ASKS)),
        ("a text within a text".to_owned(), begun(frame(FIN | TEXT, ASKS))),
        ("a text in parts within a text".to_owned(), begun(frame(TEXT, b"{"))),
        ("bytes within a text".to_owned(), begun(frame(FIN | BINARY, b"{"))),
    ];
    for reserved in [0x40, 0x20, 0x10, 0x70] {
        rows.push((
            format!("a text with reserved bits {reserved:#x}"),
            frame(FIN | reserved | TEXT, ASKS),
        ));
        rows.push((
            format!("a ping with reserved bits {reserved:#x}"),
            frame(FIN | reserved | PING, b""),
        ));
    }
    for code in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        rows.push((format!("operation code {code}"), frame(FIN | code, b"")));
        rows.push((format!("operation code {code} with something in it"), frame(FIN | code, ASKS)));
    }
    for code in [CLOSE, PING, PONG] {
        rows.push((format!("control frame {code} in parts"), frame(code, b"")));
        rows.push((
            format!("control frame {code} in parts within a text"),
            begun(frame(code, b"")),
        ));
        rows.push((format!("control frame {code} of 126 bytes"), frame(FIN | code, &[b'a'; 126])));
    }
    // Nothing that comes after is answered.
    let more = [frame(FIN | PING, b"late"), frame(FIN | TEXT, ASKS)].concat();
    all_close(
        rows.into_iter()
            .map(|(what, frames)| Row::new(what, [frames, more.clone()].concat(), 1002)),
    )
    .await;
}

#[actix_web::test]
async fn bytes_are_refused() {
    let rows = [
        ("bytes", frame(FIN | BINARY, ASKS)),
        ("no bytes", frame(FIN | BINARY, b"")),
        ("bytes in parts", [frame(BINARY, b"{"), frame(FIN | CONTINUATION, b"}")].concat()),
    ];
    all_close(rows.map(|(what, frames)| Row::new(what, frames, 1003))).await;
}

#[actix_web::test]
async fn a_close_is_answered_with_its_own_code_and_nothing_after_it_at_all() {
    let more = [frame(FIN | TEXT, ASKS), frame(FIN | PING, b"late"), close(4000, b"")].concat();
    let mut rows = vec![
        Row::new("a close without a code", [frame(FIN | CLOSE, b""), more.clone()].concat(), None)
            .or(1000),
        Row::new(
            "a close within a message",
            [frame(TEXT, b"{"), close(1000, b""), more.clone()].concat(),
            1000,
        ),
    ];
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999] {
        for reason in [&b""[..], "au revoir, à bientôt".as_bytes(), &[b'a'; 123]] {
            let what = format!("a close with {code} and {} bytes more", reason.len());
            rows.push(Row::new(what, [close(code, reason), more.clone()].concat(), code));
        }
    }
    all_close(rows).await;
}

#[actix_web::test]
async fn a_close_that_says_nonsense_is_refused() {
    let mut rows = vec![
        Row::new("a close with half a code", frame(FIN | CLOSE, &[3]), 1002),
        Row::new("a close with a reason that is no text", close(1000, b"\xff"), 1007).or(1002),
    ];
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        rows.push(Row::new(format!("a close with {code}"), close(code, b""), 1002));
        rows.push(Row::new(format!("a close with {code} and a reason"), close(code, b"why"), 1002));
    }
    all_close(rows).await;
}

/// What is sent, and how it must be closed.
struct Row {
    what: String,
    frames: Vec<u8>,
    codes: Vec<Option<u16>>,
}

impl Row {
    fn new(what: impl Into<String>, frames: Vec<u8>, code: impl Into<Option<u16>>) -> Self {
        Self { what: what.into(), frames, codes: vec![code.into()] }
    }

    /// The row with another code that will do as well.
    fn or(mut self, code: u16) -> Self {
        self.codes.push(Some(code));
        self
    }
}

/// Sends each row on a socket of its own; the close must be all that is heard, and the server must hang up then.
async fn all_close(rows: impl IntoIterator<Item = Row>) {
    let shop = TestShop::open().await;
    let close = async |Row { what, frames, codes }: Row| {
        let mut wire = Wire::open(&shop).await;
        wire.sends(frames).await;
        let heard = wire.hears_to_the_end().await;
        let right = codes.iter().any(|code| heard == closed(*code));
        (!right).then(|| format!("{what}: {heard:?} in place of {codes:?}"))
    };
    let wrong: Vec<_> = join_all(rows.into_iter().map(close)).await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
