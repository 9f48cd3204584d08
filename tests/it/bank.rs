//! Banks: the contract of both banks, invalid replies, and crashes of the bank process.

use std::sync::Arc;
use std::time::Duration;

use actors::bank::behaviour::BankBehaviour;
use actors::bank::{Answer, Bank, BankError, Charge};
use actors::clock::Clock;
use actors::store::memory::MemoryStore;
use domain::money::Cents;
use domain::order::OrderId;
use futures_util::future::{join, join_all};
use microshop::bank::http::HttpBank;
use microshop::bank::simulated::SimulatedBank;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::timeout;
use uuid::Uuid;

use crate::harness::client;
use crate::ports::free_port;
use crate::wire::exchanges;
use invalid_replies::{FakeBank, Reply, invalid_replies};
use process::BankProcess;

mod check;
mod invalid_replies;
mod limited_stock;
mod process;
mod refused;
mod shop;
mod timeouts;

/// The timeout of a client of a bank.
const TIMEOUT: Duration = Duration::from_millis(200);

#[actix_web::test]
async fn the_simulated_bank_keeps_the_contract() {
    let bank = SimulatedBank::new(
        Arc::new(MemoryStore::new(Clock::default())),
        Clock::default(),
        BankBehaviour::default(),
    );
    let behaves = async |mode: &str| {
        let behaviour = json!({ "latency_ms": 0, "mode": mode });
        bank.behaviour().set(serde_json::from_value(behaviour).unwrap());
    };
    behaves("approve").await;
    keeps_the_contract(&bank, behaves).await;
}

#[actix_web::test]
async fn a_bank_over_http_keeps_the_same_contract() {
    let process = BankProcess::open().await;
    let bank = HttpBank::new(&process.url, TIMEOUT).unwrap();
    keeps_the_contract(&bank, async |mode: &str| process.behaves(mode).await).await;
}

#[actix_web::test]
async fn a_bank_on_loopback_answers_only_to_hosts_that_no_site_can_have() {
    let bank = BankProcess::open().await;
    for (host, status) in [("localhost:5001", 200), ("127.0.0.1", 200), ("evil.example", 421)] {
        let request = client().build().unwrap().get(format!("{}/behaviour", bank.url));
        let answer = request.header("host", host).send().await.unwrap();
        assert_eq!(answer.status(), status, "{host}");
    }
}

#[actix_web::test]
async fn a_bank_answers_head_wherever_it_answers_get_and_lets_no_cache_keep_it() {
    let bank = BankProcess::open().await;
    for (path, status) in [("/behaviour", 200), ("/charges/k", 404), ("/charges", 405)] {
        let url = format!("{}{path}", bank.url);
        let head = client().build().unwrap().head(&url).send().await.unwrap();
        let get = client().build().unwrap().get(&url).send().await.unwrap();
        assert_eq!([head.status(), get.status()], [status; 2], "{path}");
        for answer in [&head, &get] {
            assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
        }
        let types = [&head, &get].map(|answer| answer.headers().get("content-type").cloned());
        assert_eq!(types[0], types[1], "{path}");
        assert_eq!(head.bytes().await.unwrap().len(), 0, "{path}");
    }
}

/// Checks the contract on which a shop relies.
async fn keeps_the_contract(bank: &impl Bank, behaves: impl AsyncFn(&str)) {
    decides_once_for_a_key(bank, &behaves).await;
    charges_nothing_for_a_voided_key(bank).await;
    reports_no_decision_after_a_failure(bank, &behaves).await;
}

async fn decides_once_for_a_key(bank: &impl Bank, behaves: &impl AsyncFn(&str)) {
    assert_eq!(bank.lookup(&charge("a", 100)).await, Ok(None));
    let at_once = join_all((0..10).map(|_| async { bank.charge(&charge("a", 100)).await })).await;
    assert!(at_once.iter().all(|answer| *answer == Ok(Answer::Approved)), "{at_once:?}");
    behaves("decline").await;
    assert_eq!(bank.charge(&charge("a", 100)).await, Ok(Answer::Approved));
    assert_eq!(bank.charge(&charge("b", 100)).await, Ok(Answer::Declined));
    behaves("approve").await;
    assert_eq!(bank.charge(&charge("b", 100)).await, Ok(Answer::Declined));

    let another_order = Charge { order: OrderId(Uuid::from_u128(2)), ..charge("a", 100) };
    assert_eq!(bank.charge(&another_order).await, Err(BankError::KeyReused));
    assert_eq!(bank.charge(&charge("a", 101)).await, Err(BankError::KeyReused));
    assert_eq!(bank.lookup(&charge("a", 100)).await, Ok(Some(Answer::Approved)));
    assert_eq!(bank.lookup(&charge("b", 100)).await, Ok(Some(Answer::Declined)));
    for another in [another_order, charge("a", 101)] {
        let found = bank.lookup(&another).await;
        assert!(matches!(found, Err(BankError::Mismatch(_))), "{found:?}");
    }
}

