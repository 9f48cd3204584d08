//! Settings that would make the shop useless are refused at the start; the file `.env`.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, Stdio};

use reqwest::Method;
use serde_json::json;
use tempfile::{TempDir, tempdir};

use crate::harness::{OWN_PASSWORD, TestShop, binary, client, fails_to_start, make_private, start};
use crate::people::Answer;
use crate::socket::Socket;

/// Settings, and what the message must contain besides the key and the value: what would be right.
const REFUSED: [(&str, &str, &str, &str); 81] = [
    ("CART__TTL", "8000y", "cart.ttl", "1s to 3650d"),
    ("CART__TTL", "0s", "cart.ttl", "1s to 3650d"),
    ("CART__TTL", "5", "cart.ttl", "a unit"),
    ("CART__TTL", "-1s", "cart.ttl", "250ms"),
    ("CART__SLEEP_AFTER", "0s", "cart.sleep_after", "10ms to 1d"),
    ("BANK__CALLS", "0", "bank.calls", "1 to 10000"),
    ("BANK__CALLS", "18446744073709551615", "bank.calls", "1 to 10000"),
    ("BANK__CALLS", "many", "bank.calls", "integer"),
    ("BANK__TIMEOUT", "0s", "bank.timeout", "10ms to 1m"),
    ("BANK__TIMEOUT", "1h", "bank.timeout", "10ms to 1m"),
    ("BANK__URL", "simulatde", "bank.url", "neither simulated nor http"),
    ("BANK__URL", "http://bank.example:0", "bank.url", "neither simulated nor http"),
    ("BANK__URL", "https://bank.example/?key=1", "bank.url", "neither simulated nor http"),
    ("BANK__URL", "http://bank.example:5001", "bank.url", "bank.allow_plain_http is true"),
    ("BANK__ALLOW_PLAIN_HTTP", "yes please", "bank.allow_plain_http", "true or false"),
    ("BANK__BIND", "5001", "bank.bind", "127.0.0.1:5000"),
    ("BREAKER__FAILURES", "0", "breaker.failures", "1 to 1000000"),
    ("BREAKER__OPEN", "0s", "breaker.open", "10ms to 1d"),
    ("BREAKER__OPEN", "9000y", "breaker.open", "10ms to 1d"),
    ("ORDER__EXPIRY", "0s", "order.expiry", "1s to 365d"),
    ("ORDER__EXPIRY", "8000years", "order.expiry", "1s to 365d"),
    ("ORDER__PATIENCE", "1h", "order.patience", "0s to 1m"),
    ("LIVE__SILENCE", "1s", "live.silence", "3s to 2h"),
    ("LIVE__SILENCE", "26s", "live.silence", "live.ping, which is `25s`"),
    ("LIVE__PING", "40s", "live.silence", "live.ping, which is `40s`"),
    ("LIVE__PING", "0s", "live.ping", "1s to 1h"),
    ("LIVE__STANDSTILL", "1s", "live.standstill", "2s to 1h"),
    ("LIVE__SOCKETS", "0", "live.sockets", "1 to 1000000"),
    ("LIVE__SOCKETS_PER_SESSION", "0", "live.sockets_per_session", "1 to 1000000"),
    ("LIVE__SOCKETS_PER_ADDRESS", "0", "live.sockets_per_address", "1 to 1000000"),
    ("LIVE__FRAMES", "0", "live.frames", "1 to 1000000"),
    ("SERVER__READS_PER_CLIENT", "0", "server.reads_per_client", "1 to 1000"),
    ("SERVER__READS_PER_CLIENT", "18446744073709551615", "server.reads_per_client", "1 to 1000"),
    ("SERVER__WORKERS", "100000", "server.workers", "0 to 256"),
    ("SERVER__DRAIN", "1d", "server.drain", "0s to 10m"),
    ("SERVER__BIND", "localhost:5000", "server.bind", "127.0.0.1:5000"),
    ("SERVER__SECURE_COOKIES", "yes", "server.secure_cookies", "auto, true or false"),
    ("SERVER__PUBLIC_ORIGIN", "https://shop.example/boutique", "public_origin", "shop.example"),
    ("SERVER__PUBLIC_ORIGIN", "shop.example", "server.public_origin", "https://shop.example"),
    ("SERVER__PUBLIC_ORIGIN", "ftp://shop.example", "server.public_origin", "scheme"),
    ("SERVER__PUBLIC_ORIGIN", "https://*.example", "server.public_origin", "scheme"),
    ("AUTH__SCRYPT_LOG_N", "4", "auth.scrypt_log_n", "10 to 18"),
    ("AUTH__SCRYPT_LOG_N", "30", "auth.scrypt_log_n", "10 to 18"),
    ("AUTH__ACCESS_TTL", "500ms", "auth.access_ttl", "1s to 1d"),
    ("AUTH__ACCESS_TTL", "8000y", "auth.access_ttl", "1s to 1d"),
    ("AUTH__REFRESH_TTL", "91d", "auth.refresh_ttl", "auth.refresh_max, which is `90d`"),
    ("AUTH__REFRESH_GRACE", "1h", "auth.refresh_grace", "0s to 5m"),
    ("AUTH__SESSION_IDLE", "25h", "auth.session_idle", "auth.session_max, which is `1d`"),
    ("AUTH__SESSION_MAX", "8000y", "auth.session_max", "1s to 365d"),
    ("AUTH__KEY_ROTATION", "0s", "auth.key_rotation", "1ms to 3650d"),
    ("AUTH__KEY_FILE", "data/", "auth.key_file", "path of a file"),
    ("EVENTS__MAX", "0", "events.max", "10 to 1000000000"),
    ("EVENTS__KEEP", "8000y", "events.keep", "1s to 3650d"),
    ("AUTH__BREACHED_PASSWORDS", "no-such-file", "auth.breached_passwords", "can't be read"),
    ("SERVER__HSTS_INCLUDE_SUBDOMAINS", "maybe", "server.hsts_include_subdomains", "true or false"),
    ("LOG__FILTER", "warning", "log.filter", "off, error, warn, info, debug or trace"),
    ("LOG__FILTER", "info,microshop=verbose", "log.filter", "off, error, warn, info, debug"),
    ("LOG__FORMAT", "xml", "log.format", "text or json"),
    ("LOG__FILTER", "[{x=/(/}]=debug", "log.filter", "a level"),
    ("SERVER__WORKERS", "-1", "server.workers", "0 to 256"),
    ("SERVER__WORKERS", "99999999999999999999999", "server.workers", "0 to 256"),
    ("SERVER__WORKERS", "1.5", "server.workers", "0 to 256"),
    ("SERVER__READS_PER_CLIENT", "true", "server.reads_per_client", "1 to 1000"),
    ("AUTH__SCRYPT_LOG_N", "-10", "auth.scrypt_log_n", "10 to 18"),
    ("AUTH__SCRYPT_LOG_N", "300", "auth.scrypt_log_n", "10 to 18"),
    ("BREAKER__FAILURES", "4294967296", "breaker.failures", "1 to 1000000"),
    ("EVENTS__MAX", "on", "events.max", "10 to 1000000000"),
    ("LIVE__FRAMES", "0x10", "live.frames", "1 to 1000000"),
    ("AUTH__REGISTRATION", "maybe", "auth.registration", "true or false"),
    ("AUTH__REGISTRATION", "on", "auth.registration", "true or false"),
    ("AUTH__REGISTRATION", "0", "auth.registration", "true or false"),
    ("AUTH__THROTTLE", "FALSE", "auth.throttle", "true or false"),
    ("SERVER__SECURE_COOKIES", "1", "server.secure_cookies", "auto, true or false"),
    ("SERVER__SECURE_COOKIES", "TRUE", "server.secure_cookies", "auto, true or false"),
    ("CART__TTL", "1M", "cart.ttl", "a unit"),
    ("ORDER__EXPIRY", "2M 1d", "order.expiry", "a unit"),
    ("SERVER__DRAIN", "5", "server.drain", "a unit"),
    ("SERVER__PUBLIC_ORIGIN", "null", "server.public_origin", "such as https://shop.example"),
    ("SERVER__CORS_ORIGINS", "null", "server.cors_origins", "such as https://shop.example"),
    ("SERVER__TRUSTED_PROXIES", "proxy", "server.trusted_proxies", "network"),
    ("STORE__CACHE_MIB", "0", "store.cache_mib", "1 to 1000000"),
];

