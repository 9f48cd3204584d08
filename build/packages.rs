//! The npm packages that the build uses, in the versions and with the checksums of
//! `package-lock.json`.

use std::error::Error;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The file that pins the version and the checksum of each package.
const LOCK: &str = "package-lock.json";

/// What npm needs to install the packages.
const MANIFESTS: [&str; 3] = ["package.json", LOCK, ".npmrc"];

/// Makes `files` of a folder those of the packages that its lock pins.
///
/// The packages are installed in a folder of the build, `own`, where npm compares each archive with
/// its checksum before it unpacks it. Files that are in `folder` already are never trusted: nothing
/// shows which archive they are from. Those that differ are replaced.
pub(crate) fn install(folder: &Path, files: &[&str], own: &Path) -> Result<(), Box<dyn Error>> {
    require_checksums(&folder.join(LOCK))?;
    let is_installed = fs::read(own.join(LOCK)).ok() == fs::read(folder.join(LOCK)).ok()
        && files.iter().all(|file| own.join(file).is_file());
    if !is_installed {
        install_own(folder, own).inspect_err(|_| drop(fs::remove_dir_all(own)))?;
    }
    for file in files {
        let right = fs::read(own.join(file))?;
        let target = folder.join(file);
        if fs::read(&target).ok().as_ref() != Some(&right) {
            fs::create_dir_all(target.parent().unwrap_or(folder))?;
            fs::write(target, right)?;
        }
    }
    Ok(())
}

/// Installs the packages of a folder in another one.
fn install_own(folder: &Path, own: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(own)?;
    for manifest in MANIFESTS {
        fs::copy(folder.join(manifest), own.join(manifest))?;
    }
    run_npm(own)
}

/// Returns an error if a package has no checksum: npm would take any archive for it.
pub(crate) fn require_checksums(lock: &Path) -> Result<(), Box<dyn Error>> {
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
