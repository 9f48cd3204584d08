//! Sessions and the rotation of refresh tokens.

use std::collections::HashSet;
use std::time::Duration;

use actors::ask::Failure;
use actors::session::{EndSessions, FindByCookie, OpenSession, RotateToken, SessionSelector};
use actors::tables::VerifiedUser;
use actors::user::{ChangeUser, DeleteUser};
use domain::session::{EndReason, Proof, Session, SessionError};
use futures_util::future::join_all;

use crate::harness::TestShop;

async fn sign_in(
    test: &TestShop,
    verified: &VerifiedUser,
    cookie: Option<&str>,
) -> Result<Session, Failure<SessionError>> {
    let (verified, cookie_hash) = (verified.clone(), cookie.map(str::to_owned));
    test.shop
        .sessions
        .ask(OpenSession { verified, cookie_hash, device: "test".into(), address: String::new() })
        .await
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

#[actix::test]
async fn fifty_refreshes_with_one_token_give_one_successor() {
    let test = TestShop::open().await;
    let ana = sign_in(&test, &test.user("ana").await, None).await.unwrap();
    let given = join_all((0..50).map(|_| rotate(&test, &ana, 1))).await;
    let given: HashSet<_> = given.into_iter().map(Result::unwrap).collect();
    assert_eq!(given, HashSet::from([2]));
}

#[actix::test]
async fn a_used_token_ends_its_session_and_no_other() {
    let test = TestShop::open().await;
    let user = test.user("ana").await;
    let (stolen, other) =
        (sign_in(&test, &user, None).await.unwrap(), sign_in(&test, &user, None).await.unwrap());
    rotate(&test, &stolen, 1).await.unwrap();
    test.wait(Duration::from_secs(10));
    assert_eq!(rotate(&test, &stolen, 1).await, Err(Failure::Refused(SessionError::Refused)));
    assert_eq!(rotate(&test, &stolen, 2).await, Err(Failure::Refused(SessionError::Refused)));
    assert!(test.shop.revocations.contains(stolen.id));
    assert_eq!(rotate(&test, &other, 1).await, Ok(2));
}

#[actix::test]
async fn whoever_is_deleted_is_signed_out_everywhere() {
    let test = TestShop::open().await;
    let user = test.user("ana").await;
    let (browser, program) = (
        sign_in(&test, &user, Some("hash")).await.unwrap(),
        sign_in(&test, &user, None).await.unwrap(),
    );
    test.shop.sessions.ask(FindByCookie("hash".into())).await.unwrap();
    test.shop.users.ask(DeleteUser(user.user.id)).await.unwrap();
    for session in [browser, program] {
        assert!(test.shop.revocations.contains(session.id));
    }
    assert_eq!(
        test.shop.sessions.ask(FindByCookie("hash".into())).await,
        Err(Failure::Refused(SessionError::Refused))
    );
    assert!(sign_in(&test, &user, None).await.is_err());
}

#[actix::test]
async fn a_password_proved_before_it_was_changed_signs_nobody_in() {
    let test = TestShop::open().await;
    let verified = test.user("ana").await;
    let password = Some("battery staple".into());
    let change = ChangeUser { user: verified.user.id, role: None, email: None, password };
    test.shop.users.ask(change).await.unwrap();
    assert_eq!(sign_in(&test, &verified, None).await, Err(Failure::Refused(SessionError::Refused)));
}

#[actix::test]
async fn what_was_revoked_is_known_to_the_next_process() {
    let test = TestShop::open().await;
    let user = test.user("ana").await;
    let session = sign_in(&test, &user, None).await.unwrap();
    let end = EndSessions {
        user: user.user.id,
        sessions: SessionSelector::One(session.id),
        reason: EndReason::SignedOut,
        with: None,
    };
    test.shop.sessions.ask(end).await.unwrap();
    assert!(test.neighbour().await.revocations.contains(session.id));
}
