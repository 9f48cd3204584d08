//! The file of all articles: a link that downloads it, and the form that uploads it.

use maud::{Markup, html};

use crate::form::field;
use crate::locale::Locale;

/// Returns the link and the form, which both work without scripts.
pub fn file_panel(locale: Locale) -> Markup {
    let action = "/admin/articles/import";
    html! {
        section #article-file .panel {
            details {
                summary { h2 { (locale.text("stock-file")) } }
                p { (locale.text("stock-file-hint")) }
                p {
                    a.button.quiet href="/admin/articles.csv" download {
                        (locale.text("stock-export"))
                    }
                }
                form.upload action=(action) method="post" enctype="multipart/form-data"
                    hx-post=(action) hx-encoding="multipart/form-data" hx-target="#notice"
                    hx-swap="none" {
                    (field(&locale.text("stock-import-file"), &html! {
                        input type="file" name="file" accept=".csv,text/csv" required;
                    }))
                    button.quiet { (locale.text("stock-import")) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::lines;

    #[test]
    fn the_panel_has_a_download_and_an_upload() {
        insta::assert_snapshot!("stock_file_fr", lines(&file_panel(Locale::Fr)));
    }
}