/// Two secrets, of which the second one could be guessed.
const GOOD_AND_BAD_SECRET: &str =
    "an-old-secret-of-more-than-32-bytes abcdefghijklmnopqrstuvwxyz0123456789";

/// Secret settings, whose values are not shown.
const REFUSED_SECRETS: [(&str, &str, &str, &str); 25] = [
    ("ADMIN__PASSWORD", "x", "admin.password", "8 to 128"),
    ("ADMIN__PASSWORD", "Admin", "admin.password", "8 to 128"),
    ("ADMIN__PASSWORD", "seven77", "admin.password", "8 to 128"),
    ("ADMIN__PASSWORD", "Password123", "admin.password", "too common"),
    ("ADMIN__PASSWORD", "changeme", "admin.password", "too common"),
    ("ADMIN__PASSWORD", "the admin horse", "admin.password", "the user's name"),
    ("ADMIN__PASSWORD", "MicroShop horse", "admin.password", "the shop's name"),
    ("AUTH__SECRET", "too-short-to-sign", "auth.secret", "32 bytes"),
    ("AUTH__SECRET", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "auth.secret", "openssl rand"),
    ("AUTH__SECRET", "0123456789012345678901234567890123456789", "auth.secret", "openssl rand"),
    ("AUTH__SECRET", GOOD_AND_BAD_SECRET, "auth.secret", "openssl rand"),
    ("METRICS__TOKEN", "tttttttttttttttttttttttttttttttttttttttt", "metrics.token", "openssl"),
    ("METRICS__TOKEN", "metrics", "metrics.token", "8 different"),
    ("STORE__URL", "mysql://ana:hunter2@localhost", "store.url", "sled:DIRECTORY"),
    ("BANK__STORE", "sled:", "bank.store", "sled:DIRECTORY"),
    ("BANK__URL", "http://shop:hunter2@bank.example", "bank.url", "it must be https"),
    ("METRICS__TOKEN", " count ", "metrics.token", "spaces"),
    ("AUTH__SECRET", ",", "auth.secret", "or be empty"),
    ("AUTH__SECRET", " , ", "auth.secret", "or be empty"),
    ("STORE__URL", "redis://localhost/abc", "store.url", "[/DATABASE]"),
    ("BANK__STORE", "redis://:hunter2@localhost/0/1", "bank.store", "[/DATABASE]"),
    ("STORE__URL", "redis://ana:hunter2@127.0.0.1:1", "127.0.0.1:1", "store.url"),
    ("STORE", "hunter2", "MICROSHOP_STORE", "MICROSHOP_SECTION__KEY"),
    ("ADMIN__PASSWROD", "hunter2", "admin.passwrod", "does not exist"),
    ("ADMIN__PASSWORD__OLD", "hunter2", "admin.password", "one value"),
];

