//! The list of all users: their number, their pages, and a search.

use std::time::Duration;

use actors::clock::new_id;
use actors::failure::Failure;
use actors::password::Client;
use actors::shop::Shop;
use actors::tables::Account;
use actors::user::{AddUser, ChangeUser, CountUsers, DeleteUser, PageUsers};
use domain::list::ListPage;
use domain::user::report::UserReport;
use domain::user::{Email, Role, User, UserError, UserId, Username};
use futures_util::future::join_all;

use crate::harness::{PASSWORD, TestShop};

async fn count(node: &Shop) -> Result<u64, Failure<UserError>> {
    node.users.ask(CountUsers).await
}

async fn add(node: &Shop, name: &str) -> Result<UserId, Failure<UserError>> {
    let username = Username::new(name).unwrap();
    let (role, client) = (Role::Customer, Client::Staff);
    let add = AddUser { username, email: None, password: PASSWORD.into(), role, client, by: None };
    Ok(node.users.ask(add).await?.user.id)
}

fn page_of(search: &str, after: Option<UserId>, limit: usize) -> PageUsers {
    PageUsers { search: search.to_owned(), after, limit }
}

fn names(page: &ListPage<UserReport, UserId>) -> Vec<String> {
    page.entries.iter().map(|report| report.user.username.to_string()).collect()
}

/// Removes the number of users, which an earlier version does not store.
async fn forget_the_count(test: &TestShop) {
    let tables = &test.shop.tables;
    let row = tables.user_count.get("all").await.unwrap().unwrap();
    let mut batch = tables.batch(test.shop.clock.now());
    batch.remove(&tables.user_count, "all", row.version);
    tables.commit(batch).await.unwrap();
}

#[actix::test]
async fn users_that_are_added_and_deleted_at_once_on_two_nodes_are_all_counted() {
    let test = TestShop::open().await;
    let second_node = test.second_node().await;
    let nodes = [&test.shop, &second_node];
    assert_eq!(count(nodes[1]).await, Ok(1));
    let leavers = (0..10).map(async |number| test.user(&format!("leaver {number}")).await.user.id);
    let leavers = join_all(leavers).await;
    assert_eq!(count(nodes[1]).await, Ok(11));
    let adds = (0..20).map(async |number: usize| {
        add(nodes[number % 2], &format!("user {number}")).await.unwrap();
    });
    let deletes = leavers.iter().enumerate().map(async |(number, user)| {
        nodes[number % 2].users.ask(DeleteUser { user: *user, by: None }).await.unwrap();
    });
    futures_util::join!(join_all(adds), join_all(deletes));
    assert_eq!([count(nodes[0]).await, count(nodes[1]).await], [Ok(21), Ok(21)]);
    assert_eq!(add(nodes[0], "user 3").await, Err(Failure::Refused(UserError::UsernameTaken)));
    assert_eq!(count(nodes[0]).await, Ok(21));
}

#[actix::test]
async fn users_of_an_earlier_version_are_counted_once_by_the_node_that_needs_it_first() {
    let test = TestShop::open().await;
    for name in ["ana", "bela", "carl"] {
        test.user(name).await;
    }
    forget_the_count(&test).await;
    let second_node = test.second_node().await;
    let nodes = [&test.shop, &second_node];
    assert_eq!(join_all(nodes.map(count)).await, [Ok(4), Ok(4)]);
    let version = test.shop.tables.user_count.get("all").await.unwrap().unwrap().version;
    assert_eq!((count(nodes[0]).await, version), (Ok(4), 1));

    forget_the_count(&test).await;
    let adds = (0..8).map(async |number| add(nodes[number % 2], &format!("user {number}")).await);
    assert!(join_all(adds).await.iter().all(Result::is_ok));
    assert_eq!(count(nodes[0]).await, Ok(12));

    forget_the_count(&test).await;
    let leaver = add(nodes[0], "leaver").await.unwrap();
    forget_the_count(&test).await;
    nodes[1].users.ask(DeleteUser { user: leaver, by: None }).await.unwrap();
    assert_eq!(count(nodes[1]).await, Ok(12));
}

