//! What the settings of the site change: the time zone of times, and the language of articles.

use jiff::Timestamp;
use reqwest::Method;

use super::visitor::{Page, Visitor};
use crate::harness::TestShop;

#[actix_web::test]
async fn times_are_written_to_the_minute_in_the_time_zone_of_the_shop() {
    for (settings, zone) in [
        (&[][..], "Europe/Paris"),
        (&[("SITE__TIME_ZONE", "Pacific/Auckland")], "Pacific/Auckland"),
    ] {
        let shop = TestShop::open_with(settings).await;
        let ana = Visitor::sign_in(&shop, "ana").await;
        let account = ana.get("/account").await.has(200);
        let (exact, text) = first_time(&account);
        let at = exact.parse::<Timestamp>().unwrap().in_tz(zone).unwrap();
        let minute = at.strftime("%H:%M").to_string();
        assert!(text.ends_with(&format!(" {} à {minute}", at.year())), "{exact}: {text}");
        account.hides("UTC").shows(&format!("<noscript>Heures de {zone}</noscript>"));
    }
}

#[actix_web::test]
async fn the_texts_of_articles_name_their_language_on_a_page_in_another_one() {
    let shop = TestShop::open().await;
    let lamp = shop.admin().await.adds_article("Lampe", 1_250, 5).await;
    let ana = Visitor::sign_in(&shop, "ana").await;
    ana.post(&format!("/cart/add/{lamp}"), &[]).await.leads_to("/");
    let in_french = "lang=\"fr\">Lampe<";
    for path in ["/articles", "/cart", "/checkout"] {
        ana.get(path).await.has(200).hides(in_french);
        let english = ana.request(Method::GET, path).header("accept-language", "en");
        ana.send(english).await.has(200).shows(in_french);
    }
    let order = ana.orders().await.location();
    let english = ana.request(Method::GET, &order).header("accept-language", "en");
    ana.send(english).await.has(200).shows(in_french);

    let english_shop = TestShop::open_with(&[("SITE__LANGUAGE", "en-GB")]).await;
    let guest = Visitor::enter(&english_shop);
    guest.get("/articles").await.shows("<h2>Souris sans fil</h2>");
    let english = guest.request(Method::GET, "/articles").header("accept-language", "en");
    guest.send(english).await.shows("<h2>Wireless mouse</h2>");
    let admin = english_shop.admin().await;
    admin.adds_article("Lamp", 1_250, 5).await;
    guest.get("/articles").await.shows("lang=\"en-GB\">Lamp<");
}

/// Returns the exact time and the text of the first time on a page.
fn first_time(page: &Page) -> (&str, &str) {
    let (_, time) = page.text.split_once("<time datetime=\"").unwrap();
    let (exact, rest) = time.split_once("\">").unwrap();
    (exact, rest.split('<').next().unwrap())
}
