//! `microshop demo`: a shop with a week of orders, in which robots go shopping.

use std::fs;
use std::process::{Child, Command, Stdio};

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{binary, client, fails_to_start, start, stop, until};

/// A demo in its own folder.
struct Demo {
    folder: TempDir,
}

/// A running demo, as its administrator sees it.
struct Running {
    process: Child,
    url: String,
    token: String,
}

#[actix_web::test]
async fn a_demo_has_a_week_of_orders_and_robots_who_add_to_it() {
    let demo = Demo { folder: tempfile::tempdir().unwrap() };
    let mut running = demo.serves("1200").await;
    let today = running.reads("/api/admin/today").await["today"].clone();
    let days = today["days"].as_array().unwrap();
    assert_eq!(days.len(), 7);
    // Today may have just begun.
    assert!(days[..6].iter().all(|day| day["paid"].as_u64() > Some(5)), "{days:?}");
    for status in ["paid", "shipped", "delivered", "cancelled", "refunded"] {
        assert!(today["orders"][status].as_u64() > Some(0), "{status}: {}", today["orders"]);
    }
    assert!(today["to_do"]["low_stock"].as_u64() >= Some(3), "{}", today["to_do"]);
    let articles = running.reads("/api/admin/articles").await;
    assert_eq!(articles["total"], 24);
    assert_eq!(articles["articles"][21]["active"], false);
    let texts = &articles["articles"][0]["texts"];
    assert_ne!(texts["fr"]["name"], texts["en"]["name"]);
    assert!(running.reads("/api/admin/system").await["success"] == true);

    let before = running.orders().await;
    until(async || (running.orders().await > before + 10).then_some(())).await;
    running.stops();
    demo.is_consistent();

    let mut again = demo.serves("0").await;
    assert!(again.orders().await > before + 10, "the second start goes on");
    again.stops();
    demo.is_consistent();
}

#[test]
fn a_folder_of_another_program_is_refused_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("demo")).unwrap();
    fs::write(folder.path().join("demo/thesis.txt"), "a year of work").unwrap();
    let error = fails_to_start(binary(folder.path(), &[]).arg("demo"));
    assert!(error.contains("demo is not empty and holds no demo"), "{error}");
    let files = fs::read_dir(folder.path().join("demo")).unwrap();
    assert_eq!(files.count(), 1, "nothing was written");
}

impl Demo {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = binary(self.folder.path(), &[]);
        command.args(arguments);
        command
    }

    async fn serves(&self, rate: &str) -> Running {
        let mut command = self.command(&["demo", "--folder", "demo", "--rate", rate]);
        let (process, url) = start(&mut command, Stdio::inherit());
        let login = json!({ "username": "admin", "password": "admin" });
        let answer = client().build().unwrap().post(format!("{url}/auth/login")).json(&login);
        let answer: Value = answer.send().await.unwrap().json().await.unwrap();
        Running { process, url, token: answer["access_token"].as_str().unwrap().to_owned() }
    }

    /// Checks that the closed shop has no difference between its rows.
    fn is_consistent(&self) {
        let mut check = self.command(&["check"]);
        check.env("MICROSHOP_STORE__URL", "sled:demo/shop");
        let check = check.output().unwrap();
        assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
    }
}

impl Running {
    async fn reads(&self, path: &str) -> Value {
        let request = client().build().unwrap().request(Method::GET, format!("{}{path}", self.url));
        request.bearer_auth(&self.token).send().await.unwrap().json().await.unwrap()
    }

    async fn orders(&self) -> u64 {
        self.reads("/api/admin/orders?limit=1").await["total"].as_u64().unwrap()
    }

    fn stops(&mut self) {
        stop(&mut self.process);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
