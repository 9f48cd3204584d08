//! A shop that is killed right before or right after a durable step.
//!
//! After a restart the client repeats its request, and there is one order, one payment and one
//! answer.

use actors::failpoint::Durable::{self, *};
use futures_util::stream::{self, StreamExt};
use reqwest::Method;
use serde_json::json;

use crate::harness::{TestShop, single_node};
use crate::people::{Admin, Person};
use story::{Action, Story};

mod story;

/// The number of shops that run at the same time.
const CONCURRENCY: usize = 4;

/// How many buyers act at the same time, so that a round has many commands.
const CROWD: usize = 12;

/// Each action, its durable steps, and how often the preparation of the story makes each step.
const ACTIONS: [(Action, &[(Durable, usize)]); 9] = [
    (Action::CheckOut, &[(Place, 0), (Charge, 0), (Settle, 0), (Answer, 0)]),
    (Action::PayAgain, &[(PayAgain, 0), (Charge, 1), (Settle, 1), (Answer, 1)]),
    (Action::Cancel, &[(Cancel, 0)]),
    (Action::CancelWhileUnknown, &[(Cancel, 0)]),
    (Action::Expire, &[(Expire, 0)]),
    (Action::Refund, &[(Refund, 0), (Void, 0), (Refunded, 0), (Answer, 1)]),
    (Action::Ship, &[(Ship, 0)]),
    (Action::Deliver, &[(Deliver, 0)]),
    (Action::Isolate, &[(Breaker, 0)]),
];

/// The step that no request triggers: the shop does it when it opens.
const AT_START: Durable = Anonymize;

/// The step that concerns no order.
const OF_ACCOUNT: Durable = Durable::Password;

#[actix_web::test]
async fn a_step_that_a_crash_prevents_is_made_once_when_the_request_is_repeated() {
    every_action_survives("before", 1).await;
}

#[actix_web::test]
async fn a_step_made_before_a_crash_is_not_made_again_when_the_request_is_repeated() {
    every_action_survives("after", 1).await;
}

#[actix_web::test]
async fn a_crash_before_a_round_of_many_commits_loses_and_repeats_no_command() {
    every_action_survives("before", CROWD).await;
}

#[actix_web::test]
async fn a_crash_after_a_round_of_many_commits_loses_and_repeats_no_command() {
    every_action_survives("after", CROWD).await;
}

#[test]
fn every_durable_step_is_tested() {
    let is_tested =
        |step: &Durable| ACTIONS.iter().any(|(_, steps)| steps.iter().any(|(of, _)| of == step));
    let has_own_test = |step: &Durable| [AT_START, OF_ACCOUNT].contains(step);
    let untested: Vec<_> =
        Durable::ALL.iter().filter(|step| !is_tested(step) && !has_own_test(step)).collect();
    assert!(untested.is_empty(), "{untested:?}");
}

#[actix_web::test]
async fn a_shop_that_crashes_while_it_anonymizes_orders_continues_after_a_restart() {
    single_node("crashes one process");
    for moment in ["before", "after"] {
        let mut shop = TestShop::open().await;
        let admin = shop.admin().await;
        let ana = shop.customer("ana").await;
        cancels_an_order_and_is_deleted(&admin, &ana).await;
        shop.stop();
        shop.start_to_fail(&format!("{AT_START:?}::{moment}=return"));
        shop.is_killed().await;
        shop.start_again();
        admin.0.get("/auth/profile").await.expect(200);
        shop.stop();
        assert_eq!(shop.check_findings(), "");
    }
}

#[actix_web::test]
async fn a_crash_during_a_change_of_the_password_leaves_either_the_old_sessions_or_none_of_them() {
    for (moment, is_changed) in [("before", false), ("after", true)] {
        let failpoint = format!("{OF_ACCOUNT:?}::{moment}=return");
        let mut shop = TestShop::open_to_fail(&[], &failpoint).await;
        let ana = shop.customer("ana").await;
        let passwords =
            json!({ "current_password": "correct horse", "new_password": "battery staple" });
        let change = ana.request(Method::POST, "/auth/password").json(&passwords);
        assert!(change.send().await.is_err(), "{moment}");
        shop.is_killed().await;
        shop.start_again();
        let status = ana.get("/auth/profile").await.status;
        assert_eq!(status, if is_changed { 401 } else { 200 }, "{moment}");
        let current = if is_changed { "battery staple" } else { "correct horse" };
        let again = Person::log_in(&shop, "ana", current).await;
        // The new session of the lost response, or the old one, and the latest.
        assert_eq!(again.get("/auth/sessions").await.expect(200).json["count"], 2, "{moment}");
    }
}

async fn cancels_an_order_and_is_deleted(admin: &Admin, ana: &Person) {
    admin.sets_bank("decline").await;
    ana.adds(1, 1).await.expect(200);
    let order =
        ana.checks_out("k").await.expect_problem(402, "payment_declined").json["order"].clone();
    let cancel = format!("/api/orders/{}/cancel", order["id"].as_str().unwrap());
    ana.send(Method::POST, &cancel, json!({})).await.expect(200);
    let user = ana.get("/auth/profile").await.expect(200).json["id"].clone();
    admin.0.delete(&format!("/api/users/{}", user.as_str().unwrap())).await.expect(200);
}

/// Lets buyers act at the same time, once for each action and each of its steps, with a crash
/// `before` or `after` the step of the buyer in the middle.
async fn every_action_survives(moment: &str, buyers: usize) {
    let actions = ACTIONS.iter().filter(|(action, _)| buyers == 1 || action.suits_a_crowd());
    let cases = actions
        .flat_map(|(action, steps)| steps.iter().map(|(step, made)| (*action, *step, *made)));
    let stories = cases.map(|(action, step, made)| {
        let earlier = made * buyers + buyers / 2;
        survives(action, buyers, format!("{step:?}::{moment}={earlier}*off->return"))
    });
    stream::iter(stories).for_each_concurrent(CONCURRENCY, |story| story).await;
}

/// Crashes the shop during an action, repeats the action, and checks that it took effect once for
/// each buyer.
async fn survives(action: Action, buyers: usize, failpoint: String) {
    eprintln!("{action:?} of {buyers} at {failpoint}");
    let mut story = Story::prepare(action, buyers, &failpoint).await;
    let before = story.act_once().await;
    let some_lost = before.contains(&None);
    assert!(some_lost || action == Action::Expire, "{action:?} at {failpoint}: {before:?}");
    story.shop.is_killed().await;
    story.shop.start_again();
    let answers = story.act_until_answered().await;
    for (answer, before) in answers.iter().zip(before) {
        assert!(action.may_return(answer.0), "{action:?} at {failpoint}: {answer:?}");
        assert!(before.is_none_or(|before| before == *answer), "{action:?} at {failpoint}");
    }
    story.ends_as_expected().await;
    assert_eq!(story.act_until_answered().await, answers, "{action:?} at {failpoint}");
    story.shop.stop();
    assert_eq!(story.shop.check_findings(), "", "{action:?} at {failpoint}");
}
