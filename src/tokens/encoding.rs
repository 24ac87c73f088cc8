//! The encodings whose vocabulary is public: exact counts, offline.
//!
//! A text is counted in stretches between safe cuts ([`super::cut`]), which tiktoken-rs counts one
//! by one, on as many threads as the ambient rayon pool has. A stretch without a safe cut for so
//! long that tiktoken-rs would panic or dawdle (a million blanks, say) is split and merged here.

use std::sync::LazyLock;

use rayon::prelude::*;
use tiktoken_rs::CoreBPE;

use super::cut;
use super::merge::Ranks;
use super::seam::{self, Measured};
use super::split::Pattern;

/// The length in bytes from which on a stretch ends at the next safe cut.
const STRETCH_BYTES: usize = 32 << 10;

/// The longest stretch in bytes that is left to tiktoken-rs. Its regexes stop with a panic near a
/// million blanks in a row.
const LONGEST_STRETCH_BYTES: usize = 64 << 10;

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
        let stretches = cut::stretches(self.pattern(), text, STRETCH_BYTES);
        if text.len() <= LONGEST_STRETCH_BYTES {
            return stretches.map(|stretch| self.count_stretch(stretch)).sum();
        }
        let stretches: Vec<&str> = stretches.collect();
        stretches.into_par_iter().map(|stretch| self.count_stretch(stretch)).sum()
    }

    /// What counting a text among others needs to know of it, so that it is counted only once.
    pub fn measure(self, text: &str) -> Measured {
        seam::measure(self, text)
    }

    /// [`measure`](Self::measure) for each of many texts.
    pub fn measure_all(self, texts: &[&str]) -> Vec<Measured> {
        if texts.iter().map(|text| text.len()).sum::<usize>() > LONGEST_STRETCH_BYTES {
            return texts.par_iter().map(|text| self.measure(text)).collect();
        }
        texts.iter().map(|text| self.measure(text)).collect()
    }

    /// The tokens of the joined pieces, each counted for the piece that holds its first byte: as
    /// many numbers as pieces, which add up to the count of the joined text.
    pub fn attribute(self, pieces: &[&str]) -> Vec<u64> {
        let measured = self.measure_all(pieces);
        let pieces: Vec<(&str, &Measured)> = pieces.iter().copied().zip(&measured).collect();
        self.attribute_measured(&pieces)
    }

    /// [`attribute`](Self::attribute) for pieces that this encoding has measured: only the text
    /// around the joints is tokenised. A measure that does not fit its piece is taken again.
    pub fn attribute_measured(self, pieces: &[(&str, &Measured)]) -> Vec<u64> {
        seam::attribute(self, pieces)
    }

    /// The pattern that splits a text before its parts are merged.
    pub(super) fn pattern(self) -> Pattern {
        match self {
            Self::O200kBase | Self::O200kHarmony => Pattern::O200k,
            Self::Cl100kBase => Pattern::Cl100k,
        }
    }

    /// The lengths in bytes of a text's tokens, in order.
    pub(super) fn token_lengths(self, text: &str) -> Vec<usize> {
        cut::stretches(self.pattern(), text, STRETCH_BYTES)
            .flat_map(|stretch| {
                if stretch.len() > LONGEST_STRETCH_BYTES {
                    return self.lengths_by_hand(stretch);
                }
                lengths_by_tiktoken(self, stretch)
            })
            .collect()
    }

    fn count_stretch(self, stretch: &str) -> u64 {
        if stretch.len() > LONGEST_STRETCH_BYTES {
            self.lengths_by_hand(stretch).len() as u64
        } else {
            self.engine().count_ordinary(stretch) as u64
        }
    }

    /// [`token_lengths`](Self::token_lengths) without tiktoken-rs's regexes and merging: any length
    /// of any text in bounded time.
    fn lengths_by_hand(self, text: &str) -> Vec<usize> {
        let ranks = self.ranks();
        self.pattern().matches(text).flat_map(|found| ranks.token_lengths(found.as_bytes())).collect()
    }

    fn engine(self) -> &'static CoreBPE {
        match self.pattern() {
            Pattern::O200k => tiktoken_rs::o200k_base_singleton(),
            Pattern::Cl100k => tiktoken_rs::cl100k_base_singleton(),
        }
    }

    /// The vocabulary, read out of tiktoken-rs. The numbers of ordinary tokens are those of the
    /// published rank files; special tokens come after them.
    fn ranks(self) -> &'static Ranks {
        static O200K: LazyLock<Ranks> = LazyLock::new(|| vocabulary(tiktoken_rs::o200k_base_singleton(), 199_998));
        static CL100K: LazyLock<Ranks> = LazyLock::new(|| vocabulary(tiktoken_rs::cl100k_base_singleton(), 100_256));
        match self.pattern() {
            Pattern::O200k => &O200K,
            Pattern::Cl100k => &CL100K,
        }
    }
}

fn lengths_by_tiktoken(encoding: Encoding, text: &str) -> Vec<usize> {
    let engine = encoding.engine();
    let length = |token| engine.decode_bytes(&[token]).map_or(0, |bytes| bytes.len());
    engine.encode_ordinary(text).into_iter().map(length).collect()
}

fn vocabulary(engine: &CoreBPE, tokens: u32) -> Ranks {
    Ranks::new((0..tokens).map_while(|token| engine.decode_bytes(&[token]).ok()))
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Texts that put the patterns' alternatives next to each other.
    pub(in crate::tokens) fn tricky_text() -> impl Strategy<Value = String> {
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

    #[test]
    fn the_vocabularies_are_whole() {
        assert_eq!(Encoding::O200kBase.ranks().len(), 199_998);
        assert_eq!(Encoding::Cl100kBase.ranks().len(), 100_256);
    }

    /// Characters of every class, as first, as middle and as last ones of a match.
    #[test]
    fn every_character_is_split_as_tiktoken_splits_it() {
        let characters: Vec<char> = ('\0'..='\u{1ffff}').chain('\u{e0000}'..='\u{e01ff}').collect();
        for some in characters.chunks(2048) {
            let text: String = some.iter().flat_map(|&c| ['a', c, 'B', c, ' ', c, c, '.', c]).collect();
            for encoding in [Encoding::O200kBase, Encoding::Cl100kBase] {
                let by_hand = encoding.lengths_by_hand(&text);
                assert_eq!(by_hand, lengths_by_tiktoken(encoding, &text), "{} {:?}", encoding.name(), some.first());
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn splitting_and_merging_by_hand_is_what_tiktoken_does(text in tricky_text()) {
            for encoding in [Encoding::O200kBase, Encoding::Cl100kBase] {
                prop_assert_eq!(encoding.lengths_by_hand(&text), lengths_by_tiktoken(encoding, &text), "{}", encoding.name());
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
