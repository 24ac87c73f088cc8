//! The pre-tokenisers of the public encodings, written out: where one match of an encoding's
//! pattern ends. Merges never cross a match, so a text's tokens are those of its matches.
//!
//! Both patterns try their alternatives in order and look ahead by one character at most, never
//! behind. The functions below go through the same alternatives in the same order; the comment
//! above each step quotes the alternative that it stands for. Time is linear in the text: a run is
//! looked at again only where a match ends inside it, which happens once or twice a run.

use super::class::Class;

/// Which of the two patterns splits a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pattern {
    /// That of `o200k_base` and `o200k_harmony`.
    O200k,
    /// That of `cl100k_base`.
    Cl100k,
}

impl Pattern {
    /// The matches of a text, in order; joined they are the text.
    pub(super) fn matches(self, text: &str) -> impl Iterator<Item = &str> {
        let mut rest = text;
        std::iter::from_fn(move || {
            let length = match self {
                Self::O200k => o200k(rest)?,
                Self::Cl100k => cl100k(rest)?,
            };
            let (found, after) = rest.split_at_checked(length)?;
            rest = after;
            Some(found)
        })
    }
}

/// The length of the first match of the `o200k_base` pattern; nothing for an empty text.
fn o200k(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    let class = Class::of(first);
    // `[^\r\n\p{L}\p{N}]?` takes one character before the letters if it can.
    let prefix = if takes_prefix(class) { first.len_utf8() } else { 0 };
    let word = Word::at(text, prefix);
    let bare = if prefix == 0 { word } else { Word::at(text, 0) };
    // `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|…)?`, then
    // `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|…)?`:
    // each with the character before it, then without.
    if let Some(end) = word.lower_end.or(bare.lower_end).or(word.upper_end).or(bare.upper_end) {
        return Some(end + contraction(tail(text, end)));
    }
    if class == Class::Number {
        return Some(digits(text));
    }
    if let Some(end) = punctuation(text, &['\r', '\n', '/']) {
        return Some(end);
    }
    let white = White::at(text);
    // `\s*[\r\n]+`, then `\s+(?!\S)`, then `\s+`.
    Some(white.after_newline.unwrap_or(if white.to_the_end { white.end } else { white.all_but_last() }))
}

/// The length of the first match of the `cl100k_base` pattern; nothing for an empty text.
fn cl100k(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    let class = Class::of(first);
    // `'(?i:[sdmt]|ll|ve|re)`
    let short = contraction(text);
    if short > 0 {
        return Some(short);
    }
    // `[^\r\n\p{L}\p{N}]?+\p{L}++`
    let prefix = if takes_prefix(class) { first.len_utf8() } else { 0 };
    let letters = run(tail(text, prefix), Class::is_letter);
    if letters > 0 {
        return Some(prefix + letters);
    }
    if class == Class::Number {
        return Some(digits(text));
    }
    if let Some(end) = punctuation(text, &['\r', '\n']) {
        return Some(end);
    }
    let white = White::at(text);
    // `\s++$`, then `\s*[\r\n]`, then `\s+(?!\S)`, then `\s`.
    Some(if white.to_the_end { white.end } else { white.after_newline.unwrap_or(white.all_but_last()) })
}

/// `[^\r\n\p{L}\p{N}]`
fn takes_prefix(class: Class) -> bool {
    !class.is_letter() && !matches!(class, Class::Newline | Class::Number)
}

/// Where the two word alternatives of `o200k_base` end, counted from the start of the text.
#[derive(Debug, Clone, Copy)]
struct Word {
    /// The end of `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+`, where it matches.
    lower_end: Option<usize>,
    /// The end of `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*`, where it matches and
    /// the other does not.
    upper_end: Option<usize>,
}

impl Word {
    /// The word that starts at byte `start`.
    fn at(text: &str, start: usize) -> Self {
        let mut upper_end = start;
        // The run's last character that may also stand in the second class: greedy as it is, the
        // first class gives characters back until the second has one.
        let mut given_back = None;
        for c in tail(text, start).chars() {
            match Class::of(c) {
                Class::Upper => {}
                Class::Uncased | Class::Mark => given_back = Some(upper_end + c.len_utf8()),
                _ => break,
            }
            upper_end += c.len_utf8();
        }
        let lower = run(tail(text, upper_end), |class| matches!(class, Class::Lower | Class::Uncased | Class::Mark));
        Self {
            lower_end: if lower > 0 { Some(upper_end + lower) } else { given_back },
            upper_end: (upper_end > start).then_some(upper_end),
        }
    }
}