#[test]
fn a_setting_that_would_make_the_shop_useless_is_refused_with_what_would_be_right() {
    for (key, value, name, right) in REFUSED {
        let error = refusal(&[(key, value)]);
        for part in [name, right, &format!("`{value}`")] {
            assert!(error.contains(part), "{key}={value}: {part} is not in: {error}");
        }
    }
}

#[test]
fn a_refused_secret_is_not_shown() {
    for (key, value, name, right) in REFUSED_SECRETS {
        let error = refusal(&[(key, value)]);
        for part in [name, right] {
            assert!(error.contains(part), "{key}={value}: {part} is not in: {error}");
        }
        assert!(!error.contains(&format!("`{value}`")), "{key}: {error}");
    }
}

#[test]
fn all_wrong_settings_are_reported_at_once() {
    let error = refusal(&[
        ("CART__TTL", "8000y"),
        ("BANK__CALLS", "0"),
        ("LOG__FILTER", "warning"),
        ("SERVER__BIND", "0.0.0.0:0"),
        ("SERVER__PUBLIC_ORIGIN", "http://shop.example"),
    ]);
    for key in ["cart.ttl", "bank.calls", "log.filter", "server.secure_cookies"] {
        assert!(error.contains(&format!("{key}: ")), "{key} is not in: {error}");
    }
}

