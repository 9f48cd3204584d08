//! A walk through every page of a shop, in the roles of a guest, a customer and an administrator.
//!
//! Names, words and addresses are as long as they may be, and there is an order in every state.

use fantoccini::key::Key;
use reqwest::Method;
use serde_json::{Value, json};

use super::ADD_A_MOUSE;
use crate::chromium::Window;
use crate::harness::TestShop;
use crate::people::{Admin, Person};
use orders::Orders;

mod orders;

/// The password of the users.
const PASSWORD: &str = "correct horse";

/// The article whose name and text are long.
const LONG_ARTICLE: u64 = 6;

/// Returns once nothing moves that the last swap has moved.
const AT_REST: &str = "const [done] = [...arguments].slice(-1); \
    const ends = (one) => one.effect.getComputedTiming().endTime < Infinity; \
    const moves = document.getAnimations().filter(ends).map(({ finished }) => finished); \
    Promise.allSettled(moves).then(() => done(true))";

/// A shop with long texts.
pub(super) struct Tour {
    pub(super) shop: TestShop,
    admin: Admin,
    customer: Person,
    orders: Orders,
    /// The names of the customer, of an administrator, and of a user without orders.
    names: [String; 3],
}

/// The look that a walk takes at each page; the text describes the page.
pub(super) trait Look: AsyncFn(&Window, &str) {}
impl<F: AsyncFn(&Window, &str)> Look for F {}

/// Returns 64 letters without a space.
pub(super) fn long(word: &str) -> String {
    word.chars().cycle().take(64).collect()
}

impl Tour {
    pub(super) async fn begins() -> Self {
        let shop = Orders::shop().await;
        let names = ["ana", "administrator", "newcomer"].map(long);
        let customer = shop.customer(&names[0]).await;
        let (shop, admin, orders) = Orders::of(shop, &customer).await;
        shop.customer(&names[2]).await;
        let email = format!("{}@{}.example", long("ana"), &long("mail")[1..]);
        let colleague = json!({
            "username": names[1], "password": PASSWORD, "email": email, "role": "admin",
        });
        admin.0.send(Method::POST, "/api/users", colleague).await.expect(201);
        let article = json!({
            "name": long("Wasserwaage"), "description": long("Genauigkeit"),
            "price_cents": 100_000_000, "on_hand": 1_000_000,
        });
        let added = admin.0.send(Method::POST, "/api/articles", article).await.expect(201);
        assert_eq!(added.json["article"]["id"], LONG_ARTICLE);
        Self { shop, admin, customer, orders, names }
    }

    /// Looks at every page, in one window.
    pub(super) async fn walks(&self, window: &Window, look: &impl Look) {
        self.walks_as_a_guest(window, look).await;
        self.walks_as_a_newcomer(window, look).await;
        self.walks_as_a_customer(window, look).await;
        self.walks_as_an_administrator(window, look).await;
    }

    async fn walks_as_a_guest(&self, window: &Window, look: &impl Look) {
        for path in [
            "/articles",
            "/cart",
            "/login?then=/cart",
            "/register",
            "/logout",
            "/docs/errors",
            "/nowhere",
        ] {
            window.opens(path).await;
            look(window, &format!("guest: {path}")).await;
        }
        window.opens("/login").await;
        window.fills_in_the_login(&self.names[0], "wrong password").await;
        window.sees("#login .refusal", "").await;
        look(window, "guest: sign-in refused").await;
        window.opens("/register").await;
        window.types("#register [name=username]", &self.names[0]).await;
        window.types("#register [name=email]", "ana@example.org").await;
        window.types("#register [name=password]", PASSWORD).await;
        window.clicks("#register form button").await;
        window.sees("#register .refusal", "").await;
        look(window, "guest: registration refused").await;
        window.opens("/articles").await;
        window.clicks(ADD_A_MOUSE).await;
        window.sees("#cart-badge", "1").await;
        look(window, "guest: an article was added").await;
        window.opens("/cart").await;
        look(window, "guest: cart").await;
    }

    async fn walks_as_a_newcomer(&self, window: &Window, look: &impl Look) {
        window.logs_in(&self.names[2], PASSWORD).await;
        window.opens("/cart").await;
        window.clicks("#cart-item-2 form[action*=remove] button").await;
        window.sees_no("#cart-item-2").await;
        for path in ["/cart", "/checkout", "/orders", "/admin/users", "/orders/0", "/logout"] {
            window.opens(path).await;
            look(window, &format!("customer without orders: {path}")).await;
        }
        self.leaves(window).await;
    }

    async fn walks_as_a_customer(&self, window: &Window, look: &impl Look) {
        window.logs_in(&self.names[0], PASSWORD).await;
        self.fills_the_cart().await;
        for path in ["/articles", "/cart", "/checkout", "/account"] {
            window.opens(path).await;
            look(window, &format!("customer: {path}")).await;
        }
        self.checkout_is_refused(window, look).await;
        window.opens("/account").await;
        window.types("#password [name=current]", "wrong password").await;
        window.types("#password [name=new]", "battery staple").await;
        window.clicks("#password button").await;
        window.sees("#password .refusal, #notice .error", "").await;
        look(window, "customer: password refused").await;
        window.opens("/orders").await;
        look(window, "customer: /orders").await;
        self.looks_at_orders(window, look).await;
        self.cart_has_problems().await;
        for path in ["/cart", "/checkout"] {
            window.opens(path).await;
            look(window, &format!("customer: {path} with problems")).await;
        }
        self.customer.delete("/api/cart").await.expect(200);
        self.leaves(window).await;
    }

