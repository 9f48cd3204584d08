//! A real Redis for one test: a child process on a free port.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::ports::free_port;

/// The settings of a server that syncs every write.
pub(crate) const DURABLE: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];

/// The file to which `CONFIG REWRITE` writes; the settings of the command line apply over it.
const CONFIGURATION: &str = "redis.conf";

/// A running `redis-server`. It is killed when the value is dropped.
pub(crate) struct RedisServer {
    child: Child,
    port: u16,
    settings: Vec<String>,
    directory: TempDir,
}

impl RedisServer {
    /// Starts a server that syncs every write.
    pub(crate) fn start() -> Self {
        Self::start_with(&DURABLE)
    }

    /// Starts a server with command-line settings.
    pub(crate) fn start_with(settings: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        File::create(directory.path().join(CONFIGURATION)).unwrap();
        let port = free_port();
        let settings: Vec<String> = settings.iter().map(|&setting| setting.to_owned()).collect();
        let child = spawn(port, &settings, &directory);
        let server = Self { child, port, settings, directory };
        server.wait_until_ready();
        server
    }

    /// The URL of the server.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills the server with SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts the server again on the same port and files.
    pub(crate) fn start_again(&mut self) {
        self.child = spawn(self.port, &self.settings, &self.directory);
        self.wait_until_ready();
    }

    /// Starts the server again with other command-line settings.
    pub(crate) fn start_again_with(&mut self, settings: &[&str]) {
        self.settings = settings.iter().map(|&setting| setting.to_owned()).collect();
        self.start_again();
    }

    /// The folder with the files of the server.
    pub(crate) fn folder(&self) -> &Path {
        self.directory.path()
    }

    /// Runs a command and returns the first line of its reply.
    pub(crate) fn ask(&self, command: &str) -> String {
        self.try_run(command, 1).unwrap().remove(0)
    }

    /// Returns the value of a setting.
    pub(crate) fn setting(&self, name: &str) -> String {
        self.try_run(&format!("CONFIG GET {name}"), 5).unwrap().remove(4)
    }

    /// Runs a command and returns its whole reply.
    pub(crate) fn replies(&self, command: &str) -> String {
        reply_of(self.port, command).unwrap()
    }

    /// Runs a command and returns this many lines of its reply.
    fn try_run(&self, command: &str, lines: usize) -> std::io::Result<Vec<String>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(format!("{command}\r\n").as_bytes())?;
        BufReader::new(stream).lines().take(lines).collect()
    }

    fn wait_until_ready(&self) {
        for _ in 0..1000 {
            // A server with a password replies with NOAUTH.
            if self
                .try_run("PING", 1)
                .is_ok_and(|reply| reply == ["+PONG"] || reply[0].starts_with("-NOAUTH"))
            {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("redis-server was started on port {} but does not reply", self.port);
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Runs a command of the server on a port and returns its whole reply.
pub(crate) fn reply_of(port: u16, command: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_millis(300)))?;
    stream.write_all(format!("{command}\r\n").as_bytes())?;
    let mut reply = Vec::new();
    // Its end is that nothing follows.
    let _ = stream.read_to_end(&mut reply);
    Ok(String::from_utf8_lossy(&reply).into_owned())
}

fn spawn(port: u16, settings: &[String], directory: &TempDir) -> Child {
    Command::new("redis-server")
        .arg(directory.path().join(CONFIGURATION))
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
