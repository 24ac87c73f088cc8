//! Finds values that change each time a prompt is made: today's date, the time of a build, the id of a
//! session. In the prefix, each new value makes every cache write everything after it again.
//!
//! Documents are full of dates and ids that do not change, so a value is found only where the words
//! before it say that it does, or where it can hardly be anything else: a time to the second or a UUID
//! outside of code.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::Regex;

/// A value that changes, in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct VolatileValue {
    pub at: Range<usize>,
    /// What it is, with its article.
    pub what: &'static str,
    pub cue: Cue,
}

/// The evidence that a value changes, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cue {
    /// The words before it say so: "generated at".
    Said,
    /// It is labelled as a date or a time at the beginning of a line. Many documents have such a line.
    Labelled,
    /// Only its form.
    Bare,
}

/// Words before a value that changes, in small letters.
const CUES: [&str; 29] = [
    "today",
    "current date",
    "current time",
    "current day",
    "date:",
    "date is",
    "time:",
    "time is",
    "now:",
    "now is",
    "generated",
    "rendered",
    "retrieved",
    "built at",
    "built on",
    "built:",
    "timestamp",
    "last updated",
    "build",
    "session",
    "request",
    "trace",
    "nonce",
    "run id",
    "run-id",
    "run_id",
    "correlation",
    "cache buster",
    "cache-buster",
];

const MOMENT: &str = r"[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?(?: ?(?:Z|UTC|[+-][0-9]{2}:?[0-9]{2}))?";
const MONTH: &str = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}";
const UUID: &str = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

/// The words of a cue, then a date or a time; the value is the last group.
static DATED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = r"today(?:['’]s date)?|current (?:date(?: and time)?|day|time)|date|time|now|(?:generated|rendered|retrieved|built)(?: (?:at|on))?|timestamp";
    let day = format!(
        r"[0-9]{{4}}-[01][0-9]-[0-3][0-9]|[0-9]{{1,2}}[./][0-9]{{1,2}}[./][0-9]{{4}}|[0-9]{{1,2}}(?:st|nd|rd|th)?\.? {MONTH},? [0-9]{{4}}|{MONTH} [0-9]{{1,2}}(?:st|nd|rd|th)?,? [0-9]{{4}}"
    );
    let clock = "[0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9])?|1[5-9][0-9]{8}(?:[0-9]{3})?";
    let gap = r#"["'`*_)]{0,3} ?(?:is|was|in utc)? ?[:=,]? ?["'`*_(]{0,3}(?:[a-z]+day,? )?(?:the )?"#;
    Regex::new(&format!("^(?i)(?:(?:{words}){gap}({MOMENT}|{day}|{clock})|last updated{gap}({MOMENT}))")).ok()
});

/// The words of a cue, then an id; the value is the group.
static NUMBERED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = "session|request|trace|nonce|run|correlation|build|cache[ -]buster";
    let gap = r#"(?:[ _-]?(?:id|key|number|hash|token|sha))?["'`*_]{0,3} ?[:=#] ?["'`*_]{0,3}"#;
    Regex::new(&format!("^(?i)(?:{words}){gap}({UUID}|[0-9a-z_-]{{8,64}})")).ok()
});

/// Values that need no words before them.
static PLAIN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let second = r"[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9]:[0-5][0-9](?:[.,][0-9]+)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?";
    Regex::new(&format!("({second})|((?i:{UUID}))")).ok()
});

static KEYWORDS: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::builder().ascii_case_insensitive(true).build(CUES).ok());

/// How far after the start of its cue a value must end, in bytes.
const REACH: usize = 120;

/// Every value in a text that probably changes, in order.
pub(super) fn volatile_values(text: &str) -> Vec<VolatileValue> {
    let mut found: Vec<VolatileValue> = Vec::new();
    let hits = KEYWORDS.iter().flat_map(|keywords| keywords.find_iter(text));
    found.extend(hits.filter_map(|hit| named(text, hit.start())));
    let code = code(text);
    for captures in PLAIN.iter().flat_map(|plain| plain.captures_iter(text)) {
        let (Some(whole), is_moment) = (captures.get(0), captures.get(1).is_some()) else { continue };
        let is_free = |range: &Range<usize>| range.end <= whole.start() || whole.end() <= range.start;
        if is_apart(text, &whole.range()) && code.iter().all(is_free) {
            let what = if is_moment { "the time of a second" } else { "a UUID" };
            found.push(VolatileValue { at: whole.range(), what, cue: Cue::Bare });
        }
    }
    // Of overlapping values, the one that begins first and then the one with the better evidence stays.
    found.sort_by_key(|value| (value.at.start, value.cue));
    found.dedup_by(|later, first| later.at.start < first.at.end);
    found
}

