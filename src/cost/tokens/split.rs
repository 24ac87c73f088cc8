//! The pre-tokenisers of the public encodings as code: they find the end of one match of an encoding's
//! pattern. Merges never cross a match, so a text's tokens are those of its matches.
//!
//! Both patterns try their alternatives in order and look ahead by one character at most, never
//! behind. The functions below try the same alternatives in the same order; the comment above each step
//! quotes the alternative that it implements. Time is linear in the text: a run is scanned again only
//! where a match ends inside it, which happens at most twice a run.

use std::ops::Range;

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
    /// Where the matches of a text are, in order and without gaps.
    #[inline]
    pub(super) fn matches(self, text: &str) -> impl Iterator<Item = Range<usize>> {
        let text = Text(text);
        let mut start = 0;
        std::iter::from_fn(move || {
            let end = match self {
                Self::O200k => text.o200k(start),
                Self::Cl100k => text.cl100k(start),
            };
            let found = start..end;
            start = end;
            (!found.is_empty()).then_some(found)
        })
    }
}

/// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`
const CAPITALS: Class = Class::UPPER.or(Class::UNCASED).or(Class::MARK);
/// `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`
const SMALL: Class = Class::LOWER.or(Class::UNCASED).or(Class::MARK);
/// `[^\r\n\p{L}\p{N}]`
const PREFIX: Class = Class::MARK.or(Class::BLANK).or(Class::OTHER);
/// `[^\s\p{L}\p{N}]`
const PUNCTUATION: Class = Class::MARK.or(Class::OTHER);

/// A text to be matched from any place in it. Places are bytes; those past the end are the end.
#[derive(Clone, Copy)]
struct Text<'t>(&'t str);

