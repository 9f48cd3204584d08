//! The texts of an article in the other language of the pages.

use serde::{Deserialize, Serialize};

use super::{ArticleError, check_description, check_name};

/// The name and the description of an article in one language; an empty one is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    /// The name.
    pub name: String,
    /// The description.
    pub description: String,
}

impl Texts {
    /// Returns the texts with new ones applied, or an error if one of these is not valid.
    pub(super) fn patched(
        &self,
        name: Option<String>,
        description: Option<String>,
    ) -> Result<Self, ArticleError> {
        let changed = Self {
            name: name.clone().unwrap_or_default(),
            description: description.clone().unwrap_or_default(),
        };
        let changed = changed.validated()?;
        Ok(Self {
            name: name.map_or_else(|| self.name.clone(), |_| changed.name),
            description: description
                .map_or_else(|| self.description.clone(), |_| changed.description),
        })
    }

    /// Returns the texts without spaces around the name, or an error if one is not valid.
    pub(super) fn validated(self) -> Result<Self, ArticleError> {
        let name = self.name.trim().to_owned();
        if !name.is_empty() {
            check_name(&name).map_err(|error| translated(error, "translated_name"))?;
        }
        check_description(&self.description)
            .map_err(|error| translated(error, "translated_description"))?;
        Ok(Self { name, ..self })
    }
}

/// Returns the error about another field.
fn translated(error: ArticleError, field: &'static str) -> ArticleError {
    match error {
        ArticleError::Invalid { rule, .. } => ArticleError::Invalid { field, rule },
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_translation_may_be_missing_but_is_valid_otherwise() {
        let texts = Texts { name: "Lampe".into(), description: "Claire.".into() };
        assert_eq!(texts.patched(None, None), Ok(texts.clone()));
        let renamed = texts.patched(Some(" Torche ".into()), None).unwrap();
        assert_eq!((renamed.name.as_str(), renamed.description.as_str()), ("Torche", "Claire."));
        assert_eq!(texts.patched(Some(" ".into()), Some(String::new())), Ok(Texts::default()));
        for (name, description, field) in [
            (Some("é".repeat(81)), None, "translated_name"),
            (Some("a\u{200b}".to_owned()), None, "translated_name"),
            (None, Some("é".repeat(501)), "translated_description"),
        ] {
            let refused = texts.patched(name, description).unwrap_err();
            assert!(
                matches!(refused, ArticleError::Invalid { field: named, .. } if named == field)
            );
        }
    }
}
