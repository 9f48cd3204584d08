//! A form that was refused: what was typed into it, and why it was refused.

/// What a visitor has typed into a form, and why the shop refused it.
///
/// The default is a form that was not sent yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// The names and values of the fields; never a password.
    pub typed: Vec<(String, String)>,
    /// Why the form was refused; `None` if it was not.
    pub refusal: Option<Refusal>,
}

/// Why a form was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The sentence for the visitor.
    pub message: String,
    /// The name of the field that the sentence is about; `None` if it is about the whole form.
    pub field: Option<String>,
}

impl Draft {
    /// Returns what was typed into a field, or an empty text.
    pub fn value(&self, field: &str) -> &str {
        let typed = self.typed.iter().find(|(name, _)| name == field);
        typed.map_or("", |(_, value)| value)
    }

    /// Returns why a field was refused, or `None` if it was not.
    pub(crate) fn reason(&self, field: &str) -> Option<&str> {
        let refusal = self.refusal.as_ref()?;
        (refusal.field.as_deref() == Some(field)).then_some(refusal.message.as_str())
    }

    /// Returns why the whole form was refused, or `None` if it was not.
    pub(crate) fn summary(&self) -> Option<&str> {
        let refusal = self.refusal.as_ref()?;
        refusal.field.is_none().then_some(refusal.message.as_str())
    }
}