impl Text<'_> {
    /// The end of the match of the `o200k_base` pattern at a place; the place itself at the end.
    fn o200k(self, start: usize) -> usize {
        let (class, next) = self.class_at(start);
        // `[^\r\n\p{L}\p{N}]?` takes one character before the letters if it can.
        let word = self.word(if class.is(PREFIX) { next } else { start });
        // Without that prefix, the letters begin with the same character, which can only be a mark.
        let bare = if class == Class::MARK { self.word(start) } else { Word::default() };
        // `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|…)?`, then
        // `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|…)?`:
        // each with the character before it, then without.
        if let Some(end) = word.small_end.or(bare.small_end).or(word.capitals_end).or(bare.capitals_end) {
            return self.contraction(end).unwrap_or(end);
        }
        if class == Class::NUMBER {
            return self.digits(next);
        }
        if let Some(end) = self.punctuation(start) {
            return self.end_of(end, |byte| matches!(byte, b'\r' | b'\n' | b'/'));
        }
        // `\s*[\r\n]+`, then `\s+(?!\S)`, then `\s+`.
        let white = self.white(start);
        white.after_newline.unwrap_or(if white.ends_text { white.end } else { white.all_but_last })
    }

    /// The end of the match of the `cl100k_base` pattern at a place; the place itself at the end.
    fn cl100k(self, start: usize) -> usize {
        // `'(?i:[sdmt]|ll|ve|re)`
        if let Some(end) = self.contraction(start) {
            return end;
        }
        let (class, next) = self.class_at(start);
        // `[^\r\n\p{L}\p{N}]?+\p{L}++`
        let letters = if class.is(PREFIX) { next } else { start };
        let end = self.run(letters, Class::LETTER);
        if end > letters {
            return end;
        }
        if class == Class::NUMBER {
            return self.digits(next);
        }
        if let Some(end) = self.punctuation(start) {
            return self.end_of(end, |byte| matches!(byte, b'\r' | b'\n'));
        }
        // `\s++$`, then `\s*[\r\n]`, then `\s+(?!\S)`, then `\s`.
        let white = self.white(start);
        if white.ends_text { white.end } else { white.after_newline.unwrap_or(white.all_but_last) }
    }

    /// Where the two word alternatives of `o200k_base` end for a word that starts at a place.
    #[inline]
    fn word(self, start: usize) -> Word {
        let mut capitals_end = start;
        // The end of the run's last character that is also in the second class: the first class is greedy,
        // and gives characters back until the second has one.
        let mut given_back = None;
        let small_start = loop {
            let (class, next) = self.class_at(capitals_end);
            if !class.is(CAPITALS) {
                break capitals_end;
            }
            capitals_end = next;
            if class != Class::UPPER {
                given_back = Some(next);
            }
        };
        let small_end = self.run(small_start, SMALL);
        Word {
            small_end: if small_end > small_start { Some(small_end) } else { given_back },
            capitals_end: (capitals_end > start).then_some(capitals_end),
        }
    }

    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)` at a place: its end. Case is folded as Unicode does, which
    /// makes `ſ` (two bytes) an `s`.
    #[inline]
    fn contraction(self, start: usize) -> Option<usize> {
        let bytes = self.0.as_bytes();
        if bytes.get(start) != Some(&b'\'') {
            return None;
        }
        let after = |offset: usize| bytes.get(start + offset).copied();
        let length = match (after(1)?.to_ascii_lowercase(), after(2).map(|byte| byte.to_ascii_lowercase())) {
            (b's' | b't' | b'm' | b'd', _) => 2,
            (b'r' | b'v', Some(b'e')) | (b'l', Some(b'l')) => 3,
            (0xc5, Some(0xbf)) => 3,
            _ => return None,
        };
        Some(start + length)
    }

    /// The end of `\p{N}{1,3}` whose first number has ended.
    fn digits(self, second: usize) -> usize {
        let (class, third) = self.class_at(second);
        if class != Class::NUMBER {
            return second;
        }
        let (class, end) = self.class_at(third);
        if class == Class::NUMBER { end } else { third }
    }

    /// The end of ` ?[^\s\p{L}\p{N}]+` at a place.
    #[inline]
    fn punctuation(self, start: usize) -> Option<usize> {
        let from = start + usize::from(self.0.as_bytes().get(start) == Some(&b' '));
        let end = self.run(from, PUNCTUATION);
        (end > from).then_some(end)
    }

    /// The run of white space at a place.
    fn white(self, start: usize) -> White {
        let mut white = White { end: start, after_newline: None, all_but_last: start, ends_text: false };
        let mut last = start;
        loop {
            let (class, next) = self.class_at(white.end);
            if !class.is(Class::WHITE) {
                white.all_but_last = if last > start { last } else { white.end };
                white.ends_text = class == Class::NONE;
                return white;
            }
            last = white.end;
            white.end = next;
            if class == Class::NEWLINE {
                white.after_newline = Some(next);
            }
        }
    }

    /// The end of the run of such characters at a place.
    #[inline]
    fn run(self, start: usize, of: Class) -> usize {
        let mut end = start;
        loop {
            let (class, next) = self.class_at(end);
            if !class.is(of) {
                return end;
            }
            end = next;
        }
    }

    /// The end of the run of such ASCII characters at a place.
    fn end_of(self, start: usize, of: impl Fn(u8) -> bool) -> usize {
        let rest = self.0.as_bytes().get(start..).unwrap_or_default();
        start + rest.iter().take_while(|&&byte| of(byte)).count()
    }

    /// The class of the character at a place, and where the next one is.
    #[inline]
    fn class_at(self, at: usize) -> (Class, usize) {
        match self.0.as_bytes().get(at) {
            Some(&byte) if byte.is_ascii() => (Class::of_ascii(byte), at + 1),
            Some(_) => self.class_beyond_ascii(at),
            None => (Class::NONE, at),
        }
    }

    fn class_beyond_ascii(self, at: usize) -> (Class, usize) {
        let c = self.0.get(at..).and_then(|rest| rest.chars().next());
        c.map_or((Class::NONE, at), |c| (Class::of(c), at + c.len_utf8()))
    }
}

/// Where the two word alternatives of `o200k_base` end.
#[derive(Debug, Clone, Copy, Default)]
struct Word {
    /// The end of `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+`, where it matches.
    small_end: Option<usize>,
    /// The end of `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*`, where it matches and
    /// the other does not.
    capitals_end: Option<usize>,
}

/// A run of white space.
struct White {
    end: usize,
    /// The end of its last line break.
    after_newline: Option<usize>,
    /// `\s+(?!\S)` before something that is not white: the end of the last character but one, or
    /// of the only one.
    all_but_last: usize,
    /// Whether the text ends with it.
    ends_text: bool,
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
            let found = |pattern: Pattern| pattern.matches(text).map(|found| &text[found]).collect::<Vec<_>>();
            assert_eq!(found(Pattern::O200k), o200k, "{text:?}");
            assert_eq!(found(Pattern::Cl100k), cl100k, "{text:?}");
        }
    }
}
