//! The features of a text from which its tokens are estimated. They add up over the pieces of a text.
//!
//! All but the first depend on code points alone, not on tables that change with the Unicode version.
//! `benches/estimate/features.py` computes the same for fitting; `tests/tokens_oracle.rs` compares the two.

use std::ops::AddAssign;

use super::encoding::Encoding;

/// How many features there are.
pub(super) const FEATURES: usize = Feature::OtherScript as usize + 1;

/// A countable property of a text. The order is that of the weights in `estimators.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Feature {
    /// Tokens in `o200k_base`.
    O200k,
    /// `a` to `z`.
    Lower,
    /// `A` to `Z`.
    Upper,
    /// `0` to `9`.
    Digit,
    /// Other visible ASCII characters.
    Punctuation,
    /// `_`, which is punctuation too.
    Underscore,
    /// `\n`.
    LineBreak,
    /// Runs of ASCII letters.
    Word,
    /// Capitals right after a small letter.
    Camel,
    /// Runs of seven and more small letters.
    LongWord,
    /// Runs of punctuation.
    PunctuationRun,
    /// Lines that are not empty.
    Line,
    /// Lines that begin with a blank.
    Indent,
    /// Characters beyond ASCII that belong to no script: dashes, arrows, boxes, emoji.
    Symbol,
    /// Latin letters beyond ASCII.
    Latin,
    /// Cyrillic and Greek.
    Cyrillic,
    /// Hebrew, Arabic and their relatives.
    Semitic,
    /// The scripts of India.
    Indic,
    /// Korean.
    Hangul,
    /// Chinese and Japanese.
    Cjk,
    /// Every other script.
    OtherScript,
}

/// The beginning of each run of code points beyond ASCII, and the feature of those up to the next.
const RANGES: [(u32, Feature); 42] = [
    (0x80, Feature::Symbol),
    (0xc0, Feature::Latin),
    (0xd7, Feature::Symbol),
    (0xd8, Feature::Latin),
    (0xf7, Feature::Symbol),
    (0xf8, Feature::Latin),
    (0x2b0, Feature::Symbol),
    (0x370, Feature::Cyrillic),
    (0x530, Feature::OtherScript),
    (0x590, Feature::Semitic),
    (0x900, Feature::Indic),
    (0xe00, Feature::OtherScript),
    (0x1100, Feature::Hangul),
    (0x1200, Feature::OtherScript),
    (0x1e00, Feature::Latin),
    (0x1f00, Feature::Cyrillic),
    (0x2000, Feature::Symbol),
    (0x2c00, Feature::OtherScript),
    (0x2e00, Feature::Symbol),
    (0x2e80, Feature::Cjk),
    (0x3130, Feature::Hangul),
    (0x3190, Feature::Cjk),
    (0xa000, Feature::OtherScript),
    (0xac00, Feature::Hangul),
    (0xd800, Feature::Symbol),
    (0xf900, Feature::Cjk),
    (0xfb00, Feature::Latin),
    (0xfb13, Feature::OtherScript),
    (0xfb1d, Feature::Semitic),
    (0xfe00, Feature::Symbol),
    (0xfe30, Feature::Cjk),
    (0xfe70, Feature::Semitic),
    (0xfeff, Feature::Symbol),
    (0xff00, Feature::Cjk),
    (0xffa0, Feature::Hangul),
    (0xffe0, Feature::Cjk),
    (0xfff0, Feature::Symbol),
    (0x10000, Feature::OtherScript),
    (0x1b000, Feature::Cjk),
    (0x1bc00, Feature::Symbol),
    (0x20000, Feature::Cjk),
    (0x40000, Feature::Symbol),
];

/// The features of a text, or of a piece of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Features([u64; FEATURES]);

impl Features {
    /// How many there are.
    pub const COUNT: usize = FEATURES;

    /// The features of each piece of the text that the pieces make when joined: a word across a joint is
    /// one word, and counts for the piece in which it begins.
    pub fn of(pieces: &[&str]) -> Vec<Self> {
        Self::of_counted(pieces, &Encoding::O200kBase.attribute(pieces))
    }

    /// [`of`](Self::of) for pieces whose shares of `o200k_base` are known, as
    /// [`Encoding::attribute`] gives them.
    pub fn of_counted(pieces: &[&str], o200k: &[u64]) -> Vec<Self> {
        let mut joint = Joint::default();
        let shares = o200k.iter().copied().chain(std::iter::repeat(0));
        let counted = pieces.iter().zip(shares).map(|(piece, tokens)| {
            let (found, after) = Self::of_piece(piece, joint);
            joint = after;
            found.with_o200k(tokens)
        });
        counted.collect()
    }

    /// The features of a piece after `joint`, except its share of `o200k_base`, and the joint after it.
    /// They depend on these two alone, so they can be cached by them.
    pub fn of_piece(piece: &str, joint: Joint) -> (Self, Joint) {
        let mut scan = Scan::after(joint);
        (scan.piece(piece), scan.joint())
    }

