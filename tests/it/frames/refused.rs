//! Frames that end a connection, and the close code of each (RFC 6455, section 7.4).

use futures_util::future::join_all;

use super::{LARGEST, QUESTION, close, closed, fragments, question};
use crate::harness::TestShop;
use crate::wire::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, Wire, frame, header};

#[actix_web::test]
async fn text_that_is_not_valid_utf_8_is_refused() {
    let (before, after) = QUESTION.split_at(11); // inside the ù
    let rows = [
        ("a byte that never occurs in UTF-8", frame(FIN | TEXT, b"{\"ping\":\"\xff\"}")),
        ("an overlong encoding", frame(FIN | TEXT, b"{\"ping\":\"\xc0\xaf\"}")),
        ("a surrogate of UTF-16", frame(FIN | TEXT, b"{\"ping\":\"\xed\xa0\x80\"}")),
        ("a character after the last one", frame(FIN | TEXT, b"{\"ping\":\"\xf4\x90\x80\x80\"}")),
        ("half a character at the end", frame(FIN | TEXT, before)),
        (
            "half a character at the end of the last fragment",
            fragments(&[before, b"\xc3"].concat(), &[4]).concat(),
        ),
        (
            "half a character before another fragment",
            fragments(&[before, b"\"}"].concat(), &[11]).concat(),
        ),
        ("the second half of a character first", fragments(after, &[1]).concat()),
    ];
    all_close(rows.map(|(what, frames)| Row::new(what, frames, 1007))).await;
}

#[actix_web::test]
async fn a_message_that_is_too_large_is_refused() {
    let larger = question(LARGEST + 1);
    let endless = fragments(&vec![b'a'; 3 * LARGEST], &[LARGEST, 2 * LARGEST])[..2].concat();
    let rows = [
        ("a frame", frame(FIN | TEXT, &larger)),
        ("a binary frame", frame(FIN | BINARY, &larger)),
        ("two fragments", fragments(&larger, &[LARGEST]).concat()),
        (
            "many fragments",
            fragments(&larger, &[8_000, 16_000, 24_000, 32_000, 40_000, 48_000, 56_000, 64_000])
                .concat(),
        ),
        ("fragments without an end", endless),
        // A frame is refused by its header, before its payload arrives.
        ("the header of a frame", header(FIN | TEXT, LARGEST as u64 + 1)),
        ("the header of a huge frame", header(FIN | TEXT, 1 << 40)),
    ];
    // Each of these violates two rules.
    let twice_invalid = [
        ("an invalid length", header(FIN | TEXT, 1 << 63)),
        ("a ping", frame(FIN | PING, &larger)),
        ("a close", frame(FIN | CLOSE, &larger)),
    ];
    let rows = rows.map(|(what, frames)| Row::new(what, frames, 1009));
    let twice_invalid = twice_invalid.map(|(what, frames)| Row::new(what, frames, 1009).or(1002));
    all_close(rows.into_iter().chain(twice_invalid)).await;
}

#[actix_web::test]
async fn frames_that_violate_the_protocol_are_refused() {
    let unmasked = |first: u8, payload: &[u8]| [&[first, payload.len() as u8], payload].concat();
    let inside_text = |then: Vec<u8>| [frame(TEXT, b"{"), then].concat();
    let mut rows = vec![
        ("an unmasked text message".to_owned(), unmasked(FIN | TEXT, QUESTION)),
        ("an unmasked ping".to_owned(), unmasked(FIN | PING, b"")),
        ("an unmasked close".to_owned(), unmasked(FIN | CLOSE, &1000_u16.to_be_bytes())),
        ("a last fragment without a first one".to_owned(), frame(FIN | CONTINUATION, QUESTION)),
        ("a fragment without a first one".to_owned(), frame(CONTINUATION, QUESTION)),
        (
            "a text message inside a text message".to_owned(),
            inside_text(frame(FIN | TEXT, QUESTION)),
        ),
        (
            "a fragmented text message inside a text message".to_owned(),
            inside_text(frame(TEXT, b"{")),
        ),
        (
            "a binary message inside a text message".to_owned(),
            inside_text(frame(FIN | BINARY, b"{")),
        ),
    ];
    for reserved in [0x40, 0x20, 0x10, 0x70] {
        rows.push((
            format!("a text with reserved bits {reserved:#x}"),
            frame(FIN | reserved | TEXT, QUESTION),
        ));
        rows.push((
            format!("a ping with reserved bits {reserved:#x}"),
            frame(FIN | reserved | PING, b""),
        ));
    }
    for code in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        rows.push((format!("opcode {code}"), frame(FIN | code, b"")));
        rows.push((format!("opcode {code} with a payload"), frame(FIN | code, QUESTION)));
    }
    for code in [CLOSE, PING, PONG] {
        rows.push((format!("a fragmented control frame {code}"), frame(code, b"")));
        rows.push((
            format!("a fragmented control frame {code} inside a text"),
            inside_text(frame(code, b"")),
        ));
        rows.push((
            format!("a control frame {code} of 126 bytes"),
            frame(FIN | code, &[b'a'; 126]),
        ));
    }
    // No later frame is answered.
    let more = [frame(FIN | PING, b"late"), frame(FIN | TEXT, QUESTION)].concat();
    let rows = rows.into_iter();
    all_close(rows.map(|(what, frames)| Row::new(what, [frames, more.clone()].concat(), 1002)))
        .await;
}

