//! The npm packages that the build uses, in the versions and with the checksums of
//! `package-lock.json`.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// The file that pins the version and the checksum of each package.
const LOCK: &str = "package-lock.json";

/// Installs the packages of a folder, unless `record` shows that an earlier call has installed the
/// same ones and that none of `files` has changed since.
///
/// npm compares each archive with its checksum before it unpacks it. The installed files say
/// nothing about the archive that they are from, so files without a record are replaced.
pub(crate) fn install(folder: &Path, files: &[&str], record: &Path) -> Result<(), Box<dyn Error>> {
    require_checksums(&folder.join(LOCK))?;
    let recorded = fs::read_to_string(record);
    let present = fingerprints(folder, files);
    if recorded.is_ok_and(|recorded| present.is_ok_and(|present| present == recorded)) {
        return Ok(());
    }
    run_npm(folder)?;
    Ok(fs::write(record, fingerprints(folder, files)?)?)
}

/// Returns an error if a package has no checksum: npm would take any archive for it.
fn require_checksums(lock: &Path) -> Result<(), Box<dyn Error>> {
    let pinned: Value = serde_json::from_slice(&fs::read(lock)?)?;
    let packages = pinned.get("packages").and_then(Value::as_object);
    let packages = packages.ok_or_else(|| format!("{} lists no packages", lock.display()))?;
    for (name, package) in packages.iter().filter(|(name, _)| !name.is_empty()) {
        let checksum = package.get("integrity").and_then(Value::as_str);
        if !checksum.is_some_and(|checksum| checksum.starts_with("sha512-")) {
            return Err(format!("{}: {name} has no SHA-512 checksum", lock.display()).into());
        }
    }
    Ok(())
}

/// Returns the SHA-256 of the lock and of each file, one on each line.
fn fingerprints(folder: &Path, files: &[&str]) -> Result<String, Box<dyn Error>> {
    let mut lines = String::new();
    for file in [LOCK].iter().chain(files) {
        for byte in Sha256::digest(fs::read(folder.join(file))?) {
            write!(lines, "{byte:02x}")?;
        }
        writeln!(lines, " {file}")?;
    }
    Ok(lines)
}

fn run_npm(folder: &Path) -> Result<(), Box<dyn Error>> {
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
    match Command::new("npm").args(arguments).current_dir(folder).output() {
        Ok(npm) if npm.status.success() => Ok(()),
        Ok(npm) => {
            let output = String::from_utf8_lossy(&npm.stderr).replace('\n', "; ");
            let place = folder.display();
            Err(format!("`npm ci` failed in {place} ({}): {output}", npm.status).into())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err("npm, which installs htmx, is missing: on Debian, run `apt-get install nodejs npm`"
                .into())
        }
        Err(error) => Err(error.into()),
    }
}
