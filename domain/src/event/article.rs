//! The changes of an article, as its events show them.

use jiff::Timestamp;

use super::{Entry, Event};
use crate::article::Article;
use crate::user::Author;

/// A change of an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArticleChange {
    /// When the article changed.
    pub at: Timestamp,
    /// The administrator who changed it; `None` if an order did.
    pub by: Option<Author>,
    /// The article before; `None` if the article was added.
    pub before: Option<Article>,
    /// The article after.
    pub after: Article,
}

/// Returns the changes between the events of one article, which come in their order; the newest
/// change is the first one.
///
/// The first event changes nothing unless it adds the article: what was before it is not known.
pub fn changes<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<ArticleChange> {
    let mut known: Option<&Article> = None;
    let mut changes = Vec::new();
    for entry in entries {
        let (before, after) = match &entry.event {
            Event::ArticleAdded(article) => (None, article),
            Event::ArticleChanged(article) => (known, article),
            _ => continue,
        };
        let is_added = matches!(entry.event, Event::ArticleAdded(_));
        if is_added || before.is_some_and(|before| before != after) {
            let (before, after) = (before.cloned(), after.clone());
            changes.push(ArticleChange { at: entry.at, by: entry.by.clone(), before, after });
        }
        known = Some(after);
    }
    changes.reverse();
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::tests::lamp;

    fn entry(event: Event) -> Entry {
        Entry { id: 1, at: Timestamp::UNIX_EPOCH, event, by: None }
    }

    #[test]
    fn a_change_is_the_difference_between_an_event_and_the_one_before() {
        let units = |on_hand| Article { on_hand, ..lamp() };
        let changed = [3, 3, 4].map(|on_hand| entry(Event::ArticleChanged(units(on_hand))));
        let moves = |entries: &[Entry]| -> Vec<_> {
            let changes = changes(entries).into_iter();
            changes
                .map(|change| (change.before.map(|lamp| lamp.on_hand), change.after.on_hand))
                .collect()
        };
        assert_eq!(moves(&changed), [(Some(3), 4)]);
        let added = [&[entry(Event::ArticleAdded(lamp()))], &changed[..]].concat();
        assert_eq!(moves(&added), [(Some(3), 4), (Some(5), 3), (None, 5)]);
        assert_eq!(moves(&[entry(Event::ShopClosing)]), []);
    }
}
