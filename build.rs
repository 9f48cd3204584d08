//! Installs the scripts that the pages load, in the versions pinned in `static/package-lock.json`,
//! and compresses the static files.
//!
//! The scripts are third-party code, so they are not part of the repository. The binary embeds all
//! files, uncompressed and compressed.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use brotli::BrotliCompress;
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;

/// The script whose presence shows that the package is installed.
const SCRIPT: &str = "static/node_modules/htmx.org/dist/htmx.min.js";
/// The file that states the installed version.
const INSTALLED: &str = "static/node_modules/htmx.org/package.json";
/// The file that pins the version.
const PINNED: &str = "static/package-lock.json";
/// The folders whose files are served below `/static/`, with the folder in the URL.
const FOLDERS: [(&str, &str); 4] = [
    ("static", ""),
    ("static/pictures", "pictures/"),
    ("static/node_modules/htmx.org/dist", ""),
    ("static/node_modules/htmx.org/dist/ext", ""),
];
/// The scripts of htmx that are served.
const SERVED: [&str; 2] = ["htmx.min.js", "hx-ws.min.js"];

fn main() {
    println!("cargo::rerun-if-changed={PINNED}");
    println!("cargo::rerun-if-changed={SCRIPT}");
    println!("cargo::rerun-if-changed=static/pictures");
    if let Err(error) = install().and_then(|()| compress_files()) {
        println!("cargo::error={error}");
    }
}

/// Installs the pinned version, unless it is installed already.
fn install() -> Result<(), Box<dyn Error>> {
    let pinned = text_at(PINNED, "/packages/node_modules~1htmx.org/version")?;
    let installed = text_at(INSTALLED, "/version");
    if fs::exists(SCRIPT)? && installed.is_ok_and(|installed| installed == pinned) {
        return Ok(());
    }
    run_npm()
}

fn run_npm() -> Result<(), Box<dyn Error>> {
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    match Command::new("npm").args(arguments).current_dir("static").output() {
        Ok(npm) if npm.status.success() => Ok(()),
        Ok(npm) => {
            let output = String::from_utf8_lossy(&npm.stderr).replace('\n', "; ");
            Err(format!("`npm ci` failed in static/ ({}): {output}", npm.status).into())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err("npm, which installs htmx, is missing: on Debian, run `apt-get install nodejs npm`"
                .into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Compresses every static file, and writes the list of them that `src/assets.rs` includes.
fn compress_files() -> Result<(), Box<dyn Error>> {
    let target = PathBuf::from(env::var("OUT_DIR")?);
    let mut list = String::from("&[\n");
    for (folder, url) in FOLDERS {
        for entry in fs::read_dir(folder)? {
            let file = entry?.path();
            let Some(name) = file.file_name().and_then(|name| name.to_str()) else { continue };
            if is_served(folder, name) {
                println!("cargo::rerun-if-changed={}", file.display());
                compress_file(&file, &format!("{url}{name}"), &target, &mut list)?;
            }
        }
    }
    list.push_str("]\n");
    Ok(fs::write(target.join("compressed_files.rs"), list)?)
}

fn is_served(folder: &str, name: &str) -> bool {
    if folder.contains("node_modules") {
        return SERVED.contains(&name);
    }
    [".css", ".js", ".svg"].iter().any(|kind| name.ends_with(kind))
}

/// Writes a file in every encoding that makes it smaller, and appends these to the list.
fn compress_file(
    file: &Path,
    url: &str,
    target: &Path,
    list: &mut String,
) -> Result<(), Box<dyn Error>> {
    let content = fs::read(file)?;
    for (encoding, compressed) in [("br", brotli(&content)?), ("gzip", gzip(&content)?)] {
        if compressed.len() < content.len() {
            let path = target.join(format!("{}.{encoding}", url.replace('/', "-")));
            fs::write(&path, compressed)?;
            writeln!(list, "({url:?}, {encoding:?}, include_bytes!({path:?}).as_slice()),")?;
        }
    }
    Ok(())
}

fn brotli(content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut compressed = Vec::new();
    BrotliCompress(&mut &*content, &mut compressed, &BrotliEncoderParams::default())?;
    Ok(compressed)
}

fn gzip(content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::best());
    writer.write_all(content)?;
    writer.finish()
}

/// Returns the text at a JSON pointer (RFC 6901) in a file.
fn text_at(file: &str, pointer: &str) -> Result<String, Box<dyn Error>> {
    let json: serde_json::Value = serde_json::from_slice(&fs::read(file)?)?;
    let text = json.pointer(pointer).and_then(serde_json::Value::as_str);
    Ok(text.ok_or(format!("{file} has no text at {pointer}"))?.to_owned())
}
