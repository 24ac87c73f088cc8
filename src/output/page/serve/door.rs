//! Who is let in, and what they may ask for. Everything that is not listed here is refused.

use std::io;
use std::net::SocketAddr;

use hyper::header::{HOST, HeaderMap, ORIGIN};
use hyper::{Method, Request};

use crate::syntax::limits::MAX_ASKED_BYTES;

use super::authority;

/// What a request must say to be let in.
pub(super) struct Door {
    /// The names that this very server has, with its port.
    hosts: [String; 2],
    token: Token,
}

/// 128 random bits that only this run knows, in hexadecimal.
struct Token(String);

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// A file of the app; empty for the page itself.
    File(&'static str),
    /// The value that the page shows.
    Value,
    /// What the value leaves out of one of its contexts.
    Detail {
        /// Its index.
        number: usize,
    },
    /// A request body.
    Body {
        /// The index of its context.
        number: usize,
        /// The index of its model there.
        model: usize,
    },
    /// The texts of all contexts, to search in.
    Texts,
    /// To be told of new builds; the number of the last one that was told.
    Events {
        /// What the browser remembers from before the connection broke.
        last: Option<u64>,
    },
    /// How the working tree differs from a revision.
    Difference {
        /// The revision.
        base: String,
    },
    /// A context commit by commit.
    History {
        /// Its name.
        context: String,
    },
}

/// Why nothing is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The request was sent to another name than ours: a name that was made to point here.
    Host,
    /// A page of another origin asks.
    Origin,
    /// Nothing can be changed here.
    Method,
    /// There is no such name, or the token is not this run's. Both are one answer.
    Absent,
    /// A question that cannot be meant.
    Question,
}

impl Door {
    /// A door with a new token, for the server at `address`.
    pub(super) fn new(address: SocketAddr) -> io::Result<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        let token = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { hosts: authority(address), token: Token(token) })
    }

    /// Where the page is.
    pub(super) fn address(&self) -> String {
        let [host, _] = &self.hosts;
        format!("http://{host}/{}/", self.token.0)
    }

    /// What a request asks for, if it may.
    pub(super) fn wanted<B>(&self, request: &Request<B>) -> Result<Route, Refusal> {
        let is_own = |host: &str| self.hosts.iter().any(|own| own == host);
        // In a request for a whole address, as to a proxy, that address counts and not the header.
        if request.uri().authority().is_some_and(|authority| !is_own(authority.as_str())) {
            return Err(Refusal::Host);
        }
        if !only(request.headers(), HOST).is_some_and(is_own) {
            return Err(Refusal::Host);
        }
        // A browser sends no origin with a page's own requests to read; where one stands it is ours.
        let is_ours = |origin: &str| origin.strip_prefix("http://").is_some_and(is_own);
        if request.headers().contains_key(ORIGIN) && !only(request.headers(), ORIGIN).is_some_and(is_ours) {
            return Err(Refusal::Origin);
        }
        if request.method() != Method::GET {
            return Err(Refusal::Method);
        }
        let path = request.uri().path().strip_prefix('/').ok_or(Refusal::Absent)?;
        let (token, name) = path.split_once('/').ok_or(Refusal::Absent)?;
        if !self.token.is(token) {
            return Err(Refusal::Absent);
        }
        let asked = |key| question(request.uri().query(), key).ok_or(Refusal::Question);
        match name {
            "" => Ok(Route::File("")),
            "app.js" => Ok(Route::File("app.js")),
            "app.css" => Ok(Route::File("app.css")),
            "page.json" => Ok(Route::Value),
            "texts.json" => Ok(Route::Texts),
            "prompt.json" => {
                let number = asked("number")?.parse().map_err(|_| Refusal::Question)?;
                Ok(Route::Detail { number })
            }
            "body.json" => {
                let of = asked("of")?;
                let numbers = of.split_once('.').and_then(|(one, two)| Some((one.parse().ok()?, two.parse().ok()?)));
                numbers.map(|(number, model)| Route::Body { number, model }).ok_or(Refusal::Question)
            }
            "events" => {
                let last = only(request.headers(), "last-event-id").and_then(|last| last.parse().ok());
                Ok(Route::Events { last })
            }
            "diff.json" => asked("base").and_then(|base| {
                if is_revision(&base) { Ok(Route::Difference { base }) } else { Err(Refusal::Question) }
            }),
            "history.json" => Ok(Route::History { context: asked("context")? }),
            _ => Err(Refusal::Absent),
        }
    }
}

impl Token {
    /// Compares every byte whatever the first ones are, so that the time says nothing of them.
    fn is(&self, given: &str) -> bool {
        let differing = self.0.bytes().zip(given.bytes()).fold(0, |differing, (own, given)| differing | (own ^ given));
        self.0.len() == given.len() && differing == 0
    }
}

/// The value of a header that stands exactly once and is plain text.
fn only(headers: &HeaderMap, name: impl hyper::header::AsHeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// The value of the one key of a query.
fn question(query: Option<&str>, key: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query?.as_bytes());
    let (found, value) = pairs.next()?;
    let is_it = found == key && pairs.next().is_none() && !value.is_empty() && value.len() <= MAX_ASKED_BYTES;
    is_it.then(|| value.into_owned())
}

