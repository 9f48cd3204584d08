//! Banks: the contract that each keeps, nonsense from one elsewhere, and one that dies and comes back.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

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

use foreign::{ForeignBank, Manner, nonsense};
use process::BankProcess;

mod certificate;
mod check;
mod foreign;
mod process;
mod rush;
mod shop;
mod silence;

/// How long the tests wait for a bank elsewhere.
const PATIENCE: Duration = Duration::from_millis(200);

#[actix_web::test]
async fn the_bank_inside_the_shop_keeps_the_contract() {
    let bank = SimulatedBank::new(Arc::new(MemoryStore::new(Clock::default())), Clock::default());
    let behaves = async |mode: &str| {
        bank.behave(serde_json::from_value(json!({ "latency_ms": 0, "mode": mode })).unwrap());
    };
    behaves("approve").await;
    keeps_the_contract(&bank, behaves).await;
}

#[actix_web::test]
async fn a_bank_elsewhere_keeps_the_same_contract() {
    let process = BankProcess::open().await;
    let bank = HttpBank::new(&process.url, PATIENCE).unwrap();
    keeps_the_contract(&bank, async |mode: &str| process.behaves(mode).await).await;
}

/// What a shop relies on, whoever the bank is.
async fn keeps_the_contract(bank: &impl Bank, behaves: impl AsyncFn(&str)) {
    decides_once_for_a_key(bank, &behaves).await;
    charges_nothing_for_a_voided_key(bank).await;
    says_nothing_that_is_not_so(bank, &behaves).await;
}

async fn decides_once_for_a_key(bank: &impl Bank, behaves: &impl AsyncFn(&str)) {
    assert_eq!(bank.lookup("a").await, Ok(None));
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
    assert_eq!(bank.lookup("a").await, Ok(Some(Answer::Approved)));
    assert_eq!(bank.lookup("b").await, Ok(Some(Answer::Declined)));
}

async fn charges_nothing_for_a_voided_key(bank: &impl Bank) {
    bank.charge(&charge("charged", 100)).await.unwrap();
    for key in ["charged", "never heard of", "odd/key?#%2e"] {
        for _ in 0..2 {
            assert_eq!(bank.void(key).await, Ok(()), "{key}");
            assert_eq!(bank.lookup(key).await, Ok(Some(Answer::Voided)), "{key}");
            assert_eq!(bank.charge(&charge(key, 100)).await, Ok(Answer::Voided), "{key}");
        }
    }
    for number in 0..20 {
        let key = format!("race-{number}");
        let charge = charge(&key, 100);
        let (charged, voided) = join(bank.charge(&charge), bank.void(&key)).await;
        assert!(matches!(charged, Ok(Answer::Approved | Answer::Voided)), "{charged:?}");
        assert_eq!((voided, bank.lookup(&key).await), (Ok(()), Ok(Some(Answer::Voided))));
    }
}

async fn says_nothing_that_is_not_so(bank: &impl Bank, behaves: &impl AsyncFn(&str)) {
    for mode in ["refuse", "fail", "lose_request", "lose_answer"] {
        let (key, other) = (format!("{mode}-charged"), format!("{mode}-voided"));
        behaves(mode).await;
        let errors = [
            bank.charge(&charge(&key, 100)).await.unwrap_err(),
            bank.lookup(&key).await.unwrap_err(),
            bank.void(&other).await.unwrap_err(),
        ];
        let fits = |error: &BankError| match error {
            BankError::NotSent(_) => mode == "refuse",
            error => matches!(error, BankError::Unknown(_)),
        };
        assert!(errors.iter().all(fits), "{mode}: {errors:?}");
        behaves("approve").await;
        let done = mode == "lose_answer";
        assert_eq!(bank.lookup(&key).await, Ok(done.then_some(Answer::Approved)), "{mode}");
        assert_eq!(bank.lookup(&other).await, Ok(done.then_some(Answer::Voided)), "{mode}");
    }
}

#[actix_web::test]
async fn a_bank_process_that_hangs_or_panics_gives_no_answer_and_goes_on() {
    let process = BankProcess::open().await;
    let bank = HttpBank::new(&process.url, PATIENCE).unwrap();
    for mode in ["hang", "panic"] {
        process.behaves(mode).await;
        let answer = bank.charge(&charge(mode, 100)).await;
        assert!(matches!(answer, Err(BankError::Unknown(_))), "{mode}: {answer:?}");
        process.behaves("approve").await;
        assert_eq!(bank.charge(&charge(mode, 100)).await, Ok(Answer::Approved));
    }
}