#[test]
fn a_secret_of_the_recommended_command_is_accepted() {
    let secret = "q0cJ7yTgF4vT2l9m3kXjUo5b6Zr8WQ1eDsNAhIpLtMVYxRBfCKgEHJwPzSuOid+/";
    let error = refusal(&[("AUTH__SECRET", secret), ("METRICS__TOKEN", secret), WRONG]);
    assert!(!error.contains("auth.secret") && !error.contains("metrics.token"), "{error}");
}

#[test]
fn a_variable_that_is_not_utf_8_is_refused_by_name() {
    let invalid = OsStr::from_bytes(b"correct horse \xff");
    for name in ["MICROSHOP_ADMIN__PASSWORD", "MICROSHOP_AUTH__SECRET", "REDIS_PASSWORD"] {
        // The file must not take the place of the variable.
        let folder = folder(&format!("{name}='a line of the file'\n"));
        let error = fails_to_start(binary(folder.path(), &[]).env(name, invalid));
        assert!(error.contains(&format!("{name}: it must be UTF-8")), "{error}");
    }
    let name = OsStr::from_bytes(b"MICROSHOP_ADMIN__PASSWORD\xff");
    let error = fails_to_start(binary(tempdir().unwrap().path(), &[]).env(name, "correct horse"));
    assert!(error.contains("MICROSHOP_ADMIN__PASSWORD") && error.contains("UTF-8"), "{error}");
}

#[test]
fn a_production_shop_needs_its_public_origin() {
    let folder = tempdir().unwrap();
    let profile = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/production.toml");
    fs::create_dir(folder.path().join("config")).unwrap();
    fs::copy(profile, folder.path().join("config/production.toml")).unwrap();
    let production = |origin: &str| {
        let mut shop = binary(folder.path(), &[]);
        shop.env("MICROSHOP_PROFILE", "production").env("MICROSHOP_SERVER__PUBLIC_ORIGIN", origin);
        shop
    };
    let error = fails_to_start(&mut production(""));
    assert!(error.contains("server.public_origin: ") && error.contains("https://"), "{error}");
    let error = fails_to_start(&mut production("https://shop.example"));
    assert!(error.contains("admin.password"), "{error}");
}

#[test]
fn settings_of_a_wrong_type_and_unknown_ones_are_reported_with_the_others() {
    let error = refusal(&[
        ("CART__TTL", "soon"),
        ("ORDER__EXPIRY", "8000y"),
        ("BANK__CALLS", "many"),
        ("AUTH__REGISTRATION", "maybe"),
        ("LOG__FORMAT", "xml"),
        ("SERVER__SECURE_COOKIES", "yes"),
        ("SERVER__BNID", "127.0.0.1:0"),
        ("SHOP__NAME", "x"),
        ("SERVER", "1"),
        ("BANK__BIND", "5001"),
        ("ADMIN__PASSWORD", "hunter2"),
    ]);
    for key in [
        "cart.ttl",
        "order.expiry",
        "bank.calls",
        "auth.registration",
        "log.format",
        "server.secure_cookies",
        "server.bnid",
        "shop.name",
        "MICROSHOP_SERVER",
        "bank.bind",
        "admin.password",
    ] {
        assert_eq!(error.matches(&format!("{key}: ")).count(), 1, "{key}: {error}");
    }
    for word in ["expected", "field", "struct", "variant", "hunter2"] {
        assert!(!error.contains(word), "{word} is in: {error}");
    }
}

#[actix_web::test]
async fn an_empty_text_stands_for_the_default_of_every_setting() {
    let defaults = include_str!("../../config/default.toml");
    let mut section = "";
    let mut empty = Vec::new();
    for line in defaults.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            empty.push((format!("{section}__{key}").to_uppercase(), String::new()));
        }
    }
    assert!(empty.len() > 40);
    empty.retain(|(key, _)| key != "SERVER__BIND");
    let folder = tempdir().unwrap();
    let (mut process, _) = start(&mut binary(folder.path(), &empty), Stdio::inherit());
    process.kill().unwrap();
    process.wait().unwrap();
}