/// Whether it can be the name of a commit: a branch, a tag, an id, and steps back from them. git knows
/// more (searching messages, looking into trees), which nobody needs here.
fn is_revision(written: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || "._/-+@#~^".contains(c);
    written.chars().all(is_plain) && !written.starts_with('-') && !written.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "00112233445566778899aabbccddeeff";

    /// What comes of a request: its line and headers as they stand on the wire.
    fn asked(line: &str, headers: &[(&str, &str)]) -> Result<Route, Refusal> {
        let door = Door { hosts: authority(([127, 0, 0, 1], 4000).into()), token: Token(TOKEN.to_owned()) };
        let (method, target) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(target.replace("TOKEN", TOKEN));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        door.wanted(&request.body(()).unwrap())
    }

    fn from_here(line: &str) -> Result<Route, Refusal> {
        asked(line, &[("host", "127.0.0.1:4000")])
    }

    #[test]
    fn the_names_of_the_page_and_no_other() {
        assert_eq!(from_here("GET /TOKEN/"), Ok(Route::File("")));
        assert_eq!(from_here("GET /TOKEN/app.js"), Ok(Route::File("app.js")));
        assert_eq!(from_here("GET /TOKEN/page.json?x"), Ok(Route::Value));
        assert_eq!(from_here("GET /TOKEN/diff.json?base=main%7E2"), Ok(Route::Difference { base: "main~2".into() }));
        assert_eq!(from_here("GET /TOKEN/texts.json"), Ok(Route::Texts));
        assert_eq!(from_here("GET /TOKEN/prompt.json?number=12"), Ok(Route::Detail { number: 12 }));
        for number in ["", "?number=", "?number=-1", "?number=1.5", "?number=99999999999999999999", "?name=1"] {
            let answer = from_here(&format!("GET /TOKEN/prompt.json{number}"));
            assert_eq!(answer, Err(Refusal::Question), "{number}");
        }
        assert_eq!(from_here("GET /TOKEN/body.json?of=12.0"), Ok(Route::Body { number: 12, model: 0 }));
        for of in ["", "?of=", "?of=1", "?of=1.", "?of=1.2.3", "?of=-1.0", "?of=a.b"] {
            assert_eq!(from_here(&format!("GET /TOKEN/body.json{of}")), Err(Refusal::Question), "{of}");
        }
        assert_eq!(from_here("GET /TOKEN/history.json?context=a/b"), Ok(Route::History { context: "a/b".into() }));
        for target in [
            "/",
            "/TOKEN",
            "//TOKEN/",
            "/TOKEN//",
            "/TOKEN/x",
            "/TOKEN/../",
            "/TOKEN/app.js/",
            "/TOKEN/./app.js",
            "/TOKEN/%61pp.js",
            "/TOKEN/..%2fapp.js",
            "/TOKEN/contexture.yaml",
            "/TOKEN/App.js",
            "/TOKENx/",
            "/TOKE/",
            "/ffffffffffffffffffffffffffffffff/",
            "/00112233445566778899AABBCCDDEEFF/",
            "*",
        ] {
            assert_eq!(from_here(&format!("GET {target}")), Err(Refusal::Absent), "{target}");
        }
    }

    #[test]
    fn only_this_host_and_no_foreign_origin() {
        let with = |headers: &[(&str, &str)]| asked("GET /TOKEN/", headers);
        assert!(with(&[("host", "localhost:4000"), ("origin", "http://localhost:4000")]).is_ok());
        for host in [
            "",
            "127.0.0.1",
            "127.0.0.1:80",
            "evil.example:4000",
            "127.0.0.1:4000.evil.example",
            "[::1]:4000",
            "0.0.0.0:4000",
            "LOCALHOST:4000",
            "127.0.0.1:4000 ",
        ] {
            assert_eq!(with(&[("host", host)]), Err(Refusal::Host), "{host}");
        }
        assert_eq!(with(&[]), Err(Refusal::Host));
        assert_eq!(with(&[("host", "127.0.0.1:4000"), ("host", "evil.example")]), Err(Refusal::Host));
        let to_a_proxy = asked("GET http://evil.example/TOKEN/", &[("host", "127.0.0.1:4000")]);
        assert_eq!(to_a_proxy, Err(Refusal::Host));
        for origin in [
            "null",
            "http://evil.example",
            "https://127.0.0.1:4000",
            "http://127.0.0.1",
            "http://127.0.0.1:4001",
            "http://127.0.0.1:4000.evil.example",
            "file://",
            "",
        ] {
            assert_eq!(with(&[("host", "127.0.0.1:4000"), ("origin", origin)]), Err(Refusal::Origin), "{origin}");
        }
        let own = ("origin", "http://127.0.0.1:4000");
        assert_eq!(with(&[("host", "127.0.0.1:4000"), own, ("origin", "http://evil.example")]), Err(Refusal::Origin));
    }

    #[test]
    fn nothing_but_reading() {
        for method in ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "GETT"] {
            let target = if method == "CONNECT" { "127.0.0.1:4000" } else { "/TOKEN/" };
            assert_eq!(from_here(&format!("{method} {target}")), Err(Refusal::Method), "{method}");
        }
    }

    #[test]
    fn a_base_is_the_name_of_a_commit() {
        for base in ["HEAD", "main", "feature/a-b", "v1.2.3", "HEAD~3", "a1b2c3d^", "main@", "%C3%A9"] {
            assert!(from_here(&format!("GET /TOKEN/diff.json?base={base}")).is_ok(), "{base}");
        }
        for query in [
            "",
            "?",
            "?base",
            "?base=",
            "?base=a&base=b",
            "?head=a",
            "?base=:/fix",
            "?base=HEAD:a.md",
            "?base=a..b",
            "?base=HEAD%5E%7B/x%7D",
            "?base=-x",
            "?base=%00",
            "?base=a%20b",
            "?base=%ff",
        ] {
            assert_eq!(from_here(&format!("GET /TOKEN/diff.json{query}")), Err(Refusal::Question), "{query}");
        }
        let long = "a".repeat(MAX_ASKED_BYTES + 1);
        assert_eq!(from_here(&format!("GET /TOKEN/diff.json?base={long}")), Err(Refusal::Question));
    }
}
