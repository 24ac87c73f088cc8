//! Secrets in text: keys, tokens and passwords by their documented formats.
//!
//! One pass of aho-corasick finds the keywords of which every match has one; a rule's regular expression
//! is tried only around them, and compiled on first use. Obvious samples are not reported (`sample`).
//! Any code that shows text of a file must use [`masked`].

mod rules;
mod sample;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;

use super::Finding;
use super::catalogue::SECRET;
use rules::{Begins, RULES, SecretRule};

/// The text that replaces a secret.
pub const MASK: &str = "[secret]";

/// How far a match that begins at its keyword may reach, in bytes: private keys are the longest.
const REACH: usize = 16 * 1024;

/// The same for a match that may begin before its keyword.
const NEAR: usize = 256;

/// A secret in a text.
struct Secret {
    rule: &'static SecretRule,
    /// The bytes that must not be shown.
    value: Range<usize>,
}

/// A rule with its expression, compiled on first use; `None` if it does not compile, which a test rules out.
struct CompiledRule {
    rule: &'static SecretRule,
    shape: LazyLock<Option<Regex>, Box<dyn FnOnce() -> Option<Regex> + Send>>,
}

/// Every rule, and an automaton over their keywords with the rule that each belongs to.
struct Scanner {
    rules: Vec<CompiledRule>,
    keywords: Option<AhoCorasick>,
    owners: Vec<usize>,
}

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| {
    let (mut keywords, mut owners): (Vec<&str>, Vec<usize>) = (Vec::new(), Vec::new());
    for (index, rule) in RULES.iter().enumerate() {
        keywords.extend(rule.keywords);
        owners.extend(rule.keywords.iter().map(|_| index));
    }
    let rules = RULES.iter().map(|rule| {
        let compile = move || Regex::new(&rule.expression()).ok();
        CompiledRule { rule, shape: LazyLock::new(Box::new(compile)) }
    });
    // The keywords are few and fixed, so the automaton always fits.
    let mut builder = AhoCorasick::builder();
    let builder = builder.ascii_case_insensitive(true).match_kind(MatchKind::Standard);
    let kind = Some(aho_corasick::AhoCorasickKind::DFA);
    Scanner { rules: rules.collect(), keywords: builder.kind(kind).build(&keywords).ok(), owners }
});

/// Every secret of a text, in its order, without overlaps.
fn secrets(text: &str) -> Vec<Secret> {
    let scanner = &*SCANNER;
    let mut found: Vec<Secret> = Vec::new();
    let hits = scanner.keywords.iter().flat_map(|keywords| keywords.find_overlapping_iter(text));
    for hit in hits {
        let owner = scanner.owners.get(hit.pattern().as_usize()).and_then(|owner| scanner.rules.get(*owner));
        let Some(compiled) = owner else { continue };
        if let Some(value) = compiled.value(text, hit.start()..hit.end()) {
            found.push(Secret { rule: compiled.rule, value });
        }
    }
    // Of two that overlap, the one whose rule comes first in the table is the more exact.
    found.sort_by_key(|secret| (secret.value.start, secret.rule.index(), std::cmp::Reverse(secret.value.end)));
    let mut end = 0;
    found.retain(|secret| {
        let is_new = secret.value.start >= end;
        end = if is_new { secret.value.end } else { end };
        is_new
    });
    found
}

