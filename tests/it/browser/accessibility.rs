//! Accessibility: what axe-core finds on every page, and where the first Tab leads.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use fantoccini::key::Key;
use serde_json::Value;

use super::tour::Tour;
use crate::chromium::{Chromium, Theme, Window};

/// The script of axe-core, which tests/prepare installs.
const AXE: &str = "tests/tools/node_modules/axe-core/axe.min.js";

/// Checks the page, and returns the rules that it breaks, each with the elements.
const CHECK: &str = "const done = arguments[arguments.length - 1]; \
    axe.run(document, { resultTypes: ['violations'] }).then( \
    ({ violations }) => done(violations.map(({ id, nodes }) => \
    `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)), \
    (error) => done([`axe: ${error}`]))";

#[actix_web::test]
#[ignore = "takes a minute"]
async fn axe_finds_no_violation_on_any_page_in_both_themes_and_languages() {
    let tour = Tour::begins().await;
    let axe = Path::new(env!("CARGO_MANIFEST_DIR")).join(AXE);
    let axe = fs::read_to_string(axe).expect("tests/prepare installs axe-core");
    let found = RefCell::new(BTreeMap::<String, Vec<String>>::new());
    for browser in [Chromium::open().await, Chromium::open_in_english().await] {
        let window = browser.window(&tour.shop).await;
        window.begins_pages_with(&axe).await;
        let look = async |window: &Window, page: &str| {
            for theme in Theme::ALL {
                window.prefers(theme).await;
                let violations = window.finds_later(CHECK).await;
                let violations = violations.as_array().unwrap().iter().filter_map(Value::as_str);
                for what in violations {
                    let pages = &mut *found.borrow_mut();
                    pages.entry(what.to_owned()).or_default().push(format!("{page} ({theme:?})"));
                }
            }
            // A refused field has the focus already, and so has a button just clicked.
            if window.has_focus("body").await {
                window.presses(Key::Tab).await;
                if !window.has_focus(".skip").await {
                    let focus = window.focus().await;
                    let what = format!("the first Tab leads to {focus}");
                    found.borrow_mut().entry(what).or_default().push(page.to_owned());
                }
            }
        };
        tour.walks(&window, &look).await;
        browser.closes_after_errors(&["the server responded with a status of 4"]).await;
    }
    let lines = found
        .take()
        .into_iter()
        .map(|(what, pages)| format!("{what}, in {} views, first on {}", pages.len(), pages[0]));
    let lines: Vec<_> = lines.collect();
    assert!(lines.is_empty(), "{} violations:\n{}", lines.len(), lines.join("\n"));
}
