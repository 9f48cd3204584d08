//! The catalogue as a CSV file: exported, changed in a spreadsheet, imported.

use reqwest::{Method, multipart};
use serde_json::{Value, json};

use crate::harness::TestShop;
use crate::people::{Admin, Answer, signs_in};

const FILE: &str = "/api/admin/articles.csv";

#[actix_web::test]
async fn an_exported_file_is_imported_without_a_change() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let odd = "=cmd|' /C calc'!A0";
    let texts = json!({ "en": { "name": "@Mouse, \"wireless\"; quiet", "description": odd } });
    let change = json!({ "texts": texts, "description": "'- 5 %'", "active": false });
    admin.changes_article(2, change).await.expect(200);
    admin.adds_article("+33 1 02 03 04 05", 5, 0).await;
    let before = admin.0.get("/api/admin/articles").await.json;
    let file = admin.exports().await;
    assert_eq!(file.lines().count(), 7, "{file}");
    assert!(file.contains("\"'=cmd|' /C calc'!A0\"") && file.contains("'+33"), "{file}");
    assert!(!file.contains(",\"=") && !file.contains(",\"@"), "{file}");
    for file in [&file, &format!("\u{FEFF}{file}")] {
        assert_eq!(admin.imports(file).await, report(0, 0, 6));
    }
    assert_eq!(admin.0.get("/api/admin/articles").await.json, before);
}

#[actix_web::test]
async fn lines_add_and_change_articles_once_however_often_the_file_is_sent() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let file = "id;version;name_fr;name_en;price;on_hand;active\r\n\
                2;0-15;Souris;Mouse;19,90;15;VRAI\r\n\
                ;;Lampe;Lamp;12,5;7;faux\r\n\
                ;;\"Bougie \";;3;4;\r\n";
    assert_eq!(admin.imports(file).await, report(2, 1, 0));
    let mouse = admin.article(2).await;
    assert_eq!((&mouse["name"], &mouse["price_cents"]), (&json!("Souris"), &json!(1_990)));
    assert!(mouse["description"].as_str().unwrap().starts_with("Précise"), "{mouse}");
    let lamp = admin.article(6).await;
    assert_eq!((&lamp["price_cents"], &lamp["active"]), (&json!(1_250), &json!(false)));
    assert_eq!(lamp["texts"]["en"]["name"], "Lamp");
    assert_eq!(admin.article(7).await["active"], true);
    // A buyer takes one of the new units before the file is sent again.
    let ana = shop.customer("ana").await;
    ana.adds(7, 1).await.expect(200);
    ana.checks_out("k").await.expect(201);
    assert_eq!(admin.imports(file).await, report(0, 0, 3));
    assert_eq!(admin.0.get("/api/admin/articles").await.json["total"], 7);

    let parallel = "name_fr,price,on_hand\nTorche,1,1\nTorche,1,1\nVase,1,1\n";
    let both = tokio::join!(admin.imports(parallel), admin.imports(parallel));
    let added = |report: &Value| report["added"].as_u64().unwrap();
    assert_eq!(added(&both.0) + added(&both.1), 2, "{both:?}");
    assert_eq!((both.0["refused"].clone(), both.1["refused"].clone()), (json!([]), json!([])));
    assert_eq!(admin.0.get("/api/admin/articles").await.json["total"], 9);
}

#[actix_web::test]
async fn each_refused_line_is_reported_and_changes_nothing() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    admin.sets_bank("decline").await;
    let ana = shop.customer("ana").await;
    ana.adds(5, 4).await.expect(200);
    ana.checks_out("k").await.expect_problem(402, "payment_declined");
    let before = admin.0.get("/api/admin/articles").await.json;
    let heading = "id,version,name_fr,description_fr,price,on_hand,active";
    for (line, column, code) in [
        ("99,,a,,1,1,true", json!("id"), "article_not_found"),
        ("x,,a,,1,1,true", json!("id"), "invalid_article"),
        ("1,1-10,a,,1,1,true", json!("version"), "precondition_failed"),
        ("1,0-9,Ordinateur portable,,1,1,true", json!("version"), "precondition_failed"),
        ("1,0,a,,1,1,true", json!("version"), "invalid_article"),
        ("1,,,,1,1,true", json!("name_fr"), "invalid_article"),
        ("1,,a\u{202E},,1,1,true", json!("name_fr"), "invalid_article"),
        ("1,,a,\"two\nlines\",1,1,true", json!("description_fr"), "invalid_article"),
        ("1,,a,,0,1,true", json!("price"), "invalid_article"),
        ("1,,a,,1.234,1,true", json!("price"), "invalid_article"),
        ("1,,a,,-1,1,true", json!("price"), "invalid_article"),
        ("1,,a,,1,-1,true", json!("on_hand"), "invalid_article"),
        ("1,,a,,1,1000001,true", json!("on_hand"), "invalid_article"),
        ("5,,a,,1,3,true", json!("on_hand"), "below_reserved"),
        ("1,,a,,1,1,maybe", json!("active"), "invalid_article"),
        (",,Lampe,,,1,true", json!("price"), "invalid_article"),
        (",,Clavier mécanique,,1,1,true", json!("name_fr"), "article_exists"),
        ("1,,a", Value::Null, "missing_field"),
        ("1,,a,,1,1,true,", Value::Null, "unknown_field"),
    ] {
        let report = admin.imports(&format!("{heading}\n{line}\n")).await;
        let refused = &report["refused"][0];
        let found = (&refused["line"], &refused["column"], &refused["code"]);
        assert_eq!(found, (&json!(2), &column, &json!(code)), "{line}: {report}");
        let message = refused["message"].as_str().unwrap();
        assert!(!message.is_empty() && refused["detail"].is_string(), "{report}");
    }
    assert_eq!(admin.0.get("/api/admin/articles").await.json, before);

    let mixed = format!("{heading}\n\n1,,a,,0,1,true\n2,,Souris,,1,1,true\nx,,,,,,\n");
    let report = admin.imports(&mixed).await;
    let lines: Vec<_> =
        report["refused"].as_array().unwrap().iter().map(|line| line["line"].clone()).collect();
    assert_eq!((&report["changed"], lines), (&json!(1), vec![json!(3), json!(5)]));
}

