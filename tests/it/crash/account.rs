//! People whose accounts and sessions must outlive a crash.

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::TestShop;
use crate::people::{Admin, Person, generation};

const PASSWORD: &str = "correct horse";

/// The answer to a request, if there is one: a shop that crashes gives none, or half of one.
pub(crate) async fn answer(request: RequestBuilder) -> Option<(u16, Value)> {
    let response = request.send().await.ok()?;
    Some((response.status().as_u16(), response.json().await.ok()?))
}

/// Somebody who registers one user after the other.
pub(super) struct Registrar {
    http: Client,
    url: String,
    names: Vec<String>,
    sent: usize,
    /// How many of the names were looked for since.
    found: usize,
}

impl Registrar {
    pub(super) fn new(shop: &TestShop) -> Self {
        Self {
            http: shop.http.clone(),
            url: shop.url.clone(),
            names: Vec::new(),
            sent: 0,
            found: 0,
        }
    }

    pub(super) async fn registers(&mut self) {
        loop {
            self.sent += 1;
            let name = format!("user {}", self.sent);
            let Some((status, answer)) = self.presents("/auth/register", &name).await else {
                return;
            };
            assert_eq!(status, 201, "{answer}");
            self.names.push(name);
        }
    }

    /// Whoever was registered since the last time can sign in.
    pub(super) async fn finds_the_latest(&mut self) {
        for name in &self.names[self.found..] {
            let (status, answer) = self.presents("/auth/login", name).await.unwrap();
            assert_eq!(status, 200, "{name} is lost: {answer}");
        }
        self.found = self.names.len();
    }

    /// Whoever was ever registered can sign in.
    pub(super) async fn finds_everybody(&mut self) {
        assert!(!self.names.is_empty());
        self.found = 0;
        self.finds_the_latest().await;
    }

    async fn presents(&self, path: &str, name: &str) -> Option<(u16, Value)> {
        let body = json!({ "username": name, "password": PASSWORD });
        answer(self.http.post(format!("{}{path}", self.url)).json(&body)).await
    }
}

/// Somebody who takes one refresh token for the next.
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

    /// The newest token that was acknowledged is good, also if it was used and the answer was lost.
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

/// An administrator who changes somebody's profile again and again.
pub(super) struct Manager {
    admin: Admin,
    path: String,
    /// The number in the address that was sent last, and in the one that was acknowledged last.
    sent: usize,
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

    /// The profile is as it was acknowledged last, or as it was sent last.
    pub(super) async fn finds_the_profile(&mut self) {
        let user = self.admin.0.get(&self.path).await.expect(200).json["user"].clone();
        let possible = [self.acknowledged, self.sent].map(email);
        assert!(
            possible.iter().any(|email| user["email"] == *email),
            "{user}, not one of {possible:?}"
        );
        self.acknowledged =
            if user["email"] == possible[1] { self.sent } else { self.acknowledged };
    }
}

fn email(number: usize) -> String {
    format!("mona{number}@example.org")
}
