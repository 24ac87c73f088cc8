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
const CUES: [&str; 45] = [
    "today",
    "it is",
    "it's",
    "it’s",
    "current date",
    "current time",
    "current day",
    "current local",
    "current system",
    "current utc",
    "local date",
    "local time",
    "now:",
    "now is",
    "今天",
    "当前",
    "现在",
    "今日",
    "現在",
    "datetime",
    "date:",
    "date is",
    "date (",
    "time:",
    "time is",
    "time (",
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
/// So many of them, the first ones, name the present moment.
const CUES_OF_NOW: usize = 19;
/// Words that make what follows a supposition: "if today is …".
const SUPPOSING: [&str; 8] = ["if", "when", "whenever", "unless", "assume", "assuming", "suppose", "say"];

const MOMENT: &str = r"[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?(?: ?(?:Z|UTC|[+-][0-9]{2}:?[0-9]{2}))?";
const MONTH: &str = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}";
const UUID: &str = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

const WEEKDAY: &str = "(?:mon|tues|wednes|thurs|fri|satur|sun)day";
/// Hours and minutes, of a day with 24 hours or with two halves.
const CLOCK: &str = r"[0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9])?(?: ?[ap]\.?m\b\.?)?";

/// The words of a cue, then a date or a time; the value is the last group.
static DATED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = r"today(?:['’]s date)?(?: and time)?|current (?:local |system |utc )?(?:date ?time|date(?: and time)?|day|time)|local (?:date(?: and time)?|time)|datetime|date|time|now|(?:generated|rendered|retrieved|built)(?: (?:at|on))?|timestamp";
    let day = format!(
        r"[0-9]{{4}}-[01][0-9]-[0-3][0-9]|[0-9]{{4}}/[01]?[0-9]/[0-3]?[0-9]|[0-9]{{1,2}}[./][0-9]{{1,2}}[./][0-9]{{4}}|[0-9]{{1,2}}(?:st|nd|rd|th)?\.? {MONTH},? [0-9]{{4}}|{MONTH} [0-9]{{1,2}}(?:st|nd|rd|th)?,? [0-9]{{4}}"
    );
    let epoch = "1[5-9][0-9]{8}(?:[0-9]{3})?";
    let gap = r#"["'`*_)]{0,3} ?(?:\([a-z/+ -]{1,20}\))? ?(?:is|was|in utc)?(?: now| currently)? ?[:=,]? ?["'`*_(]{0,3}(?:(?:[a-z]+day|mon|tue|wed|thu|fri|sat|sun),? )?(?:the )?"#;
    // A weekday alone, as long as the sentence does not go on with it ("today is Monday's child").
    let weekday = format!(r"(?:today|now) is ({WEEKDAY})(?:[.,;!\n]|$)");
    let eastern = format!(
        r"(?:今天|今日|当前(?:日期|时间)|现在|現在(?:の(?:日時|時刻))?)[是は为：: ]{{0,3}}({MOMENT}|[0-9]{{4}} ?年 ?[0-9]{{1,2}} ?月 ?[0-9]{{1,2}} ?日|{CLOCK})"
    );
    Regex::new(&format!(
        "^(?i)(?:(?:{words}){gap}({MOMENT}|{day}|{CLOCK}|{epoch})|last updated{gap}({MOMENT})|{weekday}|{eastern})"
    ))
    .ok()
});

/// "It is Wednesday, 3:09 PM.", at the beginning of a sentence.
static IT_IS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let now = "(?:now |currently )?";
    Regex::new(&format!("^(?i)it(?: is|['’]s) {now}({WEEKDAY},? (?:the )?(?:{MOMENT}|[0-9]|{MONTH})[^.\n]{{0,40}}|{WEEKDAY}(?:[.,;!\n]|$)|{CLOCK})")).ok()
});

/// The words of a cue, then an id; the value is the group.
static NUMBERED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = "session|request|trace|nonce|run|correlation|build|cache[ -]buster";
    let gap = r#"(?:[ _-]?(?:id|key|number|hash|token|sha))?["'`*_]{0,3} ?[:=#] ?["'`*_]{0,3}"#;
    Regex::new(&format!("^(?i)(?:{words}){gap}({UUID}|[0-9a-z_-]{{8,64}})")).ok()
});

/// Values that need no words before them.
static PLAIN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    // As `date` and RFC 5322 write it: "Wed Sep  9 15:09:20 UTC 2026".
    let written = r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? [A-Za-z0-9 ,]{4,20} [0-2][0-9]:[0-5][0-9]:[0-5][0-9]";
    let second = r"[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9]:[0-5][0-9](?:[.,][0-9]+)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?";
    Regex::new(&format!("({second}|{written})|((?i:{UUID}))")).ok()
});

static KEYWORDS: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::builder().ascii_case_insensitive(true).build(CUES).ok());

/// How far after the start of its cue a value must end, in bytes.
const REACH: usize = 120;

