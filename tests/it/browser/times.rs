//! Times on pages: in the time zone and the language of the reader, also in what a push draws.

use jiff::Timestamp;

use crate::chromium::{Chromium, Window};
use crate::harness::TestShop;

/// A time zone whose clocks never show what those of the shop show.
const FAR_AWAY: &str = "Pacific/Auckland";

#[actix_web::test]
async fn times_are_shown_in_the_time_zone_and_the_language_of_the_reader() {
    let shop = TestShop::open().await;
    let french = (Chromium::open().await, "ana", " %Y à %H:%M");
    let english = (Chromium::open_on_a_phone().await, "bela", "%-d %B %Y, %H:%M");
    for (browser, name, form) in [french, english] {
        let person = shop.customer(name).await;
        let window = browser.window(&shop).await;
        window.is_in(FAR_AWAY).await;
        window.logs_in(name, "correct horse").await;
        window.opens("/account").await;
        shows_local(&window, "#profile time", form).await;

        window.opens("/orders").await;
        person.adds(2, 1).await.expect(200);
        person.checks_out("first").await.expect(201);
        window.sees("#orders .price", "29").await;
        shows_local(&window, "#orders time", form).await;
        browser.closes().await;
    }
}

/// Checks that a time is shown in the reader's time zone and form.
async fn shows_local(window: &Window, place: &str, form: &str) {
    let exact = window.runs("return document.querySelector(arguments[0]).dateTime", place).await;
    let exact: Timestamp = exact.as_str().unwrap().parse().unwrap();
    let local = exact.in_tz(FAR_AWAY).unwrap().strftime(form).to_string();
    window.sees(place, &local).await;
}
