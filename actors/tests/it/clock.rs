//! Steps of the calendar: nothing that was revoked comes back, and nothing waits for longer than
//! its setting.

use std::time::Duration;

use actors::failure::Failure;
use actors::payment::{Admit, Admitted};
use actors::session::{
    EndSessions, OpenSession, RotateToken, SessionSelector, SweepSessions, VerifiedUser,
};
use actors::shop::Shop;
use actors::user::CheckPassword;
use domain::breaker::Interruption;
use domain::cart::Owner;
use domain::network::Network;
use domain::order::OrderStatus;
use domain::session::{EndReason, Proof, Session, SessionError};
use domain::user::UserError;
use jiff::SignedDuration;

use crate::harness::bank::Reaction;
use crate::harness::{PASSWORD, TestShop, client, eventually};
use crate::payment::{OPEN, fail_three_times};

mod model;
mod random;
mod token;

/// How long an order may stay unpaid.
const EXPIRY: Duration = Duration::from_secs(15 * 60);

const HOURS: fn(i64) -> SignedDuration = SignedDuration::from_hours;

/// Signs a program in.
async fn sign_in(shop: &Shop, verified: &VerifiedUser) -> Session {
    let open = OpenSession { verified: verified.clone(), client: client(None) };
    shop.sessions.ask(open).await.unwrap()
}

/// Presents a refresh token, and returns the session with its next generation.
async fn rotate(
    shop: &Shop,
    session: &Session,
    generation: u32,
) -> Result<Session, Failure<SessionError>> {
    shop.sessions.ask(RotateToken { session: session.id, generation }).await
}

/// Ends sessions of a user.
async fn end(
    shop: &Shop,
    session: &Session,
    sessions: SessionSelector,
) -> Result<(), Failure<SessionError>> {
    let reason = EndReason::SignedOut;
    shop.sessions.ask(EndSessions { user: session.user, sessions, reason, with: None }).await
}

fn generation(session: &Session) -> u32 {
    let Proof::Api { generation, .. } = session.proof else { panic!("not an API session") };
    generation
}

/// Asks for a permit for a call to the bank, and returns how long the next try has to wait if there
/// is none.
async fn admit(shop: &Shop) -> Result<Admitted, Duration> {
    let admitted = shop.payments.ask(Admit { calls: 1 }).await.unwrap();
    if admitted.permits.is_empty() { Err(admitted.retry_after.unwrap()) } else { Ok(admitted) }
}

/// Checks a password, and returns how long its source has to wait if it is throttled.
async fn check_password(shop: &Shop, name: &str, password: &str) -> Option<Duration> {
    let check = CheckPassword {
        username: name.into(),
        password: password.into(),
        client: Network::parse("192.0.2.1"),
    };
    match shop.users.ask(check).await {
        Err(Failure::Refused(UserError::TooManyFailures { retry_after })) => Some(retry_after),
        _ => None,
    }
}

#[actix::test]
async fn sessions_that_end_while_the_clock_is_ahead_do_not_come_back() {
    for is_one in [true, false] {
        let test = TestShop::open().await;
        let session = sign_in(&test.shop, &test.user("ana").await).await;
        let one = SessionSelector::One(session.id);
        test.clock.step(HOURS(2));
        end(&test.shop, &session, if is_one { one } else { SessionSelector::All }).await.unwrap();
        test.clock.step(HOURS(-2));
        assert!(test.shop.revocations.contains(session.id));
        assert!(test.second_node().await.revocations.contains(session.id));
        let refused = Err(Failure::Refused(SessionError::Refused));
        assert_eq!(rotate(&test.shop, &session, 1).await, refused);
    }
}

#[actix::test]
async fn a_sweep_while_the_clock_is_ahead_removes_no_revocation() {
    let test = TestShop::open().await;
    let session = sign_in(&test.shop, &test.user("ana").await).await;
    end(&test.shop, &session, SessionSelector::All).await.unwrap();
    test.clock.step(HOURS(24 * 30));
    test.shop.sessions.addr().send(SweepSessions).await.unwrap();
    test.clock.step(HOURS(-24 * 30));
    assert!(test.shop.revocations.contains(session.id));
}

#[actix::test]
async fn a_token_whose_revocation_was_removed_is_refused_after_a_step_back() {
    let test = TestShop::open().await;
    let session = sign_in(&test.shop, &test.user("ana").await).await;
    let issued_at = test.shop.clock.now();
    end(&test.shop, &session, SessionSelector::All).await.unwrap();
    // Otherwise the hub may add the session after it was removed.
    test.shop.caught_up().await.unwrap();
    test.advance_clock(Duration::from_secs(8 * 86_400));
    test.shop.sessions.addr().send(SweepSessions).await.unwrap();
    assert!(!test.shop.revocations.contains(session.id));
    test.clock.step(HOURS(-24 * 8));
    let until = issued_at + Duration::from_secs(3_600);
    assert!(test.shop.revocations.refuse(session.id, until));
}