#[actix_web::test]
async fn a_bank_process_says_what_it_has_decided_by_status_and_word() {
    let bank = BankProcess::open().await;
    assert_eq!(bank.knows("a").await.expect(404).json, json!({ "status": "not_found" }));
    let approved = bank.charges("a", 100).await.expect(200).json;
    assert!(approved["status"] == "approved" && approved["charge_id"].is_string(), "{approved}");
    assert_eq!(bank.charges("a", 100).await.expect(200).json, approved);
    assert_eq!(bank.knows("a").await.expect(200).json, approved);
    assert_eq!(bank.charges("a", 101).await.expect(422).json, json!({ "status": "key_reused" }));
    assert_eq!(bank.voids("b").await.expect(200).json, json!({ "status": "voided" }));
    assert_eq!(bank.charges("b", 100).await.expect(409).json, json!({ "status": "voided" }));
    bank.behaves("decline").await;
    assert_eq!(bank.charges("c", 100).await.expect(402).json["status"], "declined");
    bank.send(Method::POST, "/charges", json!({ "idempotency_key": "d" })).await.expect(422);
    bank.knows("d").await.expect(404);
}

#[actix_web::test]
async fn a_bank_process_takes_no_odd_behaviour() {
    let bank = BankProcess::open().await;
    let whimsical =
        json!({ "latency_ms": 1, "mode": "approve", "decline_percent": 100, "seed": 7 });
    assert_eq!(
        bank.send(Method::PUT, "/behaviour", whimsical.clone()).await.expect(200).json,
        whimsical
    );
    bank.charges("a", 100).await.expect(402);
    for odd in [
        json!({ "latency_ms": 1, "mode": "approve", "decline_percent": 101 }),
        json!({ "latency_ms": 1, "mode": "approve", "colour": "red" }),
        json!({ "latency_ms": 1, "mode": "burn" }),
    ] {
        bank.send(Method::PUT, "/behaviour", odd).await.expect(422);
    }
    assert_eq!(bank.send(Method::GET, "/behaviour", Value::Null).await.expect(200).json, whimsical);
}

#[actix_web::test]
async fn what_a_bank_process_has_decided_survives_its_death_and_its_stop() {
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
async fn a_bank_process_stops_in_order_as_soon_as_it_says_that_it_is_open() {
    let mut bank = BankProcess::open().await;
    bank.stop();
    for _ in 0..10 {
        bank.start_again();
        bank.stop();
    }
}

#[actix_web::test]
async fn a_bank_that_is_not_there_was_not_asked() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let bank = HttpBank::new(&format!("http://{nobody}"), PATIENCE).unwrap();
    assert!(matches!(bank.charge(&charge("a", 100)).await, Err(BankError::NotSent(_))));
    assert!(matches!(bank.lookup("a").await, Err(BankError::NotSent(_))));
    assert!(matches!(bank.void("a").await, Err(BankError::NotSent(_))));
}

#[actix_web::test]
async fn nonsense_answers_no_question_and_is_not_waited_for() {
    let foreign = ForeignBank::open();
    let bank = HttpBank::new(&foreign.url, PATIENCE).unwrap();
    for (name, manner) in nonsense() {
        foreign.will(manner);
        let charge = charge("a", 100);
        let asked = async { tokio::join!(bank.charge(&charge), bank.lookup("a"), bank.void("a")) };
        let (charged, found, voided) = timeout(Duration::from_secs(5), asked).await.expect(name);
        assert!(matches!(charged, Err(BankError::Unknown(_))), "{name}: {charged:?}");
        assert!(matches!(voided, Err(BankError::Unknown(_))), "{name}: {voided:?}");
        // Whoever looks up a key doesn't say what the charge was.
        assert!(
            name.contains(", another") || matches!(found, Err(BankError::Unknown(_))),
            "{name}: {found:?}"
        );
    }
    foreign.will(Manner::Approves);
    assert_eq!(bank.charge(&charge("a", 100)).await, Ok(Answer::Approved));
}

fn charge(key: &str, amount: u64) -> Charge {
    Charge { key: key.into(), order: OrderId(Uuid::from_u128(1)), amount: Cents(amount) }
}