/// Every value in a text that probably changes, in order.
pub(super) fn volatile_values(text: &str) -> Vec<VolatileValue> {
    let mut found: Vec<VolatileValue> = Vec::new();
    let code = code(text);
    let in_code = |at: usize| code.iter().any(|range| range.contains(&at));
    let hits = KEYWORDS.iter().flat_map(|keywords| keywords.find_iter(text));
    // In samples of code, records have times and ids; only words for the present moment count.
    let is_sample = |hit: &aho_corasick::Match| hit.pattern().as_usize() >= CUES_OF_NOW && in_code(hit.start());
    found.extend(hits.filter(|hit| !is_sample(hit)).filter_map(|hit| named(text, hit.start())));
    for captures in PLAIN.iter().flat_map(|plain| plain.captures_iter(text)) {
        let (Some(whole), is_moment) = (captures.get(0), captures.get(1).is_some()) else { continue };
        let is_free = |range: &Range<usize>| range.end <= whole.start() || whole.end() <= range.start;
        if is_apart(text, &whole.range()) && code.iter().all(is_free) && !is_in_path(text, &whole.range()) {
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
    if before.ends_with(is_letter) {
        return None;
    }
    let word = before.trim_end_matches([' ', ',']).rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    if SUPPOSING.iter().any(|supposing| word.eq_ignore_ascii_case(supposing)) {
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
    if window.get(..2).is_some_and(|word| word.eq_ignore_ascii_case("it")) {
        let is_sentence = begins.is_empty() || begins.ends_with(['\n', '.', '!', '?', ':']);
        let at = value(&IT_IS).filter(|_| is_sentence)?;
        let shown = text.get(at.clone())?.trim_end_matches(['.', ',', ';', '!', '\n', ' ']).len();
        return Some(VolatileValue { at: at.start..at.start + shown, what: "a date or a time of now", cue: Cue::Said });
    }
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
    let is_word = |c: char| is_letter(c) || c == '_';
    !text.get(..at.start).unwrap_or_default().ends_with(is_word)
        && !text.get(at.end..).unwrap_or_default().starts_with(is_word)
}

/// Whether a value is part of an address or of the name of a file, which do not change.
fn is_in_path(text: &str, at: &Range<usize>) -> bool {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '(' | ')' | '[' | ']');
    let before = text.get(..at.start).unwrap_or_default().rsplit(is_end).next().unwrap_or_default();
    let after = text.get(at.end..).unwrap_or_default().split(is_end).next().unwrap_or_default();
    let is_ending = after.strip_prefix('.').is_some_and(|rest| rest.starts_with(char::is_alphabetic));
    before.contains(['/', '\\', '?', '=']) || is_ending
}

/// Whether a character goes on with a word; those of scripts without blanks between words do not.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() && c < '\u{2e80}'
}

/// Whether an id looks random: digits and letters alternate, or it is a long number.
fn is_random(id: &str) -> bool {
    let digits = id.bytes().filter(u8::is_ascii_digit).count();
    let turns = id.as_bytes().windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count();
    digits >= 8 && digits == id.len() || digits >= 2 && turns >= 3
}

/// Fenced and indented code, and spans between backticks: values in there are samples.
pub(super) fn code(text: &str) -> Vec<Range<usize>> {
    let (mut found, mut at) = (Vec::new(), 0);
    // Where the open fence begins, its sign and how many there are of it: only as many close it.
    let mut fence: Option<(usize, char, usize)> = None;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let content = line.trim();
        let sign = content.chars().next().filter(|sign| matches!(sign, '`' | '~')).unwrap_or(' ');
        let run = content.len() - content.trim_start_matches(sign).len();
        match fence {
            Some((open, own, length)) if sign == own && run >= length && run == content.len() => {
                found.push(open..at);
                fence = None;
            }
            Some(_) => {}
            None if sign != ' ' && run >= 3 && !content[run..].contains('`') => fence = Some((start, sign, run)),
            None if line.starts_with("    ") || line.starts_with('\t') => found.push(start..at),
            None => {
                let mut ticks = line.match_indices('`').map(|(tick, _)| start + tick);
                while let (Some(open), Some(close)) = (ticks.next(), ticks.next()) {
                    found.push(open..close);
                }
            }
        }
    }
    found.extend(fence.map(|(open, ..)| open..text.len()));
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
            ("It is Wednesday, 3:09 PM. You run the house.", "Wednesday, 3:09 PM"),
            ("Be kind. It's now 3:09 pm in Rome.", "3:09 pm"),
            ("```\nCurrent date: 2023-11-11\n```\n", "2023-11-11"),
            ("It is Wednesday.", "Wednesday"),
            ("It is Wednesday, September 9, 2026.", "Wednesday, September 9, 2026"),
            ("Today is Wednesday.", "Wednesday"),
            ("Current datetime: 2026/09/09", "2026/09/09"),
            ("Current date (UTC): 2026-09-09", "2026-09-09"),
            ("The current system time is 2025-08-24.", "2025-08-24"),
            ("Today is Fri Aug 29 2025.", "Aug 29 2025"),
            ("Local time: 3:09 PM", "3:09 PM"),
            ("Up since Wed Sep  9 15:09:20 UTC 2026", "Wed Sep  9 15:09:20"),
            ("今天是2026年9月9日,", "2026年9月9日"),
            ("当前时间：2026-09-09 15:09", "2026-09-09 15:09"),
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
            "For example, if today is 2025-03-15, the range is February.",
            "```json\n{\"timestamp\": \"2025-10-11T14:23:45Z\", \"trace_id\": \"t-042-a3f9\"}\n```\n",
            "````\n```json\n{}\n```\n2024-01-01T00:00:00Z\n````\n",
            "See https://example.com/share/1b6b0735-8852-4fb4-8ba0-d21e79965bfc and 6F1BBA5A-A531-446C-A67F-DECAEB206F08.jpeg.",
            "If it is Wednesday, 3:09 PM, close the shop.",
            "When it's 3:09 PM, ring.",
            "It is 12 days. It is Wednesday that counts. Today is Monday's child.",
            "It is important: 3:1 is a ratio.",
            "今天的任务是翻译。",
            "timestamp: an integer, seconds since 1970",
        ] {
            assert_eq!(found(text), Vec::<&str>::new(), "{text:?}");
        }
    }

    #[test]
    fn every_expression_compiles() {
        assert!(DATED.is_some() && IT_IS.is_some() && NUMBERED.is_some() && PLAIN.is_some() && KEYWORDS.is_some());
    }
}
