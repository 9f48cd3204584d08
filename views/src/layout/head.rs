//! What browsers, search engines and home screens read of a page: its head, and its scripts.

use maud::{Markup, html};

use crate::admin::is_admin;
use crate::site::asset;
use crate::viewer::Viewer;

/// The colour of the page in each scheme, as in the style sheet and the manifest.
const PAPER: [(&str, &str); 2] = [("light", "#faf6f0"), ("dark", "#191512")];

/// Returns the head of a page.
pub(super) fn head(viewer: &Viewer, title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            @for (scheme, colour) in PAPER {
                meta name="theme-color" content=(colour)
                    media={ "(prefers-color-scheme: " (scheme) ")" };
            }
            meta name="htmx-config" content=r#"{"ws":{"reconnectMaxDelay":10000}}"#;
            title { (title) " · MicroShop" }
            meta name="description" content=(viewer.locale.text("layout-description"));
            link rel="stylesheet" href=(asset("shop.css"));
            @if is_admin(viewer) { link rel="stylesheet" href=(asset("desk.css")); }
            link rel="icon" type="image/svg+xml" href=(asset("favicon.svg"));
            link rel="apple-touch-icon" href=(asset("apple-touch-icon.png"));
            link rel="manifest" href=(asset("shop.webmanifest"));
            // Browsers that know this link draw nothing before the header is complete: its parts
            // would move one another.
            link rel="expect" href="#main" blocking="render";
        }
    }
}

/// Returns the scripts, for the end of the body: the page is drawn before they are loaded.
pub(super) fn scripts(viewer: &Viewer) -> Markup {
    html! {
        script src=(asset("shop.js")) {}
        @if is_admin(viewer) { script src=(asset("desk.js")) {} }
    }
}
