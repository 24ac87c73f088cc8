//! What came back of a request: an answer, or a fault and whether to ask again.

use std::time::Duration;

use serde_json::Value;

use super::dialect::assembled;
use super::wire::{Came, Lost};
use crate::prompt::bodies::Dialect;

/// Why a try came to no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What happened, in the server's words where it has some.
    pub what: String,
    /// The status, where one came.
    pub status: Option<u16>,
    /// Whether it is worth another try.
    pub retry: bool,
    /// How long the server asks to wait.
    pub wait: Option<Duration>,
    /// Whether it says that it is asked too much.
    pub is_busy: bool,
    /// Whether the try may be charged although it came to nothing.
    pub may_be_billed: bool,
    /// Whether every other request will meet the same: a key that is refused, a model that is not there, no money.
    pub is_final: bool,
}

/// Characters of a server's own words that are shown.
const MOST_WORDS: usize = 300;

/// The answer as it was received, and what `read` finds that it says.
pub fn answer<R>(
    dialect: Dialect,
    streams: bool,
    came: Result<Came, Lost>,
    read: impl FnOnce(Dialect, &Value) -> Result<R, String>,
) -> Result<(Value, R, Came), Fault> {
    let came = arrived(came)?;
    let text = std::str::from_utf8(&came.body).ok();
    let json = || text.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let kind = came.headers.get("content-type").unwrap_or_default();
    let broken = |what: String| Fault { what, status: Some(200), retry: true, may_be_billed: true, ..nothing() };
    let whole = if streams { text.and_then(|text| assembled(dialect, &events(text)?).ok()) } else { json() };
    let Some(whole) = whole else {
        let said = match text {
            _ if came.body.is_empty() => "nothing".to_owned(),
            Some(text) if streams => {
                events(text).and_then(|events| assembled(dialect, &events).err()).unwrap_or("a broken stream".into())
            }
            Some(text) if kind.contains("html") || text.trim_start().starts_with('<') => "a page of HTML".to_owned(),
            _ => "no whole JSON".to_owned(),
        };
        return Err(broken(format!("the server answered 200 with {said}")));
    };
    match read(dialect, &whole) {
        Ok(reading) => Ok((whole, reading, came)),
        Err(why) => {
            let own =
                whole.pointer("/error/message").and_then(Value::as_str).map(|own| format!("; it says: {}", words(own)));
            let name = dialect.as_str();
            let what = format!("the server answered 200 with no answer of the `{name}` API: {}", words(&why));
            Err(broken(format!("{what}{}", own.unwrap_or_default())))
        }
    }
}

/// What came with the status 200.
pub fn arrived(came: Result<Came, Lost>) -> Result<Came, Fault> {
    let came = came.map_err(|Lost { what, may_be_billed, retry }| Fault { what, retry, may_be_billed, ..nothing() })?;
    if came.status == 200 {
        return Ok(came);
    }
    let text = std::str::from_utf8(&came.body).unwrap_or_default();
    Err(refusal(&came, &serde_json::from_str(text).unwrap_or_default(), text))
}

/// A fault that says nothing yet.
fn nothing() -> Fault {
    Fault {
        what: String::new(),
        status: None,
        retry: false,
        wait: None,
        is_busy: false,
        may_be_billed: false,
        is_final: false,
    }
}

/// The data of the events of a stream; `None` where one is no JSON.
pub fn events(text: &str) -> Option<Vec<Value>> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim);
    data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).ok()).collect()
}

