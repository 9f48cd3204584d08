//! A shop that dies right before or right after a durable step: whoever repeats the request has one order, one payment and
//! one answer.

use actors::failpoint::Durable::{self, *};
use futures_util::stream::{self, StreamExt};
use reqwest::Method;
use serde_json::json;

use crate::harness::TestShop;
use crate::people::{Admin, Person};
use scene::{Deed, Scene};

mod scene;

/// How many shops are open at once.
const AT_ONCE: usize = 4;

/// What somebody does, the durable steps of it, and how often each was made before, when the scene was set.
const DEEDS: [(Deed, &[(Durable, usize)]); 9] = [
    (Deed::ChecksOut, &[(Place, 0), (Charge, 0), (Settle, 0), (Answer, 0)]),
    (Deed::PaysAgain, &[(PayAgain, 0), (Charge, 1), (Settle, 1), (Answer, 1)]),
    (Deed::Cancels, &[(Cancel, 0)]),
    (Deed::CallsOff, &[(Cancel, 0)]),
    (Deed::LetsExpire, &[(Expire, 0)]),
    (Deed::Refunds, &[(Refund, 0), (Void, 0), (PaidBack, 0), (Answer, 1)]),
    (Deed::Ships, &[(Ship, 0)]),
    (Deed::Delivers, &[(Deliver, 0)]),
    (Deed::Isolates, &[(Breaker, 0)]),
];

/// What nobody waits for: the shop does it when it opens.
const UNASKED: Durable = Forget;

#[actix_web::test]
async fn a_shop_that_dies_before_a_step_does_it_once_when_it_is_asked_again() {
    everybody_survives("before").await;
}

#[actix_web::test]
async fn a_shop_that_dies_after_a_step_does_not_do_it_again() {
    everybody_survives("after").await;
}

#[test]
fn no_step_is_without_a_story() {
    let told =
        |step: &Durable| DEEDS.iter().any(|(_, steps)| steps.iter().any(|(of, _)| of == step));
    let untold: Vec<_> =
        Durable::ALL.iter().filter(|step| !told(step) && **step != UNASKED).collect();
    assert!(untold.is_empty(), "{untold:?}");
}

#[actix_web::test]
async fn a_shop_that_dies_while_it_forgets_who_has_left_goes_on_with_it() {
    for moment in ["before", "after"] {
        let mut shop = TestShop::open().await;
        let (admin, ana) = (shop.admin().await, shop.customer("ana").await);
        leaves_an_order_behind(&admin, &ana).await;
        shop.stop();
        shop.start_to_fail(&format!("{UNASKED:?}::{moment}=return"));
        shop.is_killed().await;
        shop.start_again();
        admin.0.get("/auth/profile").await.expect(200);
        shop.stop();
        assert_eq!(shop.wrongs(), "");
    }
}

async fn leaves_an_order_behind(admin: &Admin, ana: &Person) {
    admin.sets_bank("decline").await;
    ana.adds(1, 1).await.expect(200);
    let order =
        ana.checks_out("k").await.expect_problem(402, "payment_declined").json["order"].clone();
    let cancel = format!("/api/orders/{}/cancel", order["id"].as_str().unwrap());
    ana.send(Method::POST, &cancel, json!({})).await.expect(200);
    let user = ana.get("/auth/profile").await.expect(200).json["id"].clone();
    admin.0.delete(&format!("/api/users/{}", user.as_str().unwrap())).await.expect(200);
}

async fn everybody_survives(moment: &str) {
    let cases = DEEDS
        .iter()
        .flat_map(|(deed, steps)| steps.iter().map(|(step, made)| (*deed, *step, *made)));
    let stories = cases
        .map(|(deed, step, made)| survives(deed, format!("{step:?}::{moment}={made}*off->return")));
    stream::iter(stories).for_each_concurrent(AT_ONCE, |story| story).await;
}

/// Somebody loses an answer, asks again, and everything is as if nothing had been lost.
async fn survives(deed: Deed, point: String) {
    eprintln!("{deed:?} at {point}");
    let mut scene = Scene::set(deed, &point).await;
    let lost = scene.tries().await;
    assert!(lost.is_none() || deed == Deed::LetsExpire, "{deed:?} at {point}: {lost:?}");
    scene.shop.is_killed().await;
    scene.shop.start_again();
    let answer = scene.tries().await;
    let is_good = answer.as_ref().is_some_and(|(status, _)| deed.is_answered_with(*status));
    assert!(is_good, "{deed:?} at {point}: {answer:?}");
    scene.ends_well().await;
    assert_eq!(scene.tries().await, answer, "{deed:?} at {point}");
    scene.shop.stop();
    assert_eq!(scene.shop.wrongs(), "", "{deed:?} at {point}");
}