#[actix_web::test]
async fn a_file_that_is_none_of_articles_is_refused_as_a_whole() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let before = admin.0.get("/api/admin/articles").await.json;
    let large = format!("id,name_fr\n{}", "1,Lampe\n".repeat(300_000));
    for (media_type, file, status, code) in [
        ("text/csv", "", 422, "missing_field"),
        ("text/csv", "price\n1", 422, "missing_field"),
        ("text/csv", "id,colour\n1,red", 422, "unknown_field"),
        ("text/csv", "id,id\n1,1", 422, "out_of_range"),
        ("text/csv", "id,name_fr\n1,\"Lampe", 422, "invalid_csv"),
        ("application/json", "id,name_fr\n1,Lampe", 415, "unsupported_media_type"),
        ("text/csv", &large, 413, "body_too_large"),
    ] {
        let answer = admin.sends_file(media_type, file).await;
        answer.expect_problem(status, code);
    }
    // Other bodies keep their limit.
    let name = json!({ "name": "a".repeat(70_000) });
    admin.changes_article(1, name).await.expect_problem(413, "body_too_large");
    assert_eq!(admin.0.get("/api/admin/articles").await.json, before);
}

#[actix_web::test]
async fn a_file_of_many_lines_is_imported_in_parts() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let lines = (0..1_250).map(|number| format!("Article {number},{number}.05,{number}\n"));
    let file = format!("name_fr,price,on_hand\n{}", lines.collect::<String>());
    assert_eq!(admin.imports(&file).await, report(1_250, 0, 0));
    assert_eq!(admin.exports().await.lines().count(), 1_256);
    assert_eq!(admin.imports(&admin.exports().await).await, report(0, 0, 1_255));
}

#[actix_web::test]
async fn the_desk_downloads_a_file_for_spreadsheets_and_uploads_it() {
    let shop = TestShop::open().await;
    let cookie = signs_in(&shop, "admin", "admin").await;
    let request = shop.request(Method::GET, "/admin/articles.csv").header("cookie", &cookie);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    assert_eq!(answer.headers()["content-disposition"], "attachment; filename=\"articles.csv\"");
    let file = answer.text().await.unwrap();
    assert!(file.starts_with("\u{FEFF}\"id\","), "{file}");
    let changed = file.replace("29.90", "0").replace("79.90", "80");
    let uploads = async |path: &str, headers: &[(&str, &str)]| {
        let file = multipart::Part::text(changed.clone()).file_name("articles.csv");
        let mut request = shop.request(Method::POST, path).header("sec-fetch-site", "same-origin");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let form = multipart::Form::new().part("file", file);
        request.multipart(form).header("accept-language", "en").send().await.unwrap()
    };
    let path = "/admin/articles/import";
    let answer = uploads(path, &[("cookie", &cookie)]).await;
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["location"], "/admin/articles");
    let htmx = uploads(path, &[("cookie", &cookie), ("hx-request", "true")]).await;
    let text = htmx.text().await.unwrap();
    let refused = "Line 3, column price: A field of the article is not valid.";
    assert!(text.contains(refused) && text.contains("4 lines change nothing."), "{text}");
    let admin = shop.admin().await;
    assert_eq!(admin.article(3).await["price_cents"], 8_000);
    assert_eq!(admin.article(2).await["price_cents"], 2_990);
}

fn report(added: u64, changed: u64, unchanged: u64) -> Value {
    json!({ "added": added, "changed": changed, "unchanged": unchanged, "refused": [] })
}

impl Admin {
    async fn exports(&self) -> String {
        let answer = self.0.request(Method::GET, FILE).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.text().await.unwrap()
    }

    async fn sends_file(&self, media_type: &str, file: &str) -> Answer {
        let request = self.0.request(Method::POST, FILE).header("content-type", media_type);
        self.0.receives(request.body(file.to_owned())).await
    }

    async fn imports(&self, file: &str) -> Value {
        self.sends_file("text/csv", file).await.expect(200).json["import"].clone()
    }
}
