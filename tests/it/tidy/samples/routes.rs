//! Samples for the rule about routes.

use super::super::routes::{Route, names, routes, unnamed_routes};
use super::sample;

#[test]
fn a_route_is_read_with_its_scopes_and_needs_a_test() {
    let text = "fn routes(shop: &mut Config) {\n    shop.service(\n        scope(\"/api\")\n\
                .service(resource(\"/cart\").route(get().to(a)))\n\
                .service(scope(\"/orders\").route(\"\", get().to(b::get))\
                .route(\"/{id}/pay\", web::put().to(c).route(post().to(c)))),\n    )\n\
                // \"/no\"\n    .route(\"/cart\", to(d));\n}";
    let table = sample("src/routes.rs", text);
    let found: Vec<_> = routes(&table).iter().flat_map(Route::calls).collect();
    let pay = ["PUT /api/orders/{id}/pay", "POST /api/orders/{id}/pay"];
    assert_eq!(found, ["GET /api/cart", "GET /api/orders", pay[0], pay[1], "ANY /cart"]);
    let text = "// \"/cart\"\nget(\"/api/orders?limit=2\"); \
                post(&format!(\"/api/orders/{id}/pay\")); get(\"/api/cart/items\")";
    let missing = unnamed_routes(&table, &[sample("tests/it/order.rs", text)]);
    assert_eq!(missing, ["src/routes.rs:4: /api/cart", "src/routes.rs:8: /cart"]);
}

#[test]
fn an_operation_has_its_method_and_its_path_in_one_call() {
    let text = "vec![\n    get(\"/api/cart\", cart::get, \"Gets a/b\").tagged(),\n\
                put(\n        \"/api/cart/{id}\",\n        cart::set,\n    ),\n]";
    let found: Vec<_> =
        routes(&sample("src/routes/cart.rs", text)).iter().flat_map(Route::calls).collect();
    assert_eq!(found, ["GET /api/cart", "PUT /api/cart/{id}"]);
}

#[test]
fn a_parameter_matches_anything_without_a_slash() {
    let named = |text: &str| names(&sample("tests/it/a.rs", &format!("{text:?}")), "/a/{id}/b");
    for text in ["/a/1/b", "POST /a/{}/b?c=1", "{base}/a/{order.id}/b"] {
        assert!(named(text), "{text}");
    }
    for text in ["/a//b", "/a/1/2/b", "/a/1/bc", "/a/1/b/c", "/c/a/1/b"] {
        assert!(!named(text), "{text}");
    }
}
