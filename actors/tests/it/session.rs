//! Sessions and the rotation of refresh tokens.

use std::collections::HashSet;
use std::time::Duration;

use actors::failure::Failure;
use actors::session::{
    EndSessions, FindByCookie, ListSessions, OpenSession, RotateToken, SessionSelector,
    VerifiedUser,
};
use actors::shop::Shop;
use actors::tables::Tables;
use actors::user::{ChangePassword, ChangeUser, DeleteUser};
use domain::session::{EndReason, Proof, Session, SessionError};
use domain::time::later;
use domain::user::{Role, UserError, UserId};
use futures_util::future::{join, join_all};

use crate::harness::{PASSWORD, TestShop, client, eventually};

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
    let open = OpenSession { verified: verified.clone(), client: client(cookie) };
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
    test.shop.users.ask(DeleteUser { user: user.user.id, by: None }).await.unwrap();
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
    let change = ChangeUser { user: verified.user.id, role: None, email: None, password, by: None };
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
    let change = ChangeUser { user: ana.user.id, role: None, email: None, password, by: None };
    test.shop.users.ask(change).await.unwrap();
    for session in [second, slow.unwrap()] {
        assert!(test.shop.revocations.contains(session.id));
    }
}

/// A way to end the sessions of a user.
#[derive(Debug, Clone, Copy)]
enum End {
    SignOut,
    ReusedToken,
    NewPassword,
    PasswordOfAnAdmin,
    Promotion,
    Deletion,
}

#[actix::test]
async fn a_session_is_revoked_until_its_last_token_expires_whatever_its_lifetime_is_now() {
    for way in [
        End::SignOut,
        End::ReusedToken,
        End::NewPassword,
        End::PasswordOfAnAdmin,
        End::Promotion,
        End::Deletion,
    ] {
        let test = TestShop::open().await;
        let user = test.user("ana").await;
        let session = sign_in(&test, &user, None).await.unwrap();
        // The token of the first node is valid for an hour. Both its later rotation and its end
        // are those of a node whose tokens are valid for ten seconds.
        let expires_at = later(session.created_at, Duration::from_secs(3_600));
        let node = test.second_node_with_access_ttl(Duration::from_secs(10)).await;
        let rotate = RotateToken { session: session.id, generation: 1 };
        node.sessions.ask(rotate.clone()).await.unwrap();
        test.advance_clock(Duration::from_secs(600));
        ends(&node, &session, way).await;

        let tables = Tables::new(test.store.clone());
        let revoked = tables.revoked.get(session.id).await.unwrap().unwrap().value;
        assert!(revoked >= expires_at, "{way:?}: {revoked}");
        for node in [&node, &test.shop] {
            let is_refused = async || node.revocations.contains(session.id).then_some(());
            eventually(is_refused).await;
        }
    }
}

async fn ends(node: &Shop, session: &Session, way: End) {
    let user = session.user;
    match way {
        End::SignOut => node.sessions.ask(end(session)).await.unwrap(),
        End::ReusedToken => {
            let rotate = RotateToken { session: session.id, generation: 1 };
            node.sessions.ask(rotate).await.unwrap_err();
        }
        End::NewPassword => drop(change_password(node, user, None).await.unwrap()),
        End::PasswordOfAnAdmin => {
            let password = Some("battery staple".into());
            let change = ChangeUser { user, role: None, email: None, password, by: None };
            node.users.ask(change).await.unwrap();
        }
        End::Promotion => {
            let role = Some(Role::Admin);
            let change = ChangeUser { user, role, email: None, password: None, by: None };
            node.users.ask(change).await.unwrap();
        }
        End::Deletion => drop(node.users.ask(DeleteUser { user, by: None }).await.unwrap()),
    }
}

async fn change_password(
    node: &Shop,
    user: UserId,
    cookie: Option<&str>,
) -> Result<Session, Failure<UserError>> {
    let current = PASSWORD.into();
    let new = "battery staple".into();
    node.users.ask(ChangePassword { user, current, new, client: client(cookie) }).await
}

