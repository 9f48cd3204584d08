//! The variables such as `REDIS_HOST`, by which container setups often provide Redis.

use std::collections::HashMap;

use url::Url;

use super::error::SettingsError;

/// Returns the URL of the store that the variables name, or `None` if there is no `REDIS_HOST` or
/// `MICROSHOP_STORE__URL` is set.
pub(super) fn url(variables: &HashMap<String, String>) -> Result<Option<String>, SettingsError> {
    let variable = |name: &str| variables.get(name).filter(|value| !value.is_empty());
    let (None, Some(host)) = (variable("MICROSHOP_STORE__URL"), variable("REDIS_HOST")) else {
        return Ok(None);
    };
    let number = |name: &str, default: u16| variable(name).map_or(Ok(default), |text| text.parse());
    let port = number("REDIS_PORT", 6379)
        .map_err(|_| refused("REDIS_PORT", "it must be a number of at most 65535, such as 6379"))?;
    let database = number("REDIS_DB", 0)
        .map_err(|_| refused("REDIS_DB", "it must be the number of a database, such as 0"))?;
    let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    let is_host = |url: &Url| url.host_str() == Some(host.as_str());
    let url = Url::parse(&format!("redis://{host}:{port}/{database}")).ok().filter(is_host);
    let wrong_host = || refused("REDIS_HOST", "it must be a host name or an IP address only");
    let mut url = url.ok_or_else(wrong_host)?;
    if let Some(password) = variable("REDIS_PASSWORD") {
        // The URL would keep a percent sign, which the client decodes.
        let encoded = |text: &str| text.replace('%', "%25");
        let user = variable("REDIS_USERNAME").map_or_else(String::new, |user| encoded(user));
        let set = url.set_username(&user).and_then(|()| url.set_password(Some(&encoded(password))));
        set.map_err(|()| wrong_host())?;
    }
    Ok(Some(url.into()))
}

fn refused(name: &str, right: &'static str) -> SettingsError {
    SettingsError::Variable { name: name.to_owned(), right }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url_of(given: &[(&str, &str)]) -> Result<Option<String>, String> {
        let variables = given.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        url(&variables.collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_parts_of_the_url_are_encoded() {
        for (given, expected) in [
            (&[][..], None),
            (&[("REDIS_HOST", "")], None),
            (&[("REDIS_PORT", "6379")], None),
            (&[("REDIS_HOST", "redis"), ("REDIS_DB", "2")], Some("redis://redis:6379/2")),
            (&[("REDIS_HOST", "::1"), ("REDIS_PORT", "7000")], Some("redis://[::1]:7000/0")),
            (
                &[("REDIS_HOST", "r"), ("REDIS_PASSWORD", "a%41b")],
                Some("redis://:a%2541b@r:6379/0"),
            ),
            (
                &[("REDIS_HOST", "r"), ("REDIS_USERNAME", "a:b"), ("REDIS_PASSWORD", "p@s/s#?")],
                Some("redis://a%3Ab:p%40s%2Fs%23%3F@r:6379/0"),
            ),
        ] {
            assert_eq!(url_of(given), Ok(expected.map(str::to_owned)), "{given:?}");
        }
    }

    #[test]
    fn a_wrong_part_is_refused_by_the_name_of_its_variable() {
        for (name, value) in [
            ("REDIS_PORT", "tcp://10.0.0.1:6379"),
            ("REDIS_PORT", "70000"),
            ("REDIS_DB", "first"),
            ("REDIS_HOST", "redis/1"),
            ("REDIS_HOST", "ana@redis"),
            ("REDIS_HOST", "redis:6379"),
        ] {
            let refusal = url_of(&[("REDIS_HOST", "redis"), (name, value)]).unwrap_err();
            assert!(refusal.starts_with(name), "{refusal}");
        }
    }
}
