//! What new passwords are compared with.

use domain::user::password::PasswordRule;

use super::origin;
use super::sections::ServerConfig;

/// The name of the shop, as its pages show it.
const SHOP_NAME: &str = "MicroShop";

/// Passwords and words that an attacker tries first; the build writes them.
const COMMON: &[&str] = include!(concat!(env!("OUT_DIR"), "/common_passwords.rs"));

/// Returns the rule for a shop, whose host may have a name of its own.
pub(super) fn rule(server: &ServerConfig) -> PasswordRule {
    let host = origin::host(&server.public_origin).unwrap_or_default();
    let longest_label = host.split('.').max_by_key(|label| label.len()).unwrap_or_default();
    let names = [SHOP_NAME, longest_label].into_iter().filter(|name| !name.is_empty());
    PasswordRule { common: COMMON, shop: names.map(str::to_owned).collect() }
}

#[cfg(test)]
mod tests {
    use domain::user::{UserError, Username};

    use super::super::Config;
    use super::*;

    #[test]
    fn at_least_three_thousand_common_passwords_fit_the_rule_and_are_refused() {
        assert!(COMMON.is_sorted());
        let rule = rule(&Config::defaults().unwrap().server);
        let name = Username::new("ana").unwrap();
        let long = COMMON.iter().filter(|password| password.chars().count() >= 8);
        let refused = long.filter(|password| {
            rule.check(&password.to_uppercase(), &name, None) == Err(UserError::PasswordCommon)
        });
        assert!(refused.count() >= 3_000);
        for password in ["12345678", "password1!", "iloveyou", "motdepasse", "azerty123"] {
            assert_eq!(rule.check(password, &name, None), Err(UserError::PasswordCommon));
        }
    }

    #[test]
    fn the_name_of_the_host_is_a_name_of_the_shop() {
        let mut server = Config::defaults().unwrap().server;
        server.public_origin = "https://www.quayside.example:8443".to_owned();
        assert_eq!(rule(&server).shop, ["MicroShop", "quayside"]);
    }
}