#[test]
fn a_wrong_value_in_the_file_of_a_profile_is_refused_with_the_file() {
    for (text, parts) in [
        ("[cart]\nttl = 5", &["cart.ttl: ", "`5` in config/production.toml"][..]),
        ("[bank]\ncalls = 0", &["bank.calls: ", "`0` in config/production.toml", "1 to 10000"]),
        ("[bank]\ncals = 1", &["bank.cals: it does not exist (in config/production.toml)"]),
        ("cart = 1", &["cart: ", "section", "(in config/production.toml)"]),
        ("[auth]\nthrottle = 1", &["auth.throttle: it must be true or false", "production.toml"]),
        ("[admin]\npassword = 'x'", &["admin.password: ", "(in config/production.toml)"]),
        ("[admin]\npassword = hunter2", &["config/production.toml: it must be TOML", "line 2"]),
    ] {
        let folder = tempdir().unwrap();
        fs::create_dir(folder.path().join("config")).unwrap();
        fs::write(folder.path().join("config/production.toml"), text).unwrap();
        let profile = [("PROFILE".to_owned(), "production".to_owned())];
        let error = fails_to_start(&mut binary(folder.path(), &profile));
        for part in parts {
            assert!(error.contains(part), "{text}: {part} is not in: {error}");
        }
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[actix_web::test]
async fn cookies_without_tls_of_an_https_origin_are_warned_of() {
    for (origin, secure, warnings) in [
        ("https://shop.example", "false", 1),
        ("https://shop.example", "auto", 0),
        ("http://localhost:5000", "false", 0),
        ("", "false", 0),
    ] {
        let settings = [("SERVER__PUBLIC_ORIGIN", origin), ("SERVER__SECURE_COOKIES", secure)];
        let mut shop = TestShop::open_logged(&settings).await;
        shop.stop();
        let log = shop.file("log");
        assert_eq!(log.matches("server.secure_cookies is false").count(), warnings, "{log}");
    }
}

#[actix_web::test]
async fn an_origin_that_means_the_same_is_the_shop_s_own() {
    for (set, sent) in [
        ("https://Shop.Example", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("HTTPS://shop.example/", "https://shop.example"),
        ("http://shop.example.:80", "http://shop.example"),
        ("https://b\u{fc}cher.example", "https://xn--bcher-kva.example"),
    ] {
        let settings = [("SERVER__PUBLIC_ORIGIN", set), ("SERVER__SECURE_COOKIES", "false")];
        let shop = TestShop::open_with(&settings).await;
        let form = [("username", "admin"), ("password", OWN_PASSWORD)];
        let form = shop.request(Method::POST, "/login").header("origin", sent).form(&form);
        assert_eq!(form.send().await.unwrap().status(), 303, "{set}");
        Socket::connect(&shop, "/api/live", &[("origin", sent)]).await;
    }
}

#[actix_web::test]
async fn a_filter_with_spaces_logs_as_written() {
    let shop = TestShop::open_logged(&[("LOG__FILTER", "warn, microshop = info")]).await;
    drop(shop);
    let error = refusal(&[("LOG__FILTER", "warn, microshop = warning")]);
    assert!(error.contains("log.filter: "), "{error}");
}

#[actix_web::test]
async fn the_longest_durations_serve_every_page() {
    let shop = TestShop::open_with(&[
        ("CART__TTL", "3650d"),
        ("ORDER__EXPIRY", "365d"),
        ("EVENTS__KEEP", "3650d"),
        ("AUTH__REFRESH_TTL", "365d"),
        ("AUTH__REFRESH_MAX", "3650d"),
        ("AUTH__SESSION_MAX", "365d"),
        ("AUTH__SESSION_IDLE", "365d"),
        ("AUTH__KEY_ROTATION", "3650d"),
        ("BREAKER__OPEN", "1d"),
    ])
    .await;
    let ana = shop.customer("ana").await;
    ana.adds(1, 1).await.expect(200);
    ana.checks_out("k").await.expect(201);
    for page in ["/articles", "/cart", "/login", "/api/orders"] {
        assert_eq!(ana.get(page).await.status, 200, "{page}");
    }
}

#[actix_web::test]
async fn a_line_of_the_env_file_that_cannot_be_read_is_refused_with_its_number() {
    for (line, reason) in [
        ("A B=c", "NAME=VALUE"),
        ("MICROSHOP_SERVER__DRAIN 5s", "NAME=VALUE"),
        ("=x", "NAME=VALUE"),
        ("2FA=x", "NAME=VALUE"),
        ("A=two words", "NAME=VALUE"),
        ("A='no end", "NAME=VALUE"),
        ("A=\"no end", "NAME=VALUE"),
        ("A=pa$$word", "single quotes"),
        ("A=${HOME}", "single quotes"),
        ("FIRST=again", "FIRST"),
    ] {
        let text = format!("FIRST=1\n# a comment\n{line}\nMICROSHOP_ADMIN__PASSWORD=long-enough\n");
        let folder = folder(&text);
        let error = fails_to_start(&mut binary(folder.path(), &[]));
        for part in ["./.env, line 3: ", reason] {
            assert!(error.contains(part), "{line}: {part} is not in: {error}");
        }
        assert!(!error.contains("long-enough"), "{error}");
    }
    let folder = folder("");
    fs::write(folder.path().join(".env"), b"A=b\nMICROSHOP_ADMIN__PASSWORD=\xff\n").unwrap();
    let error = fails_to_start(&mut binary(folder.path(), &[]));
    assert!(error.contains("./.env, line 2: ") && error.contains("UTF-8"), "{error}");
}

#[actix_web::test]
async fn the_env_file_of_the_working_directory_sets_what_the_environment_does_not() {
    let folder = folder(
        "\u{feff}# settings\r\n\r\nexport MICROSHOP_ADMIN__PASSWORD='correct $horse' # quoted\r\n\
         MICROSHOP_AUTH__REGISTRATION=false\nMICROSHOP_LOG__FILTER=warning\n\
         COMPOSE_PROJECT_NAME=other",
    );
    let shop = Server::start(folder.path());
    assert_eq!(shop.signs_in("correct $horse").await, 200);
    assert_eq!(shop.signs_in("admin").await, 401);
}

#[actix_web::test]
async fn the_env_file_of_a_parent_directory_is_not_read() {
    let parent = folder("REDIS_HOST=127.0.0.1\nREDIS_PORT=1\nA B=c\n");
    let nested = parent.path().join("other/shop");
    fs::create_dir_all(&nested).unwrap();
    let shop = Server::start(&nested);
    assert_eq!(shop.signs_in("admin").await, 200);
    assert!(nested.join("data/shop").exists());
}

#[actix_web::test]
async fn a_wrong_setting_in_the_env_file_is_refused_like_one_in_the_environment() {
    for (line, name) in [
        ("MICROSHOP_CART__TTL=8000y", "cart.ttl"),
        ("MICROSHOP_SERVER__BNID=127.0.0.1:0", "bnid"),
        ("MICROSHOP_PROFILE=prodution", "MICROSHOP_PROFILE"),
        ("REDIS_HOST=redis\nREDIS_PORT=tcp://10.0.0.1:6379", "REDIS_PORT"),
    ] {
        let error = fails_to_start(&mut binary(folder(line).path(), &[]));
        assert!(error.contains(name), "{line}: {error}");
    }
}

/// A server that was started in a folder. Its process is killed when the value is dropped.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let (process, url) = start(&mut binary(folder, &[]), Stdio::inherit());
        Self { process, url }
    }

    /// Signs in as the first administrator, and returns the status.
    async fn signs_in(&self, password: &str) -> u16 {
        let body = json!({ "username": "admin", "password": password });
        let http = client().build().unwrap();
        let request = http.post(format!("{}/auth/login", self.url)).json(&body);
        Answer::to(request).await.status.as_u16()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns a folder with a file `.env`.
fn folder(text: &str) -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join(".env"), text).unwrap();
    make_private(folder.path());
    folder
}

/// A setting with which no server starts.
const WRONG: (&str, &str) = ("BANK__CALLS", "0");

/// Returns what a server with settings writes to standard error; it must not start.
fn refusal(settings: &[(&str, &str)]) -> String {
    let folder = tempdir().unwrap();
    let settings: Vec<_> =
        settings.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    fails_to_start(&mut binary(folder.path(), &settings))
}