#[actix_web::test]
async fn binary_messages_are_refused() {
    let rows = [
        ("a binary message", frame(FIN | BINARY, QUESTION)),
        ("an empty binary message", frame(FIN | BINARY, b"")),
        (
            "a fragmented binary message",
            [frame(BINARY, b"{"), frame(FIN | CONTINUATION, b"}")].concat(),
        ),
    ];
    all_close(rows.map(|(what, frames)| Row::new(what, frames, 1003))).await;
}

#[actix_web::test]
async fn a_close_is_answered_with_its_own_code_and_later_frames_are_not_answered() {
    let more = [frame(FIN | TEXT, QUESTION), frame(FIN | PING, b"late"), close(4000, b"")].concat();
    let mut rows = vec![
        Row::new("a close without a code", [frame(FIN | CLOSE, b""), more.clone()].concat(), None)
            .or(1000),
        Row::new(
            "a close inside a message",
            [frame(TEXT, b"{"), close(1000, b""), more.clone()].concat(),
            1000,
        ),
    ];
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999] {
        for reason in [&b""[..], "au revoir, à bientôt".as_bytes(), &[b'a'; 123]] {
            let what = format!("a close with {code} and {} bytes of reason", reason.len());
            rows.push(Row::new(what, [close(code, reason), more.clone()].concat(), code));
        }
    }
    all_close(rows).await;
}

#[actix_web::test]
async fn an_invalid_close_is_refused() {
    let mut rows = vec![
        Row::new("a close with half a code", frame(FIN | CLOSE, &[3]), 1002),
        Row::new("a close with a reason that is not UTF-8", close(1000, b"\xff"), 1007).or(1002),
    ];
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        rows.push(Row::new(format!("a close with {code}"), close(code, b""), 1002));
        rows.push(Row::new(format!("a close with {code} and a reason"), close(code, b"why"), 1002));
    }
    all_close(rows).await;
}

/// What is sent, and the close codes that are allowed in return.
struct Row {
    what: String,
    frames: Vec<u8>,
    codes: Vec<Option<u16>>,
}

impl Row {
    fn new(what: impl Into<String>, frames: Vec<u8>, code: impl Into<Option<u16>>) -> Self {
        Self { what: what.into(), frames, codes: vec![code.into()] }
    }

    /// Allows another code as well.
    fn or(mut self, code: u16) -> Self {
        self.codes.push(Some(code));
        self
    }
}

/// Sends each row on a socket of its own. The server must answer with a close frame only, and then
/// end the connection.
async fn all_close(rows: impl IntoIterator<Item = Row>) {
    let shop = TestShop::open().await;
    let close = async |Row { what, frames, codes }: Row| {
        let mut wire = Wire::open(&shop).await;
        wire.sends(frames).await;
        let received = wire.receives_to_the_end().await;
        let is_expected = codes.iter().any(|code| received == closed(*code));
        (!is_expected).then(|| format!("{what}: {received:?} instead of {codes:?}"))
    };
    let failures = join_all(rows.into_iter().map(close)).await;
    let failures: Vec<_> = failures.into_iter().flatten().collect();
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}