#[actix::test]
async fn pages_of_users_start_after_a_user_who_may_be_deleted() {
    let test = TestShop::open().await;
    let mut ids = Vec::new();
    for name in ["ana", "bela", "carl", "dora"] {
        test.advance_clock(Duration::from_millis(1));
        ids.push(test.user(name).await.user.id);
    }
    let page =
        async |after: Option<UserId>| test.shop.users.ask(page_of("", after, 2)).await.unwrap();
    let first = page(None).await;
    assert_eq!((names(&first), first.total), (vec!["admin".into(), "ana".into()], 5));
    assert_eq!(first.next, Some(ids[0]));
    test.shop.users.ask(DeleteUser { user: ids[0], by: None }).await.unwrap();
    let second = page(first.next).await;
    assert_eq!(names(&second), ["bela", "carl"]);
    assert_eq!((second.before, second.total, second.next), (1, 4, Some(ids[2])));
    let third = page(second.next).await;
    assert_eq!((names(&third), third.before, third.next), (vec!["dora".into()], 3, None));
    test.shop.users.ask(DeleteUser { user: ids[3], by: None }).await.unwrap();
    let last = page(second.next).await;
    assert_eq!((names(&last), last.before), (vec!["bela".into(), "carl".into()], 1));
}

#[actix::test]
async fn users_of_the_same_millisecond_are_on_one_page_only() {
    let test = TestShop::open().await;
    let tables = &test.shop.tables;
    let now = test.shop.clock.now();
    for number in 0..25 {
        let user = User {
            id: UserId(new_id(now)),
            username: Username::new(format!("user {number}")).unwrap(),
            email: None,
            role: Role::Customer,
            created_at: now,
        };
        let account = Account { user, password_hash: String::new(), default_password: false };
        let mut batch = tables.batch(now);
        batch.put(&tables.accounts, account.user.id, None, &account).unwrap();
        tables.commit(batch).await.unwrap();
    }
    let mut shown = Vec::new();
    let mut after = None;
    loop {
        let page = test.shop.users.ask(page_of("", after, 4)).await.unwrap();
        shown.extend(page.entries.iter().map(|report| report.user.id));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let mut unique = shown.clone();
    unique.sort();
    unique.dedup();
    assert_eq!((shown.len(), unique.len()), (26, 26));
}

#[actix::test]
async fn users_are_found_by_the_words_that_they_have_now() {
    let test = TestShop::open().await;
    let eva = add(&test.shop, "Éva Müller").await.unwrap();
    test.advance_clock(Duration::from_millis(1));
    add(&test.shop, "evan").await.unwrap();
    let found = async |search: &str| {
        let page = test.shop.users.ask(page_of(search, None, 10)).await.unwrap();
        assert_eq!(page.total, page.entries.len() as u64);
        names(&page)
    };
    assert_eq!(found("EVA").await, ["Éva Müller", "evan"]);
    assert_eq!(found("eva mull").await, ["Éva Müller"]);
    let change = async |address: Option<&str>| {
        let email = Some(address.map(|address| Email::new(address).unwrap()));
        let change = ChangeUser { user: eva, role: None, email, password: None, by: None };
        test.shop.users.ask(change).await.unwrap();
    };
    change(Some("Office@example.org")).await;
    assert_eq!(found("office").await, ["Éva Müller"]);
    change(Some("home@example.org")).await;
    assert_eq!((found("office").await.len(), found("home@").await.len()), (0, 1));
    change(None).await;
    assert_eq!(found("home@").await.len(), 0);
    test.shop.users.ask(DeleteUser { user: eva, by: None }).await.unwrap();
    assert_eq!(found("eva").await, ["evan"]);
    assert_eq!(test.shop.tables.user_words.count("").await.unwrap(), 2);
}

#[actix::test]
async fn a_search_has_pages() {
    let test = TestShop::open().await;
    for number in 0..5 {
        test.advance_clock(Duration::from_millis(1));
        add(&test.shop, &format!("ana {number}")).await.unwrap();
    }
    let first = test.shop.users.ask(page_of("ana", None, 2)).await.unwrap();
    assert_eq!((names(&first), first.total), (vec!["ana 0".into(), "ana 1".into()], 5));
    let last = test.shop.users.ask(page_of("ana", first.next, 10)).await.unwrap();
    assert_eq!((last.entries.len(), last.before, last.next), (3, 2, None));
}
