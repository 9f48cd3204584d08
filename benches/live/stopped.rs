//! Sockets that subscribe and then never read.

use actix_web::rt::net::TcpStream;
use tokio::io::AsyncReadExt;
use tokio::net::TcpSocket;

use crate::endpoint::{Endpoint, subscribe};

/// The receive buffer of each socket, in bytes: so small that the server soon has to wait.
const RECEIVE_BUFFER: u32 = 4 * 1024;

/// Connects sockets that subscribe and then never read.
pub(crate) async fn connect(count: usize, endpoint: Endpoint) -> Vec<TcpStream> {
    let mut sockets = Vec::new();
    for _ in 0..count {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(RECEIVE_BUFFER).unwrap();
        let mut stream = socket.connect(endpoint.address).await.unwrap();
        endpoint.upgrade(&stream).unwrap();
        let mut status_line = [0; 12];
        stream.read_exact(&mut status_line).await.unwrap();
        assert_eq!(&status_line, b"HTTP/1.1 101");
        subscribe(&stream, endpoint.subscribe.unwrap()).unwrap();
        sockets.push(stream);
    }
    sockets
}
