//! Password checks: their throttle, and the cost of the stored hashes.

use std::time::Duration;

use actors::failure::Failure;
use actors::session::VerifiedUser;
use actors::user::{ChangePassword, CheckPassword};
use domain::network::Network;
use domain::user::UserError;
use futures_util::future::join_all;

use crate::harness::{PASSWORD, TestShop, client};

mod figures;
mod guessing;
mod list;
mod reset;
mod unmapped;

const WRONG: &str = "wrong horse";

/// Two addresses.
const HOME: &str = "192.0.2.1";
const WORK: &str = "198.51.100.1";

fn check_of(username: &str, address: &str, password: &str) -> CheckPassword {
    let client = Network::parse(address);
    CheckPassword { username: username.into(), password: password.into(), client }
}

async fn check(
    test: &TestShop,
    username: &str,
    address: &str,
    password: &str,
) -> Result<VerifiedUser, Failure<UserError>> {
    test.shop.users.ask(check_of(username, address, password)).await
}

fn retry_after(seconds: u64) -> Failure<UserError> {
    Failure::Refused(UserError::TooManyFailures { retry_after: Duration::from_secs(seconds) })
}

#[actix::test]
async fn wrong_passwords_are_throttled_whether_or_not_the_user_exists() {
    let test = TestShop::open().await;
    test.user("ana").await;
    for name in ["ana", "ghost"] {
        for _ in 0..5 {
            let refused = check(&test, name, HOME, WRONG).await.unwrap_err();
            assert_eq!(refused, Failure::Refused(UserError::InvalidCredentials));
        }
        let throttled = check(&test, &name.to_uppercase(), HOME, PASSWORD).await;
        assert_eq!(throttled.unwrap_err(), retry_after(1));
    }
    assert!(check(&test, "ana", WORK, PASSWORD).await.is_ok());
    test.advance_clock(Duration::from_secs(1));
    check(&test, "ana", HOME, WRONG).await.unwrap_err();
    assert_eq!(check(&test, "ana", HOME, WRONG).await.unwrap_err(), retry_after(2));
}

#[actix::test]
async fn parallel_checks_are_throttled_like_consecutive_ones() {
    let test = TestShop::open().await;
    test.user("ana").await;
    for _ in 0..4 {
        check(&test, "ana", "2001:db8::1", WRONG).await.unwrap_err();
    }
    let same_network = (2..12).map(|host| format!("2001:db8::{host}"));
    let checks = same_network.map(async |address| check(&test, "ana", &address, WRONG).await);
    let checked = join_all(checks).await.into_iter().map(Result::unwrap_err);
    let invalid = Failure::Refused(UserError::InvalidCredentials);
    assert_eq!(checked.filter(|refused| *refused == invalid).count(), 1);
    assert!(check(&test, "ana", "2001:db8:1::1", PASSWORD).await.is_ok());
}

#[actix::test]
async fn the_right_password_resets_the_count_of_failures() {
    let test = TestShop::open().await;
    test.user("ana").await;
    for _ in 0..3 {
        for _ in 0..4 {
            check(&test, "ana", HOME, WRONG).await.unwrap_err();
        }
        check(&test, "ana", HOME, PASSWORD).await.unwrap();
    }
}

#[actix::test]
async fn checks_of_the_current_password_are_throttled_too() {
    let test = TestShop::open().await;
    let change = ChangePassword {
        user: test.user("ana").await.user.id,
        current: WRONG.into(),
        new: "battery staple".into(),
        client: client(None),
    };
    for _ in 0..5 {
        let refused = test.shop.users.ask(change.clone()).await.unwrap_err();
        assert_eq!(refused, Failure::Refused(UserError::WrongPassword));
    }
    assert_eq!(test.shop.users.ask(change).await.unwrap_err(), retry_after(1));
}

#[actix::test]
async fn a_sign_in_hashes_the_password_again_if_the_cost_has_changed() {
    let test = TestShop::open().await;
    let user = test.user("ana").await;
    let costlier = test.second_node_with_costlier_hashes().await;
    let stored_hash = async || {
        test.shop.tables.accounts.get(user.user.id).await.unwrap().unwrap().value.password_hash
    };
    let before = stored_hash().await;
    let verified = costlier.users.ask(check_of("ana", HOME, PASSWORD)).await.unwrap();
    assert_eq!(verified.version, user.version + 1);
    let after = stored_hash().await;
    assert!(before.contains("ln=1,") && after.contains("ln=2,"), "{before} {after}");
    costlier.users.ask(check_of("ana", HOME, PASSWORD)).await.unwrap();
    assert_eq!(stored_hash().await, after);
}
