//! Clients that are generated from the description compile and buy something.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::harness::TestShop;

#[actix_web::test]
async fn a_generated_typescript_client_compiles_and_buys_an_article() {
    let shop = TestShop::open().await;
    let folder = client_folder(&["buy.ts", "tsconfig.json"]);
    symlink(tools().join("node_modules"), folder.path().join("node_modules")).unwrap();
    fs::write(folder.path().join("package.json"), r#"{ "type": "module" }"#).unwrap();
    let npm = tools().join("node_modules/.bin");
    let in_folder = |program: &Path, arguments: &[&str]| run(&folder, program, arguments);
    let description = description();
    in_folder(&npm.join("openapi-typescript"), &[&description, "--output", "api.d.ts"]);
    in_folder(&npm.join("tsc"), &[]);
    let bought = in_folder(Path::new("node"), &["built/buy.js", &shop.url]);
    assert_eq!(bought, "paid\nforbidden\n");
}

#[actix_web::test]
async fn a_generated_python_client_compiles_and_buys_an_article() {
    let shop = TestShop::open().await;
    let folder = client_folder(&["buy.py"]);
    let python = tools().join("python/bin");
    let in_folder =
        |program: &str, arguments: &[&str]| run(&folder, &python.join(program), arguments);
    let description = description();
    let options = ["--meta", "none", "--output-path", "api"];
    let generate = [&["generate", "--path", &description], &options[..]].concat();
    in_folder("openapi-python-client", &generate);
    in_folder("python", &["-m", "compileall", "-q", "api"]);
    let bought = in_folder("python", &["buy.py", &shop.url]);
    assert_eq!(bought, "paid\nforbidden\n");
}

/// Returns a folder with files of the clients.
fn client_folder(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        fs::copy(tools().join("clients").join(file), folder.path().join(file)).unwrap();
    }
    folder
}

/// Runs a program in a folder, which must succeed, and returns what it prints.
fn run(folder: &TempDir, program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {printed}{errors}", program.display());
    printed
}

fn description() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("docs/openapi.json").display().to_string()
}

/// Returns the folder of the test tools.
pub(super) fn tools() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools")
}
