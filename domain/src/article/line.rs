//! The lines of a file of articles: what each asks of the catalogue.
//!
//! A file is imported again after a failure, or with some lines mended. So a line that the
//! catalogue already agrees with asks for nothing, whatever version it was made of (RFC 9110,
//! section 13.1.1, allows this for a change that has already been made), and a line without a
//! number never adds a second article of the same name.

use std::collections::BTreeMap;

use super::texts::Texts;
use super::{
    Article, ArticleError, ArticleId, ArticlePatch, ArticleVersion, Articles, NEUTRAL_PICTURE,
};

/// A line of a file of articles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// The article that the line is about; `None` for a new one.
    pub id: Option<ArticleId>,
    /// The version that the line was made of; `None` accepts any.
    pub version: Option<ArticleVersion>,
    /// The fields that the line has.
    pub fields: ArticlePatch,
}

/// What a line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Nothing: the catalogue agrees with the line.
    Nothing,
    /// To add an article.
    Add(Box<Article>),
    /// To change an article.
    Change {
        /// The article.
        id: ArticleId,
        /// The fields that differ.
        patch: ArticlePatch,
        /// The version that the article must have; `None` accepts any.
        expected: Option<ArticleVersion>,
    },
}

/// The articles that lines are compared with, also by their names.
#[derive(Debug, Clone, Default)]
pub struct KnownArticles {
    articles: Articles,
    names: BTreeMap<String, Vec<ArticleId>>,
}

impl KnownArticles {
    /// Puts an article in the place of its earlier version.
    pub fn put(&mut self, article: Article) {
        if let Some(earlier) = self.articles.get(&article.id)
            && let Some(namesakes) = self.names.get_mut(&earlier.name)
        {
            namesakes.retain(|id| *id != article.id);
        }
        self.names.entry(article.name.clone()).or_default().push(article.id);
        self.articles.insert(article.id, article);
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &Article> {
        let ids = self.names.get(name).into_iter().flatten();
        ids.filter_map(|id| self.articles.get(id))
    }
}

impl Line {
    /// Returns what the line asks for, or an error if it breaks a rule.
    pub fn wish(&self, known: &KnownArticles) -> Result<Wish, ArticleError> {
        match self.id {
            Some(id) => self.wish_for(known.articles.get(&id).ok_or(ArticleError::Unknown)?),
            None => self.wish_for_new(known),
        }
    }

    fn wish_for(&self, article: &Article) -> Result<Wish, ArticleError> {
        let patch = self.fields.clone().without_fields_of(article);
        if article.patched(patch.clone())? == *article {
            return Ok(Wish::Nothing);
        }
        Ok(Wish::Change { id: article.id, patch, expected: self.version })
    }

    /// The stock and the sale of an article that has the name do not count: orders and
    /// administrators may have changed them since an earlier import added it.
    fn wish_for_new(&self, known: &KnownArticles) -> Result<Wish, ArticleError> {
        let article = self.new_article()?;
        let fields = ArticlePatch { on_hand: None, active: None, ..self.fields.clone() };
        let agrees = |namesake: &Article| {
            let differing = fields.clone().without_fields_of(namesake);
            namesake.patched(differing).is_ok_and(|patched| patched == *namesake)
        };
        let namesakes: Vec<_> = known.named(&article.name).collect();
        match namesakes.first() {
            None => Ok(Wish::Add(Box::new(article))),
            Some(_) if namesakes.iter().any(|namesake| agrees(namesake)) => Ok(Wish::Nothing),
            Some(namesake) => Err(ArticleError::SameName { id: namesake.id }),
        }
    }

