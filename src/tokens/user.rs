//! A tokenizer that the user names: the `tokenizer.json` that an open model ships with.

use tokenizers::Tokenizer;

/// The largest `tokenizer.json` that is read, in bytes.
pub const MAX_TOKENIZER_BYTES: usize = 64 << 20;

/// The tokenizer of a `tokenizer.json`, counting plain text.
#[derive(Debug)]
pub struct UserTokenizer {
    tokenizer: Tokenizer,
}

/// Why a `tokenizer.json` cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UserTokenizerError {
    /// More than [`MAX_TOKENIZER_BYTES`].
    #[error("it is {bytes} bytes long; at most {MAX_TOKENIZER_BYTES} are read")]
    TooLarge {
        /// The file's length.
        bytes: usize,
    },
    /// JSON, but not what `tokenizers` writes.
    #[error("it is not a tokenizer.json: {reason}")]
    WrongShape {
        /// What the reader stumbled over.
        reason: String,
    },
}

impl UserTokenizer {
    /// The tokenizer in the bytes of a `tokenizer.json`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, UserTokenizerError> {
        if bytes.len() > MAX_TOKENIZER_BYTES {
            return Err(UserTokenizerError::TooLarge { bytes: bytes.len() });
        }
        let mut tokenizer = Tokenizer::from_bytes(bytes)
            .map_err(|error| UserTokenizerError::WrongShape { reason: error.to_string() })?;
        tokenizer.set_encode_special_tokens(true);
        Ok(Self { tokenizer })
    }

    /// The tokens of a text, or nothing where the tokenizer refuses it.
    pub fn count(&self, text: &str) -> Option<u64> {
        self.tokenizer.encode_fast(text, false).ok().map(|encoded| encoded.len() as u64)
    }

    /// The tokens of the joined pieces, each counted for the piece that holds its first byte, or
    /// nothing where the tokenizer refuses the text.
    pub fn attribute(&self, pieces: &[&str]) -> Option<Vec<u64>> {
        let encoded = self.tokenizer.encode(pieces.concat(), false).ok()?;
        let ends: Vec<usize> = pieces
            .iter()
            .scan(0, |end, piece| {
                *end += piece.len();
                Some(*end)
            })
            .collect();
        let mut counts = vec![0; pieces.len()];
        for &(start, _) in encoded.get_offsets() {
            let piece = ends.partition_point(|&end| end <= start);
            if let Some(count) = counts.get_mut(piece.min(pieces.len().saturating_sub(1))) {
                *count += 1;
            }
        }
        Some(counts)
    }
}