    async fn walks_as_an_administrator(&self, window: &Window, look: &impl Look) {
        window.logs_in(&self.names[1], PASSWORD).await;
        for path in [
            "/articles",
            "/cart",
            "/orders",
            "/account",
            "/admin",
            "/admin/orders",
            "/admin/articles",
            "/admin/articles?q=nothing",
            &format!("/admin/articles/{LONG_ARTICLE}"),
            "/admin/payments",
            "/admin/users",
            "/admin/users?q=nothing",
            "/admin/events",
            "/admin/search?q=a",
            "/admin/system",
            "/admin/events?subject=nothing",
            "/admin/nowhere",
        ] {
            window.opens(path).await;
            look(window, &format!("administrator: {path}")).await;
        }
        window.opens("/admin").await;
        window.presses_with(Key::Control, 'k').await;
        window.types_here("a").await;
        window.sees("#palette-status", "sult").await;
        look(window, "administrator: palette").await;
        for (state, id) in self.orders.all().step_by(3) {
            window.opens(&format!("/admin/orders/{id}")).await;
            look(window, &format!("administrator: order that is {state}")).await;
        }
        let (_, id) = self.orders.all().next().unwrap();
        window.opens(&format!("/admin/orders/{id}/invoice")).await;
        look(window, "administrator: invoice").await;
        window.opens("/admin/articles?q=6").await;
        window.types("#price-field-6", "0").await;
        window.adds_to("#price-field-6", "\n").await;
        window.sees("#price-6 .refusal, #notice .error", "").await;
        window.finds_later(AT_REST).await;
        look(window, "administrator: price refused").await;
        window.opens(&format!("/admin/users?q={}", self.names[0])).await;
        window.clicks("#users tbody th a").await;
        window.sees("#user-desk", "").await;
        look(window, "administrator: a user").await;
        window.opens("/admin/users").await;
        window.clicks("#user-add summary").await;
        window.types("#user-add [name=username]", &self.names[0]).await;
        window.types("#user-add [name=password]", PASSWORD).await;
        window.clicks("#user-add form[hx-post] button").await;
        window.sees("#user-add .refusal, #notice .error", "").await;
        look(window, "administrator: user refused").await;
        self.leaves(window).await;
    }

    async fn leaves(&self, window: &Window) {
        window.opens("/logout").await;
        window.clicks("#logout button").await;
        window.is_at("/articles").await;
    }

    async fn fills_the_cart(&self) {
        self.changes(2, json!({ "on_hand": 100 })).await;
        self.changes(3, json!({ "active": true })).await;
        self.customer.delete("/api/cart").await.expect(200);
        for article in [LONG_ARTICLE, 1, 2, 3] {
            self.customer.adds(article, 9).await.expect(200);
        }
    }

    /// Changes a price, and makes one article scarce and another one unavailable.
    async fn cart_has_problems(&self) {
        self.fills_the_cart().await;
        let price = self.admin.0.get("/api/articles/1").await.expect(200);
        let price = price.json["article"]["price_cents"].as_u64().unwrap();
        self.changes(1, json!({ "price_cents": price + 100 })).await;
        self.changes(3, json!({ "active": false })).await;
        self.changes(2, json!({ "on_hand": 4 })).await;
    }

    /// Fills in long words, of which the shop refuses the name: it contains an invisible character.
    async fn checkout_is_refused(&self, window: &Window, look: &impl Look) {
        window.opens("/checkout").await;
        window.types("#checkout [name=name]", &format!("{}\u{200b}", long("Wolke"))).await;
        let email = format!("{}@{}", long("ana"), &long("mail")[1..]);
        window.types("#checkout [name=email]", &email).await;
        window.types("#checkout [name=address]", &long("Landstrasse")).await;
        window.clicks("#checkout form button").await;
        window.sees("#checkout .refusal", "").await;
        look(window, "customer: checkout refused").await;
    }

    async fn looks_at_orders(&self, window: &Window, look: &impl Look) {
        for (state, id) in self.orders.all() {
            window.opens(&format!("/orders/{id}")).await;
            look(window, &format!("customer: order that is {state}")).await;
        }
        let id = self.orders.submits(&self.admin, &self.customer).await;
        window.opens(&format!("/orders/{id}")).await;
        window.sees(".bank.waiting", "").await;
        look(window, "customer: order that is paid right now").await;
        self.breaker("isolate").await;
        let (_, unpaid) = self.orders.all().next().unwrap();
        window.opens(&format!("/orders/{unpaid}")).await;
        window.sees(".problem", "").await;
        look(window, "customer: order while payments are interrupted").await;
        self.breaker("reset").await;
    }

    async fn breaker(&self, command: &str) {
        let path = format!("/api/breaker/{command}");
        self.admin.0.send(Method::POST, &path, Value::Null).await.expect(200);
    }

    async fn changes(&self, article: u64, change: Value) {
        self.admin.changes_article(article, change).await.expect(200);
    }
}
