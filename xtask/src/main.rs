//! Commands for developers: `cargo run -p xtask -- measure`.

mod measure;
mod skeleton;

use std::io::{self, Write};
use std::path::Path;

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    match std::env::args().nth(1).as_deref() {
        Some("measure") => io::stdout().lock().write_all(measure::report(root)?.as_bytes()),
        _ => Err(io::Error::other("usage: cargo run -p xtask -- measure")),
    }
}
