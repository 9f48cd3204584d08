//! Reads a new password from standard input. A terminal does not show it.

use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};
use std::thread;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Reads a password: one line, or from a terminal the same line twice.
pub(super) async fn read_password() -> io::Result<String> {
    if !io::stdin().is_terminal() {
        return read_line();
    }
    let password = ask("New password: ").await?;
    if ask("The same password again: ").await? != password {
        return Err(io::Error::new(ErrorKind::InvalidInput, "the two passwords differ"));
    }
    Ok(password)
}

/// Asks on the terminal for a line that it does not show.
async fn ask(prompt: &str) -> io::Result<String> {
    let interrupted = interruption()?;
    let _hidden = HiddenInput::begin()?;
    let mut terminal = io::stderr();
    write!(terminal, "{prompt}")?;
    terminal.flush()?;
    // The thread ends with the process after a signal.
    let (sender, line) = oneshot::channel();
    thread::spawn(move || sender.send(read_line()));
    tokio::select! {
        line = line => line.map_err(io::Error::other)?,
        () = interrupted => {
            writeln!(terminal)?;
            Err(ErrorKind::Interrupted.into())
        }
    }
}

/// Listens for the signals that would end the process before it has restored the terminal. The
/// future ends with the first one that arrives after the call.
fn interruption() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut quit = signal(SignalKind::quit())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
            _ = quit.recv() => {}
        }
    })
}

fn read_line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// A terminal that does not show what is typed, until the value is dropped.
struct HiddenInput {
    before: Termios,
}

impl HiddenInput {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        // The end of the line is still shown.
        hidden.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden)?;
        Ok(Self { before })
    }
}

impl Drop for HiddenInput {
    fn drop(&mut self) {
        // Without a terminal there is nothing to restore.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}