/// What a status other than 200 means.
fn refusal(came: &Came, body: &Value, text: &str) -> Fault {
    let status = came.status;
    let at = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    let said = at("/error/message").or_else(|| at("/message")).or_else(|| at("/error")).map_or_else(
        || match text.trim_start().starts_with('<') {
            true => "a page of HTML".to_owned(),
            false => words(text),
        },
        words,
    );
    let codes = [at("/error/code"), at("/error/type"), Some(said.as_str())];
    let is_about = |word: &str| codes.iter().flatten().any(|code| code.to_ascii_lowercase().contains(word));
    // A limit on spending does not go away by waiting.
    let is_spent =
        ["insufficient_quota", "spend limit", "spending limit", "billing", "credit balance"].into_iter().any(is_about);
    let usual = matches!(status, 408 | 409 | 429) || status >= 500;
    let retry = came.headers.should_retry().unwrap_or(usual) && !is_spent;
    let what = match status {
        300..400 => {
            format!("the server answers with a redirect ({status}), which is not followed: name its real address")
        }
        _ if said.is_empty() => format!("the server answered {status}"),
        _ => format!("the server answered {status}: {said}"),
    };
    Fault {
        what,
        status: Some(status),
        retry,
        wait: came.headers.wait(body),
        is_busy: matches!(status, 429 | 503 | 529) && !is_spent,
        may_be_billed: false,
        is_final: !retry && (is_spent || matches!(status, 300..=399 | 401..=405)),
    }
}

/// A server's words in one line, as many as are shown.
pub fn words(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST_WORDS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::dialect::read;
    use super::super::hints::Headers;
    use super::*;

    fn came(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Came, Lost> {
        let headers = Headers::of(headers.iter().map(|(name, value)| (*name, value.as_bytes())));
        Ok(Came { status, headers, body: body.into(), elapsed: Duration::ZERO, first: None })
    }

    fn fault(status: u16, headers: &[(&str, &str)], body: &str) -> Fault {
        answer(Dialect::Chat, false, came(status, headers, body), read).expect_err("a fault")
    }

    #[test]
    fn faults_of_the_way_are_tried_again_and_faults_of_the_request_are_not() {
        for status in [408, 409, 429, 500, 502, 503, 529] {
            let fault = fault(status, &[], "{}");
            assert!(fault.retry && !fault.is_final && !fault.may_be_billed, "{status}: {fault:?}");
            assert_eq!(fault.is_busy, matches!(status, 429 | 503 | 529), "{status}");
        }
        for status in [301, 307, 400, 401, 403, 404, 413, 422] {
            let fault = fault(status, &[], "{}");
            assert!(!fault.retry, "{status}: {fault:?}");
            assert_eq!(fault.is_final, !matches!(status, 400 | 413 | 422), "{status}");
        }
        let spent = [
            json!({"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}),
            json!({"error": {"message": "This organization has reached its spend limit", "type": "rate_limit_error"}}),
        ];
        for body in spent {
            let fault = fault(429, &[("retry-after", "1")], &body.to_string());
            assert!(!fault.retry && fault.is_final && !fault.is_busy, "{fault:?}");
        }
        assert!(!fault(500, &[("x-should-retry", "false")], "{}").retry);
        assert!(fault(400, &[("x-should-retry", "true")], "{}").retry);
        assert_eq!(fault(429, &[("retry-after", "2")], "").wait, Some(Duration::from_secs(2)));
    }

    #[test]
    fn what_is_no_whole_answer_is_tried_again_and_may_be_billed() {
        let html = [("content-type", "text/html")];
        let table = [
            (fault(200, &html, "<html></html>"), "a page of HTML"),
            (fault(200, &[], ""), "nothing"),
            (fault(200, &[], "{\"choices\": [{\"mess"), "no whole JSON"),
            (fault(200, &[], "{\"error\": {\"message\": \"boom\"}}"), "it has no `choices`; it says: boom"),
            (fault(200, &[], "[]"), "no answer of the `chat` API"),
        ];
        for (fault, words) in table {
            assert!(fault.retry && fault.may_be_billed && fault.what.contains(words), "{fault:?}");
        }
        let right = "{\"choices\": [{\"message\": {\"content\": \"hi\"}, \"finish_reason\": \"stop\"}]}";
        // Whatever type it is said to have.
        assert_eq!(answer(Dialect::Chat, false, came(200, &html, right), read).unwrap().1.text, "hi");
    }

    #[test]
    fn a_servers_words_are_cut_and_in_one_line() {
        let fault = fault(400, &[], &json!({"error": {"message": "a\nb ".repeat(500)}}).to_string());
        assert!(fault.what.starts_with("the server answered 400: a b a b") && fault.what.chars().count() < 340);
        assert!(fault.what.ends_with('…'));
        assert_eq!(self::fault(502, &[], "<html>…").what, "the server answered 502: a page of HTML");
    }
}
