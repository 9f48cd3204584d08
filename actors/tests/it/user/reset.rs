//! Links by which users set a new password: their hour, and races with other commands.

use std::time::Duration;

use actors::failure::Failure;
use actors::user::{MakeResetLink, ResetPassword};
use domain::network::Network;
use domain::user::{Author, UserError, UserId};
use futures_util::join;

use super::{HOME, check};
use crate::harness::{TestShop, author};

const NEW: &str = "battery staple";

async fn make(test: &TestShop, user: UserId, token_hash: &str) {
    let make = MakeResetLink { user, token_hash: token_hash.into(), by: author() };
    test.shop.users.ask(make).await.unwrap();
}

fn reset(user: UserId, token_hash: &str) -> ResetPassword {
    let client = Network::parse(HOME);
    ResetPassword { user: Some(user), token_hash: token_hash.into(), new: NEW.into(), client }
}

fn invalid() -> Result<Author, Failure<UserError>> {
    Err(Failure::Refused(UserError::InvalidResetLink))
}

#[actix::test]
async fn a_link_works_for_an_hour() {
    let test = TestShop::open().await;
    let ana = test.user("ana").await.user.id;
    make(&test, ana, "a").await;
    test.advance_clock(Duration::from_secs(3_599));
    assert_eq!(test.shop.users.ask(reset(ana, "b")).await, invalid());
    assert_eq!(test.shop.users.ask(reset(ana, "a")).await, Ok(author()));
    make(&test, ana, "c").await;
    test.advance_clock(Duration::from_secs(3_600));
    assert_eq!(test.shop.users.ask(reset(ana, "c")).await, invalid());
    check(&test, "ana", HOME, NEW).await.unwrap();
}

#[actix::test]
async fn of_two_uses_on_two_nodes_one_succeeds() {
    let test = TestShop::open().await;
    let second_node = test.second_node().await;
    for number in 0..10 {
        let ana = test.user(&format!("ana {number}")).await.user.id;
        make(&test, ana, "a").await;
        let (one, other) =
            join!(test.shop.users.ask(reset(ana, "a")), second_node.users.ask(reset(ana, "a")));
        let mut results = [one, other];
        results.sort_by_key(Result::is_err);
        assert_eq!(results, [Ok(author()), invalid()]);
        // A client with several failures in a row has to wait.
        test.advance_clock(Duration::from_secs(3_600));
    }
}