async fn charges_nothing_for_a_voided_key(bank: &impl Bank) {
    bank.charge(&charge("charged", 100)).await.unwrap();
    for key in ["charged", "unknown", "odd/key?#%2e"] {
        for _ in 0..2 {
            assert_eq!(bank.void(key).await, Ok(()), "{key}");
            let found = bank.lookup(&charge(key, 100)).await;
            assert_eq!(found, Ok(Some(Answer::Voided)), "{key}");
            assert_eq!(bank.charge(&charge(key, 100)).await, Ok(Answer::Voided), "{key}");
        }
    }
    for number in 0..20 {
        let key = format!("race-{number}");
        let charge = charge(&key, 100);
        let (charged, voided) = join(bank.charge(&charge), bank.void(&key)).await;
        assert!(matches!(charged, Ok(Answer::Approved | Answer::Voided)), "{charged:?}");
        assert_eq!((voided, bank.lookup(&charge).await), (Ok(()), Ok(Some(Answer::Voided))));
    }
}

async fn reports_no_decision_after_a_failure(bank: &impl Bank, behaves: &impl AsyncFn(&str)) {
    for mode in ["refuse", "fail", "lose_request", "lose_answer"] {
        let key = format!("{mode}-charged");
        let other = format!("{mode}-voided");
        behaves(mode).await;
        let errors = [
            bank.charge(&charge(&key, 100)).await.unwrap_err(),
            bank.lookup(&charge(&key, 100)).await.unwrap_err(),
            bank.void(&other).await.unwrap_err(),
        ];
        let is_expected = |error: &BankError| match error {
            BankError::NotSent(_) => mode == "refuse",
            error => matches!(error, BankError::Unknown(_)),
        };
        assert!(errors.iter().all(is_expected), "{mode}: {errors:?}");
        behaves("approve").await;
        let done = mode == "lose_answer";
        let found = bank.lookup(&charge(&key, 100)).await;
        assert_eq!(found, Ok(done.then_some(Answer::Approved)), "{mode}");
        let found = bank.lookup(&charge(&other, 100)).await;
        assert_eq!(found, Ok(done.then_some(Answer::Voided)), "{mode}");
    }
}

#[actix_web::test]
async fn a_bank_process_that_hangs_or_panics_sends_no_reply_and_continues() {
    let process = BankProcess::open().await;
    let bank = HttpBank::new(&process.url, TIMEOUT).unwrap();
    for mode in ["hang", "panic"] {
        process.behaves(mode).await;
        let answer = bank.charge(&charge(mode, 100)).await;
        assert!(matches!(answer, Err(BankError::Unknown(_))), "{mode}: {answer:?}");
        process.behaves("approve").await;
        assert_eq!(bank.charge(&charge(mode, 100)).await, Ok(Answer::Approved));
    }
}

#[actix_web::test]
async fn a_bank_process_states_its_decision_by_http_status_and_field() {
    let bank = BankProcess::open().await;
    assert_eq!(bank.lookup("a").await.expect(404).json, json!({ "status": "not_found" }));
    let approved = bank.charges("a", 100).await.expect(200).json;
    assert!(approved["status"] == "approved" && approved["charge_id"].is_string(), "{approved}");
    let order = "00000000-0000-0000-0000-000000000001";
    let stated = (&approved["order_id"], &approved["amount_cents"]);
    assert_eq!(stated, (&json!(order), &json!(100)));
    assert_eq!(bank.charges("a", 100).await.expect(200).json, approved);
    assert_eq!(bank.lookup("a").await.expect(200).json, approved);
    assert_eq!(bank.charges("a", 101).await.expect(422).json, json!({ "status": "key_reused" }));
    assert_eq!(bank.voids("b").await.expect(200).json, json!({ "status": "voided" }));
    assert_eq!(bank.charges("b", 100).await.expect(409).json, json!({ "status": "voided" }));
    bank.behaves("decline").await;
    assert_eq!(bank.charges("c", 100).await.expect(402).json["status"], "declined");
    bank.send(Method::POST, "/charges", json!({ "idempotency_key": "d" })).await.expect(422);
    bank.lookup("d").await.expect(404);
}