/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)` at the start of the text: its length, or 0. Case is folded as
/// Unicode does, which makes `ſ` an `s`.
fn contraction(text: &str) -> usize {
    let mut chars = text.chars();
    if chars.next() != Some('\'') {
        return 0;
    }
    match (chars.next().map(|c| c.to_ascii_lowercase()), chars.next().map(|c| c.to_ascii_lowercase())) {
        (Some('s' | 't' | 'm' | 'd'), _) => 2,
        (Some('ſ'), _) => 1 + 'ſ'.len_utf8(),
        (Some('r' | 'v'), Some('e')) | (Some('l'), Some('l')) => 3,
        _ => 0,
    }
}

/// `\p{N}{1,3}`
fn digits(text: &str) -> usize {
    text.chars().take(3).take_while(|&c| Class::of(c) == Class::Number).map(char::len_utf8).sum()
}

/// ` ?[^\s\p{L}\p{N}]+` and then any of the `trailing` characters.
fn punctuation(text: &str, trailing: &[char]) -> Option<usize> {
    let space = usize::from(text.starts_with(' '));
    let marks = run(tail(text, space), |class| matches!(class, Class::Other | Class::Mark));
    if marks == 0 {
        return None;
    }
    let after = tail(text, space + marks);
    Some(space + marks + (after.len() - after.trim_start_matches(trailing).len()))
}

/// The run of white space at the start of a text.
struct White {
    end: usize,
    /// The end of its last line break.
    after_newline: Option<usize>,
    /// The start of its last character.
    last: usize,
    /// Whether the text ends with it.
    to_the_end: bool,
}

impl White {
    fn at(text: &str) -> Self {
        let (mut end, mut after_newline, mut last) = (0, None, 0);
        for c in text.chars() {
            let class = Class::of(c);
            if !class.is_white() {
                break;
            }
            last = end;
            end += c.len_utf8();
            if class == Class::Newline {
                after_newline = Some(end);
            }
        }
        Self { end, after_newline, last, to_the_end: end == text.len() }
    }

    /// `\s+(?!\S)` before something that is not white, or the lone character where that leaves none.
    fn all_but_last(&self) -> usize {
        if self.last == 0 { self.end } else { self.last }
    }
}

/// The length of the longest run of such characters at the start of the text.
fn run(text: &str, of: impl Fn(Class) -> bool) -> usize {
    text.char_indices().find(|&(_, c)| !of(Class::of(c))).map_or(text.len(), |(at, _)| at)
}

/// The text from a byte on; nothing if it is not there.
fn tail(text: &str, from: usize) -> &str {
    text.get(from..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_end_where_the_patterns_say() {
        let both: [(&str, &[&str], &[&str]); 11] = [
            ("it'ſx", &["it'ſ", "x"], &["it", "'ſ", "x"]),
            ("IT'LLgo", &["IT'LL", "go"], &["IT", "'LL", "go"]),
            ("\u{301}ABC d", &["\u{301}", "ABC", " d"], &["\u{301}ABC", " d"]),
            ("AʰBc", &["AʰBc"], &["AʰBc"]),
            ("AʰB ", &["Aʰ", "B", " "], &["AʰB", " "]),
            ("1234", &["123", "4"], &["123", "4"]),
            (" \n /x", &[" \n", " /", "x"], &[" \n", " /", "x"]),
            ("}\n/\n\nx", &["}\n/\n\n", "x"], &["}\n", "/\n\n", "x"]),
            ("a  \n  ", &["a", "  \n", "  "], &["a", "  \n  "]),
            ("\t\t1", &["\t", "\t", "1"], &["\t", "\t", "1"]),
            ("!\u{301}é", &["!\u{301}é"], &["!\u{301}", "é"]),
        ];
        for (text, o200k, cl100k) in both {
            assert_eq!(Pattern::O200k.matches(text).collect::<Vec<_>>(), o200k, "{text:?}");
            assert_eq!(Pattern::Cl100k.matches(text).collect::<Vec<_>>(), cl100k, "{text:?}");
        }
    }
}
