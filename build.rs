//! Fetches the scripts that pages load: the versions pinned in `static/package-lock.json`, which git doesn't keep.

use std::error::Error;
use std::fs;
use std::io::ErrorKind;
use std::process::Command;

const SCRIPT: &str = "static/node_modules/htmx.org/dist/htmx.min.js";
const INSTALLED: &str = "static/node_modules/htmx.org/package.json";
const PINNED: &str = "static/package-lock.json";

fn main() {
    println!("cargo::rerun-if-changed={PINNED}");
    println!("cargo::rerun-if-changed={SCRIPT}");
    if let Err(error) = fetch() {
        println!("cargo::error={error}");
    }
}

fn fetch() -> Result<(), Box<dyn Error>> {
    let pinned = text_at(PINNED, "/packages/node_modules~1htmx.org/version")?;
    if fs::exists(SCRIPT)?
        && text_at(INSTALLED, "/version").is_ok_and(|installed| installed == pinned)
    {
        return Ok(());
    }
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    match Command::new("npm").args(arguments).current_dir("static").output() {
        Ok(npm) if npm.status.success() => Ok(()),
        Ok(npm) => {
            let said = String::from_utf8_lossy(&npm.stderr).replace('\n', "; ");
            Err(format!("`npm ci` failed in static/ ({}): {said}", npm.status).into())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err("npm fetches htmx and is missing: install Node.js with npm (Debian: apt-get install nodejs npm)".into())
        }
        Err(error) => Err(error.into()),
    }
}

/// The text at a place (RFC 6901) of a JSON file.
fn text_at(file: &str, place: &str) -> Result<String, Box<dyn Error>> {
    let json: serde_json::Value = serde_json::from_slice(&fs::read(file)?)?;
    let text = json.pointer(place).and_then(serde_json::Value::as_str);
    Ok(text.ok_or(format!("{file} has nothing at {place}"))?.to_owned())
}
