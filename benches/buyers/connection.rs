//! A lean HTTP client: one connection, one request at a time. The load generator shares the cores
//! with the shop, so every instruction it saves belongs to the shop.

use std::fmt::Display;
use std::io::ErrorKind;
use std::net::SocketAddr;

use actix_web::rt::net::TcpStream;

/// A connection to the shop that is kept open.
pub(crate) struct Connection {
    address: SocketAddr,
    stream: TcpStream,
    received: Vec<u8>,
}

/// A response of the shop.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { address, stream, received: Vec::new() }
    }

    /// Sends a request with a JSON body and returns the response. `headers` are whole lines.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: impl Display,
        body: &str,
    ) -> Response {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{headers}Content-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        // A small request always fits in the send buffer of a connection that has nothing to send.
        self.stream.writable().await.unwrap();
        assert_eq!(self.stream.try_write(request.as_bytes()).unwrap(), request.len());
        loop {
            self.receive().await;
            if let Some(response) = self.take_response() {
                return response;
            }
        }
    }

    async fn receive(&mut self) {
        let mut bytes = [0; 8192];
        loop {
            self.stream.readable().await.unwrap();
            match self.stream.try_read(&mut bytes) {
                Ok(0) => panic!("the shop has closed the connection"),
                Ok(count) => return self.received.extend_from_slice(&bytes[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => panic!("the connection has failed: {error}"),
            }
        }
    }

    /// Takes the response out of what was received; `None` if it is not complete.
    fn take_response(&mut self) -> Option<Response> {
        let head_length = self.received.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
        let head = std::str::from_utf8(&self.received[..head_length]).unwrap();
        let status = head[9..12].parse().unwrap();
        let length: usize = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(0, |(_, length)| length.parse().unwrap());
        let body = self.received.get(head_length..head_length + length)?;
        let body = String::from_utf8(body.to_vec()).unwrap();
        self.received.clear();
        Some(Response { status, body })
    }
}