    /// The same with a share of `o200k_base`.
    pub fn with_o200k(mut self, tokens: u64) -> Self {
        self.add(Feature::O200k, tokens);
        self
    }

    /// All features, in the order of `benches/estimate/corpus.csv`.
    pub fn values(&self) -> [u64; FEATURES] {
        self.0
    }

    pub(super) fn get(&self, feature: Feature) -> u64 {
        self.0.get(feature as usize).copied().unwrap_or(0)
    }

    fn add(&mut self, feature: Feature, times: u64) {
        if let Some(value) = self.0.get_mut(feature as usize) {
            *value += times;
        }
    }
}

impl From<[u64; FEATURES]> for Features {
    fn from(values: [u64; FEATURES]) -> Self {
        Self(values)
    }
}

impl AddAssign<&Self> for Features {
    fn add_assign(&mut self, other: &Self) {
        for (value, more) in self.0.iter_mut().zip(other.0) {
            *value += more;
        }
    }
}

/// The facts about the text before a piece that its features depend on. The default is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Joint {
    /// The character before.
    before: char,
    /// The small letters in a row up to here, at most one more than make a long word.
    small_letters: u8,
}

impl Default for Joint {
    /// The beginning of a text counts as the beginning of a line.
    fn default() -> Self {
        Self { before: '\n', small_letters: 0 }
    }
}

/// The small letters in a row that make a long word.
const LONG_WORD: usize = 7;

/// The class of a character. All features but those of scripts and of long words can be computed from how
/// often one class follows another, so the scan only counts these pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum CharKind {
    /// Controls, and everything beyond ASCII.
    Other,
    Blank,
    LineBreak,
    Lower,
    Upper,
    Digit,
    Punctuation,
    Underscore,
}

impl CharKind {
    const COUNT: usize = 8;

    const ALL: [Self; Self::COUNT] = [
        Self::Other,
        Self::Blank,
        Self::LineBreak,
        Self::Lower,
        Self::Upper,
        Self::Digit,
        Self::Punctuation,
        Self::Underscore,
    ];

    const fn of_ascii(byte: u8) -> Self {
        match byte {
            b'a'..=b'z' => Self::Lower,
            b'A'..=b'Z' => Self::Upper,
            b'0'..=b'9' => Self::Digit,
            b'\n' => Self::LineBreak,
            b' ' | b'\t' => Self::Blank,
            b'_' => Self::Underscore,
            b'!'..=b'~' => Self::Punctuation,
            _ => Self::Other,
        }
    }

    /// The class of an ASCII character.
    fn of(c: char) -> Option<Self> {
        ASCII.get(c as usize).copied()
    }

    fn is_letter(self) -> bool {
        matches!(self, Self::Lower | Self::Upper)
    }

    fn is_punctuation(self) -> bool {
        matches!(self, Self::Punctuation | Self::Underscore)
    }
}

/// The class of every ASCII character.
static ASCII: [CharKind; 128] = {
    let mut classes = [CharKind::Other; 128];
    let mut byte = 0;
    while byte < classes.len() {
        classes[byte] = CharKind::of_ascii(byte as u8);
        byte += 1;
    }
    classes
};

/// How often each class followed each other one.
#[derive(Default)]
struct Pairs([[u64; CharKind::COUNT]; CharKind::COUNT]);

impl Pairs {
    fn add(&mut self, before: CharKind, class: CharKind) {
        self.0[before as usize][class as usize] += 1;
    }

    /// Adds the features that follow from the counted pairs.
    fn add_to(&self, found: &mut Features) {
        for (before, row) in CharKind::ALL.into_iter().zip(self.0) {
            for (class, times) in CharKind::ALL.into_iter().zip(row) {
                let properties = [
                    (Feature::Lower, class == CharKind::Lower),
                    (Feature::Upper, class == CharKind::Upper),
                    (Feature::Digit, class == CharKind::Digit),
                    (Feature::Punctuation, class.is_punctuation()),
                    (Feature::Underscore, class == CharKind::Underscore),
                    (Feature::LineBreak, class == CharKind::LineBreak),
                    (Feature::Word, class.is_letter() && !before.is_letter()),
                    (Feature::Camel, class == CharKind::Upper && before == CharKind::Lower),
                    (Feature::PunctuationRun, class.is_punctuation() && !before.is_punctuation()),
                    (Feature::Line, before == CharKind::LineBreak && class != CharKind::LineBreak),
                    (Feature::Indent, before == CharKind::LineBreak && class == CharKind::Blank),
                ];
                for (feature, _) in properties.into_iter().filter(|(_, holds)| *holds) {
                    found.add(feature, times);
                }
            }
        }
    }
}

/// The state of reading a text, across its pieces.
struct Scan {
    /// The character before; a line break at the start of the text.
    before: char,
    /// The small letters in a row up to here.
    small_letters: usize,
}

