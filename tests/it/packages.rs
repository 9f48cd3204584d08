//! The npm packages of the build: only files that npm has compared with the lock are used. The lock
//! of the packages that only tests need has the same checksums.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::{TempDir, tempdir};

#[path = "../../build/packages.rs"]
mod build;

/// An installed file.
const SCRIPT: &str = "node_modules/htmx.org/dist/htmx.min.js";

/// A folder with the pinned packages, and a folder of the build.
struct Build {
    folder: TempDir,
}

impl Build {
    fn begin() -> Self {
        let folder = tempdir().unwrap();
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("static");
        for file in ["package.json", "package-lock.json", ".npmrc"] {
            fs::copy(own.join(file), folder.path().join(file)).unwrap();
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn runs(&self) -> Result<(), String> {
        let installed = build::install(self.folder.path(), &[SCRIPT], &self.path("build"));
        installed.map_err(|error| error.to_string())
    }

    fn changes_lock(&self, change: impl FnOnce(String) -> String) {
        let lock = fs::read_to_string(self.path("package-lock.json")).unwrap();
        fs::write(self.path("package-lock.json"), change(lock)).unwrap();
    }
}

#[test]
fn a_changed_script_of_the_right_version_is_replaced() {
    let build = Build::begin();
    build.runs().unwrap();
    let original = fs::read(build.path(SCRIPT)).unwrap();
    build.runs().unwrap();

    fs::write(build.path(SCRIPT), "alert(1)").unwrap();
    build.runs().unwrap();
    assert_eq!(fs::read(build.path(SCRIPT)).unwrap(), original);

    // Another build that finds the files does not trust them either.
    fs::write(build.path(SCRIPT), "alert(1)").unwrap();
    fs::remove_dir_all(build.path("build")).unwrap();
    build.runs().unwrap();
    assert_eq!(fs::read(build.path(SCRIPT)).unwrap(), original);
}

#[test]
fn a_package_that_differs_from_its_checksum_or_has_none_is_refused() {
    let build = Build::begin();
    build.runs().unwrap();
    build.changes_lock(|lock| lock.replace("sha512-oF7J", "sha512-AAAA"));
    let error = build.runs().unwrap_err();
    assert!(error.contains("npm ci") && error.contains("EINTEGRITY"), "{error}");

    build.changes_lock(|lock| {
        let lines = lock.lines().filter(|line| !line.contains("sha512-AAAA"));
        lines.map(|line| format!("{line}\n")).collect()
    });
    let error = build.runs().unwrap_err();
    assert!(error.contains("htmx.org has no SHA-512 checksum"), "{error}");
}

#[test]
fn a_first_build_says_which_programs_are_missing() {
    let build = Build::begin();
    let programs = build.path("programs");
    fs::create_dir_all(&programs).unwrap();
    fs::create_dir(build.path("build")).unwrap();
    let linker = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/cc");
    fs::copy(linker, build.path("build/cc")).unwrap();
    let links = || {
        let mut shell = Command::new("/bin/sh");
        shell.arg(build.path("build/cc")).env("PATH", &programs);
        let output = shell.output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let (is_linked, error) = links();
    assert!(!is_linked && error.contains("apt-get install build-essential nodejs npm"), "{error}");

    symlink("/bin/true", programs.join("cc")).unwrap();
    let (is_linked, error) = links();
    assert!(!is_linked && error.contains("apt-get install nodejs npm"), "{error}");

    fs::create_dir_all(build.path("static/node_modules")).unwrap();
    assert_eq!(links(), (true, String::new()), "a later build needs no npm");
}

#[test]
fn every_package_of_the_tests_has_a_checksum_and_an_exact_version() {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools");
    build::require_checksums(&tools.join("package-lock.json")).unwrap();
    let manifest = fs::read_to_string(tools.join("package.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let kinds = ["dependencies", "overrides"];
    let pinned = kinds.iter().flat_map(|kind| manifest[kind].as_object().unwrap());
    for (name, version) in pinned {
        let version = version.as_str().unwrap();
        assert!(version.split('.').all(|part| part.parse::<u32>().is_ok()), "{name}: {version}");
    }
}
