//! Many guesses at once, from many addresses and at many accounts, and many registrations.

use std::time::Duration;

use actors::failure::Failure;
use actors::password::Client;
use actors::session::{OpenSession, SessionClient};
use actors::shop::Shop;
use actors::user::{AddUser, CheckPassword, DeleteUser, GetUser};
use domain::network::Network;
use domain::user::{Role, UserError, Username};
use futures_util::future::join_all;
use jiff::Timestamp;

use super::{HOME, WORK, WRONG, check, check_of};
use crate::harness::{PASSWORD, TestShop, client};

const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);

/// Whether a guess was checked: a password that is not checked is refused in another way.
async fn is_checked(shop: &Shop, check: CheckPassword) -> bool {
    let refused = shop.users.ask(check).await.unwrap_err();
    refused == Failure::Refused(UserError::InvalidCredentials)
}

/// Returns how many of these guesses, one after the other, were checked.
async fn count_checked(shop: &Shop, guesses: impl IntoIterator<Item = CheckPassword>) -> usize {
    let mut count = 0;
    for guess in guesses {
        count += usize::from(is_checked(shop, guess).await);
    }
    count
}

/// Returns an address of a network in the /48 of an attacker.
fn of_attacker(network: usize) -> String {
    format!("2001:db8:bad:{network:x}::1")
}

#[actix::test]
async fn of_any_guesses_at_one_account_from_one_48_few_are_checked_and_its_user_signs_in() {
    let test = TestShop::open().await;
    test.user("ana").await;
    check(&test, "ana", HOME, PASSWORD).await.unwrap();
    let mut checked = 0;
    for minute in 0..60 {
        // A new network each time, and one that guesses all the time.
        let networks = (0..20).map(|number| 20 * minute + number).chain([60_000]);
        let guesses = networks.map(|network| check_of("ana", &of_attacker(network), WRONG));
        checked += count_checked(&test.shop, guesses).await;
        check(&test, "ana", HOME, PASSWORD).await.unwrap();
        test.advance_clock(MINUTE);
    }
    assert!((20..=40).contains(&checked), "{checked}");
    // To another node, and after a restart, the user's address is known too.
    let restarted = test.second_node().await;
    let guesses = (0..40).map(|network| check_of("ana", &of_attacker(network), WRONG));
    assert_eq!(count_checked(&restarted, guesses).await, 20);
    restarted.users.ask(check_of("ana", HOME, PASSWORD)).await.unwrap();
    let stranger = restarted.users.ask(check_of("ana", WORK, PASSWORD)).await.unwrap_err();
    assert!(matches!(stranger, Failure::Refused(UserError::TooManyFailures { .. })));
}

#[actix::test]
async fn a_known_address_that_guesses_is_throttled_by_its_own_failures() {
    let test = TestShop::open().await;
    test.user("ana").await;
    check(&test, "ana", HOME, PASSWORD).await.unwrap();
    let guesses = (0..40).map(|network| check_of("ana", &of_attacker(network), WRONG));
    count_checked(&test.shop, guesses).await;
    let guesses = (0..40).map(|_| check_of("ana", HOME, WRONG));
    assert_eq!(count_checked(&test.shop, guesses).await, 5);
}

#[actix::test]
async fn an_account_that_does_not_exist_is_throttled_like_one_that_does() {
    let test = TestShop::open().await;
    test.user("ana").await;
    for name in ["ana", "ghost"] {
        let addresses = (0..40).map(|number| format!("198.51.100.{number}"));
        let guesses = addresses.map(|address| check_of(name, &address, WRONG));
        assert_eq!(count_checked(&test.shop, guesses).await, 20, "{name}");
    }
}

