//! Clients that try to stop the sign-ins of others, to guess passwords or to register many users.

use std::cell::Cell;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use actix_web::rt::time::sleep;
use futures_util::future::{Either, join_all, select};
use reqwest::{Client, Method};
use serde_json::json;

use crate::harness::{TestShop, client, single_node};
use crate::people::{Answer, Person};

const PASSWORD: &str = "correct horse";
const WRONG: &str = "wrong horse";

/// How many connections an attacker has with one address, and with many addresses, which are enough
/// to fill the queue of a machine with two cores.
const CONNECTIONS: usize = 24;
const MANY_CONNECTIONS: usize = 120;

/// How many requests an attacker sends in a second, unless the shop is slower.
const RATE: u32 = 400;

/// How many users sign in beside the attacker.
const SIGN_INS: u8 = 20;

/// A client with a local address of its own.
struct From<'a> {
    shop: &'a TestShop,
    http: Client,
}

impl<'a> From<'a> {
    fn address(shop: &'a TestShop, address: [u8; 4]) -> Self {
        let http = client().local_address(Some(IpAddr::from(address))).build().unwrap();
        Self { shop, http }
    }

    async fn posts(&self, path: &str, name: &str, password: &str, forwarded_for: &str) -> Answer {
        let body = json!({ "username": name, "password": password });
        let request = self.http.post(format!("{}{path}", self.shop.url)).json(&body);
        let request = request.header("x-forwarded-for", forwarded_for);
        Answer::to(request).await
    }

    async fn logs_in(&self, name: &str, password: &str) -> Answer {
        self.posts("/auth/login", name, password, "").await
    }
}

/// Signs in with new names on all connections, until the other future has ended. `forwarded_for`
/// returns the address of each request.
async fn attacked<T>(
    shop: &TestShop,
    connections: usize,
    forwarded_for: impl Fn(usize) -> String,
    other: impl Future<Output = T>,
) -> T {
    let attacker = From::address(shop, [127, 0, 0, 99]);
    let requests = Cell::new(0);
    let pause = Duration::from_secs(1) * u32::try_from(connections).unwrap() / RATE;
    let attack = join_all((0..connections).map(async |_| {
        loop {
            let number = requests.replace(requests.get() + 1);
            let name = format!("name{number}");
            attacker.posts("/auth/login", &name, WRONG, &forwarded_for(number)).await;
            sleep(pause).await;
        }
    }));
    let begun = Instant::now();
    let Either::Left((result, _)) = select(Box::pin(other), Box::pin(attack)).await else {
        panic!("the attack has ended");
    };
    eprintln!("{} requests of the attacker in {:?}", requests.get(), begun.elapsed());
    result
}

/// Signs in from one address after the other, registers, and changes a password. Prints how long
/// the slowest sign-in takes.
async fn others_use_their_accounts(shop: &TestShop, ana: &Person) {
    let mut longest = Duration::ZERO;
    for number in 0..SIGN_INS {
        let begun = Instant::now();
        From::address(shop, [127, 0, 1, number]).logs_in("ana", PASSWORD).await.expect(200);
        longest = longest.max(begun.elapsed());
    }
    eprintln!("the slowest of {SIGN_INS} sign-ins took {longest:?}");
    let new_user = From::address(shop, [127, 0, 2, 1]);
    new_user.posts("/auth/register", "bob", PASSWORD, "").await.expect(201);
    let change = json!({ "current_password": PASSWORD, "new_password": "battery staple" });
    ana.send(Method::POST, "/auth/password", change).await.expect(200);
}

#[actix_web::test]
async fn a_client_that_signs_in_with_random_names_delays_no_other_client_for_long() {
    single_node("each node limits for itself");
    for throttle in ["true", "false"] {
        // With this cost, the attacker alone could keep all threads busy.
        let settings = [("AUTH__SCRYPT_LOG_N", "13"), ("AUTH__THROTTLE", throttle)];
        let shop = TestShop::open_with(&settings).await;
        let ana = shop.customer("ana").await;
        let others = others_use_their_accounts(&shop, &ana);
        attacked(&shop, CONNECTIONS, |_| String::new(), others).await;
    }
}

#[actix_web::test]
async fn a_site_with_a_new_network_each_time_delays_no_other_client_for_long() {
    single_node("each node limits for itself");
    let settings = [
        ("AUTH__SCRYPT_LOG_N", "13"),
        ("AUTH__THROTTLE", "false"),
        ("SERVER__TRUSTED_PROXIES", "127.0.0.99"),
    ];
    let shop = TestShop::open_with(&settings).await;
    let ana = shop.customer("ana").await;
    let of_site = |number| format!("2001:db8:bad:{number:x}::1");
    attacked(&shop, MANY_CONNECTIONS, of_site, others_use_their_accounts(&shop, &ana)).await;
}

