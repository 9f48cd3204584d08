//! The origin of the shop, in the form in which browsers send it (RFC 6454).

use url::{Host, Url};

/// Returns the origin with the case, the port and the host name that browsers send; empty if it is
/// not set.
///
/// Returns what would be right if the text is not the origin of a site.
pub(super) fn normalized(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    let Some(url) = parse(text) else { return Err(right(text)) };
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    let origin = url.origin().ascii_serialization();
    if is_bare { Ok(origin) } else { Err(format!("it must be an origin without a path: {origin}")) }
}

/// Returns all origins of a list that is separated by commas or spaces, each
/// [normalized](normalized).
pub(super) fn all_normalized(list: &str) -> Result<Vec<String>, String> {
    list.split([',', ' ']).filter(|text| !text.is_empty()).map(normalized).collect()
}

/// Returns the host name or address of an origin, without its port.
pub(crate) fn host(origin: &str) -> Option<String> {
    parse(origin)?.host_str().map(str::to_owned)
}

/// Returns a URL of a site that browsers can open.
fn parse(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    if !["http", "https"].contains(&url.scheme()) || url.port() == Some(0) {
        return None;
    }
    // The dot at the end of a complete name is not part of what browsers send.
    if let Some(Host::Domain(name)) = url.host()
        && let Some(name) = name.strip_suffix('.').map(str::to_owned)
    {
        url.set_host(Some(&name)).ok()?;
    }
    let is_name = |name: &str| {
        name.chars().all(|character| character.is_ascii_alphanumeric() || "-_.".contains(character))
    };
    match url.host()? {
        Host::Domain(name) if name.is_empty() || !is_name(name) => None,
        _ => Some(url),
    }
}

/// Returns what to write in place of a text that is no URL.
fn right(text: &str) -> String {
    let form = "it must be the scheme, the host and, unless it is the default, the port";
    match parse(&format!("https://{}", text.trim())) {
        Some(url) if !text.contains("//") && text.contains(['.', ':']) => {
            format!("{form}, such as {}", url.origin().ascii_serialization())
        }
        _ => format!("{form}, such as https://shop.example"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_the_same_origin_is_normalized() {
        for text in [
            "https://shop.example",
            "https://Shop.Example",
            "HTTPS://SHOP.EXAMPLE/",
            "https://shop.example:443",
            "https://shop.example.",
            " https://shop.example:443/ ",
        ] {
            assert_eq!(normalized(text), Ok("https://shop.example".to_owned()), "{text}");
        }
        for (text, origin) in [
            ("", ""),
            ("http://localhost:5000", "http://localhost:5000"),
            ("http://shop.example:80", "http://shop.example"),
            ("https://shop.example:80", "https://shop.example:80"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("http://[::1]:80", "http://[::1]"),
            ("http://[0:0:0:0:0:0:0:1]:5000", "http://[::1]:5000"),
        ] {
            assert_eq!(normalized(text), Ok(origin.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_origin_is_refused_with_what_would_be_right() {
        for (text, right) in [
            ("https://shop.example/boutique", "https://shop.example"),
            ("https://Shop.example:443/?a=b", "https://shop.example"),
            ("https://shop.example/#top", "https://shop.example"),
            ("https://ana:secret@shop.example", "https://shop.example"),
            ("shop.example", "https://shop.example"),
            ("shop.example:8443", "https://shop.example:8443"),
            ("localhost:5000", "https://localhost:5000"),
            ("ftp://shop.example", "https://shop.example"),
            ("https://", "https://shop.example"),
            ("https://shop.example:0", "https://shop.example"),
            ("https://shop.example:99999", "https://shop.example"),
            ("https://*.example", "https://shop.example"),
            ("https://a.example,https://b.example", "https://shop.example"),
            ("null", "such as https://shop.example"),
        ] {
            let refusal = normalized(text).unwrap_err();
            assert!(refusal.contains(right), "{text}: {refusal}");
            assert!(!refusal.contains("secret"), "{text}: {refusal}");
        }
    }

    #[test]
    fn every_origin_of_a_list_is_normalized_or_refused() {
        let list =
            "https://Shop.Example:443/, http://localhost:03000 http://[::1]:80,http://0x7f.1";
        let origins =
            ["https://shop.example", "http://localhost:3000", "http://[::1]", "http://127.0.0.1"];
        assert_eq!(all_normalized(list).unwrap(), origins);
        assert_eq!(
            all_normalized("https://bücher.example").unwrap(),
            ["https://xn--bcher-kva.example"]
        );
        assert_eq!(all_normalized(" , "), Ok(Vec::new()));
        for wrong in [
            "*",
            "null",
            "shop.example",
            "https://",
            "https://*.example",
            "https://shop.example/boutique",
            "https://shop.example?a",
            "https://ana:secret@shop.example",
            "https://shop.example:port",
            "ftp://shop.example",
            "file:///",
        ] {
            let refusal = all_normalized(&format!("http://a,{wrong}")).unwrap_err();
            assert!(refusal.contains("it must be") && !refusal.contains("secret"), "{refusal}");
        }
    }

    #[test]
    fn an_origin_has_a_host_without_its_port() {
        assert_eq!(host("https://shop.example:8443"), Some("shop.example".to_owned()));
        assert_eq!(host("http://[::1]:5000"), Some("[::1]".to_owned()));
        assert_eq!(host(""), None);
    }
}