/// The value after the cue at `cue`.
fn named(text: &str, cue: usize) -> Option<VolatileValue> {
    let before = text.get(..cue)?;
    if before.ends_with(|c: char| c.is_alphanumeric()) {
        return None;
    }
    let window = text.get(cue..text.floor_char_boundary(cue + REACH))?;
    let value = |shape: &LazyLock<Option<Regex>>| {
        let captures = shape.as_ref()?.captures(window)?;
        captures.iter().skip(1).flatten().next().map(|value| cue + value.start()..cue + value.end())
    };
    // "effective date: …" does not change; "Date: …" at the beginning of a line is probably today's.
    let is_short = window.get(..4).is_some_and(|word| ["date", "time"].contains(&word.to_ascii_lowercase().as_str()));
    let begins = before.trim_end_matches(['*', '_', '#', '-', '>', ' ', '(', '<', '"', '`']);
    if is_short && !(begins.is_empty() || begins.ends_with('\n')) {
        return None;
    }
    let cue = if is_short { Cue::Labelled } else { Cue::Said };
    let volatile = |at: Range<usize>, what| is_apart(text, &at).then_some(VolatileValue { at, what, cue });
    if let Some(at) = value(&DATED) {
        return volatile(at, "a date or a time of now");
    }
    let at = value(&NUMBERED)?;
    is_random(text.get(at.clone())?).then(|| volatile(at, "an id that is drawn anew"))?
}

/// Whether a value is not part of a longer word.
fn is_apart(text: &str, at: &Range<usize>) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    !text.get(..at.start).unwrap_or_default().ends_with(is_word)
        && !text.get(at.end..).unwrap_or_default().starts_with(is_word)
}

/// Whether an id looks random: digits and letters alternate, or it is a long number.
fn is_random(id: &str) -> bool {
    let digits = id.bytes().filter(u8::is_ascii_digit).count();
    let turns = id.as_bytes().windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count();
    digits >= 8 && digits == id.len() || digits >= 2 && turns >= 3
}

/// Fenced and indented code, and spans between backticks: values in there are samples.
fn code(text: &str) -> Vec<Range<usize>> {
    let (mut found, mut at, mut fence): (Vec<Range<usize>>, usize, Option<usize>) = (Vec::new(), 0, None);
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let is_fence = line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        match (fence, is_fence) {
            (None, true) => fence = Some(start),
            (Some(open), true) => {
                found.push(open..at);
                fence = None;
            }
            (Some(_), false) => {}
            (None, false) if line.starts_with("    ") || line.starts_with('\t') => found.push(start..at),
            (None, false) => {
                let mut ticks = line.match_indices('`').map(|(tick, _)| start + tick);
                while let (Some(open), Some(close)) = (ticks.next(), ticks.next()) {
                    found.push(open..close);
                }
            }
        }
    }
    found.extend(fence.map(|open| open..text.len()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of the values that are found.
    fn found(text: &str) -> Vec<&str> {
        volatile_values(text).into_iter().map(|value| &text[value.at]).collect()
    }

    #[test]
    fn values_that_change_are_found() {
        for (text, value) in [
            ("Today is 2026-11-21.", "2026-11-21"),
            ("Today's date: Saturday, November 21, 2026", "November 21, 2026"),
            ("**Current date**: 21 November 2026", "21 November 2026"),
            ("The current time is 14:05.", "14:05"),
            ("Current date and time: 2026-11-21 14:05", "2026-11-21 14:05"),
            ("Date: 21.11.2026", "21.11.2026"),
            ("- time: 1795269600\n", "1795269600"),
            ("<!-- Generated at 2026-11-21T09:00:00Z by a script -->", "2026-11-21T09:00:00Z"),
            ("generated on 2026-11-21", "2026-11-21"),
            ("Last updated: 2026-11-21 09:00", "2026-11-21 09:00"),
            ("Session: 550e8400-e29b-41d4-a716-446655440000", "550e8400-e29b-41d4-a716-446655440000"),
            ("request_id=req7f3a9c2b1d", "req7f3a9c2b1d"),
            ("Build #20261121093000", "20261121093000"),
            ("trace id: 4bf92f3577b34da6a3ce929d0e0e4736", "4bf92f3577b34da6a3ce929d0e0e4736"),
            ("This prompt was made 2026-11-21T09:00:00.123Z.", "2026-11-21T09:00:00.123Z"),
            ("You are 550e8400-e29b-41d4-a716-446655440000.", "550e8400-e29b-41d4-a716-446655440000"),
        ] {
            assert_eq!(found(text), [value], "{text:?}");
        }
    }

    #[test]
    fn values_that_stay_are_left_alone() {
        for text in [
            "The law of 2024-01-01 applies to orders from 2023-12-31 on.",
            "Effective date: 2024-01-01",
            "Last updated: 2024-01-01",
            "An update: 2024-01-01 was a Monday.",
            "Requests: 100 a minute. Sessions: several. Build: release",
            "The session: morning-and-evening",
            "```json\n{\"id\": \"550e8400-e29b-41d4-a716-446655440000\", \"at\": \"2024-01-01T00:00:00Z\"}\n```\n",
            "Ids look like `550e8400-e29b-41d4-a716-446655440000`.",
            "    created 2024-01-01T00:00:00Z\n",
            "Trace the request: step by step.",
            "run: cargo test --workspace",
            "Open from 09:00 to 17:00.",
            "Use today's date when none is given.",
            "timestamp: an integer, seconds since 1970",
        ] {
            assert_eq!(found(text), Vec::<&str>::new(), "{text:?}");
        }
    }

    #[test]
    fn every_expression_compiles() {
        assert!(DATED.is_some() && NUMBERED.is_some() && PLAIN.is_some() && KEYWORDS.is_some());
    }
}
