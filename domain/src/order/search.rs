//! The words by which an order is found: its number, its recipient's name and e-mail address.

use std::collections::BTreeSet;

use super::{Order, OrderId};
use crate::search::{finds, words};

/// The most words of a name by which an order is found.
const MOST_WORDS: usize = 8;

impl OrderId {
    /// Returns the number that people read: the last eight digits of the id.
    pub fn number(self) -> String {
        self.0.simple().to_string().chars().skip(24).collect::<String>().to_uppercase()
    }
}

impl Order {
    /// Returns the words by which the order is found, as [`words`] writes them.
    pub fn words(&self) -> BTreeSet<String> {
        let contact = self.contact.as_ref();
        let name = contact.map_or("", |contact| &contact.name);
        let email = contact.map_or("", |contact| contact.email.as_str());
        let number = self.id.number();
        let found_by = words(name).into_iter().take(MOST_WORDS);
        found_by.chain(words(email)).chain(words(&number)).collect()
    }

    /// Returns whether each word of a search is the beginning of a word of the order.
    pub fn is_found_by(&self, search: &[String]) -> bool {
        finds(search, &self.words())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::Contact;
    use super::super::checkout::tests::placed;
    use super::*;
    use crate::user::Email;

    fn order() -> Order {
        let email = Email::new("Ana@Example.org").unwrap();
        let contact = Contact::new("Éva Müller-Roy".into(), email, "1 Quay".into()).unwrap();
        let id = OrderId(Uuid::from_u128(0x0189_0a5d_ac96_774b_bcce_b302_099a_8057));
        Order { id, contact: Some(contact), ..placed() }
    }

    #[test]
    fn an_order_is_found_by_the_beginnings_of_its_words_in_any_case_and_without_accents() {
        assert_eq!(order().id.number(), "099A8057");
        for (search, is_found) in [
            ("eva", true),
            ("ÉVA mull", true),
            ("müller-roy eva", true),
            ("ana@example", true),
            ("099A8057", true),
            ("#099a", true),
            ("", true),
            ("eva smith", false),
            ("roy", false),
            ("8057", false),
        ] {
            assert_eq!(order().is_found_by(&words(search)), is_found, "{search}");
        }
    }

    #[test]
    fn an_anonymous_order_is_found_by_its_number_alone() {
        assert_eq!(order().anonymous().words(), BTreeSet::from(["099a8057".to_owned()]));
        assert_eq!(order().words().len(), 4);
    }

    #[test]
    fn a_long_name_is_found_by_its_first_words() {
        let contact = order().contact.unwrap();
        let name = (0..20).map(|number| format!("w{number}")).collect::<Vec<_>>().join(" ");
        let order = Order { contact: Some(Contact { name, ..contact }), ..order() };
        assert!(order.is_found_by(&words("w0 w7")));
        assert!(!order.is_found_by(&words("w8")));
    }
}
