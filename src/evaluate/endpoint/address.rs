//! Where a model is asked, and with which key: from the environment and the command line, never from the repository.

use std::fmt;
use std::net::IpAddr;

use ureq::http::Uri;

use crate::cost::cards::{Card, Platform};
use crate::prompt::bodies::Dialect;
use crate::syntax::error::Error;

/// A variable of the process's environment, by its name.
pub type Environment<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// Whose API a dialect is, and the variables that the vendor's own SDK reads.
struct Vendor {
    platform: Platform,
    name: &'static str,
    base: &'static str,
    bases: &'static [&'static str],
    keys: &'static [&'static str],
}

/// The variables and the default addresses of anthropic 2.14.0, openai 3.57.0 and google-genai 3.6.1.
fn vendor(dialect: Dialect) -> Option<Vendor> {
    Some(match dialect {
        Dialect::Messages => Vendor {
            platform: Platform::Anthropic,
            name: "Anthropic",
            base: "https://api.anthropic.com",
            bases: &["ANTHROPIC_BASE_URL"],
            keys: &["ANTHROPIC_API_KEY"],
        },
        Dialect::Responses | Dialect::Chat => Vendor {
            platform: Platform::OpenAi,
            name: "OpenAI",
            base: "https://api.openai.com/v1",
            bases: &["OPENAI_BASE_URL"],
            keys: &["OPENAI_API_KEY"],
        },
        Dialect::Generate => Vendor {
            platform: Platform::Google,
            name: "Google",
            base: "https://generativelanguage.googleapis.com",
            bases: &["GEMINI_BASE_URL", "GOOGLE_GEMINI_BASE_URL"],
            keys: &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        },
        Dialect::Cached | Dialect::Converse => return None,
    })
}

/// Whether requests of this dialect can be sent.
pub fn is_asked(dialect: Dialect) -> bool {
    vendor(dialect).is_some()
}

/// A key of a vendor's. It is printed by nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// Shorter words than this stand in many texts; no vendor's key is as short.
const SHORTEST_SECRET: usize = 12;

impl Key {
    /// The text with the key blanked out.
    pub fn redact(&self, text: &str) -> String {
        if self.0.len() < SHORTEST_SECRET { text.to_owned() } else { text.replace(&self.0, "[key]") }
    }

    /// The key itself, for a header.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

/// A server and a key for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// What a path is appended to; no slash at its end.
    pub base: String,
    /// Scheme, host and port.
    pub origin: String,
    /// The key, if the environment has one.
    pub key: Option<Key>,
    /// Whether it is the vendor's own, since nobody named another one.
    pub is_vendors: bool,
}

impl Address {
    /// Where a model is asked in a dialect: at the address that is `given` on the command line, else at that of the
    /// environment, else at the vendor's own.
    ///
    /// # Errors
    /// For an address that is none, that is neither encrypted nor on this machine, or that holds a password; for a card
    /// of another vendor as long as no address is set; for the vendor's own address without a key.
    pub fn find(card: &Card, dialect: Dialect, given: Option<&str>, environment: Environment) -> Result<Self, Error> {
        let Some(vendor) = vendor(dialect) else {
            let what =
                format!("{} is asked in the `{}` dialect, which eval does not send", card.name, dialect.as_str());
            return Err(Error::usage(what, "name a model of another API with --model"));
        };
        let set = |names: &[&'static str]| {
            let is_set =
                |name: &&'static str| Some((*name, environment(name).filter(|value| !value.trim().is_empty())?));
            names.iter().find_map(is_set)
        };
        let found = given.map(|url| ("--base-url", url.to_owned())).or_else(|| set(vendor.bases));
        if found.is_none() && card.platform != vendor.platform {
            let what = format!(
                "{} is not {}'s own, and nothing says where it is served: a prompt goes to no vendor by accident",
                card.name, vendor.name
            );
            let cure = format!("set {} or --base-url to the address of its server", vendor.bases.join(" or "));
            return Err(Error::usage(what, cure));
        }
        let (source, url) = found.unwrap_or(("", vendor.base.to_owned()));
        let (base, origin) = checked(source, &url)?;
        let key = set(vendor.keys);
        if let Some((name, _)) = key.as_ref().filter(|(_, key)| !key.bytes().all(|byte| byte.is_ascii_graphic())) {
            let what = format!("{name} holds a character that no key has, such as a blank or a line break");
            return Err(Error::usage(what, "set it to the key alone"));
        }
        if key.is_none() && source.is_empty() {
            let what = format!("{} needs a key of {}'s, and {} is not set", card.name, vendor.name, vendor.keys[0]);
            let cure = "set it in the environment; what is recorded needs none, as `eval --replay` reads it";
            return Err(Error::usage(what, cure));
        }
        Ok(Self { base, origin, key: key.map(|(_, key)| Key(key)), is_vendors: source.is_empty() })
    }

    /// The text without the key.
    pub fn redact(&self, text: &str) -> String {
        self.key.as_ref().map_or_else(|| text.to_owned(), |key| key.redact(text))
    }
}