impl Scan {
    fn after(joint: Joint) -> Self {
        let Joint { before, small_letters } = joint;
        Self { before, small_letters: small_letters.into() }
    }

    fn joint(&self) -> Joint {
        Joint { before: self.before, small_letters: self.small_letters.min(LONG_WORD + 1) as u8 }
    }

    fn piece(&mut self, piece: &str) -> Features {
        let (mut found, mut pairs, mut long_words) = (Features::default(), Pairs::default(), 0);
        let mut before = CharKind::of(self.before).unwrap_or(CharKind::Other);
        for c in piece.chars() {
            let class = CharKind::of(c).unwrap_or_else(|| {
                if let Some(script) = script(c) {
                    found.add(script, 1);
                }
                CharKind::Other
            });
            pairs.add(before, class);
            self.small_letters = if class == CharKind::Lower { self.small_letters + 1 } else { 0 };
            long_words += u64::from(self.small_letters == LONG_WORD);
            before = class;
        }
        self.before = piece.chars().next_back().unwrap_or(self.before);
        pairs.add_to(&mut found);
        found.add(Feature::LongWord, long_words);
        found
    }
}

/// The feature that a character beyond ASCII counts as.
fn script(c: char) -> Option<Feature> {
    let after = RANGES.partition_point(|&(first, _)| first <= u32::from(c));
    RANGES.get(after.checked_sub(1)?).map(|&(_, feature)| feature)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Features {
        Features::of(&[text])[0]
    }

    #[test]
    fn each_feature_counts_what_it_says() {
        let found = of("Hello  readFile, understanding!!\n  x_1 — été жук 語 한글 हिन्दी עברית ไทย\n\n");
        let expected = [
            (Feature::Upper, 2),
            (Feature::Lower, 4 + 7 + 13 + 1 + 1),
            (Feature::Digit, 1),
            (Feature::Punctuation, 4),
            (Feature::Underscore, 1),
            (Feature::PunctuationRun, 3),
            (Feature::LineBreak, 3),
            (Feature::Word, 5),
            (Feature::Camel, 1),
            (Feature::LongWord, 1),
            (Feature::Line, 2),
            (Feature::Indent, 1),
            (Feature::Symbol, 1),
            (Feature::Latin, 2),
            (Feature::Cyrillic, 3),
            (Feature::Cjk, 1),
            (Feature::Hangul, 2),
            (Feature::Indic, 6),
            (Feature::Semitic, 5),
            (Feature::OtherScript, 3),
        ];
        for (feature, times) in expected {
            assert_eq!(found.get(feature), times, "{feature:?}");
        }
    }

    /// The features by their definitions, a character at a time.
    fn by_definition(text: &str) -> Features {
        let mut found = Features::default();
        let (mut before, mut small_letters) = ('\n', 0);
        for c in text.chars() {
            small_letters = if c.is_ascii_lowercase() { small_letters + 1 } else { 0 };
            let properties = [
                (Feature::Lower, c.is_ascii_lowercase()),
                (Feature::Upper, c.is_ascii_uppercase()),
                (Feature::Digit, c.is_ascii_digit()),
                (Feature::Punctuation, c.is_ascii_punctuation()),
                (Feature::Underscore, c == '_'),
                (Feature::LineBreak, c == '\n'),
                (Feature::Word, c.is_ascii_alphabetic() && !before.is_ascii_alphabetic()),
                (Feature::Camel, c.is_ascii_uppercase() && before.is_ascii_lowercase()),
                (Feature::LongWord, small_letters == 7),
                (Feature::PunctuationRun, c.is_ascii_punctuation() && !before.is_ascii_punctuation()),
                (Feature::Line, before == '\n' && c != '\n'),
                (Feature::Indent, before == '\n' && (c == ' ' || c == '\t')),
            ];
            let script = if c.is_ascii() { None } else { script(c) };
            properties.into_iter().filter(|(_, holds)| *holds).for_each(|(feature, _)| found.add(feature, 1));
            script.into_iter().for_each(|feature| found.add(feature, 1));
            before = c;
        }
        found
    }

    proptest::proptest! {
        #[test]
        fn pairs_of_classes_say_what_characters_say(text in "[a-fA-F_ \t\r\n0.!é語\u{7f}\u{0}]{0,80}|\\PC{0,40}") {
            let (found, _) = Features::of_piece(&text, Joint::default());
            proptest::prop_assert_eq!(found, by_definition(&text));
        }
    }

    #[test]
    fn pieces_add_up_to_the_joined_text() {
        let text = "A longword readFile\n  x — été\n\n語!!";
        let cuts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        for &cut in &cuts {
            let (before, after) = text.split_at(cut);
            let mut sum = Features::default();
            for piece in Features::of(&[before, "", after]) {
                sum += &piece;
            }
            assert_eq!(sum, of(text), "{before:?} {after:?}");
        }
    }
}