#[actix::test]
async fn a_token_that_is_issued_again_after_a_lost_response_needs_no_later_revocation() {
    let test = TestShop::open().await;
    let session = sign_in(&test, &test.user("ana").await, None).await.unwrap();
    let rotate = RotateToken { session: session.id, generation: 1 };
    let first = test.shop.sessions.ask(rotate.clone()).await.unwrap();
    test.advance_clock(Duration::from_secs(9));
    let again = test.shop.sessions.ask(rotate).await.unwrap();
    assert_eq!(again, first);
    let latest = later(first.last_seen_at, Duration::from_secs(3_600 + 9));
    assert!(again.tokens_until.unwrap() >= latest);
}

#[actix::test]
async fn a_new_password_replaces_every_session_by_one_of_the_same_client_in_one_commit() {
    let test = TestShop::open().await;
    let user = test.user("ana").await;
    let browser = sign_in(&test, &user, Some("old")).await.unwrap();
    let program = sign_in(&test, &user, None).await.unwrap();
    let before = test.store.commits();
    let new = change_password(&test.shop, user.user.id, Some("new")).await.unwrap();
    assert_eq!(test.store.commits(), before + 1);
    for session in [&browser, &program] {
        assert!(test.shop.revocations.contains(session.id));
    }
    let open = test.shop.sessions.ask(ListSessions(user.user.id)).await.unwrap();
    assert_eq!(open, std::slice::from_ref(&new));
    let found = test.shop.sessions.ask(FindByCookie("new".into())).await.unwrap();
    assert_eq!(found.id, new.id);
    let refused = test.shop.sessions.ask(FindByCookie("old".into())).await;
    assert_eq!(refused, Err(Failure::Refused(SessionError::Refused)));
}

#[actix::test]
async fn a_wrong_password_ends_no_session() {
    let test = TestShop::open().await;
    let user = test.user("ana").await;
    let session = sign_in(&test, &user, None).await.unwrap();
    let change = ChangePassword {
        user: user.user.id,
        current: "wrong horse".into(),
        new: "battery staple".into(),
        client: client(None),
    };
    let refused = test.shop.users.ask(change).await.unwrap_err();
    assert_eq!(refused, Failure::Refused(UserError::WrongPassword));
    let open = test.shop.sessions.ask(ListSessions(user.user.id)).await.unwrap();
    assert_eq!(open, [session]);
}

#[actix::test]
async fn a_user_has_at_most_a_hundred_sessions_and_one_more_ends_the_oldest() {
    let test = TestShop::open().await;
    let user = test.user("ana").await;
    let other = sign_in(&test, &test.user("bob").await, None).await.unwrap();
    let mut sessions = Vec::new();
    for number in 0..102 {
        let cookie = (number % 2 == 0).then(|| format!("cookie {number}"));
        sessions.push(sign_in(&test, &user, cookie.as_deref()).await.unwrap());
    }
    let open = test.shop.sessions.ask(ListSessions(user.user.id)).await.unwrap();
    assert_eq!(open, sessions[2..]);
    for ended in &sessions[..2] {
        assert!(test.shop.revocations.contains(ended.id));
    }
    let found = test.shop.sessions.ask(FindByCookie("cookie 0".into())).await;
    assert_eq!(found, Err(Failure::Refused(SessionError::Refused)));
    assert!(rotate(&test, &sessions[1], 1).await.is_err());
    assert!(!test.shop.revocations.contains(other.id));
}

#[actix::test]
async fn a_change_of_the_password_that_is_stored_succeeds_even_if_the_next_read_fails() {
    let test = TestShop::open().await;
    let user = test.user("ana").await.user.id;
    test.store.fail_reads_after_next_commit();
    let session = change_password(&test.shop, user, Some("new")).await.unwrap();
    test.store.answer_reads();
    assert_eq!(test.shop.sessions.ask(FindByCookie("new".into())).await, Ok(session));
}