#[actix::test]
async fn a_used_refresh_token_gets_no_successor_after_a_step() {
    for (rotated, presented) in [(2, -2), (0, -2), (-2, 2), (24, -48), (0, -1)] {
        let test = TestShop::open().await;
        let session = sign_in(&test.shop, &test.user("ana").await).await;
        test.clock.step(HOURS(rotated));
        let session = match rotate(&test.shop, &session, 1).await {
            Ok(session) => session,
            // The session has expired, so it is opened again while the clock is ahead.
            Err(_) => {
                let session = sign_in(&test.shop, &test.user("bob").await).await;
                rotate(&test.shop, &session, 1).await.unwrap()
            }
        };
        test.advance_clock(Duration::from_secs(3_600));
        test.clock.step(HOURS(presented));
        assert!(rotate(&test.shop, &session, 1).await.is_err(), "{rotated} {presented}");
    }
}

#[actix::test]
async fn an_open_breaker_waits_for_no_longer_than_its_setting_after_a_step() {
    for (opened, read) in [(2, -2), (-2, 2), (-2, -2), (24 * 400, -24 * 400)] {
        let test = TestShop::open().await;
        test.clock.step(HOURS(opened));
        fail_three_times(&test).await;
        eventually(async || test.shop.interruption()).await;
        test.clock.step(HOURS(read));
        assert_eq!(admit(&test.shop).await.unwrap_err(), OPEN, "{opened} {read}");
        let end = test.shop.clock.now() + OPEN;
        assert_eq!(test.shop.interruption(), Some(Interruption::Until(end)));
        test.advance_clock(OPEN);
        assert_eq!(test.shop.interruption(), None);
        assert!(admit(&test.shop).await.is_ok());
    }
}

#[actix::test]
async fn a_new_node_waits_for_an_open_breaker_no_longer_than_its_setting() {
    for hours in [-2, 0, 2] {
        let test = TestShop::open().await;
        fail_three_times(&test).await;
        test.clock.step(HOURS(hours));
        let wait = admit(&test.second_node().await).await.err().unwrap_or_default();
        assert_eq!(wait, if hours == 0 { OPEN } else { Duration::ZERO });
    }
}

#[actix::test]
async fn unpaid_units_are_reserved_for_no_longer_than_the_setting_after_a_step() {
    let test = TestShop::open().await;
    let mut placed = Vec::new();
    for (number, hours) in [2, -4, 50].into_iter().enumerate() {
        test.clock.step(HOURS(hours));
        let buyer = test.buyer(&format!("buyer {number}"), 1).await;
        test.bank.script(&[Reaction::Decline]);
        let order = test.shop.orders.ask(test.order(buyer, "k", 1)).await.unwrap();
        placed.push(test.await_payment(&order).await);
    }
    assert_eq!(test.stock(), (10, 3));
    test.advance_clock(EXPIRY - Duration::from_secs(1));
    test.clock.step(HOURS(-72));
    for order in &placed {
        test.await_status(order, OrderStatus::PendingPayment).await;
    }
    test.advance_clock(Duration::from_secs(1));
    for order in &placed {
        test.await_status(order, OrderStatus::Expired).await;
    }
    eventually(async || (test.stock() == (10, 0)).then_some(())).await;
}

#[actix::test]
async fn a_new_desk_expires_an_order_from_the_future_at_once() {
    let test = TestShop::open().await;
    test.clock.step(HOURS(2));
    let buyer = test.buyer("ana", 1).await;
    test.bank.script(&[Reaction::Decline]);
    let order = test.shop.orders.ask(test.order(buyer, "k", 1)).await.unwrap();
    let order = test.await_payment(&order).await;
    test.clock.step(HOURS(-2));
    let _second_node = test.second_node().await;
    test.await_status(&order, OrderStatus::Expired).await;
}

#[actix::test]
async fn wrong_passwords_are_throttled_for_no_longer_than_before_a_step() {
    for hours in [-2, 2] {
        let test = TestShop::open().await;
        test.user("ana").await;
        for _ in 0..7 {
            if let Some(wait) = check_password(&test.shop, "ana", "wrong").await {
                test.advance_clock(wait);
                check_password(&test.shop, "ana", "wrong").await;
            }
        }
        let wait = check_password(&test.shop, "ana", PASSWORD).await.unwrap();
        test.clock.step(HOURS(hours));
        assert_eq!(check_password(&test.shop, "ana", PASSWORD).await, Some(wait), "{hours}");
        test.advance_clock(wait);
        assert_eq!(check_password(&test.shop, "ana", PASSWORD).await, None);
    }
}

#[actix::test]
async fn a_used_key_gets_its_answer_again_while_the_clock_is_ahead() {
    let test = TestShop::open().await;
    let buyer = test.buyer("ana", 1).await;
    let order = test.shop.orders.ask(test.order(buyer, "k", 1)).await.unwrap();
    test.await_payment(&order).await;
    test.clock.step(HOURS(24 * 6));
    let again = test.shop.orders.ask(test.order(buyer, "k", 1)).await.unwrap();
    assert_eq!(again.id, order.id);
}

#[actix::test]
async fn a_cart_that_only_a_step_has_made_old_is_still_there_when_the_clock_is_put_right() {
    let test = TestShop::open().await;
    let owner = Owner::Guest("ana".into());
    test.add_lamps(&owner, 2).await.unwrap();
    test.clock.step(HOURS(36));
    test.advance_clock(Duration::from_secs(1));
    // The idle cart is passivated, and not expired.
    eventually(async || (test.shop.carts.observe().await?.active == 0).then_some(())).await;
    test.clock.step(HOURS(-36));
    assert_eq!(test.cart(&owner).await.item_count(), 2);
}