#[actix::test]
async fn one_password_for_many_names_is_checked_for_few_of_them() {
    let test = TestShop::open().await;
    test.user("ana").await;
    let guesses = |address: &'static str| {
        (0..120).map(move |number| check_of(&format!("name{number}"), address, WRONG))
    };
    assert_eq!(count_checked(&test.shop, guesses(HOME)).await, 30);
    let refused = check(&test, "ana", HOME, PASSWORD).await.unwrap_err();
    assert!(matches!(refused, Failure::Refused(UserError::TooManyFailures { .. })));
    check(&test, "ana", WORK, PASSWORD).await.unwrap();
    test.advance_clock(2 * MINUTE);
    check(&test, "ana", HOME, PASSWORD).await.unwrap();
}

#[actix::test]
async fn the_addresses_of_sessions_are_known_in_a_store_of_an_earlier_version() {
    let test = TestShop::open().await;
    test.user("ana").await;
    for address in [HOME, WORK] {
        let verified = check(&test, "ana", address, PASSWORD).await.unwrap();
        let client = SessionClient { address: address.into(), ..client(None) };
        test.shop.sessions.ask(OpenSession { verified, client }).await.unwrap();
    }
    remove_known_networks(&test).await;
    let guesses = (0..40).map(|network| check_of("ana", &of_attacker(network), WRONG));
    assert_eq!(count_checked(&test.shop, guesses).await, 20);
    for address in [HOME, WORK] {
        check(&test, "ana", address, PASSWORD).await.unwrap();
    }
    let stranger = check(&test, "ana", "192.0.2.9", PASSWORD).await.unwrap_err();
    assert!(matches!(stranger, Failure::Refused(UserError::TooManyFailures { .. })));
}

/// Makes the store like one of an earlier version, which stored no networks.
async fn remove_known_networks(test: &TestShop) {
    let tables = &test.shop.tables;
    let mut batch = tables.batch(Timestamp::UNIX_EPOCH);
    for (key, row) in tables.known_networks.all().await.unwrap() {
        batch.remove(&tables.known_networks, key, row.version);
    }
    tables.commit(batch).await.unwrap();
}

#[actix::test]
async fn an_address_that_guesses_at_random_names_delays_no_user_who_has_signed_in_from_it() {
    let test = TestShop::open().await;
    test.user("ana").await;
    check(&test, "ana", HOME, PASSWORD).await.unwrap();
    let guesses = (0..120).map(|number| check_of(&format!("name{number}"), HOME, WRONG));
    assert_eq!(count_checked(&test.shop, guesses).await, 30);
    check(&test, "ana", HOME, PASSWORD).await.unwrap();
}

#[actix::test]
async fn one_password_for_many_users_of_one_address_is_checked_for_few_of_them() {
    let test = TestShop::open().await;
    for number in 0..120 {
        let name = format!("name{number}");
        test.user(&name).await;
        check(&test, &name, HOME, PASSWORD).await.unwrap();
    }
    let guesses = (0..120).map(|number| check_of(&format!("name{number}"), HOME, WRONG));
    assert_eq!(count_checked(&test.shop, guesses).await, 40);
}

#[actix::test]
async fn the_right_password_of_one_account_does_not_reset_the_guesses_at_others() {
    let test = TestShop::open().await;
    test.user("eve").await;
    let mut checked = 0;
    for number in 0..120 {
        check(&test, "eve", HOME, PASSWORD).await.unwrap();
        let guess = check_of(&format!("name{number}"), HOME, WRONG);
        checked += usize::from(is_checked(&test.shop, guess).await);
    }
    assert_eq!(checked, 30);
}

#[actix::test]
async fn the_networks_of_one_48_share_its_guesses_at_all_names() {
    let test = TestShop::open().await;
    test.user("ana").await;
    let guesses =
        (0..200).map(|number| check_of(&format!("name{number}"), &of_attacker(number % 40), WRONG));
    assert_eq!(count_checked(&test.shop, guesses).await, 60);
    check(&test, "ana", "2001:db8:600d::1", PASSWORD).await.unwrap();
}

