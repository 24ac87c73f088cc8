//! The encodings whose vocabulary is public: exact counts, offline.

use tiktoken_rs::CoreBPE;

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
        self.engine().count_ordinary(text) as u64
    }

    /// The tokens of the joined pieces, each counted for the piece that holds its first byte: as
    /// many numbers as pieces, which add up to the count of the joined text.
    pub fn attribute(self, pieces: &[&str]) -> Vec<u64> {
        let joined = pieces.concat();
        let mut counts = vec![0; pieces.len()];
        let mut ends = pieces.iter().scan(0, |end, piece| {
            *end += piece.len();
            Some(*end)
        });
        let engine = self.engine();
        let (mut piece, mut end, mut start) = (0, ends.next().unwrap_or(0), 0);
        for token in engine.encode_ordinary(&joined) {
            while start >= end
                && let Some(next) = ends.next()
            {
                piece += 1;
                end = next;
            }
            if let Some(count) = counts.get_mut(piece) {
                *count += 1;
            }
            start += engine.decode_bytes(&[token]).map_or(0, |bytes| bytes.len());
        }
        counts
    }

    fn engine(self) -> &'static CoreBPE {
        match self {
            Self::O200kBase | Self::O200kHarmony => tiktoken_rs::o200k_base_singleton(),
            Self::Cl100kBase => tiktoken_rs::cl100k_base_singleton(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_tokens_in_a_text_are_ordinary_text() {
        for encoding in Encoding::ALL {
            assert_eq!(encoding.count("<|endoftext|>"), 7, "{}", encoding.name());
        }
    }

    #[test]
    fn attributed_counts_add_up() {
        let encoding = Encoding::O200kBase;
        assert_eq!(encoding.attribute(&["C", "", "l"]), [1, 0, 0]);
        assert_eq!(encoding.attribute(&["", "Hello", " world"]), [0, 1, 1]);
        assert!(encoding.attribute(&[]).is_empty());
    }
}
