//! What a server's headers say of when to ask again, and how much.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde_json::Value;

/// The headers that are looked at; no other is read, recorded or shown.
const READ: [&str; 6] =
    ["content-type", "retry-after", "retry-after-ms", "x-should-retry", "request-id", "x-request-id"];

/// The families of rate limits: what stands before and behind the name of what is limited.
const LIMITS: [(&str, &str, &str); 2] =
    [("anthropic-ratelimit-", "-remaining", "-reset"), ("x-ratelimit-remaining-", "", "")];

/// Those headers of an answer that are looked at.
#[derive(Debug, Clone, Default)]
pub struct Headers(Vec<(String, String)>);

/// How much of something a server still takes, and when it takes more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remaining {
    /// `requests`, `tokens`, `input-tokens`, `output-tokens`.
    pub what: String,
    /// How many.
    pub left: u64,
    /// From now until there are more.
    pub reset: Duration,
}

impl Headers {
    /// Those of all headers that are looked at.
    pub fn of<'a>(all: impl Iterator<Item = (&'a str, &'a [u8])>) -> Self {
        let is_read = |name: &str| READ.contains(&name) || name.contains("ratelimit-");
        let text = |(name, value): (&str, &[u8])| {
            Some((name.to_ascii_lowercase(), std::str::from_utf8(value).ok()?.trim().to_owned()))
        };
        Self(all.filter_map(text).filter(|(name, value)| is_read(name) && value.len() < 200).collect())
    }

    /// A header's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The server's own name of this exchange.
    pub fn request_id(&self) -> Option<&str> {
        let is_name = |id: &&str| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        ["request-id", "x-request-id"].iter().find_map(|name| self.get(name)).filter(is_name)
    }

    /// Whether the server says in so many words that another try is worth it, or is not.
    pub fn should_retry(&self) -> Option<bool> {
        match self.get("x-should-retry")? {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// How long to wait, as the server asks: `retry-after-ms`, then `retry-after` in seconds or as a date, then Google's
    /// `RetryInfo` in the body.
    pub fn wait(&self, body: &Value) -> Option<Duration> {
        let milliseconds = self.get("retry-after-ms").and_then(|value| seconds(value, 1000.0));
        let after = self.get("retry-after").and_then(|value| seconds(value, 1.0).or_else(|| until(date(value)?)));
        let info = || {
            let details = body.pointer("/error/details")?.as_array()?;
            let delay = details.iter().find_map(|detail| detail.get("retryDelay")?.as_str())?;
            seconds(delay.strip_suffix('s')?, 1.0)
        };
        milliseconds.or(after).or_else(info)
    }

    /// What the server still takes.
    pub fn remaining(&self) -> Vec<Remaining> {
        let mut all = Vec::new();
        for (name, value) in &self.0 {
            let found = LIMITS.iter().find_map(|(before, after, reset)| {
                let what = name.strip_prefix(before)?.strip_suffix(after)?;
                let reset = if reset.is_empty() {
                    self.get(&format!("x-ratelimit-reset-{what}")).and_then(spelled)
                } else {
                    self.get(&format!("{before}{what}{reset}")).and_then(|at| until(at.parse().ok()?))
                };
                // Azure may send -1 for what it does not count.
                Some(Remaining { what: what.to_owned(), left: value.parse().ok()?, reset: reset? })
            });
            all.extend(found);
        }
        all
    }
}

/// A number of seconds, or of parts of them.
fn seconds(written: &str, parts: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(written.trim().parse::<f64>().ok()? / parts).ok()
}

/// A date as HTTP writes it.
fn date(written: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(written).ok()
}

/// From now until then; nothing where it is past.
fn until(then: Timestamp) -> Option<Duration> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    let then = Duration::try_from_secs_f64(then.as_duration().as_secs_f64()).ok()?;
    Some(then.saturating_sub(now))
}

/// A time as OpenAI spells it: `12ms`, `1s`, `6m0s`, `1h2m3.5s`.
fn spelled(written: &str) -> Option<Duration> {
    let mut sum = Duration::ZERO;
    let mut rest = written;
    while !rest.is_empty() {
        let unit = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let (number, behind) = rest.split_at(unit);
        let end = behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len());
        let (unit, after) = behind.split_at(end);
        let parts = match unit {
            "ms" => 1000.0,
            "s" => 1.0,
            "m" => 1.0 / 60.0,
            "h" => 1.0 / 3600.0,
            "d" => 1.0 / 86_400.0,
            _ => return None,
        };
        sum = sum.checked_add(seconds(number, parts)?)?;
        rest = after;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn headers(all: &[(&str, &str)]) -> Headers {
        Headers::of(all.iter().map(|(name, value)| (*name, value.as_bytes())))
    }

    #[test]
    fn a_server_says_in_five_ways_how_long_to_wait() {
        let none = Value::Null;
        let wait = |all: &[(&str, &str)]| headers(all).wait(&none);
        assert_eq!(wait(&[("retry-after-ms", "1500"), ("retry-after", "7")]), Some(Duration::from_millis(1500)));
        assert_eq!(wait(&[("Retry-After", "0.05")]), Some(Duration::from_millis(50)));
        assert_eq!(wait(&[("retry-after", "Mon, 30 Nov 2020 14:43:37 GMT")]), Some(Duration::ZERO));
        let far = wait(&[("retry-after", "Mon, 30 Nov 2099 14:43:37 GMT")]).unwrap();
        assert!(far > Duration::from_secs(86_400 * 365));
        for wrong in ["soon", "-1", "nan", "inf", "1e400", ""] {
            assert_eq!(wait(&[("retry-after", wrong)]), None, "{wrong}");
        }
        let google = json!({"error": {"details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3.5s"}]}});
        assert_eq!(headers(&[]).wait(&google), Some(Duration::from_millis(3500)));
    }

    #[test]
    fn limits_are_read_from_both_families_of_headers() {
        let openai = headers(&[
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "6m0.5s"),
            ("x-ratelimit-remaining-tokens", "-1"),
            ("x-ratelimit-reset-tokens", "12ms"),
        ]);
        let requests = Remaining { what: "requests".into(), left: 0, reset: Duration::from_millis(360_500) };
        assert_eq!(openai.remaining(), [requests]);
        let anthropic = headers(&[
            ("anthropic-ratelimit-input-tokens-remaining", "40000"),
            ("anthropic-ratelimit-input-tokens-reset", "2020-01-01T00:00:00Z"),
            ("anthropic-ratelimit-requests-remaining", "5"),
        ]);
        let tokens = Remaining { what: "input-tokens".into(), left: 40_000, reset: Duration::ZERO };
        assert_eq!(anthropic.remaining(), [tokens]);
    }

    #[test]
    fn no_other_header_is_read() {
        let all = headers(&[("set-cookie", "a=b"), ("authorization", "Bearer x"), ("request-id", "req_1")]);
        assert_eq!((all.0.len(), all.request_id()), (1, Some("req_1")));
        assert_eq!(headers(&[("request-id", "\u{1b}[2J")]).request_id(), None);
    }
}
