//! The desk's page of articles, as a browser without scripts and as htmx use its forms.

use serde_json::json;

use super::visitor::Visitor;
use crate::harness::TestShop;

const LIST: &str = "/admin/articles";

#[actix_web::test]
async fn the_list_shows_what_runs_out_first_page_by_page_and_what_a_search_finds() {
    let shop = TestShop::open_filled().await;
    let admin = Visitor::administrates(&shop).await;
    shop.admin().await.changes_article(64, json!({ "on_hand": 4 })).await.expect(200);
    let page = admin.get(LIST).await.has(200).text;
    let rows: Vec<_> = page.split("id=\"stock-").skip(1).collect();
    assert!(rows.iter().any(|row| row.starts_with("64\"")));
    let place = |id: &str| page.find(&format!("id=\"stock-{id}\"")).unwrap();
    assert!(place("64") < place("1") && place("1") < place("2"));
    assert!(page.contains("href=\"/admin/articles?after=49\">"));
    admin.get("/admin/articles?after=49").await.shows("id=\"stock-65\"").hides("id=\"stock-64\"");
    admin.get("/admin/articles?after=low-64").await.shows("id=\"stock-1\"").hides("\"stock-64\"");
    let found = admin.get("/admin/articles?q=ARTICLE+0").await;
    found.shows("id=\"stock-9\"").shows("value=\"ARTICLE 0\"").hides("id=\"stock-10\"");
    admin.get("/admin/articles?q=65").await.shows("id=\"stock-65\"").hides("id=\"stock-6\"");
    admin.get("/admin/articles?q=%22%3E").await.shows("Aucun article ne correspond.");
    admin.get("/admin/articles?after=x").await.has(400);
    admin.get("/admin/articles/99").await.has(404);
}

#[actix_web::test]
async fn a_command_for_an_earlier_version_changes_nothing_and_says_so() {
    let shop = TestShop::open().await;
    let admin = Visitor::administrates(&shop).await;
    let program = shop.admin().await;
    program.changes_article(2, json!({ "price_cents": 100 })).await.expect(200);
    let off = [("version", "0"), ("active", "false")];
    let change = "/admin/articles/change/2";
    admin.post(change, &off).await.leads_to(LIST);
    admin.get(LIST).await.shows("class=\"error\"").shows("value=\"1,00\"");
    admin.sends_with_htmx(LIST, change, &off).await.has(412).shows("class=\"error\"");
    let price = [("article", "2"), ("version", "0"), ("price", "7")];
    let refused = admin.sends_with_htmx(LIST, change, &price).await.has(412);
    refused.shows("id=\"price-2\"").shows("value=\"7\"").shows("data-current=\"1,00\"");
    for wrong in [("version", "x"), ("version", "1-x")] {
        admin.sends_with_htmx(LIST, change, &[wrong, ("price", "7")]).await.has(412);
    }
    let current = [("version", "1"), ("price", "7")];
    let saved = admin.sends_with_htmx("/admin/articles?q=2", change, &current).await.has(200);
    saved.shows("id=\"stock-2\"").shows("value=\"7,00\"").hides("id=\"stock-1\"");
    let stock = [("version", "2"), ("on_hand", "7")];
    admin.sends_with_htmx(LIST, change, &stock).await.has(412);
    let stock = [("version", "2-15"), ("on_hand", "7")];
    let saved = admin.sends_with_htmx("/admin/articles/2", change, &stock).await.has(200);
    saved.shows("id=\"article-desk\"").hides("id=\"stock\"");
}

#[actix_web::test]
async fn an_article_with_reserved_units_is_not_removed() {
    let shop = TestShop::open().await;
    let admin = Visitor::administrates(&shop).await;
    shop.admin().await.sets_bank("decline").await;
    let ana = shop.customer("ana").await;
    ana.adds(1, 2).await.expect(200);
    ana.checks_out("k").await.expect_problem(402, "payment_declined");
    let remove = "/admin/articles/remove/1";
    admin.sends_with_htmx(LIST, remove, &[]).await.has(409);
    admin.post(remove, &[]).await.leads_to(LIST);
    admin.get(LIST).await.shows("class=\"error\"").shows("id=\"stock-1\"");
    admin.get("/admin/articles/1").await.shows("id=\"article-desk\"");
    let lamp = [("name", "Lampe"), ("description", ""), ("price", "5"), ("on_hand", "1")];
    admin.post("/admin/articles/add", &lamp).await.leads_to("/admin/articles/6");
    admin.post("/admin/articles/remove/6", &[]).await.leads_to(LIST);
    admin.get("/admin/articles/6").await.has(404);
}

impl Visitor {
    /// Signs in as the first administrator with a new browser.
    async fn administrates(shop: &TestShop) -> Self {
        let admin = Self::enter(shop);
        admin.post("/login", &[("username", "admin"), ("password", "admin")]).await.leads_to("/");
        admin
    }
}
