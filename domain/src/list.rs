//! Pages of lists.

/// A page of a list: some of its entries, in the order of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPage<T, Id> {
    /// The entries.
    pub entries: Vec<T>,
    /// The entry after which the page was to start; `None` for the first page.
    pub after: Option<Id>,
    /// The number of entries before them.
    pub before: u64,
    /// The number of entries of the whole list.
    pub total: u64,
    /// The entry after which the previous page starts; `None` if that one is the first page.
    pub previous: Option<Id>,
    /// The entry after which the next page starts; `None` on the last page.
    pub next: Option<Id>,
}

impl<T: Clone, Id: Copy + Ord> ListPage<T, Id> {
    /// Returns up to `limit` entries after the entry `after`, which need not exist. If there are
    /// none, returns the last page instead.
    ///
    /// `list` is the whole list, sorted by `id`.
    pub fn of(list: &[T], id: impl Fn(&T) -> Id, after: Option<Id>, limit: usize) -> Self {
        let found = list.partition_point(|entry| Some(id(entry)) <= after);
        let before = if found < list.len() { found } else { found.saturating_sub(limit) };
        let entries: Vec<_> = list.iter().skip(before).take(limit).cloned().collect();
        let last_before_previous = before.checked_sub(limit + 1);
        let has_more = before + entries.len() < list.len();
        Self {
            after,
            before: before as u64,
            total: list.len() as u64,
            previous: last_before_previous.and_then(|last| list.get(last)).map(&id),
            next: entries.last().filter(|_| has_more).map(&id),
            entries,
        }
    }
}

impl<T, Id> ListPage<T, Id> {
    /// Returns the page with each entry converted.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> ListPage<U, Id> {
        let Self { entries, after, before, total, previous, next } = self;
        let entries = entries.into_iter().map(convert).collect();
        ListPage { entries, after, before, total, previous, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the first and the last entry of a page of tens, the entries before them, and the
    /// entries after which the pages next to it start.
    fn page(list: &[u32], after: Option<u32>) -> (&[u32], u64, Option<u32>, Option<u32>) {
        let page = ListPage::of(list, |entry| *entry, after, 2);
        assert_eq!(page.total, list.len() as u64);
        let start = page.before as usize;
        assert_eq!(page.entries, list[start..start + page.entries.len()]);
        (&list[start..start + page.entries.len()], page.before, page.previous, page.next)
    }

    #[test]
    fn a_list_has_pages_that_lead_to_each_other() {
        let list = [10, 20, 30, 40, 50];
        assert_eq!(page(&list, None), (&[10, 20][..], 0, None, Some(20)));
        assert_eq!(page(&list, Some(20)), (&[30, 40][..], 2, None, Some(40)));
        assert_eq!(page(&list, Some(40)), (&[50][..], 4, Some(20), None));
    }

    #[test]
    fn a_page_may_start_after_an_entry_that_was_removed() {
        let list = [10, 30, 40, 50];
        assert_eq!(page(&list, Some(20)), (&[30, 40][..], 1, None, Some(40)));
        assert_eq!(page(&list, Some(5)), (&[10, 30][..], 0, None, Some(30)));
    }

    #[test]
    fn a_page_after_the_last_entry_is_the_last_page() {
        assert_eq!(page(&[10, 20, 30], Some(30)), (&[20, 30][..], 1, None, None));
        assert_eq!(page(&[10, 20, 30], Some(99)), (&[20, 30][..], 1, None, None));
        assert_eq!(page(&[10, 20, 30, 40], Some(40)), (&[30, 40][..], 2, None, None));
        assert_eq!(page(&[10], Some(40)), (&[10][..], 0, None, None));
        assert_eq!(page(&[], Some(40)), (&[][..], 0, None, None));
        assert_eq!(page(&[], None), (&[][..], 0, None, None));
    }

    #[test]
    fn the_pages_of_any_list_show_each_entry_once() {
        for length in 0..9 {
            let list: Vec<u32> = (1..=length).collect();
            let mut shown = Vec::new();
            let mut after = None;
            loop {
                let (entries, _, _, next) = page(&list, after);
                shown.extend_from_slice(entries);
                if next.is_none() {
                    break;
                }
                after = next;
            }
            assert_eq!(shown, list);
        }
    }
}
