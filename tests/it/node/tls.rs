//! A node whose Redis is reached over TLS.

use super::node;
use crate::certificate::Certificate;
use crate::cluster::SECRET;
use crate::harness::{binary, fails_to_start};
use crate::ports::free_port;
use crate::redis_server::{DURABLE, RedisServer};

#[actix_web::test]
async fn a_redis_over_tls_is_used_only_if_its_certificate_is_trusted() {
    let certificate = Certificate::new();
    let port = free_port().to_string();
    let (file, key) = (certificate.file(), certificate.key_file());
    let tls = ["--tls-port", &port, "--tls-auth-clients", "no"];
    let files =
        ["--tls-cert-file", file.to_str().unwrap(), "--tls-key-file", key.to_str().unwrap()];
    let redis = RedisServer::start_with(&[&DURABLE[..], &tls, &files].concat());
    let url = format!("rediss://127.0.0.1:{port}");

    let folder = tempfile::tempdir().unwrap();
    let other = Certificate::new();
    let settings = [
        ("STORE__URL", url.as_str()),
        ("AUTH__SECRET", SECRET),
        ("SSL_CERT_FILE", other.file().to_str().unwrap()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let refusal = fails_to_start(&mut binary(folder.path(), &settings));
    assert!(refusal.contains("the store can't be reached"), "{refusal}");
    assert_eq!(redis.ask("DBSIZE"), ":0");

    let trusted = ("SSL_CERT_FILE", file.to_str().unwrap());
    let shop = node(&redis, &[("STORE__URL", &url), trusted]).await;
    let ana = shop.customer("ana").await;
    ana.adds(1, 1).await.expect(200);
    ana.checks_out("k").await.expect(201);
}
