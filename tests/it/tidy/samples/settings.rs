//! Samples for the rules about configuration keys.

use super::super::settings::{default_keys, fields, unexplained, unread_keys};
use super::sample;

#[test]
fn a_key_that_is_never_read_or_not_explained_is_found() {
    let text = "pub struct Config {\n    pub bind: String,\n    pub idle: u8,\n    pub port: u8,\n\
                pub late: u8,\n}\nfn rules(&self) -> Rules {\n    Rules { port: self.port }\n}\n\
                pub fn f(x: u8) { x.late }\n";
    let config = sample("src/config.rs", text);
    let text = "[server]\n# Where.\nbind = \"x\"\nport = 1 # Which.\n\nlate = 2\n";
    let defaults = sample("config/default.toml", text);
    assert_eq!(unexplained(&defaults), ["config/default.toml:6: late = 2"]);
    let app = sample("src/app.rs", "fn f() { config.bind(); config.idle_after }");
    let tree = [config.clone(), app, defaults];
    let keys = default_keys(&tree);
    assert_eq!(keys, ["server", "bind", "port", "late"]);
    let findings = unread_keys(fields(&config), &keys, &tree);
    assert_eq!(
        findings,
        [
            "src/config.rs:3: idle: not in default.toml",
            "src/config.rs:3: idle: never used",
            "src/config.rs:5: late: never used",
        ]
    );
}
