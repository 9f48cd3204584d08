//! What requests read from the store, which must not grow with what the shop has.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::time::sleep;

use super::visitor::Visitor;
use crate::filled::Size;
use crate::harness::{TestShop, single_node, until};
use crate::people::{Admin, Person};
use crate::tidy::routes::served;

const PASSWORD: &str = "correct horse";

/// The routes that are read another way, that need a query, or that return all there is.
const OTHERS: [&str; 9] = [
    "GET /api/live",
    "GET /api/admin/search",
    "GET /live",
    "GET /static/{file:.*}",
    "GET /pictures/{name}",
    "GET /reset/{token}",
    "GET /auth/export",
    "GET /api/users/{id}/export",
    "GET /admin/users/{id}/export",
];

/// The beginnings of the paths that only administrators may read as programs.
const OF_ADMINS: [&str; 6] =
    ["/api/admin", "/api/users", "/api/bank", "/api/breaker", "/api/events", "/metrics"];

/// Lists with a search or with a place, besides the routes alone. A page for browsers is not among
/// those with a place: it counts what is before it, so it reads more the further back it is.
const QUERIES: [&str; 12] = [
    "/api/orders?after={id}",
    "/api/orders?status=cancelled",
    "/api/orders?status=cancelled&after={id}",
    "/api/articles?q=lamp&sort=-price",
    "/api/admin/search?q=ana",
    "/api/admin/orders?q=ana",
    "/api/admin/orders?status=cancelled",
    "/api/users?q=user",
    "/admin/search?q=ana",
    "/admin/orders?q=ana",
    "/admin/users?q=user",
    "/admin/articles?q=lamp",
];

/// How many of everything the two shops have. The smaller one has more than a page lists.
const FEW: u32 = 200;
const MANY: u32 = 10_000;

/// An addition to the cart and a checkout.
const BUYING: &str = "buy";

/// How long a shop at rest reads nothing.
const REST: Duration = Duration::from_millis(20);

/// The most rows that a search reads: a thousand with a word, each with what it names, and a page.
const MOST_SEARCHED: u64 = 2_500;

/// How much more the statistics may read for an order: they read the log in one round or several.
const ROUNDS: u64 = 10;

/// How often a request read from the store, and how many rows.
type Cost = (u64, u64);

/// The people who send the requests.
struct People {
    admin: Admin,
    ana: Person,
    visitor: Visitor,
    owner: Visitor,
    /// An order of ana.
    order: String,
    user: String,
}

#[actix_web::test]
async fn a_request_reads_as_much_with_ten_thousand_of_everything_as_with_two_hundred() {
    single_node("counts what one node does");
    let (few, many) = (costs(FEW).await, costs(MANY).await);
    for (request, (reads, rows)) in &many {
        let (few_reads, few_rows) = few[request];
        let is_right = match request.as_str() {
            BUYING => *reads <= few_reads + ROUNDS && *rows <= few_rows + ROUNDS * 5,
            search if search.contains("q=") => *reads == few_reads && *rows <= MOST_SEARCHED,
            _ => few[request] == (*reads, *rows),
        };
        assert!(is_right, "{request}: {:?}, {:?}", few[request], (reads, rows));
    }
}

/// Returns what each request costs in a shop with so many articles, users and orders.
async fn costs(count: u32) -> BTreeMap<String, Cost> {
    let size = Size { articles: count, users: count as usize, orders: count as usize };
    let shop = TestShop::open_with_size(size).await;
    let people = People::of(&shop, u64::from(count)).await;
    let mut costs = BTreeMap::new();
    let routes = served().into_iter().filter(|route| !OTHERS.contains(&route.as_str()));
    let reads = routes.filter_map(|route| Some(route.strip_prefix("GET ")?.to_owned()));
    for route in reads.chain(QUERIES.map(str::to_owned)) {
        let path = people.path_of(&route);
        costs.insert(route, people.cost(async |_| people.gets(&path).await).await);
    }
    costs.insert("sign in".to_owned(), people.cost(async |_| people.signs_in(&shop).await).await);
    costs.insert(BUYING.to_owned(), people.cost(async |number| people.buys(number).await).await);
    costs
}

