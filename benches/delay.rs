//! A proxy that delays every byte by a fixed time in each direction, and does not limit the rate:
//! `delay ADDRESS SERVER MILLISECONDS`. `benches/nodes` starts it in front of Redis.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark fails by panicking")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [address, server, milliseconds] = &arguments[..] else {
        panic!("usage: delay ADDRESS SERVER MILLISECONDS");
    };
    let delay = Duration::from_millis(milliseconds.parse().unwrap());
    let listener = TcpListener::bind(address).unwrap();
    for client in listener.incoming().map_while(Result::ok) {
        let Ok(server) = TcpStream::connect(server) else { continue };
        for stream in [&client, &server] {
            stream.set_nodelay(true).unwrap();
        }
        let there = (client.try_clone().unwrap(), server.try_clone().unwrap());
        for (from, to) in [there, (server, client)] {
            thread::spawn(move || carry(from, to, delay));
        }
    }
}

/// Carries bytes in one direction until an end closes. What arrives while earlier bytes wait, waits
/// beside them.
fn carry(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let (sender, waiting) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        for (due, bytes) in waiting {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
    let mut bytes = vec![0; 1 << 16];
    while let Ok(length) = from.read(&mut bytes) {
        let sent = bytes.get(..length).unwrap_or_default().to_vec();
        if length == 0 || sender.send((Instant::now() + delay, sent)).is_err() {
            break;
        }
    }
}