    fn new_article(&self) -> Result<Article, ArticleError> {
        let rule = "must be given for a new article";
        let missing = |field| ArticleError::Invalid { field, rule };
        let fields = self.fields.clone();
        let translation = Texts {
            name: fields.translated_name.unwrap_or_default(),
            description: fields.translated_description.unwrap_or_default(),
        };
        Article {
            id: ArticleId(0),
            name: fields.name.ok_or(missing("name"))?,
            description: fields.description.unwrap_or_default(),
            picture: NEUTRAL_PICTURE.to_owned(),
            price: fields.price.ok_or(missing("price_cents"))?,
            on_hand: fields.on_hand.ok_or(missing("on_hand"))?,
            reserved: 0,
            active: fields.active.unwrap_or(true),
            revision: 0,
            translation,
            uploaded: None,
        }
        .validated()
    }
}

impl ArticlePatch {
    /// Returns the patch without the fields that an article already has: texts that were stored
    /// before a rule are not checked against it, and a stock that stays needs no version.
    fn without_fields_of(self, article: &Article) -> Self {
        let Texts { name, description } = &article.translation;
        Self {
            name: self.name.filter(|own| *own != article.name),
            description: self.description.filter(|own| *own != article.description),
            translated_name: self.translated_name.filter(|own| own != name),
            translated_description: self.translated_description.filter(|own| own != description),
            price: self.price.filter(|own| *own != article.price),
            on_hand: self.on_hand.filter(|own| *own != article.on_hand),
            active: self.active.filter(|own| *own != article.active),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::tests::lamp;
    use crate::money::Cents;

    fn known(articles: impl IntoIterator<Item = Article>) -> KnownArticles {
        let mut known = KnownArticles::default();
        articles.into_iter().for_each(|article| known.put(article));
        known
    }

    fn named(name: &str) -> ArticlePatch {
        let name = Some(name.to_owned());
        ArticlePatch { name, price: Some(Cents(1_250)), on_hand: Some(5), ..Default::default() }
    }

    fn new_line(fields: ArticlePatch) -> Line {
        Line { fields, ..Line::default() }
    }

    #[test]
    fn a_line_that_the_catalogue_agrees_with_asks_for_nothing_whatever_its_version() {
        let known = known([lamp()]);
        let version = Some(ArticleVersion { revision: 9, available: 9 });
        let fields = ArticlePatch { active: Some(true), ..named("  Lamp ") };
        let line = Line { id: Some(lamp().id), version, fields };
        assert_eq!(line.wish(&known), Ok(Wish::Nothing));
        let line = Line { id: Some(ArticleId(2)), ..line };
        assert_eq!(line.wish(&known), Err(ArticleError::Unknown));
    }

    #[test]
    fn a_line_changes_only_the_fields_that_differ() {
        let old = Article { description: "An old\u{202E} text.".into(), ..lamp() };
        let fields = ArticlePatch {
            price: Some(Cents(900)),
            description: Some(old.description.clone()),
            ..named("Lamp")
        };
        let line = Line { id: Some(old.id), version: Some(old.version()), fields };
        let patch = ArticlePatch { price: Some(Cents(900)), ..ArticlePatch::default() };
        let change = Wish::Change { id: old.id, patch, expected: line.version };
        assert_eq!(line.wish(&known([old])), Ok(change));
    }

    #[test]
    fn a_line_without_a_number_adds_an_article_of_a_new_name_only() {
        let torch = Article { id: ArticleId(0), name: "Torch".into(), ..lamp() };
        let torch = Article { picture: NEUTRAL_PICTURE.into(), ..torch };
        let line = new_line(named(" Torch"));
        assert_eq!(line.wish(&known([lamp()])), Ok(Wish::Add(Box::new(torch.clone()))));
        let sold = Article { id: ArticleId(2), on_hand: 1, active: false, ..torch };
        assert_eq!(line.wish(&known([lamp(), sold.clone()])), Ok(Wish::Nothing));
        let dearer = Article { id: ArticleId(3), price: Cents(2_000), ..sold.clone() };
        assert_eq!(line.wish(&known([dearer.clone(), sold.clone()])), Ok(Wish::Nothing));
        let id = dearer.id;
        assert_eq!(line.wish(&known([dearer])), Err(ArticleError::SameName { id }));
        let renamed = Article { name: "Candle".into(), ..sold.clone() };
        assert!(matches!(line.wish(&known([sold, renamed])), Ok(Wish::Add(_))));
    }

    #[test]
    fn a_new_article_needs_a_name_a_price_and_a_stock() {
        let complete = named("Torch");
        for (fields, missing) in [
            (ArticlePatch { name: None, ..complete.clone() }, "name"),
            (ArticlePatch { price: None, ..complete.clone() }, "price_cents"),
            (ArticlePatch { on_hand: None, ..complete.clone() }, "on_hand"),
        ] {
            let refused = new_line(fields).wish(&known([]));
            let Err(ArticleError::Invalid { field, .. }) = refused else {
                panic!("{missing}: {refused:?}")
            };
            assert_eq!(field, missing);
        }
        let broken = new_line(ArticlePatch { price: Some(Cents(0)), ..complete });
        assert!(broken.wish(&known([])).is_err());
    }
}
