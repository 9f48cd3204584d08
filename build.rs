//! Installs the npm packages that are pinned in `static/package-lock.json`, joins the scripts,
//! compresses the static files, and lists the common passwords.
//!
//! The packages are third-party code, so they are not part of the repository. The binary embeds the
//! scripts that the pages load, uncompressed and compressed, and the passwords that no user may
//! choose.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write as _;
use std::fs::DirEntry;
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
const INSTALLED: [&str; 5] = [HTMX[0], HTMX[1], SWAGGER, SWAGGER_STYLE, COMMON_PASSWORDS];
/// htmx and its extension, which registers itself when it runs.
const HTMX: [&str; 2] =
    ["node_modules/htmx.org/dist/htmx.min.js", "node_modules/htmx.org/dist/ext/hx-ws.min.js"];
/// Swagger UI, which shows the description of the REST API.
const SWAGGER: &str = "node_modules/swagger-ui-dist/swagger-ui-bundle.js";
const SWAGGER_STYLE: &str = "node_modules/swagger-ui-dist/swagger-ui.css";
/// Common passwords, the most common one first.
const COMMON_PASSWORDS: &str = "node_modules/@zxcvbn-ts/language-common/src/passwords.json";
/// The folder of the shop's scripts, each of which has one idea.
const SCRIPTS: &str = "static/scripts";
/// The folder of the scripts that only the pages of administrators need.
const DESK_SCRIPTS: &str = "static/scripts/desk";
/// The folder of the script of the page that describes the REST API.
const DOCS_SCRIPTS: &str = "static/scripts/docs";
/// The folder of the files that pages load in place of the scripts; `src/assets.rs` embeds it.
const JOINED: &str = "joined";
/// The folders whose files are served below `/static/`, with the folder in the URL.
const FOLDERS: [(&str, &str); 2] = [("static", ""), ("static/pictures", "pictures/")];

fn main() {
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed={PINNED}");
    println!("cargo::rerun-if-changed=static/pictures");
    println!("cargo::rerun-if-changed={SCRIPTS}");
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
    let mut list = String::from("&[\n");
    let joined = [
        ("shop.js", &HTMX[..], SCRIPTS),
        ("desk.js", &[], DESK_SCRIPTS),
        ("docs.js", &[SWAGGER], DOCS_SCRIPTS),
    ];
    for (name, first, folder) in joined {
        compress_file(&join_scripts(&target, name, first, folder)?, name, &target, &mut list)?;
    }
    let style = target.join(JOINED).join("docs.css");
    fs::copy(Path::new(STATIC).join(SWAGGER_STYLE), &style)?;
    compress_file(&style, "docs.css", &target, &mut list)?;
    compress_files(&target, &mut list)?;
    list.push_str("]\n");
    Ok(fs::write(target.join("compressed_files.rs"), list)?)
}

/// Joins the first files and the scripts of a folder in the order of their names, so that a page
/// sends one request for them, and returns the path of the joined file.
fn join_scripts(
    target: &Path,
    name: &str,
    first: &[&str],
    folder: &str,
) -> Result<PathBuf, Box<dyn Error>> {
    let entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    let own = entries.iter().map(DirEntry::path).filter(|path| path.is_file());
    let own = BTreeSet::from_iter(own);
    let first = first.iter().map(|file| Path::new(STATIC).join(file));
    let scripts: Vec<_> = first.chain(own).map(fs::read_to_string).collect::<Result<_, _>>()?;
    let joined = target.join(JOINED).join(name);
    fs::create_dir_all(joined.parent().unwrap_or(target))?;
    fs::write(&joined, scripts.join("\n;\n"))?;
    Ok(joined)
}

/// Compresses every static file, and appends it to the list that `src/assets.rs` includes.
fn compress_files(target: &Path, list: &mut String) -> Result<(), Box<dyn Error>> {
    for (folder, url) in FOLDERS {
        for entry in fs::read_dir(folder)? {
            let file = entry?.path();
            let Some(name) = file.file_name().and_then(|name| name.to_str()) else { continue };
            if is_served(name) {
                println!("cargo::rerun-if-changed={}", file.display());
                compress_file(&file, &format!("{url}{name}"), target, list)?;
            }
        }
    }
    Ok(())
}

fn is_served(name: &str) -> bool {
    [".css", ".js", ".svg", ".txt", ".webmanifest"].iter().any(|kind| name.ends_with(kind))
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
