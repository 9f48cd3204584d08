//! Files that other users of the machine must not use: the store, the bank's store, the keys and
//! `.env`.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::tempdir;

use crate::harness::{TestShop, binary, fails_to_start, single_node, start, stop};

#[actix_web::test]
async fn everything_that_the_shop_writes_is_usable_by_its_owner_only() {
    single_node("reads the files of the embedded store");
    let folder = tempdir().unwrap();
    // The shell of the operator usually makes new files readable by every user.
    let mut shop = with_usual_umask(&binary(folder.path(), &[]), &["serve"]);
    let (mut process, _) = start(&mut shop, Stdio::inherit());
    stop(&mut process);
    let mut bank = with_usual_umask(&binary(folder.path(), &[]), &["bank"]);
    let (mut process, _) = start(bank.env("MICROSHOP_BANK__BIND", "127.0.0.1:0"), Stdio::inherit());
    stop(&mut process);
    let written = entries(&folder.path().join("data"));
    assert!(written.iter().any(|path| path.ends_with("shop/db")), "{written:?}");
    assert!(written.iter().any(|path| path.ends_with("bank/db")), "{written:?}");
    for path in written {
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
}

#[actix_web::test]
async fn a_store_that_other_users_can_use_is_refused_with_the_command_that_helps() {
    single_node("reads the files of the embedded store");
    let mut shop = TestShop::open().await;
    shop.stop();
    let store = shop.path("data/shop");
    for (path, bits) in [("", 0o055), ("", 0o010), ("db", 0o044), ("db", 0o020), ("mark", 0o004)] {
        let path = store.join(path);
        let before = mode(&path);
        set_mode(&path, before | bits);
        for arguments in [["serve"].as_slice(), &["check"], &["user", "list"]] {
            let error = fails_to_start(&mut shop.command(arguments));
            assert!(error.contains("chmod -R go-rwx data/shop\n"), "{error}");
        }
        let error = fails_to_start(
            shop.command(&["bank"])
                .env("MICROSHOP_BANK__STORE", "sled:data/shop")
                .env("MICROSHOP_BANK__BIND", "127.0.0.1:0"),
        );
        assert!(error.contains("bank.store: ") && error.contains("chmod -R go-rwx"), "{error}");
        set_mode(&path, before);
    }
    // A store of an earlier version, and the command.
    set_mode(&store, 0o755);
    set_mode(&store.join("db"), 0o644);
    let fix = ["-R", "go-rwx", "data/shop"];
    let fixed = Command::new("chmod").args(fix).current_dir(shop.path("")).status();
    assert!(fixed.unwrap().success());
    shop.start_again();
    shop.admin().await;
}

#[actix_web::test]
async fn no_key_lock_or_part_of_the_store_is_a_symbolic_link() {
    single_node("reads the files of the embedded store");
    let mut shop = TestShop::open().await;
    shop.stop();
    let elsewhere = shop.path("elsewhere");
    for name in ["data/secret", "data/secret.lock", "data/shop/mark", "data/shop/db"] {
        let path = shop.path(name);
        fs::rename(&path, &elsewhere).unwrap();
        symlink(&elsewhere, &path).unwrap();
        let error = fails_to_start(&mut shop.serving());
        assert!(error.contains(&format!("{name} is a symbolic link")), "{error}");
        fs::remove_file(&path).unwrap();
        fs::rename(&elsewhere, &path).unwrap();
    }
    // Nothing is created through a link that leads nowhere.
    fs::remove_file(shop.path("data/secret.lock")).unwrap();
    symlink(&elsewhere, shop.path("data/secret.lock")).unwrap();
    fails_to_start(&mut shop.serving());
    assert!(!elsewhere.exists());
}

#[actix_web::test]
async fn a_key_or_a_lock_that_other_users_can_use_is_refused() {
    single_node("reads the files of the embedded store");
    let mut shop = TestShop::open().await;
    shop.stop();
    for name in ["data/secret", "data/secret.lock"] {
        set_mode(&shop.path(name), 0o640);
        let error = fails_to_start(&mut shop.serving());
        assert!(error.contains(&format!("chmod -R go-rwx {name}")), "{error}");
        set_mode(&shop.path(name), 0o600);
    }
    shop.start_again();
}

#[test]
fn an_env_file_that_other_users_can_use_is_refused() {
    let folder = tempdir().unwrap();
    let path = folder.path().join(".env");
    fs::write(&path, "MICROSHOP_BANK__CALLS=0\n").unwrap();
    for mode in [0o644, 0o640, 0o620, 0o601] {
        set_mode(&path, mode);
        let error = fails_to_start(&mut binary(folder.path(), &[]));
        assert!(error.contains("chmod -R go-rwx .env"), "{error}");
    }
    set_mode(&path, 0o600);
    let error = fails_to_start(&mut binary(folder.path(), &[]));
    assert!(error.contains("bank.calls: "), "{error}");
}

#[actix_web::test]
async fn a_store_of_another_user_is_refused() {
    single_node("reads the files of the embedded store");
    let mut shop = TestShop::open().await;
    shop.stop();
    let other = Command::new("chown").arg("12345").arg(shop.path("data/shop/mark")).status();
    if !other.unwrap().success() {
        return; // Only root may give a file away.
    }
    let error = fails_to_start(&mut shop.serving());
    assert!(error.contains("data/shop/mark belongs to another user"), "{error}");
}

/// Returns a command that runs another one with arguments and the umask 022.
fn with_usual_umask(command: &Command, arguments: &[&str]) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 022; exec \"$0\" \"$@\""]).arg(command.get_program()).args(arguments);
    shell.env_clear().current_dir(command.get_current_dir().unwrap());
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Returns a directory and everything in it.
fn entries(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![path.to_owned()];
    if path.is_dir() {
        found.extend(fs::read_dir(path).unwrap().flat_map(|entry| entries(&entry.unwrap().path())));
    }
    found
}
