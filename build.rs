//! Installs the npm packages that are pinned in `static/package-lock.json`, compresses the static
//! files, and lists the common passwords.
//!
//! The packages are third-party code, so they are not part of the repository. The binary embeds the
//! scripts that the pages load, uncompressed and compressed, and the passwords that no user may
//! choose.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use brotli::BrotliCompress;
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;

#[path = "build/packages.rs"]
mod packages;
#[path = "build/passwords.rs"]
mod passwords;

/// The folder of the static files and of the packages.
const STATIC: &str = "static";
/// The file that pins the packages.
const PINNED: &str = "static/package-lock.json";
/// The installed files that the binary embeds.
const INSTALLED: [&str; 3] = [
    "node_modules/htmx.org/dist/htmx.min.js",
    "node_modules/htmx.org/dist/ext/hx-ws.min.js",
    COMMON_PASSWORDS,
];
/// Common passwords, the most common one first.
const COMMON_PASSWORDS: &str = "node_modules/@zxcvbn-ts/language-common/src/passwords.json";
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
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed={PINNED}");
    println!("cargo::rerun-if-changed=static/pictures");
    for file in INSTALLED {
        println!("cargo::rerun-if-changed={STATIC}/{file}");
    }
    if let Err(error) = build() {
        println!("cargo::error={error}");
    }
}

fn build() -> Result<(), Box<dyn Error>> {
    let target = PathBuf::from(env::var("OUT_DIR")?);
    packages::install(Path::new(STATIC), &INSTALLED, &target.join("packages"))?;
    let common = fs::read(Path::new(STATIC).join(COMMON_PASSWORDS))?;
    fs::write(target.join("common_passwords.rs"), passwords::list(&common)?)?;
    compress_files(&target)
}

/// Compresses every static file, and writes the list of them that `src/assets.rs` includes.
fn compress_files(target: &Path) -> Result<(), Box<dyn Error>> {
    let mut list = String::from("&[\n");
    for (folder, url) in FOLDERS {
        for entry in fs::read_dir(folder)? {
            let file = entry?.path();
            let Some(name) = file.file_name().and_then(|name| name.to_str()) else { continue };
            if is_served(folder, name) {
                println!("cargo::rerun-if-changed={}", file.display());
                compress_file(&file, &format!("{url}{name}"), target, &mut list)?;
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
