//! Installs the scripts that the pages load, in the versions pinned in `static/package-lock.json`.
//!
//! They are third-party code, so they are not part of the repository. The binary embeds them.

use std::error::Error;
use std::fs;
use std::io::ErrorKind;
use std::process::Command;

/// The script whose presence shows that the package is installed.
const SCRIPT: &str = "static/node_modules/htmx.org/dist/htmx.min.js";
/// The file that states the installed version.
const INSTALLED: &str = "static/node_modules/htmx.org/package.json";
/// The file that pins the version.
const PINNED: &str = "static/package-lock.json";

fn main() {
    println!("cargo::rerun-if-changed={PINNED}");
    println!("cargo::rerun-if-changed={SCRIPT}");
    if let Err(error) = install() {
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

/// Returns the text at a JSON pointer (RFC 6901) in a file.
fn text_at(file: &str, pointer: &str) -> Result<String, Box<dyn Error>> {
    let json: serde_json::Value = serde_json::from_slice(&fs::read(file)?)?;
    let text = json.pointer(pointer).and_then(serde_json::Value::as_str);
    Ok(text.ok_or(format!("{file} has no text at {pointer}"))?.to_owned())
}
