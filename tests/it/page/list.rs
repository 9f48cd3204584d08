//! Lists: how many entries there are, and the links from page to page.

use std::collections::BTreeSet;

use super::visitor::{Page, Visitor};
use crate::filled::{ARTICLES, ORDERS, USERS};
use crate::harness::TestShop;

/// What a list shows: its address, how its entries start, and its first and its last page.
struct List {
    address: &'static str,
    entry: &'static str,
    count: &'static str,
    first: &'static str,
    last: &'static str,
    entries: usize,
}

const CATALOGUE: List = List {
    address: "/articles",
    entry: "id=\"article-",
    count: "65 articles",
    first: "1–24 sur 65",
    last: "49–65 sur 65",
    entries: ARTICLES as usize,
};
const HISTORY: List = List {
    address: "/orders",
    entry: "id=\"orders-",
    count: "45 commandes",
    first: "1–20 sur 45",
    last: "41–45 sur 45",
    entries: ORDERS,
};
const DIRECTORY: List = List {
    address: "/admin/users",
    entry: "<tr id=\"user-",
    count: "201 utilisateurs",
    first: "1–50 sur 201",
    last: "201–201 sur 201",
    entries: USERS,
};

impl Page {
    /// Returns the address of the link with a relation, if there is one.
    fn link(&self, relation: &str) -> Option<String> {
        let (_, link) = self.text.split_once(&format!("rel=\"{relation}\" href=\""))?;
        Some(link.split('"').next().unwrap().to_owned())
    }

    /// Returns the ids of the entries of a list.
    fn entries(&self, list: &List) -> Vec<String> {
        let entries = self.text.split(list.entry).skip(1);
        entries.map(|entry| entry.split('"').next().unwrap().to_owned()).collect()
    }
}

async fn signs_in(shop: &TestShop, name: &str, password: &str) -> Visitor {
    let visitor = Visitor::enter(shop);
    visitor.post("/login", &[("username", name), ("password", password)]).await.leads_to("/");
    visitor
}

/// Follows the links to the next page, and then those to the previous page back to the first.
async fn turns_every_page(visitor: &Visitor, list: &List) {
    let mut page = visitor.get(list.address).await.has(200).shows(list.first).shows(list.count);
    assert_eq!(page.link("prev"), None);
    let mut shown = page.entries(list);
    let mut addresses = vec![list.address.to_owned()];
    while let Some(next) = page.link("next") {
        page = visitor.get(&next).await.has(200).shows(list.count);
        shown.extend(page.entries(list));
        addresses.push(next);
    }
    page = page.shows(&format!("<span aria-current=\"page\">{}</span>", list.last));
    let unique: BTreeSet<_> = shown.iter().collect();
    assert_eq!((shown.len(), unique.len()), (list.entries, list.entries), "{}", list.address);
    addresses.pop();
    while let Some(address) = addresses.pop() {
        assert_eq!(page.link("prev").as_ref(), Some(&address));
        page = visitor.get(&address).await.has(200);
    }
    page.shows(list.first);
}

#[actix_web::test]
async fn every_list_has_its_true_count_and_links_to_each_of_its_pages() {
    let shop = TestShop::open_filled().await;
    let ana = signs_in(&shop, "ana", "correct horse").await;
    let admin = signs_in(&shop, "admin", "admin").await;
    turns_every_page(&Visitor::enter(&shop), &CATALOGUE).await;
    turns_every_page(&ana, &HISTORY).await;
    turns_every_page(&admin, &DIRECTORY).await;
    for path in ["/articles?after=x", "/articles?after=", "/articles?after=1&after=2"] {
        ana.get(path).await.has(400).shows("id=\"failure\"");
    }
    ana.get("/orders?after=1").await.has(400).shows("id=\"failure\"");
    admin.get("/admin/users?after=1").await.has(400).shows("id=\"failure\"");
    ana.get("/articles?from=mail").await.has(200).shows(CATALOGUE.first);
    ana.get("/articles?after=4294967295").await.has(200).shows("42–65 sur 65");
}

#[actix_web::test]
async fn a_list_with_one_page_has_a_count_and_no_links() {
    let shop = TestShop::open().await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    ana.get("/articles").await.has(200).shows("5 articles").hides("class=\"pager\"");
    ana.get("/orders").await.has(200).hides("class=\"entries\"").hides("class=\"pager\"");
    ana.post("/cart/add/2", &[]).await;
    ana.orders().await.location();
    ana.get("/orders").await.has(200).shows("1 commande<").hides("class=\"pager\"");
}

#[actix_web::test]
async fn an_administrator_who_deletes_users_stays_on_the_page_until_it_is_empty() {
    let shop = TestShop::open_filled().await;
    let admin = signs_in(&shop, "admin", "admin").await;
    let mut page = admin.get("/admin/users").await;
    while let Some(next) = page.link("next") {
        page = admin.get(&next).await;
    }
    let deletes = async |page: &Page| {
        let (_, action) = page.text.split_once("action=\"/admin/users/delete/").unwrap();
        let action = format!("/admin/users/delete/{}", action.split('"').next().unwrap());
        let back = admin.post(&action, &[]).await.location();
        assert!(back.starts_with("/admin/users?after="), "{back}");
        admin.get(&back).await.has(200)
    };
    // The last page had one user. What follows it is now the page before.
    page = deletes(&page).await.shows("200 utilisateurs").shows("151–200 sur 200");
    assert_eq!((page.entries(&DIRECTORY).len(), page.link("next")), (50, None));
    page = admin.get(&page.link("prev").unwrap()).await.shows("101–150 sur 200");
    page = deletes(&page).await.shows("199 utilisateurs").shows("101–150 sur 199");
    assert_eq!(page.entries(&DIRECTORY).len(), 50);
}
