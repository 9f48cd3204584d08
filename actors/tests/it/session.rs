//! Sessions and the rotation of refresh tokens.

use std::collections::HashSet;
use std::time::Duration;

use actors::failure::Failure;
use actors::session::{
    EndSessions, FindByCookie, OpenSession, RotateToken, SessionSelector, VerifiedUser,
};
use actors::shop::Shop;
use actors::user::{ChangeUser, DeleteUser};
use domain::session::{EndReason, Proof, Session, SessionError};
use futures_util::future::{join, join_all};

use crate::harness::{TestShop, eventually};

async fn sign_in(
    test: &TestShop,
    verified: &VerifiedUser,
    cookie: Option<&str>,
) -> Result<Session, Failure<SessionError>> {
    sign_in_on(&test.shop, verified, cookie).await
}

async fn sign_in_on(
    node: &Shop,
    verified: &VerifiedUser,
    cookie: Option<&str>,
) -> Result<Session, Failure<SessionError>> {
    let open = OpenSession {
        verified: verified.clone(),
        cookie_hash: cookie.map(str::to_owned),
        device: "test".into(),
        address: String::new(),
    };
    node.sessions.ask(open).await
}

async fn rotate(
    test: &TestShop,
    session: &Session,
    generation: u32,
) -> Result<u32, Failure<SessionError>> {
    let rotated = test.shop.sessions.ask(RotateToken { session: session.id, generation }).await?;
    let Proof::Api { generation, .. } = rotated.proof else { panic!("not an API session") };
    Ok(generation)
}

/// Ends one session of a user.
fn end(session: &Session) -> EndSessions {
    EndSessions {
        user: session.user,
        sessions: SessionSelector::One(session.id),
        reason: EndReason::SignedOut,
        with: None,
    }
}

#[actix::test]
async fn fifty_refreshes_with_one_token_give_one_successor() {
    let test = TestShop::open().await;
    let ana = sign_in(&test, &test.user("ana").await, None).await.unwrap();
    let rotations = join_all((0..50).map(|_| rotate(&test, &ana, 1))).await;
    let generations: HashSet<_> = rotations.into_iter().map(Result::unwrap).collect();
    assert_eq!(generations, HashSet::from([2]));
}

#[actix::test]
async fn a_reused_token_ends_its_session_and_no_other() {
    let test = TestShop::open().await;
    let user = test.user("ana").await;
    let stolen = sign_in(&test, &user, None).await.unwrap();
    let other = sign_in(&test, &user, None).await.unwrap();
    rotate(&test, &stolen, 1).await.unwrap();
    test.advance_clock(Duration::from_secs(10));
    let reused = SessionError::Reused { user: stolen.user };
    assert_eq!(rotate(&test, &stolen, 1).await, Err(Failure::Refused(reused)));
    assert_eq!(rotate(&test, &stolen, 2).await, Err(Failure::Refused(SessionError::Refused)));
    assert!(test.shop.revocations.contains(stolen.id));
    assert_eq!(rotate(&test, &other, 1).await, Ok(2));
}

#[actix::test]
async fn parallel_uses_of_a_used_token_end_its_session_once_and_are_all_refused() {
    let test = TestShop::open().await;
    let ana = sign_in(&test, &test.user("ana").await, None).await.unwrap();
    rotate(&test, &ana, 1).await.unwrap();
    test.advance_clock(Duration::from_secs(10));
    let uses = join_all((0..16).map(|_| rotate(&test, &ana, 1))).await;
    let reused = Err(Failure::Refused(SessionError::Reused { user: ana.user }));
    assert_eq!(uses.iter().filter(|used| **used == reused).count(), 1);
    let refused = Err(Failure::Refused(SessionError::Refused));
    assert!(uses.iter().all(|used| *used == reused || *used == refused), "{uses:?}");
}

#[actix::test]
async fn a_deleted_user_is_signed_out_of_every_session() {
    let test = TestShop::open().await;
    let user = test.user("ana").await;
    let browser = sign_in(&test, &user, Some("hash")).await.unwrap();
    let program = sign_in(&test, &user, None).await.unwrap();
    test.shop.sessions.ask(FindByCookie("hash".into())).await.unwrap();
    test.shop.users.ask(DeleteUser(user.user.id)).await.unwrap();
    for session in [browser, program] {
        assert!(test.shop.revocations.contains(session.id));
    }
    let found = test.shop.sessions.ask(FindByCookie("hash".into())).await;
    assert_eq!(found, Err(Failure::Refused(SessionError::Refused)));
    assert!(sign_in(&test, &user, None).await.is_err());
}

#[actix::test]
async fn a_sign_in_is_refused_if_the_password_has_changed_since_it_was_checked() {
    let test = TestShop::open().await;
    let verified = test.user("ana").await;
    let password = Some("battery staple".into());
    let change = ChangeUser { user: verified.user.id, role: None, email: None, password };
    test.shop.users.ask(change).await.unwrap();
    assert_eq!(sign_in(&test, &verified, None).await, Err(Failure::Refused(SessionError::Refused)));
}

#[actix::test]
async fn a_new_node_reads_the_revoked_sessions() {
    let test = TestShop::open().await;
    let user = test.user("ana").await;
    let session = sign_in(&test, &user, None).await.unwrap();
    test.shop.sessions.ask(end(&session)).await.unwrap();
    assert!(test.second_node().await.revocations.contains(session.id));
}

#[actix::test]
async fn no_session_survives_a_password_change_if_another_one_was_opened_on_a_slow_node() {
    let test = TestShop::open().await;
    let slow_node = test.second_node().await;
    let ana = test.user("ana").await;
    let first = sign_in(&test, &ana, None).await.unwrap();

    test.store.hold_next_commit();
    let slow = sign_in_on(&slow_node, &ana, None);
    let (slow, second) = join(slow, async {
        eventually(async || test.store.holds_a_commit().then_some(())).await;
        // The list of sessions becomes empty, and then has as many versions as before.
        test.shop.sessions.ask(end(&first)).await.unwrap();
        let second = sign_in(&test, &ana, None).await.unwrap();
        test.store.release_commit().await;
        second
    })
    .await;

    let password = Some("battery staple".into());
    let change = ChangeUser { user: ana.user.id, role: None, email: None, password };
    test.shop.users.ask(change).await.unwrap();
    for session in [second, slow.unwrap()] {
        assert!(test.shop.revocations.contains(session.id));
    }
}