impl CompiledRule {
    /// The value of a match around a keyword, unless it is obviously not a secret.
    fn value(&self, text: &str, keyword: Range<usize>) -> Option<Range<usize>> {
        let (from, reach) = match self.rule.begins {
            Begins::Value | Begins::Name => (keyword.start, REACH),
            Begins::Before(most) => (text.ceil_char_boundary(keyword.start.saturating_sub(most)), NEAR),
        };
        let boundary = |at: usize| !text.get(..at).unwrap_or_default().ends_with(is_word);
        if matches!(self.rule.begins, Begins::Value) && !boundary(from) {
            return None;
        }
        let window = text.get(from..text.floor_char_boundary(keyword.end.saturating_add(reach)))?;
        if !self.rule.is_possible(window) {
            return None;
        }
        let captures = self.shape.as_ref()?.captures(window)?;
        let value = captures.iter().skip(1).flatten().next().or_else(|| captures.get(0))?;
        let (start, end) = (from + value.start(), from + value.end());
        let is_whole = !text.get(end..).unwrap_or_default().starts_with(is_word);
        let begins = matches!(self.rule.begins, Begins::Name) || boundary(start) || captures.len() > 1;
        let name = window.get(..value.start()).unwrap_or_default();
        (is_whole && begins && self.rule.is_secret(name, value.as_str())).then_some(start..end)
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The findings of a file. No message quotes a value.
pub(super) fn findings(text: &str) -> Vec<Finding> {
    let finding = |secret: Secret| {
        let value = text.get(secret.value.clone()).unwrap_or_default();
        let message = format!("this looks like {}: {}", secret.rule.what, described(secret.rule, value));
        Finding::new(&SECRET, secret.value, message).hint(
            "take it out and revoke it: it is in the history; if it is none, say `contexture: allow(secret)` in a comment on \
             this line or the one above (in a file without comments, `lints: {secret: warn}` in the manifest), or write \
             EXAMPLE or xxxx into it",
        )
    };
    secrets(text).into_iter().map(finding).collect()
}

/// What a reader can judge a value by: how it begins, as far as that is no secret, how long it is, and of what.
fn described(rule: &SecretRule, value: &str) -> String {
    let count = |is: fn(&char) -> bool| value.chars().filter(is).count();
    let kinds = [
        (count(char::is_ascii_digit), "digit"),
        (count(char::is_ascii_uppercase), "capital"),
        (count(char::is_ascii_lowercase), "small letter"),
        (count(|c| !c.is_ascii_alphanumeric()), "other sign"),
    ];
    let kinds = kinds.iter().filter(|(number, _)| *number > 0);
    let kinds: Vec<String> =
        kinds.map(|(number, what)| format!("{number} {what}{}", if *number == 1 { "" } else { "s" })).collect();
    let begins = match rule.public(value) {
        "" => String::new(),
        public => format!("`{public}…`, "),
    };
    format!("{begins}{} characters, {}", value.chars().count(), kinds.join(", "))
}

/// The byte ranges of all secrets of a text, in its order.
pub fn ranges(text: &str) -> Vec<Range<usize>> {
    secrets(text).into_iter().map(|secret| secret.value).collect()
}

/// `text` with every secret replaced by `[secret]`.
pub fn masked(text: &str) -> Cow<'_, str> {
    let found = ranges(text);
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    for range in found {
        shown.push_str(text.get(from..range.start).unwrap_or_default());
        shown.push_str(MASK);
        from = range.end;
    }
    shown.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(shown)
}

/// JSON with every secret within a string replaced by `[secret]`. Everything else is unchanged.
pub fn masked_json(json: &str) -> Cow<'_, str> {
    // In an escaped string, the character before a secret may look like part of it: the n of `\n`.
    let parted = ["\\n", "\\r", "\\t", "\\\""].iter().fold(Cow::Borrowed(json), |text, escape| {
        if text.contains(escape) { Cow::Owned(text.replace(escape, "  ")) } else { text }
    });
    if ranges(&parted).is_empty() {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(start) = rest.find('"') {
        let length = string_length(rest.get(start..).unwrap_or_default());
        let (before, string) = rest.get(..start + length).unwrap_or(rest).split_at(start);
        shown.push_str(before);
        let text: Option<String> = serde_json::from_str(string).ok();
        match text.as_deref().map(|text| (text, masked(text))) {
            Some((text, masked)) if masked != text => {
                shown.push_str(&serde_json::to_string(&masked).unwrap_or_default());
            }
            _ => shown.push_str(string),
        }
        rest = rest.get(start + length..).unwrap_or_default();
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// The length in bytes of the JSON string that a text begins with, quotes included.
fn string_length(json: &str) -> usize {
    let mut is_escaped = true; // The opening quote closes nothing.
    let end = json.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = !is_escaped && byte == b'\\';
        is_end
    });
    end.map_or(json.len(), |end| end + 1)
}

/// The kinds of secrets that are known, each with its article, in the order of the rules.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|rule| rule.what)
}

#[cfg(test)]
mod tests;
