//! A disk that fails under load: the process says so once and ends, and nothing acknowledged is
//! lost.

mod shim;
mod writer;

use std::cell::RefCell;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use actix_web::rt::time::timeout;
use futures_util::future::join_all;
use reqwest::Client;
use serde_json::json;

use self::shim::{EIO, ENOSPC, Fault, Shim};
use self::writer::Writer;
use crate::crash::account::answer;
use crate::harness::{TestShop, binary, client, single_node, until};

/// How soon a process must end after the first failure. Its promise is a second.
const ENDS_WITHIN: Duration = Duration::from_secs(3);

/// How long clients wait for a process to fail, far longer than it should take: the last faults
/// fail after 160 calls, each of which may take a second on a busy disk.
const PATIENCE: Duration = Duration::from_secs(180);

/// The most lines that a process may log from its start to its end.
const MOST_LINES: usize = 100;

/// From which call on each kind of call fails with each error. The first ones fail while the shop
/// opens, the others under load.
const FIRST_FAILURES: [u32; 5] = [2, 15, 40, 90, 160];

#[actix_web::test]
async fn a_shop_whose_disk_fails_ends_with_an_error_and_loses_nothing_that_it_acknowledged() {
    single_node("breaks the disk of the embedded store");
    let shim = Shim::build();
    let mut shop = TestShop::open().await;
    let mut writers = Vec::new();
    for number in 0..4 {
        writers.push(Writer::new(&shop, &format!("writer {number}")).await);
    }
    shop.stop();
    let mut served = 0;
    for fault in faults() {
        let mut command = shop.serving();
        let mut failing = Process::start(shim.preload(&mut command, fault));
        let opened = failing.opens();
        if opened {
            served += 1;
            let writing = join_all(writers.iter_mut().map(Writer::writes));
            let ended = timeout(PATIENCE, writing).await;
            let writes: Vec<_> = writers.iter().map(|writer| writer.count).collect();
            let log = ended.is_err().then(|| failing.log());
            assert!(log.is_none(), "{fault:?}: it goes on after {writes:?} writes: {log:?}");
        }
        let ended = failing.ends_with_an_error(&shim).await;
        eprintln!("{fault:?}: opened: {opened}, ended after {ended:?}");
        assert_eq!(shop.check_findings(), "", "{fault:?}");
        shop.start_again();
        join_all(writers.iter_mut().map(Writer::finds_the_cart)).await;
        shop.stop();
    }
    assert!(served >= 12, "only {served} of the processes served");
    assert!(writers.iter().all(|writer| writer.count > 50));
}

#[actix_web::test]
async fn a_shop_on_a_failing_disk_serves_again_once_the_disk_works() {
    single_node("breaks the disk of the embedded store");
    for call in ["write", "sync"] {
        let shim = Shim::build();
        let mut shop = TestShop::open().await;
        let mut writer = Writer::new(&shop, "ana").await;
        shop.stop();
        let fault = Fault { call, error: ENOSPC, from: 1 };
        let mut command = shop.serving();
        for _ in 0..3 {
            let mut failing = Process::start(shim.preload(&mut command, fault));
            assert!(!failing.opens(), "{fault:?}");
            failing.ends_with_an_error(&shim).await;
        }
        shim.repairs_the_disk();
        let mut working = Process::start(shim.preload(&mut command, fault));
        assert!(working.opens());
        writer.finds_the_cart().await;
    }
}

#[actix_web::test]
async fn a_shop_whose_committer_panics_ends_with_an_error() {
    single_node("breaks the disk of the embedded store");
    let mut shop = TestShop::open().await;
    let mut writer = Writer::new(&shop, "ana").await;
    shop.stop();
    let mut command = shop.serving();
    let mut failing = Process::start(command.env("FAILPOINTS", "committer=60*off->1*panic->off"));
    assert!(failing.opens());
    timeout(PATIENCE, writer.writes()).await.expect("the process ends");
    let log = failing.ends().await;
    assert!(log.contains("microshop: the store is unavailable: its committer panicked"), "{log}");
    shop.start_again();
    writer.finds_the_cart().await;
}

#[actix_web::test]
async fn a_bank_whose_disk_fails_ends_with_an_error() {
    let shim = Shim::build();
    let folder = tempfile::tempdir().unwrap();
    let mut command = binary(folder.path(), &[("BANK__BIND".into(), "127.0.0.1:0".into())]);
    let fault = Fault { call: "sync", error: EIO, from: 60 };
    let mut failing = Process::start(shim.preload(command.arg("bank"), fault));
    assert!(failing.opens());
    let http = client().build().unwrap();
    let mut charges = 0;
    while let Some(status) = charge(&http, &failing.url, charges).await {
        charges += usize::from(status == 200);
    }
    failing.ends_with_an_error(&shim).await;
    assert!(charges > 5);
}

/// Requests a charge. Returns `None` if the bank does not respond.
async fn charge(http: &Client, url: &str, number: usize) -> Option<u16> {
    let order = "00000000-0000-0000-0000-000000000001";
    let key = format!("key-{number}");
    let charge = json!({ "idempotency_key": key, "order_id": order, "amount_cents": 100 });
    let request = http.post(format!("{url}/charges")).json(&charge);
    answer(request).await.map(|(status, _)| status)
}

/// Twenty faults, spread over both kinds of calls and both errors.
fn faults() -> Vec<Fault> {
    let mut faults = Vec::new();
    for (call, more) in [("write", 0), ("sync", 3)] {
        for error in [ENOSPC, EIO] {
            faults.extend(FIRST_FAILURES.map(|from| Fault { call, error, from: from + more }));
        }
    }
    faults
}

/// A server that may end by itself. It is killed when the value is dropped.
struct Process {
    child: Child,
    url: String,
    log: File,
}

impl Process {
    /// Starts a server that writes its log to a file.
    fn start(command: &mut Command) -> Self {
        let log = tempfile::tempfile().unwrap();
        command.stdout(Stdio::piped()).stderr(log.try_clone().unwrap());
        Self { child: command.spawn().unwrap(), url: String::new(), log }
    }

    /// Waits until the server is open or has ended, and returns whether it is open.
    fn opens(&mut self) -> bool {
        let mut line = String::new();
        BufReader::new(self.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.url = line.trim().rsplit(' ').next().unwrap_or_default().to_owned();
        self.url.starts_with("http://")
    }

    /// Checks that the server ends soon after the first failure, with an error that is logged once.
    /// Returns how long the end took.
    async fn ends_with_an_error(&mut self, shim: &Shim) -> Duration {
        let log = self.ends().await;
        let failed_at = shim.failed_at().unwrap_or_else(|| panic!("no call has failed:\n{log}"));
        let ended = failed_at.elapsed().unwrap();
        assert!(ended < ENDS_WITHIN, "it ended {ended:?} after the failure:\n{log}");
        let errors = log.lines().filter(|line| line.starts_with("microshop: "));
        assert_eq!(errors.count(), 1, "{log}");
        assert!(log.lines().count() < MOST_LINES, "{log}");
        ended
    }

    /// Waits until the server has ended with an error, and returns its log.
    async fn ends(&mut self) -> String {
        let child = RefCell::new(&mut self.child);
        let status = until(async || child.borrow_mut().try_wait().unwrap()).await;
        let log = self.log();
        assert_eq!(status.code(), Some(1), "{log}");
        log
    }

    /// Returns what the server has logged.
    fn log(&mut self) -> String {
        let mut log = String::new();
        self.log.rewind().unwrap();
        self.log.read_to_string(&mut log).unwrap();
        log
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