impl People {
    async fn of(shop: &TestShop, orders: u64) -> Self {
        let (admin, ana) = (shop.admin().await, Person::log_in(shop, "ana", PASSWORD).await);
        // A start counts the orders of an earlier version.
        until(async || {
            let today = admin.0.get("/api/admin/today").await.expect(200).json["today"].clone();
            (today["ever"]["orders"] == orders && today["counting"] == false).then_some(())
        })
        .await;
        let (visitor, owner) = (Visitor::enter(shop), Visitor::enter(shop));
        visitor.logs_in("ana", "/").await.leads_to("/");
        owner.post("/login", &[("username", "admin"), ("password", "admin")]).await.leads_to("/");
        let orders = ana.get("/api/orders").await.expect(200).json;
        let order = orders["orders"][0]["id"].as_str().unwrap().to_owned();
        let profile = ana.get("/auth/profile").await.expect(200).json;
        let user = profile["id"].as_str().unwrap().to_owned();
        Self { admin, ana, visitor, owner, order, user }
    }

    /// Returns what a request costs that was sent before, with what follows it. The shop may read
    /// something else at the same time, so the cheapest of several counts.
    async fn cost(&self, send: impl AsyncFn(u32)) -> Cost {
        let mut least = (u64::MAX, u64::MAX);
        let mut before = self.read_at_rest().await;
        for number in 0..4 {
            send(number).await;
            let after = self.read_at_rest().await;
            least = least.min((after.0 - before.0, after.1 - before.1));
            before = after;
        }
        least
    }

    /// Waits until the shop reads nothing, and returns what it has read so far.
    async fn read_at_rest(&self) -> Cost {
        until(async || {
            let before = self.read_so_far().await;
            sleep(REST).await;
            (self.read_so_far().await == before).then_some(before)
        })
        .await
    }

    /// Returns how often the shop has read from its store, and how many rows.
    async fn read_so_far(&self) -> Cost {
        let reads = async |name: &str| self.admin.reads_metric(name).await.unwrap() as u64;
        (reads("microshop_store_reads_total").await, reads("microshop_store_rows_total").await)
    }

    /// Returns the path of a route with what exists in it.
    fn path_of(&self, route: &str) -> String {
        let id = match route {
            route if route.contains("/orders/") || route.contains("after=") => &self.order,
            route if route.contains("/users/") => &self.user,
            _ => "1",
        };
        match route.split_once('{') {
            Some((before, rest)) => format!("{before}{id}{}", rest.split_once('}').unwrap().1),
            None => route.to_owned(),
        }
    }

    /// Sends a read as one who may.
    async fn gets(&self, path: &str) {
        let starts = |starts: &[&str]| starts.iter().any(|start| path.starts_with(start));
        let status = if starts(&["/api/", "/auth/", "/metrics"]) {
            let person = if starts(&OF_ADMINS) { &self.admin.0 } else { &self.ana };
            person.request(Method::GET, path).send().await.unwrap().status()
        } else {
            let visitor = if path.starts_with("/admin") { &self.owner } else { &self.visitor };
            visitor.get(path).await.status
        };
        assert!(status.is_success() || status.is_redirection(), "{path}: {status}");
    }

    async fn signs_in(&self, shop: &TestShop) {
        let ana = Person::log_in(shop, "ana", PASSWORD).await;
        let body = json!({ "refresh_token": ana.refresh_token });
        ana.send(Method::POST, "/auth/refresh", body).await.expect(200);
        ana.send(Method::POST, "/auth/logout", json!({})).await.expect(200);
    }

    async fn buys(&self, number: u32) {
        self.ana.adds(1, 1).await.expect(200);
        self.ana.checks_out(&format!("cost-{number}")).await.expect(201);
    }
}
