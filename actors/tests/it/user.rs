//! Passwords: who may guess how often.

use std::time::Duration;

use actors::ask::Failure;
use actors::session::SessionSelector;
use actors::tables::VerifiedUser;
use actors::user::{ChangePassword, CheckPassword};
use domain::user::UserError;
use futures_util::future::join_all;

use crate::harness::TestShop;

const RIGHT: &str = "correct horse";
const WRONG: &str = "wrong horse";

async fn check(
    test: &TestShop,
    username: &str,
    address: &str,
    password: &str,
) -> Result<VerifiedUser, Failure<UserError>> {
    let (username, address, password) = (username.into(), address.into(), password.into());
    test.shop.users.ask(CheckPassword { username, password, address }).await
}

fn wait(seconds: u64) -> Failure<UserError> {
    Failure::Refused(UserError::TooManyFailures { retry_after: Duration::from_secs(seconds) })
}

#[actix::test]
async fn whoever_is_wrong_too_often_waits_whether_the_user_exists_or_not() {
    let test = TestShop::open().await;
    test.user("ana").await;
    for name in ["ana", "nobody"] {
        for _ in 0..5 {
            let refused = check(&test, name, "home", WRONG).await.unwrap_err();
            assert_eq!(refused, Failure::Refused(UserError::InvalidCredentials));
        }
        assert_eq!(check(&test, &name.to_uppercase(), "home", RIGHT).await.unwrap_err(), wait(1));
    }
    assert!(check(&test, "ana", "elsewhere", RIGHT).await.is_ok());
    test.wait(Duration::from_secs(1));
    check(&test, "ana", "home", WRONG).await.unwrap_err();
    assert_eq!(check(&test, "ana", "home", WRONG).await.unwrap_err(), wait(2));
}

#[actix::test]
async fn many_guesses_at_once_are_not_more_than_one_after_the_other() {
    let test = TestShop::open().await;
    test.user("ana").await;
    for _ in 0..4 {
        check(&test, "ana", "2001:db8::1", WRONG).await.unwrap_err();
    }
    let neighbours = (2..12).map(|host| format!("2001:db8::{host}"));
    let guesses = join_all(
        neighbours.map(async |address| check(&test, "ana", &address, WRONG).await.unwrap_err()),
    )
    .await;
    let heard = guesses
        .iter()
        .filter(|refused| **refused == Failure::Refused(UserError::InvalidCredentials));
    assert_eq!(heard.count(), 1);
    assert!(check(&test, "ana", "2001:db8:1::1", RIGHT).await.is_ok());
}

#[actix::test]
async fn the_right_password_forgives_the_wrong_ones() {
    let test = TestShop::open().await;
    test.user("ana").await;
    for _ in 0..3 {
        for _ in 0..4 {
            check(&test, "ana", "home", WRONG).await.unwrap_err();
        }
        check(&test, "ana", "home", RIGHT).await.unwrap();
    }
}

#[actix::test]
async fn a_hijacked_session_does_not_guess_the_password_either() {
    let test = TestShop::open().await;
    let user = test.user("ana").await.user.id;
    let guess = || {
        let (current, new, sessions) =
            (WRONG.into(), "battery staple".into(), SessionSelector::All);
        test.shop.users.ask(ChangePassword { user, current, new, sessions })
    };
    for _ in 0..5 {
        assert_eq!(guess().await.unwrap_err(), Failure::Refused(UserError::WrongPassword));
    }
    assert_eq!(guess().await.unwrap_err(), wait(1));
}

#[actix::test]
async fn a_password_is_hashed_again_at_todays_cost_when_it_is_given() {
    let test = TestShop::open().await;
    let user = test.user("ana").await;
    let dearer = test.dearer_neighbour().await;
    let hash = async || {
        test.shop.tables.accounts.get(user.user.id).await.unwrap().unwrap().value.password_hash
    };
    let before = hash().await;
    let give =
        || CheckPassword { username: "ana".into(), password: RIGHT.into(), address: "home".into() };
    let verified = dearer.users.ask(give()).await.unwrap();
    assert_eq!(verified.version, user.version + 1);
    let after = hash().await;
    assert!(before.contains("ln=1,") && after.contains("ln=2,"), "{before} {after}");
    dearer.users.ask(give()).await.unwrap();
    assert_eq!(hash().await, after);
}