#[actix::test]
async fn guesses_under_way_count_as_failures() {
    for networks in [1, 60] {
        let test = TestShop::open().await;
        test.user("ana").await;
        let guesses = (0..60).map(|number| check_of("ana", &of_attacker(number % networks), WRONG));
        let checked = join_all(guesses.map(|guess| is_checked(&test.shop, guess))).await;
        let checked = checked.into_iter().filter(|is_checked| *is_checked).count();
        let most = if networks == 1 { 5 } else { 20 };
        assert!((1..=most).contains(&checked), "{networks} networks: {checked}");
    }
}

#[actix::test]
async fn a_check_that_was_refused_for_lack_of_room_counts_as_no_failure() {
    let test = TestShop::open().await;
    test.user("ana").await;
    for _ in 0..20 {
        let sign_ins = (0..4).map(|_| check(&test, "ana", HOME, PASSWORD));
        assert!(join_all(sign_ins).await.iter().any(Result::is_ok));
    }
    for _ in 0..5 {
        assert!(is_checked(&test.shop, check_of("ana", HOME, WRONG)).await);
    }
}

fn registration(number: usize, address: &str) -> AddUser {
    AddUser {
        username: Username::new(format!("user{number}")).unwrap(),
        email: None,
        password: PASSWORD.into(),
        role: Role::Customer,
        client: Client::Visitor(Network::parse(address)),
        by: None,
    }
}

/// Returns how many of these users are registered.
async fn count_registered(test: &TestShop, users: impl IntoIterator<Item = AddUser>) -> usize {
    let mut count = 0;
    for add in users {
        match test.shop.users.ask(add).await {
            Ok(_) => count += 1,
            Err(Failure::Refused(UserError::TooManyRegistrations { .. })) => {}
            Err(other) => panic!("{other}"),
        }
    }
    count
}

#[actix::test]
async fn an_address_registers_a_limited_number_of_users_in_an_hour() {
    let test = TestShop::open().await;
    let registered = count_registered(&test, (0..300).map(|number| registration(number, HOME)));
    assert_eq!(registered.await, 30);
    assert!(test.shop.users.ask(registration(301, WORK)).await.is_ok());
    let added = AddUser { client: Client::Staff, ..registration(302, HOME) };
    assert!(test.shop.users.ask(added).await.is_ok());
    test.advance_clock(HOUR / 2);
    let later = (400..500).map(|number| registration(number, HOME));
    assert_eq!(count_registered(&test, later).await, 15);
}

#[actix::test]
async fn the_networks_of_one_48_share_its_registrations() {
    let test = TestShop::open().await;
    let users = (0..300).map(|number| registration(number, &of_attacker(number % 100)));
    assert_eq!(count_registered(&test, users).await, 120);
}

#[actix::test]
async fn taken_names_count_as_registrations_and_weak_passwords_do_not() {
    let test = TestShop::open().await;
    test.user("user1").await;
    let mut answers = Vec::new();
    for _ in 0..31 {
        let weak = AddUser { password: "short".into(), ..registration(2, HOME) };
        let refused = test.shop.users.ask(weak).await.unwrap_err();
        assert_eq!(refused, Failure::Refused(UserError::PasswordLength));
        answers.push(test.shop.users.ask(registration(1, HOME)).await.unwrap_err());
    }
    let last = answers.pop().unwrap();
    assert!(matches!(last, Failure::Refused(UserError::TooManyRegistrations { .. })));
    assert!(answers.iter().all(|refused| *refused == Failure::Refused(UserError::UsernameTaken)));
}

#[actix::test]
async fn the_networks_of_a_user_are_known_after_registration_and_removed_with_the_user() {
    let test = TestShop::open().await;
    let user = test.shop.users.ask(registration(1, HOME)).await.unwrap().user.id;
    check(&test, "user1", WORK, PASSWORD).await.unwrap();
    let table = &test.shop.tables.known_networks;
    let known = table.get(user).await.unwrap().unwrap().value;
    assert!(known.contains(Network::parse(HOME)) && known.contains(Network::parse(WORK)));
    test.shop.users.ask(DeleteUser { user, by: None }).await.unwrap();
    assert!(table.get(user).await.unwrap().is_none());
    test.shop.users.ask(GetUser(user)).await.unwrap_err();
}
