//! The character classes that the encodings' patterns distinguish, in tables that the build script makes
//! from `regex-syntax`, which tiktoken-rs uses too, so that both always have the same Unicode version.

pub(super) use super::image::Class;
use super::image::PAGE;

/// The index in [`PAGES`] of the page of each run of [`PAGE`] code points.
static INDEX: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/classes.index"));

/// The pages: the class of each of their code points. The first is that of ASCII.
static PAGES: &[[u8; PAGE]] = include_bytes!(concat!(env!("OUT_DIR"), "/classes.pages")).as_chunks().0;

static ASCII: [u8; PAGE] = PAGES[0];

impl Class {
    /// No class: past the end of the text.
    pub(super) const NONE: Self = Self(0);
    /// `\p{L}`.
    pub(super) const LETTER: Self = Self::UPPER.or(Self::LOWER).or(Self::UNCASED);
    /// `\s`.
    pub(super) const WHITE: Self = Self::NEWLINE.or(Self::BLANK);

    /// The class of a character.
    #[inline]
    pub(super) fn of(c: char) -> Self {
        let at = c as usize;
        let page = INDEX.get(at / PAGE).and_then(|&page| PAGES.get(usize::from(page)));
        page.map_or(Self::OTHER, |page| Self(page[at % PAGE]))
    }

    /// The class of an ASCII character.
    #[inline]
    pub(super) fn of_ascii(byte: u8) -> Self {
        Self(ASCII[usize::from(byte) % PAGE])
    }

    /// The classes of both sets.
    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the class is one of a set.
    #[inline]
    pub(super) const fn is(self, set: Self) -> bool {
        self.0 & set.0 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_characters() {
        let expected = [
            ('A', Class::UPPER),
            ('ǅ', Class::UPPER),
            ('ß', Class::LOWER),
            ('ʰ', Class::UNCASED),
            ('語', Class::UNCASED),
            ('\u{0308}', Class::MARK),
            ('\u{0903}', Class::MARK),
            ('7', Class::NUMBER),
            ('½', Class::NUMBER),
            ('Ⅷ', Class::NUMBER),
            ('\n', Class::NEWLINE),
            ('\t', Class::BLANK),
            ('\u{3000}', Class::BLANK),
            ('\u{85}', Class::BLANK),
            ('\u{b}', Class::BLANK),
            ('_', Class::OTHER),
            ('—', Class::OTHER),
            ('\u{10ffff}', Class::OTHER),
        ];
        for (c, class) in expected {
            assert_eq!(Class::of(c), class, "{c:?}");
        }
    }

    #[test]
    fn every_character_has_one_class() {
        assert!(('\0'..=char::MAX).all(|c| Class::of(c).0.is_power_of_two()));
        assert!((0..128).all(|byte: u8| Class::of_ascii(byte) == Class::of(char::from(byte))));
    }
}
