//! Users whose accounts and sessions must survive a crash.

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::TestShop;
use crate::people::{Admin, Person, generation};

const PASSWORD: &str = "correct horse";

/// Sends a request. Returns the status and the body, or `None` if the shop crashes before it has
/// sent all of the response.
pub(crate) async fn answer(request: RequestBuilder) -> Option<(u16, Value)> {
    let response = request.send().await.ok()?;
    Some((response.status().as_u16(), response.json().await.ok()?))
}

/// A client that registers one user after the other.
pub(super) struct Registrar {
    http: Client,
    url: String,
    names: Vec<String>,
    sent: usize,
    /// How many of the names were verified after a crash.
    verified: usize,
}

impl Registrar {
    pub(super) fn new(shop: &TestShop) -> Self {
        Self {
            http: shop.http.clone(),
            url: shop.url.clone(),
            names: Vec::new(),
            sent: 0,
            verified: 0,
        }
    }

    pub(super) async fn registers(&mut self) {
        loop {
            self.sent += 1;
            let name = format!("user {}", self.sent);
            let Some((status, answer)) = self.posts("/auth/register", &name).await else {
                return;
            };
            assert_eq!(status, 201, "{answer}");
            self.names.push(name);
        }
    }

    /// Checks that every user registered since the last call can sign in.
    pub(super) async fn finds_new_users(&mut self) {
        for name in &self.names[self.verified..] {
            let (status, answer) = self.posts("/auth/login", name).await.unwrap();
            assert_eq!(status, 200, "{name} is lost: {answer}");
        }
        self.verified = self.names.len();
    }

    /// Checks that every registered user can sign in.
    pub(super) async fn finds_all_users(&mut self) {
        assert!(!self.names.is_empty());
        self.verified = 0;
        self.finds_new_users().await;
    }

    async fn posts(&self, path: &str, name: &str) -> Option<(u16, Value)> {
        let body = json!({ "username": name, "password": PASSWORD });
        answer(self.http.post(format!("{}{path}", self.url)).json(&body)).await
    }
}

/// A user who refreshes the tokens again and again.
pub(super) struct Renewer {
    person: Person,
}

impl Renewer {
    pub(super) fn new(person: Person) -> Self {
        Self { person }
    }

    pub(super) async fn renews(&mut self) {
        while self.renews_once().await {}
    }

    /// Checks that the last acknowledged token is valid. It may have been used in a request whose
    /// response was lost.
    pub(super) async fn is_still_signed_in(&mut self) {
        assert!(self.renews_once().await);
        self.person.get("/auth/profile").await.expect(200);
    }

    async fn renews_once(&mut self) -> bool {
        let body = json!({ "refresh_token": self.person.refresh_token });
        let request = self.person.request(Method::POST, "/auth/refresh").json(&body);
        let Some((status, tokens)) = answer(request).await else { return false };
        assert_eq!(status, 200, "the refresh token is lost: {tokens}");
        let before = generation(&self.person.refresh_token);
        self.person.takes(&tokens);
        assert_eq!(generation(&self.person.refresh_token), before + 1);
        true
    }
}

/// An administrator who changes the profile of a user again and again.
pub(super) struct Manager {
    admin: Admin,
    path: String,
    /// The number in the last email address that was sent.
    sent: usize,
    /// The number in the last email address that was acknowledged.
    acknowledged: usize,
}

impl Manager {
    pub(super) async fn new(admin: Admin, managed: Person) -> Self {
        let id = managed.get("/auth/profile").await.expect(200).json["id"].clone();
        Self {
            admin,
            path: format!("/api/users/{}", id.as_str().unwrap()),
            sent: 0,
            acknowledged: 0,
        }
    }

    pub(super) async fn manages(&mut self) {
        loop {
            self.sent += 1;
            let change = json!({ "email": email(self.sent) });
            let request = self.admin.0.request(Method::PATCH, &self.path).json(&change);
            let Some((status, answer)) = answer(request).await else { return };
            assert_eq!(status, 200, "{answer}");
            self.acknowledged = self.sent;
        }
    }

    pub(super) async fn sets_bank(&self, behaviour: Value) {
        self.admin.0.send(Method::PUT, "/api/bank", behaviour).await.expect(200);
    }

    /// Checks that the profile has the last acknowledged email address, or the last one sent.
    pub(super) async fn finds_the_profile(&mut self) {
        let user = self.admin.0.get(&self.path).await.expect(200).json["user"].clone();
        let possible = [self.acknowledged, self.sent].map(email);
        assert!(
            possible.iter().any(|email| user["email"] == *email),
            "{user} has none of {possible:?}"
        );
        self.acknowledged =
            if user["email"] == possible[1] { self.sent } else { self.acknowledged };
    }
}

fn email(number: usize) -> String {
    format!("mona{number}@example.org")
}
