//! A real Redis for one test: a child process on a free port, gone with the test.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// A running `redis-server` that appends every write with fsync.
pub(crate) struct RedisServer {
    child: Child,
    port: u16,
    settings: Vec<String>,
    directory: TempDir,
}

impl RedisServer {
    /// Starts a durable server.
    pub(crate) fn start() -> Self {
        Self::start_with(&["--appendonly", "yes", "--appendfsync", "always"])
    }

    /// Starts a server with settings of its own.
    pub(crate) fn start_with(settings: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings: Vec<String> = settings.iter().map(|&setting| setting.to_owned()).collect();
        let child = spawn(port, &settings, &directory);
        let server = Self { child, port, settings, directory };
        server.wait_until_ready();
        server
    }

    /// Where the server listens.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends the server as a power cut would, `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts the server again on the same port and files.
    pub(crate) fn start_again(&mut self) {
        self.child = spawn(self.port, &self.settings, &self.directory);
        self.wait_until_ready();
    }

    /// The first line of the answer to a command.
    pub(crate) fn ask(&self, command: &str) -> String {
        self.try_ask(command).unwrap()
    }

    fn try_ask(&self, command: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(format!("{command}\r\n").as_bytes())?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer)?;
        Ok(answer.trim_end().to_owned())
    }

    fn wait_until_ready(&self) {
        for _ in 0..1000 {
            // Without a password it says no, but it is there.
            if self
                .try_ask("PING")
                .is_ok_and(|answer| answer == "+PONG" || answer.starts_with("-NOAUTH"))
            {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("redis-server was started on port {} but does not answer", self.port);
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn spawn(port: u16, settings: &[String], directory: &TempDir) -> Child {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
        .args(settings)
        .arg("--dir")
        .arg(directory.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("these tests need redis-server (package redis-server) on the PATH: {error}")
        })
}