/// Returns how many of some sign-ins were answered with 401. All others must be refused with 429.
async fn count_checked(answers: impl IntoIterator<Item = impl Future<Output = Answer>>) -> usize {
    let mut count = 0;
    for answer in answers {
        let answer = answer.await;
        if answer.status == 401 {
            count += 1;
        } else {
            let refused = answer.expect_problem(429, "too_many_requests");
            assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 0);
        }
    }
    count
}

#[actix_web::test]
async fn forty_networks_of_one_48_guess_at_one_account_few_times_and_its_user_signs_in() {
    single_node("each node limits for itself");
    let mut shop = TestShop::open_with(&[("SERVER__TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let home = "2001:db8:600d:1::1";
    From::address(&shop, [127, 0, 0, 1])
        .posts("/auth/register", "ana", PASSWORD, home)
        .await
        .expect(201);
    for _ in 0..2 {
        let proxy = From::address(&shop, [127, 0, 0, 1]);
        let guesses = (0..160).map(async |number: usize| {
            let address = format!("2001:db8:bad:{:x}::{number:x}", number % 40);
            proxy.posts("/auth/login", "ana", WRONG, &address).await
        });
        assert_eq!(count_checked(guesses).await, 20);
        // Another address of the network that is known.
        let known = "2001:db8:600d:1:ffff::2";
        proxy.posts("/auth/login", "ana", PASSWORD, known).await.expect(200);
        proxy
            .posts("/auth/login", "ana", PASSWORD, "192.0.2.1")
            .await
            .expect_problem(429, "too_many_requests");
        shop.stop();
        shop.start_again();
    }
}

#[actix_web::test]
async fn one_password_for_a_hundred_names_is_checked_for_few_of_them() {
    single_node("each node limits for itself");
    let shop = TestShop::open().await;
    shop.customer("ana").await;
    let attacker = From::address(&shop, [127, 0, 0, 99]);
    let guesses = (0..120)
        .map(async |number| attacker.logs_in(&format!("name{number}"), "Summer2026!").await);
    assert_eq!(count_checked(guesses).await, 30);
    From::address(&shop, [127, 0, 0, 98]).logs_in("ana", PASSWORD).await.expect(200);
}

#[actix_web::test]
async fn sixty_guesses_at_once_are_checked_as_often_as_one_after_the_other() {
    single_node("each node limits for itself");
    let shop = TestShop::open().await;
    shop.customer("ana").await;
    let attacker = From::address(&shop, [127, 0, 0, 99]);
    let answers = join_all((0..60).map(|_| attacker.logs_in("ana", WRONG))).await;
    let checked = count_checked(answers.into_iter().map(async |answer| answer)).await;
    assert!((1..=5).contains(&checked), "{checked}");
}

#[actix_web::test]
async fn an_address_registers_thirty_users_in_an_hour() {
    single_node("each node limits for itself");
    let shop = TestShop::open_with(&[("AUTH__REGISTRATIONS_PER_HOUR", "30")]).await;
    let visitor = From::address(&shop, [127, 0, 0, 99]);
    let mut registered = 0;
    for number in 0..300 {
        let answer = visitor.posts("/auth/register", &format!("u{number}"), PASSWORD, "").await;
        if answer.status == 201 {
            registered += 1;
        } else {
            let refused = answer.expect_problem(429, "too_many_registrations");
            let wait = refused.headers["retry-after"].to_str().unwrap();
            assert!((1..=120).contains(&wait.parse::<u64>().unwrap()), "{wait}");
        }
    }
    assert_eq!(registered, 30);
    let form = [("username", "zoe"), ("email", ""), ("password", PASSWORD)];
    let page = visitor.http.post(format!("{}/register", shop.url)).form(&form);
    let page = page.header("sec-fetch-site", "same-origin").send().await.unwrap();
    assert_eq!(page.status(), 429);
    assert!(page.text().await.unwrap().contains("Beaucoup de comptes"));
    let other = From::address(&shop, [127, 0, 0, 98]);
    other.posts("/auth/register", "zoe", PASSWORD, "").await.expect(201);
    // Users whom an administrator adds do not count.
    let admin = shop.admin().await.0;
    for number in 0..31 {
        let new = json!({ "username": format!("added{number}"), "password": PASSWORD });
        admin.send(Method::POST, "/api/users", new).await.expect(201);
    }
}