#[actix_web::test]
async fn a_bank_process_refuses_a_request_for_another_protocol_before_it_reads_the_body() {
    let bank = BankProcess::open().await;
    let address = bank.url.trim_start_matches("http://");
    for request in ["POST /charges", "GET /charges/a", "DELETE /charges/a"] {
        let request = format!(
            "{request} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nContent-Length: 2\r\n\r\n"
        );
        let response = exchanges(address, &request).await;
        assert!(response.starts_with("HTTP/1.1 400 "), "{request}: {response}");
    }
}

#[actix_web::test]
async fn a_bank_process_rejects_invalid_behaviour() {
    let bank = BankProcess::open().await;
    let declining =
        json!({ "latency_ms": 1, "mode": "approve", "decline_percent": 100, "seed": 7 });
    assert_eq!(
        bank.send(Method::PUT, "/behaviour", declining.clone()).await.expect(200).json,
        declining
    );
    bank.charges("a", 100).await.expect(402);
    for invalid in [
        json!({ "latency_ms": 1, "mode": "approve", "decline_percent": 101 }),
        json!({ "latency_ms": 1, "mode": "approve", "colour": "red" }),
        json!({ "latency_ms": 1, "mode": "burn" }),
    ] {
        bank.send(Method::PUT, "/behaviour", invalid).await.expect(422);
    }
    assert_eq!(bank.send(Method::GET, "/behaviour", Value::Null).await.expect(200).json, declining);
}

#[actix_web::test]
async fn the_decisions_of_a_bank_process_survive_a_crash_and_a_stop() {
    let mut bank = BankProcess::open().await;
    let approved = bank.charges("a", 100).await.expect(200).json;
    bank.voids("b").await.expect(200);
    for ends in [BankProcess::kill, BankProcess::stop] {
        ends(&mut bank);
        bank.start_again();
        bank.behaves("decline").await;
        assert_eq!(bank.charges("a", 100).await.expect(200).json, approved);
        bank.charges("b", 100).await.expect(409);
    }
}

#[actix_web::test]
async fn a_bank_process_can_be_stopped_as_soon_as_it_reports_that_it_is_open() {
    let mut bank = BankProcess::open().await;
    bank.stop();
    for _ in 0..10 {
        bank.start_again();
        bank.stop();
    }
}

#[actix_web::test]
async fn a_refused_connection_means_that_no_request_was_sent() {
    let closed = format!("http://127.0.0.1:{}", free_port());
    let bank = HttpBank::new(&closed, TIMEOUT).unwrap();
    assert!(matches!(bank.charge(&charge("a", 100)).await, Err(BankError::NotSent(_))));
    assert!(matches!(bank.lookup(&charge("a", 100)).await, Err(BankError::NotSent(_))));
    assert!(matches!(bank.void("a").await, Err(BankError::NotSent(_))));
}

#[actix_web::test]
async fn an_invalid_reply_is_no_decision_and_ends_within_the_timeout() {
    let fake = FakeBank::open();
    let bank = HttpBank::new(&fake.url, TIMEOUT).unwrap();
    for (name, reply) in invalid_replies() {
        fake.replies(reply);
        let charge = charge("a", 100);
        let requests =
            async { tokio::join!(bank.charge(&charge), bank.lookup(&charge), bank.void("a")) };
        let (charged, found, voided) = timeout(Duration::from_secs(5), requests).await.expect(name);
        let is_unknown =
            |error: BankError| matches!(error, BankError::Unknown(_) | BankError::Mismatch(_));
        assert!(charged.clone().is_err_and(is_unknown), "{name}: {charged:?}");
        assert!(found.clone().is_err_and(is_unknown), "{name}: {found:?}");
        assert!(matches!(voided, Err(BankError::Unknown(_))), "{name}: {voided:?}");
    }
    fake.replies(Reply::Approve);
    assert_eq!(bank.charge(&charge("a", 100)).await, Ok(Answer::Approved));
}

fn charge(key: &str, amount: u64) -> Charge {
    Charge { key: key.into(), order: OrderId(Uuid::from_u128(1)), amount: Cents(amount) }
}