/// A base URL without a slash at its end, and its origin.
fn checked(source: &str, url: &str) -> Result<(String, String), Error> {
    // What is wrong with an address is said without it: it may hold a password.
    let wrong = |what: &str, cure: &str| Error::usage(format!("{source} {what}"), cure);
    let example = "write it as https://HOST/PATH, or http://127.0.0.1:PORT for a server on this machine";
    let uri: Uri = url.trim().parse().map_err(|_| wrong("is no address", example))?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(wrong("is no address", example));
    };
    if authority.as_str().contains('@') {
        return Err(wrong("holds a user or a password", "take it out; the key has a variable of its own"));
    }
    if uri.query().is_some() || url.contains('#') {
        return Err(wrong("holds a query or a fragment", "end it with the path"));
    }
    match scheme {
        "https" => {}
        "http" if is_loopback(authority.host()) => {}
        "http" => return Err(wrong("is not encrypted and not on this machine", example)),
        _ => return Err(wrong("is neither https nor http", example)),
    }
    let origin = format!("{scheme}://{authority}");
    Ok((format!("{origin}{}", uri.path().trim_end_matches('/')), origin))
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::cards::Cards;

    fn find(model: &str, dialect: Dialect, given: Option<&str>, set: &[(&str, &str)]) -> Result<Address, String> {
        let card = Cards::built_in().find(model).expect("a card");
        let environment = |name: &str| set.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
        Address::find(&card, dialect, given, &environment).map_err(|error| error.to_string())
    }

    #[test]
    fn each_dialect_reads_the_variables_of_its_vendor() {
        let key = "sk-0123456789abcdef";
        let table = [
            ("claude-sonnet-5-5", Dialect::Messages, "ANTHROPIC_API_KEY", "https://api.anthropic.com"),
            ("gpt-6.1-sol", Dialect::Responses, "OPENAI_API_KEY", "https://api.openai.com/v1"),
            ("gpt-6.1-sol", Dialect::Chat, "OPENAI_API_KEY", "https://api.openai.com/v1"),
            ("gemini-3.8-flash", Dialect::Generate, "GEMINI_API_KEY", "https://generativelanguage.googleapis.com"),
        ];
        for (model, dialect, name, base) in table {
            let address = find(model, dialect, None, &[(name, key)]).unwrap();
            assert_eq!((address.base.as_str(), address.key.as_ref().map(Key::expose)), (base, Some(key)));
            let missing = find(model, dialect, None, &[]).unwrap_err();
            assert!(missing.contains(name), "{missing}");
            assert!(!format!("{address:?}").contains(key));
            assert_eq!(address.redact(&format!("a {key}, {key}")), "a [key], [key]");
        }
    }

    #[test]
    fn addresses_that_could_leak_a_prompt_or_a_key_are_refused() {
        let table = [
            ("http://example.com/v1", "not encrypted"),
            ("http://127.0.0.1.example.com", "not encrypted"),
            ("https://user:secret@example.com", "a password"),
            ("https://example.com/?key=secret", "a query"),
            ("ftp://127.0.0.1", "neither https nor http"),
            ("example.com", "no address"),
            ("", "no address"),
            ("https://exa mple.com", "no address"),
        ];
        for (url, why) in table {
            let error = find("gpt-6.1-sol", Dialect::Chat, Some(url), &[]).unwrap_err();
            assert!(error.contains(why) && !error.contains("secret"), "{url}: {error}");
        }
        for (url, base) in [
            ("http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/v1"),
            ("http://[::1]:1", "http://[::1]:1"),
            ("http://localhost", "http://localhost"),
            ("https://gateway.example/openai", "https://gateway.example/openai"),
        ] {
            assert_eq!(find("gpt-6.1-sol", Dialect::Chat, Some(url), &[]).unwrap().base, base);
        }
        let key = [("OPENAI_API_KEY", "sk-0123456789\nabcdef")];
        assert!(find("gpt-6.1-sol", Dialect::Chat, None, &key).unwrap_err().contains("OPENAI_API_KEY"));
    }

    #[test]
    fn a_card_of_another_vendor_goes_nowhere_until_an_address_is_set() {
        let key = ("OPENAI_API_KEY", "sk-0123456789abcdef");
        let error = find("mistral-large-4", Dialect::Chat, None, &[key]).unwrap_err();
        assert!(error.contains("not OpenAI's own"), "{error}");
        let set = [key, ("OPENAI_BASE_URL", "https://api.mistral.example/v1")];
        assert_eq!(find("mistral-large-4", Dialect::Chat, None, &set).unwrap().origin, "https://api.mistral.example");
        let both = [("ANTHROPIC_BASE_URL", "https://a.example"), ("ANTHROPIC_API_KEY", "sk-0123456789abcdef")];
        let given = find("claude-sonnet-5-5", Dialect::Messages, Some("https://b.example"), &both).unwrap();
        assert_eq!(given.origin, "https://b.example");
    }
}
