//! Widths: no page scrolls sideways, and nothing is cut off or covered, whatever the width of the
//! window.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::tour::Tour;
use crate::chromium::{Chromium, Window};

/// The widths of common screens and windows, in pixels.
const COMMON: [u32; 16] =
    [300, 320, 340, 360, 375, 390, 414, 480, 540, 600, 700, 768, 840, 900, 1024, 1280];

/// The size of one rem, in pixels.
const REM: f64 = 16.0;

/// The style sheet, whose conditions on the width are breakpoints.
const STYLE: &str = "static/shop.css";

/// Returns what sticks out of the page or of an element that clips it, and which controls are
/// covered.
const CUT_OFF: &str = include_str!("cut_off.js");

#[actix_web::test]
#[ignore = "takes a minute"]
async fn no_page_scrolls_sideways_or_cuts_anything_off_at_common_widths_and_breakpoints() {
    let style = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(STYLE)).unwrap();
    let around = breakpoints(&style).into_iter().flat_map(|width| [width - 1, width, width + 1]);
    show_everything(around.chain(COMMON).collect()).await;
}

#[actix_web::test]
#[ignore = "takes minutes"]
async fn no_page_scrolls_sideways_or_cuts_anything_off_at_any_width() {
    show_everything((300..=1300).step_by(10).collect()).await;
}

/// Loads every page once in each language, and looks at it in every width.
async fn show_everything(widths: BTreeSet<u32>) {
    let tour = Tour::begins().await;
    let found = RefCell::new(BTreeMap::<String, Vec<String>>::new());
    for browser in [Chromium::open().await, Chromium::open_in_english().await] {
        let window = browser.window(&tour.shop).await;
        let look = async |window: &Window, page: &str| {
            for width in &widths {
                window.is_wide(*width).await;
                let cut_off = window.runs(CUT_OFF, "").await;
                let cut_off = cut_off.as_array().unwrap().iter().filter_map(Value::as_str);
                for what in cut_off {
                    let pages = &mut *found.borrow_mut();
                    pages.entry(what.to_owned()).or_default().push(format!("{page} at {width}"));
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
    assert!(lines.is_empty(), "{} faults:\n{}", lines.len(), lines.join("\n"));
}

/// Returns the widths in pixels at which a condition of the style sheet changes.
fn breakpoints(style: &str) -> BTreeSet<u32> {
    let conditions = style.lines().filter(|line| {
        ["@media", "@container"].iter().any(|at| line.trim_start().starts_with(at))
            && line.contains("width")
    });
    let words = conditions.flat_map(|line| line.split([' ', '(', ')', ':', ',']));
    let widths = words.filter_map(|word| {
        let pixels = word.strip_suffix("px").and_then(|number| number.parse::<f64>().ok());
        let rem = word.strip_suffix("rem").or_else(|| word.strip_suffix("em"));
        pixels.or_else(|| Some(rem?.parse::<f64>().ok()? * REM))
    });
    widths.map(|width| width.round() as u32).collect()
}

#[test]
fn every_condition_on_the_width_is_a_breakpoint() {
    let style = "@media (min-width: 52rem) {\n@media (prefers-color-scheme: dark) {\n\
        p { width: 3rem; }\n  @media (400px <= width < 51.99rem) {\n";
    assert_eq!(breakpoints(style), BTreeSet::from([400, 832]));
}
