//! The pages of a list: which entries this one shows, and the links to the others.

use std::fmt::Display;

use domain::list::ListPage;
use maud::{Markup, html};

use crate::locale::Locale;

/// Returns which entries a page shows, for instance "21–40 of 65"; `None` if there is one page.
pub fn range<T, Id>(locale: Locale, page: &ListPage<T, Id>) -> Option<String> {
    let has_others = page.before > 0 || page.next.is_some();
    let last = page.before + page.entries.len() as u64;
    has_others.then(|| {
        let numbers = [("from", page.before + 1), ("to", last), ("total", page.total)];
        locale.text_with("pager-range", &numbers.map(|(name, number)| (name, number.into())))
    })
}

/// Returns the links to the other pages of the list at an address, which may have a query; nothing
/// if there is one page.
pub(crate) fn pager<T, Id: Display>(
    locale: Locale,
    page: &ListPage<T, Id>,
    address: &str,
) -> Markup {
    let Some(range) = range(locale, page) else { return html! {} };
    let sign = if address.contains('?') { '&' } else { '?' };
    let after = |id: &Id| format!("{address}{sign}after={id}");
    let previous = page.previous.as_ref();
    html! {
        nav.pager aria-label=(locale.text("pager-label")) {
            @if previous.is_some() {
                a #pager-first href=(address) { (locale.text("pager-first")) }
            }
            @if page.before > 0 {
                a #pager-previous rel="prev" href=(previous.map_or(address.to_owned(), after)) {
                    (locale.text("pager-previous"))
                }
            }
            span aria-current="page" { (range) }
            @if let Some(next) = &page.next {
                a #pager-next rel="next" href=(after(next)) { (locale.text("pager-next")) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::lines;

    fn page(before: u64, previous: Option<u32>, next: Option<u32>) -> ListPage<(), u32> {
        ListPage { entries: vec![(); 20], after: None, before, total: 201, previous, next }
    }

    #[test]
    fn a_page_leads_to_the_first_the_previous_and_the_next_page() {
        let pages = [page(0, None, Some(20)), page(20, None, Some(40)), page(181, Some(161), None)];
        let drawn = html! { @for page in &pages { (pager(Locale::Fr, page, "/orders")) } };
        insta::assert_snapshot!("pager_fr", lines(&drawn));
    }

    #[test]
    fn a_list_with_one_page_has_no_links() {
        let one = ListPage { total: 20, ..page(0, None, None) };
        assert_eq!(pager(Locale::En, &one, "/orders").into_string(), "");
        assert_eq!(range(Locale::En, &page(40, None, None)).as_deref(), Some("41–60 of 201"));
    }
}
