//! Names and passwords of earlier versions, which were stored as they were typed.

use actors::clock::{Clock, new_id};
use actors::failure::Failure;
use actors::password::{Client, Hasher};
use actors::tables::Account;
use actors::user::lookalikes::index_names;
use actors::user::{AddUser, ChangePassword, DeleteUser};
use domain::user::{Role, User, UserError, UserId, Username};

use super::{HOME, check};
use crate::harness::{LOG_N, PASSWORD, TestShop, client};

const COMPOSED: &str = "café au lait";
const DECOMPOSED: &str = "cafe\u{301} au lait";

/// Stores a user as an earlier version has stored one.
async fn stored(test: &TestShop, name: &str, password: &str) -> UserId {
    let tables = &test.shop.tables;
    let now = test.shop.clock.now();
    let user = User {
        id: UserId(new_id(now)),
        username: Username::new(name).unwrap(),
        email: None,
        role: Role::Customer,
        created_at: now,
    };
    let password_hash =
        Hasher::new(LOG_N).unwrap().hash(Client::Staff, password.into()).await.unwrap();
    let id = user.id;
    let mut batch = tables.batch(now);
    batch.put(&tables.usernames, user.username.folded(), None, &id).unwrap();
    let account = Account { user, password_hash, default_password: false };
    batch.put(&tables.accounts, id, None, &account).unwrap();
    tables.commit(batch).await.unwrap();
    id
}

async fn signs_in(test: &TestShop, name: &str, password: &str) -> Option<UserId> {
    check(test, name, HOME, password).await.ok().map(|verified| verified.user.id)
}

#[actix::test]
async fn names_and_passwords_of_earlier_versions_still_sign_in() {
    let test = TestShop::open().await;
    for (name, password) in [
        ("ze\u{301}", DECOMPOSED),
        ("Ren\u{E9}", "nbsp\u{A0}nbsp"),
        ("a\u{200B}", PASSWORD),
        ("Ａｎａ", PASSWORD),
        ("😀😀", "👍🏽👍🏽👍🏽👍🏽"),
        ("b\u{A0}b", PASSWORD),
        ("bob  smith", PASSWORD),
        ("\u{200B}", PASSWORD),
        ("ﬁn", "wide\u{3000}space"),
    ] {
        let id = stored(&test, name, password).await;
        assert_eq!(signs_in(&test, name, password).await, Some(id), "{name:?}");
        assert_eq!(signs_in(&test, &format!("{name} "), password).await, Some(id), "{name:?}");
        assert_eq!(signs_in(&test, name, "wrong horse").await, None);
    }
}

#[actix::test]
async fn a_password_of_an_earlier_version_opens_in_both_forms_after_it_was_used_once() {
    let test = TestShop::open().await;
    let ana = stored(&test, "ana", DECOMPOSED).await;
    assert_eq!(signs_in(&test, "ana", COMPOSED).await, None);
    assert_eq!(signs_in(&test, "ana", DECOMPOSED).await, Some(ana));
    assert_eq!(signs_in(&test, "ana", COMPOSED).await, Some(ana));
    assert_eq!(signs_in(&test, "ana", DECOMPOSED).await, Some(ana));

    let bob = stored(&test, "bob", DECOMPOSED).await;
    let (current, new) = (DECOMPOSED.into(), "battery staple".into());
    let change = ChangePassword { user: bob, current, new, client: client(None) };
    test.shop.users.ask(change).await.unwrap();
    assert_eq!(signs_in(&test, "bob", "battery staple").await, Some(bob));
}

#[actix::test]
async fn of_two_old_names_that_are_the_same_now_each_opens_its_own_account() {
    let test = TestShop::open().await;
    let composed = stored(&test, "zo\u{EB}", "correct horse 1").await;
    let decomposed = stored(&test, "zoe\u{308}", "correct horse 2").await;
    for (name, password, id) in [
        ("zo\u{EB}", "correct horse 1", Some(composed)),
        ("zoe\u{308}", "correct horse 1", Some(composed)),
        ("zoe\u{308}", "correct horse 2", Some(decomposed)),
        ("zo\u{EB}", "correct horse 2", None),
    ] {
        assert_eq!(signs_in(&test, name, password).await, id, "{name:?} {password}");
    }
}

#[actix::test]
async fn names_of_an_earlier_version_are_indexed_when_the_shop_is_opened() {
    let test = TestShop::open().await;
    let mut stored_users = Vec::new();
    for number in 0..120 {
        stored_users.push(stored(&test, &format!("user {number}"), PASSWORD).await);
    }
    stored(&test, "paypal", PASSWORD).await;
    let twin = stored(&test, "pаypal", PASSWORD).await;
    // An earlier version writes neither the index nor its version.
    let tables = &test.shop.tables;
    let version = tables.lookalike_version.get("all").await.unwrap().unwrap();
    let mut batch = tables.batch(test.shop.clock.now());
    batch.put(&tables.lookalike_version, "all", Some(version.version), &0).unwrap();
    tables.commit(batch).await.unwrap();
    let node = test.second_node().await;
    let add = async |name: &str| {
        let username = Username::choose(name).unwrap();
        let role = Role::Customer;
        let client = Client::Staff;
        let add =
            AddUser { username, email: None, password: PASSWORD.into(), role, client, by: None };
        node.users.ask(add).await.map(|verified| verified.user.id)
    };
    let taken = Err(Failure::Refused(UserError::UsernameTaken));
    for name in ["paypa1", "PAYPAL", "раypal", "user  7", "user ll9", "аdmin"] {
        assert_eq!(add(name).await, taken, "{name}");
    }
    // The look is taken until the last user who has it is deleted.
    node.users.ask(DeleteUser { user: twin, by: None }).await.unwrap();
    assert_eq!(add("paypa1").await, taken);
    node.users.ask(DeleteUser { user: stored_users[7], by: None }).await.unwrap();
    assert!(add("user 7").await.is_ok());
    assert_eq!(add("user  7").await, taken);
    index_names(tables, &Clock::default()).await.unwrap();
}
