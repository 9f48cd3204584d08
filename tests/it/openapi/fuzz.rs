//! Schemathesis sends requests that it makes of the description.

use std::process::Command;

use super::clients::tools;
use crate::harness::TestShop;

/// What the answers to thousands of requests are checked for.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";

/// The operations that hash passwords, which takes the time of a thousand others, and those that
/// may end the session of the requests.
const EXCLUDED: &str = "^(sign_in|register_user|change_password|reset_password|add_user|\
                        change_user|delete_user|sign_out|sign_out_everywhere|sign_user_out|\
                        end_session)$";

#[actix_web::test]
#[ignore = "takes two minutes: tests/run runs it"]
async fn requests_made_of_the_description_get_described_answers_and_none_of_the_server() {
    let shop = TestShop::open().await;
    let admin = shop.admin().await;
    let bearer = format!("Authorization: Bearer {}", admin.0.token);
    let description = format!("{}/openapi.json", shop.url);
    let options = [
        ["--header", &bearer],
        ["--checks", CHECKS],
        ["--exclude-operation-id-regex", EXCLUDED],
        ["--seed", "1"],
        ["--max-examples", "100"],
        ["--workers", "1"],
        ["--generation-database", "none"],
    ];
    let mut schemathesis = Command::new(tools().join("python/bin/schemathesis"));
    schemathesis.args(["run", &description, "--no-color"]).args(options.concat());
    let folder = tempfile::tempdir().unwrap();
    let output = schemathesis.current_dir(&folder).output().unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{report}{errors}");
}
