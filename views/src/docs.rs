//! The pages for authors of programs.

use maud::{DOCTYPE, Markup, html};

use crate::failure::message;
use crate::locale::Locale;
use crate::site::asset;

/// Returns the page that shows the description of the REST API.
///
/// It has the style sheet of Swagger UI alone: that of the shop would change its elements.
pub fn reference_page(locale: Locale) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(locale.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (locale.text("page-reference")) " · MicroShop" }
                link rel="stylesheet" href=(asset("docs.css"));
                link rel="icon" type="image/svg+xml" href=(asset("favicon.svg"));
            }
            body {
                main #reference {
                    p {
                        (locale.text("docs-no-script")) " "
                        a href="/openapi.json" { "/openapi.json" }
                    }
                }
                script src=(asset("docs.js")) {}
            }
        }
    }
}

/// Returns the main part of the page that explains codes, given with their statuses. Each code has
/// an anchor.
pub fn codes_body(locale: Locale, codes: &[(&str, u16)]) -> Markup {
    html! {
        p { (locale.text("docs-codes")) }
        dl #codes {
            @for (code, status) in codes {
                dt id=(code) { code { (code) } " " (status) }
                dd { (message(locale, code)) }
            }
        }
    }
}
