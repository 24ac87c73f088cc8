//! The character classes that the encodings' patterns tell apart.
//!
//! They are taken from `regex-syntax`, the tables behind the regexes of tiktoken itself, so that a
//! new Unicode version reaches both at once.

use std::sync::LazyLock;

use regex_syntax::hir::{Class as HirClass, HirKind};

/// What a character is to the patterns. Every character is exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// `\p{Lu}` or `\p{Lt}`.
    Upper,
    /// `\p{Ll}`.
    Lower,
    /// `\p{Lm}` or `\p{Lo}`: a letter without case.
    Uncased,
    /// `\p{M}`, which `o200k_base` lets stand wherever an uncased letter may.
    Mark,
    /// `\p{N}`.
    Number,
    /// `\r` or `\n`.
    Newline,
    /// Any other white space.
    Blank,
    /// Everything else: punctuation, symbols, controls, what is not assigned.
    Other,
}

impl Class {
    /// The class of a character.
    pub(super) fn of(c: char) -> Self {
        match TABLE.ascii.get(c as usize) {
            Some(&class) => class,
            None if c.is_whitespace() => Self::Blank,
            None => TABLE.beyond_ascii(c),
        }
    }

    /// `\p{L}`.
    pub(super) fn is_letter(self) -> bool {
        matches!(self, Self::Upper | Self::Lower | Self::Uncased)
    }

    /// `\s`.
    pub(super) fn is_white(self) -> bool {
        matches!(self, Self::Newline | Self::Blank)
    }
}

struct Table {
    ascii: [Class; 128],
    /// First, last and class, ascending and apart from each other.
    ranges: Vec<(char, char, Class)>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let categories = [
        (r"[\p{Lu}\p{Lt}]", Class::Upper),
        (r"\p{Ll}", Class::Lower),
        (r"[\p{Lm}\p{Lo}]", Class::Uncased),
        (r"\p{M}", Class::Mark),
        (r"\p{N}", Class::Number),
    ];
    let mut ranges = Vec::new();
    for (pattern, class) in categories {
        let hir = regex_syntax::parse(pattern).map(|hir| hir.into_kind());
        if let Ok(HirKind::Class(HirClass::Unicode(unicode))) = hir {
            ranges.extend(unicode.iter().map(|range| (range.start(), range.end(), class)));
        }
    }
    ranges.sort_unstable_by_key(|&(first, ..)| first);
    let mut ascii = [Class::Other; 128];
    for (c, class) in ('\0'..).zip(&mut ascii) {
        *class = match c {
            '\r' | '\n' => Class::Newline,
            'A'..='Z' => Class::Upper,
            'a'..='z' => Class::Lower,
            '0'..='9' => Class::Number,
            c if c.is_whitespace() => Class::Blank,
            _ => Class::Other,
        };
    }
    Table { ascii, ranges }
});

impl Table {
    fn beyond_ascii(&self, c: char) -> Class {
        let after = self.ranges.partition_point(|&(first, ..)| first <= c);
        match after.checked_sub(1).and_then(|at| self.ranges.get(at)) {
            Some(&(_, last, class)) if c <= last => class,
            _ => Class::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_characters() {
        let expected = [
            ('A', Class::Upper),
            ('ǅ', Class::Upper),
            ('ß', Class::Lower),
            ('ʰ', Class::Uncased),
            ('語', Class::Uncased),
            ('\u{0308}', Class::Mark),
            ('\u{0903}', Class::Mark),
            ('7', Class::Number),
            ('½', Class::Number),
            ('Ⅷ', Class::Number),
            ('\n', Class::Newline),
            ('\t', Class::Blank),
            ('\u{3000}', Class::Blank),
            ('\u{85}', Class::Blank),
            ('\u{b}', Class::Blank),
            ('_', Class::Other),
            ('—', Class::Other),
            ('\u{10ffff}', Class::Other),
        ];
        for (c, class) in expected {
            assert_eq!(Class::of(c), class, "{c:?}");
        }
    }
}
