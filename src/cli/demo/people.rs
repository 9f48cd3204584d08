//! The users of a demo, whom robots act for.

use domain::order::Contact;
use domain::user::{Email, UserError};

/// The administrator who ships orders and fills the stock.
pub(super) const CLERK: &str = "clerk";

/// A customer.
pub(super) struct Customer {
    /// The name to sign in with.
    pub(super) username: &'static str,
    /// The recipient of the orders.
    pub(super) name: &'static str,
    /// The address to ship to.
    pub(super) address: &'static str,
}

/// Every customer.
pub(super) const CUSTOMERS: [Customer; 10] = [
    customer("ines", "Inès Moreau", "12 rue des Lilas\n69003 Lyon"),
    customer("karim", "Karim Benali", "4 quai de la Fosse\n44000 Nantes"),
    customer("julia", "Julia Weber", "Lindenweg 8\n79098 Freiburg"),
    customer("tom", "Tom Baker", "27 Mill Lane\nBristol BS1 4DJ"),
    customer("lea", "Léa Fontaine", "3 place du Marché\n67000 Strasbourg"),
    customer("noah", "Noah Peeters", "Kerkstraat 15\n9000 Gent"),
    customer("sofia", "Sofia Rossi", "Via dei Mille 22\n10123 Torino"),
    customer("hugo", "Hugo Lambert", "58 avenue Foch\n33000 Bordeaux"),
    customer("mira", "Mira Novak", "Trubarjeva 9\n1000 Ljubljana"),
    customer("oscar", "Óscar Vidal", "Carrer de Sants 31\n08014 Barcelona"),
];

const fn customer(username: &'static str, name: &'static str, address: &'static str) -> Customer {
    Customer { username, name, address }
}

impl Customer {
    /// Returns the e-mail address, of a domain that is reserved for examples (RFC 2606).
    pub(super) fn email(&self) -> String {
        format!("{}@example.org", self.username)
    }

    /// Returns the recipient of the orders.
    pub(super) fn contact(&self) -> Result<Contact, UserError> {
        let Self { name, address, .. } = self;
        let email = Email::new(self.email())?;
        Ok(Contact { name: (*name).to_owned(), email, address: (*address).to_owned() })
    }
}
