//! The encodings whose vocabulary is public: exact counts, offline.
//!
//! A text is split into the matches of its encoding's pattern ([`super::split`]), and each match is
//! merged ([`super::merge`]) with a vocabulary that is part of the program ([`super::vocabulary`]).
//! A long text is cut where counts add up ([`super::cut`]) and counted on as many threads as the
//! ambient rayon pool has.

use rayon::prelude::*;

use super::cut;
use super::merge::Merger;
use super::split::Pattern;
use super::vocabulary::{self, Vocabulary};

/// The least length in bytes of a stretch of a long text; it ends at the next safe cut.
const STRETCH_BYTES: usize = 128 << 10;

/// The longest text in bytes that is counted on one thread.
pub(super) const ONE_THREAD_BYTES: usize = 256 << 10;

/// A public byte-pair encoding. Text is ordinary text: `<|endoftext|>` is seven tokens, not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// GPT-4o and every later OpenAI model.
    O200kBase,
    /// GPT-4 and GPT-3.5.
    Cl100kBase,
    /// gpt-oss: `o200k_base` with other special tokens, hence equal to it on ordinary text.
    O200kHarmony,
}

impl Encoding {
    /// Every encoding.
    pub const ALL: [Self; 3] = [Self::O200kBase, Self::Cl100kBase, Self::O200kHarmony];

    /// `o200k_base`, `cl100k_base`, `o200k_harmony`: the names that OpenAI publishes.
    pub fn name(self) -> &'static str {
        match self {
            Self::O200kBase => "o200k_base",
            Self::Cl100kBase => "cl100k_base",
            Self::O200kHarmony => "o200k_harmony",
        }
    }

    /// The encoding of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.name() == name)
    }

    /// The number of tokens of a text.
    pub fn count(self, text: &str) -> u64 {
        if text.len() <= ONE_THREAD_BYTES {
            return self.count_stretch(text);
        }
        let stretches: Vec<&str> = cut::stretches(self.pattern(), text, STRETCH_BYTES).collect();
        stretches.into_par_iter().map(|stretch| self.count_stretch(stretch)).sum()
    }

    /// The pattern that splits a text before its parts are merged.
    pub(super) fn pattern(self) -> Pattern {
        match self {
            Self::O200kBase | Self::O200kHarmony => Pattern::O200k,
            Self::Cl100kBase => Pattern::Cl100k,
        }
    }

    /// Where the tokens of a text start, in order.
    pub(super) fn token_starts(self, text: &str) -> Vec<usize> {
        let mut merger = Merger::new(self.vocabulary(), text);
        let mut starts = Vec::new();
        for found in self.pattern().matches(text) {
            starts.extend_from_slice(merger.starts(found.start, found.end));
        }
        starts
    }

    fn count_stretch(self, stretch: &str) -> u64 {
        let mut merger = Merger::new(self.vocabulary(), stretch);
        self.pattern().matches(stretch).map(|found| merger.count(found.start, found.end) as u64).sum()
    }

    fn vocabulary(self) -> &'static Vocabulary {
        match self.pattern() {
            Pattern::O200k => &vocabulary::O200K,
            Pattern::Cl100k => &vocabulary::CL100K,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Texts that put the patterns' alternatives next to each other.
    pub(in crate::cost::tokens) fn tricky_text() -> impl Strategy<Value = String> {
        let atom = prop_oneof![
            Just("a"),
            Just("B"),
            Just("s"),
            Just("LL"),
            Just("re"),
            Just("ſ"),
            Just("'"),
            Just("'s"),
            Just("'ſ"),
            Just("1"),
            Just("٣"),
            Just("²"),
            Just(" "),
            Just("  "),
            Just("\t"),
            Just("\n"),
            Just("\r\n"),
            Just("\u{3000}"),
            Just("\u{85}"),
            Just("/"),
            Just("."),
            Just("}"),
            Just("!"),
            Just("\u{308}"),
            Just("\u{903}"),
            Just("é"),
            Just("ǅ"),
            Just("ʰ"),
            Just("語"),
            Just("한"),
            Just("—"),
            Just("🙂"),
            Just("\u{200d}"),
            Just("<|endoftext|>"),
            Just("the"),
            Just("\0"),
        ];
        prop_oneof![
            4 => prop::collection::vec(atom.clone(), 0..40).prop_map(|atoms| atoms.concat()),
            1 => (atom, 1..600usize).prop_map(|(atom, times)| atom.repeat(times)),
            1 => any::<String>(),
        ]
    }

    #[test]
    fn special_tokens_in_a_text_are_ordinary_text() {
        for encoding in Encoding::ALL {
            assert_eq!(encoding.count("<|endoftext|>"), 7, "{}", encoding.name());
            assert_eq!(Encoding::from_name(encoding.name()), Some(encoding));
        }
        assert_eq!(Encoding::from_name("p50k_base"), None);
    }

    /// What tiktoken-rs says of the same text.
    fn starts_by_tiktoken(encoding: Encoding, text: &str) -> Vec<usize> {
        let engine = match encoding.pattern() {
            Pattern::O200k => tiktoken_rs::o200k_base_singleton(),
            Pattern::Cl100k => tiktoken_rs::cl100k_base_singleton(),
        };
        let mut end = 0;
        let start = |token| {
            let start = end;
            end += engine.decode_bytes(&[token]).unwrap().len();
            start
        };
        engine.encode_ordinary(text).into_iter().map(start).collect()
    }

    /// After a small letter and after a blank; `tests/oracle/tiktoken_differential.rs` has more.
    #[test]
    fn every_character_is_counted_as_tiktoken_counts_it() {
        let characters: Vec<char> = ('\0'..=char::MAX).collect();
        characters.par_chunks(4096).for_each(|some| {
            let text: String = some.iter().flat_map(|&c| ['a', c, ' ', c]).collect();
            for encoding in [Encoding::O200kBase, Encoding::Cl100kBase] {
                let ours = encoding.token_starts(&text);
                assert!(ours == starts_by_tiktoken(encoding, &text), "{} {:?}", encoding.name(), some.first());
            }
        });
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn tokens_are_those_of_tiktoken(text in tricky_text()) {
            for encoding in [Encoding::O200kBase, Encoding::Cl100kBase] {
                prop_assert_eq!(encoding.token_starts(&text), starts_by_tiktoken(encoding, &text), "{}", encoding.name());
            }
        }

        #[test]
        fn counts_add_up_across_a_safe_cut(before in tricky_text(), after in tricky_text()) {
            let (Some(left), Some(right)) = (before.chars().next_back(), after.chars().next()) else { return Ok(()) };
            for encoding in [Encoding::O200kBase, Encoding::Cl100kBase] {
                if cut::is_safe(encoding.pattern(), left, right) {
                    let apart = encoding.count(&before) + encoding.count(&after);
                    prop_assert_eq!(encoding.count(&format!("{before}{after}")), apart, "{}", encoding.name());
                }
            }
        }
    }
}
