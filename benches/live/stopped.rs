//! Sockets that ask to be told of changes and then never read.

use actix_web::rt::net::TcpStream;
use tokio::io::AsyncReadExt;
use tokio::net::TcpSocket;

use crate::crowd::{Door, request, send};
use crate::frame::{TEXT, masked};

/// How little the kernel keeps for each, in bytes.
const KEPT: u32 = 4 * 1024;

/// Opens so many.
pub(crate) async fn gather(size: usize, door: Door) -> Vec<TcpStream> {
    let mut sockets = Vec::new();
    for _ in 0..size {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(KEPT).unwrap();
        let mut stream = socket.connect(door.address).await.unwrap();
        send(&stream, request(&door).as_bytes()).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 101");
        send(&stream, &masked(TEXT, door.hello.unwrap().as_bytes())).unwrap();
        sockets.push(stream);
    }
    sockets
}
