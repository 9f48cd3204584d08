//! What nodes on one Redis must agree about: the secret, and the first password.

use reqwest::Method;
use serde_json::json;

use super::node;
use crate::cluster::SECRET;
use crate::harness::{OWN_PASSWORD, binary, fails_to_start, until};
use crate::people::signs_in;
use crate::redis_server::RedisServer;

const NEW: &str = "Zw3nB8cX6rT1mV9kQ4pL7sD2yH5jF0gE";

/// Starts a node that must fail, and returns why.
fn is_refused(redis: &RedisServer, secret: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("STORE__URL", redis.url()), ("AUTH__SECRET", secret.to_owned())];
    let settings = settings.map(|(key, value)| (key.to_owned(), value));
    fails_to_start(&mut binary(folder.path(), &settings))
}

#[actix_web::test]
async fn a_node_that_the_others_would_not_understand_does_not_start() {
    let redis = RedisServer::start();
    let mut shop = node(&redis, &[]).await;
    let ana = shop.customer("ana").await;
    // No secret means one of its own, in a file.
    for other in ["", NEW, &format!("{NEW} {SECRET}")] {
        let reason = is_refused(&redis, other);
        assert!(reason.contains("give all of them the same auth.secret"), "{other}: {reason}");
    }
    ana.adds(1, 1).await.expect(200);

    // A secret is replaced without a pause: first every node learns to verify with the new one.
    let both = format!("{SECRET} {NEW}");
    let replaced = format!("{NEW} {SECRET}");
    let second = node(&redis, &[("AUTH__SECRET", &both)]).await;
    shop.stop();
    let third = node(&redis, &[("AUTH__SECRET", &replaced)]).await;
    let bob = third.customer("bob").await;
    for (person, node) in [(&ana, &second), (&ana, &third), (&bob, &second)] {
        person.at(node).adds(1, 1).await.expect(200);
    }
    drop((second, third));

    // No node runs, so any secret will do.
    let alone = node(&redis, &[("AUTH__SECRET", "uC4kT8xW1mR6vZ9pL3sD7yB2nH5jQ0gA")]).await;
    alone.customer("joe").await.adds(1, 1).await.expect(200);
    ana.at(&alone).get("/auth/profile").await.expect_problem(401, "invalid_token");
}

#[actix_web::test]
async fn a_first_password_that_is_replaced_on_one_node_is_gone_on_all() {
    let redis = RedisServer::start();
    let nodes = [node(&redis, &[]).await, node(&redis, &[]).await];
    let admin = nodes[0].admin().await;
    let is_warned = async |password: &str| {
        let cookie = signs_in(&nodes[1], "admin", password).await;
        let page = nodes[1].request(Method::GET, "/articles").header("cookie", cookie);
        let page = page.send().await.unwrap().text().await.unwrap();
        assert!(page.contains("/admin"), "{page}");
        page.contains("class=\"banner\"")
    };
    assert!(is_warned("admin").await);
    let change = json!({ "current_password": "admin", "new_password": OWN_PASSWORD });
    admin.0.send(Method::POST, "/auth/password", change).await.expect(200);
    until(async || (!is_warned(OWN_PASSWORD).await).then_some(())).await;
}
