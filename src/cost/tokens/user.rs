//! A tokenizer that the user names: the `tokenizer.json` that an open model ships with.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::error::Category;
use tokenizers::models::ModelWrapper;
use tokenizers::{PostProcessorWrapper, Tokenizer};

use crate::syntax::limits::MAX_TOKENIZER_GROWTH;

/// The largest `tokenizer.json` that is read, in bytes.
pub const MAX_TOKENIZER_BYTES: usize = 64 << 20;

/// The longest run of white space, in characters, that the library is called with: on much longer ones
/// its regexes give up without an error, and the count would be wrong.
const LONGEST_WHITE_RUN: usize = 100_000;

/// The tokenizer of a `tokenizer.json`, for counting plain text. Whatever the file says, it adds no special
/// tokens, does not truncate, does not pad, and has no dropout. A special token in a text is ordinary
/// text. Added tokens that are not special are recognised: models use them for runs of blanks and the
/// like.
pub struct UserTokenizer {
    tokenizer: Tokenizer,
}

/// Why a `tokenizer.json` cannot be used, or not for some text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UserTokenizerError {
    /// More than [`MAX_TOKENIZER_BYTES`].
    #[error("a tokenizer.json of {bytes} bytes is too large; at most {MAX_TOKENIZER_BYTES} are read")]
    TooLarge {
        /// The file's length.
        bytes: usize,
    },
    /// Not JSON.
    #[error("not JSON: {reason}")]
    NotJson {
        /// What the reader stumbled over.
        reason: String,
        /// The 1-based line.
        line: usize,
        /// The 1-based column.
        column: usize,
    },
    /// JSON, but not what the `tokenizers` library writes.
    #[error("not a tokenizer.json as Hugging Face's `tokenizers` writes it: {reason}")]
    WrongShape {
        /// What the reader stumbled over.
        reason: String,
    },
    /// The tokenizer has no answer for some text.
    #[error("the tokenizer cannot count this text: {reason}")]
    Refused {
        /// The library's message.
        reason: String,
    },
}

impl fmt::Debug for UserTokenizer {
    /// The kind of tokenizer, without its vocabulary.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tokens = self.tokenizer.get_vocab_size(true);
        f.debug_struct("UserTokenizer").field("tokens", &tokens).finish_non_exhaustive()
    }
}

impl UserTokenizer {
    /// The tokenizer in the bytes of a `tokenizer.json`.
    ///
    /// # Errors
    /// Also for a tokenizer without a token for unknown words, which could not count every text: it is
    /// refused here and not in the middle of a build.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, UserTokenizerError> {
        if bytes.len() > MAX_TOKENIZER_BYTES {
            return Err(UserTokenizerError::TooLarge { bytes: bytes.len() });
        }
        let file: Stages = serde_json::from_slice(bytes).or_else(|error| match error.classify() {
            // JSON of another shape is for the library to name.
            Category::Data => Ok(Stages::default()),
            _ => Err(UserTokenizerError::NotJson {
                reason: error.to_string(),
                line: error.line(),
                column: error.column(),
            }),
        })?;
        let growth = growth(&file.normalizer).saturating_mul(growth(&file.pre_tokenizer));
        if growth > MAX_TOKENIZER_GROWTH {
            let reason =
                format!("it may make a text more than {MAX_TOKENIZER_GROWTH} times as long; that is the limit");
            return Err(UserTokenizerError::WrongShape { reason });
        }
        let loaded = guarded(|| Tokenizer::from_bytes(bytes));
        let mut tokenizer = loaded.map_err(|reason| UserTokenizerError::WrongShape { reason })?;
        guarded(|| plain(&mut tokenizer)).map_err(|reason| UserTokenizerError::WrongShape { reason })?;
        let tokenizer = Self { tokenizer };
        tokenizer.count("a \u{10fffd}")?;
        Ok(tokenizer)
    }

    /// The tokens of a text.
    pub fn count(&self, text: &str) -> Result<u64, UserTokenizerError> {
        let encoded = within_reach(text).and_then(|()| guarded(|| self.tokenizer.encode_fast(text, false)));
        Ok(encoded.map_err(|reason| UserTokenizerError::Refused { reason })?.len() as u64)
    }

    /// The tokens of the joined pieces, each attributed to the piece with its first byte: as many numbers
    /// as pieces, which add up to the count of the joined text.
    ///
    /// The whole text is tokenised, because safe cuts are not known for an arbitrary tokenizer.
    pub fn attribute(&self, pieces: &[&str]) -> Result<Vec<u64>, UserTokenizerError> {
        let joined = pieces.concat();
        let encoded = within_reach(&joined).and_then(|()| guarded(|| self.tokenizer.encode(joined.as_str(), false)));
        let encoded = encoded.map_err(|reason| UserTokenizerError::Refused { reason })?;
        let ends = pieces.iter().scan(0, |end, piece| {
            *end += piece.len();
            Some(*end)
        });
        let ends: Vec<usize> = ends.collect();
        let mut counts = vec![0; pieces.len()];
        for &(start, _) in encoded.get_offsets() {
            // An empty token at the very end belongs to the last piece.
            let owner = ends.partition_point(|&end| end <= start).min(pieces.len().saturating_sub(1));
            if let Some(count) = counts.get_mut(owner) {
                *count += 1;
            }
        }
        Ok(counts)
    }
}

/// What a file says of the stages that change a text before it is tokenised.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Stages {
    normalizer: serde_json::Value,
    pre_tokenizer: serde_json::Value,
}

/// How many times as long a stage makes a text at most, without what it adds once.
fn growth(stage: &serde_json::Value) -> u64 {
    let list = |key: &str| stage.get(key).and_then(serde_json::Value::as_array).into_iter().flatten();
    let text = |key: &str| stage.get(key).and_then(serde_json::Value::as_str).map_or(0, str::len) as u64;
    match stage.get("type").and_then(serde_json::Value::as_str) {
        Some("Sequence") => {
            let stages = list("normalizers").chain(list("pretokenizers"));
            stages.map(growth).fold(1, u64::saturating_mul)
        }
        // A pattern may match nothing, between any two characters.
        Some("Replace") => text("content") + 1,
        Some("ByteLevel") => 2,
        Some("Metaspace") => text("replacement").max(1),
        _ => 1,
    }
}

/// Turns off every setting by which a count would differ from the tokens of the text.
fn plain(tokenizer: &mut Tokenizer) -> tokenizers::Result<()> {
    tokenizer.set_encode_special_tokens(true);
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None)?;
    // Without special tokens, a post-processor only moves a token's start past its blank.
    tokenizer.with_post_processor(None::<PostProcessorWrapper>);
    match tokenizer.get_model() {
        ModelWrapper::BPE(model) if model.dropout.is_some() => {
            let mut model = model.clone();
            model.dropout = None;
            tokenizer.with_model(model);
        }
        ModelWrapper::Unigram(model) if model.alpha.is_some() => {
            let mut model = model.clone();
            model.alpha = None;
            tokenizer.with_model(model);
        }
        _ => {}
    }
    Ok(())
}

fn within_reach(text: &str) -> Result<(), String> {
    let mut run = 0;
    for c in text.chars() {
        run = if c.is_whitespace() { run + 1 } else { 0 };
        if run > LONGEST_WHITE_RUN {
            return Err(format!("more than {LONGEST_WHITE_RUN} characters of white space in a row"));
        }
    }
    Ok(())
}

/// Calls the library with an untrusted file; a panic becomes an error with its message.
fn guarded<T>(work: impl FnOnce() -> tokenizers::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.to_string()),
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            Err(format!("the tokenizer library failed: {}", said.unwrap_or("no reason given")))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn load(file: &Value) -> Result<UserTokenizer, UserTokenizerError> {
        UserTokenizer::from_bytes(file.to_string().as_bytes())
    }

    fn word_level() -> Value {
        json!({
            "version": "1.0", "truncation": null, "padding": null,
            "added_tokens": [{"id": 4, "content": "<end>", "single_word": false, "lstrip": false, "rstrip": false,
                              "normalized": false, "special": true}],
            "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
            "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {"[UNK]": 0, "one": 1, "two": 2, "three": 3}}
        })
    }

    fn byte_pairs() -> Value {
        json!({
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": {"type": "NFC"},
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
            "post_processor": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
            "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
            "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
                      "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
                      "vocab": {"a": 0, "b": 1, "Ġ": 2, "ab": 3, "Ġab": 4}, "merges": [["a", "b"], ["Ġ", "ab"]]}
        })
    }

    #[test]
    fn a_special_token_in_a_text_is_text() {
        let tokenizer = load(&word_level()).unwrap();
        assert_eq!(tokenizer.count("one two four").unwrap(), 3);
        assert_eq!(tokenizer.count("one <end> two").unwrap(), 5);
        assert_eq!(tokenizer.count("").unwrap(), 0);
    }

    #[test]
    fn an_added_token_that_is_not_special_is_one_token() {
        let mut file = word_level();
        file["added_tokens"][0]["special"] = json!(false);
        assert_eq!(load(&file).unwrap().count("one <end> two").unwrap(), 3);
    }

    #[test]
    fn a_token_belongs_to_the_piece_of_its_first_byte_blank_included() {
        let tokenizer = load(&byte_pairs()).unwrap();
        assert_eq!(tokenizer.attribute(&["ab", " ab"]).unwrap(), [1, 1]);
        assert_eq!(tokenizer.attribute(&["ab ", "ab"]).unwrap(), [2, 0]);
        assert_eq!(tokenizer.attribute(&["a", "", "b a", "b"]).unwrap(), [1, 0, 1, 0]);
        assert_eq!(tokenizer.attribute(&[]).unwrap(), [0; 0]);
    }

    #[test]
    fn truncation_padding_and_dropout_change_no_count() {
        let mut file = byte_pairs();
        file["truncation"] = json!({"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0});
        file["padding"] = json!({"strategy": {"Fixed": 50}, "direction": "Right", "pad_to_multiple_of": null,
                                 "pad_id": 0, "pad_type_id": 0, "pad_token": "a"});
        file["model"]["dropout"] = json!(1.0);
        assert_eq!(load(&file).unwrap().count("ab ab ab ab").unwrap(), 4);
    }

    #[test]
    fn a_text_does_not_grow_without_end() {
        let replace = json!({"type": "Replace", "pattern": {"String": "a"}, "content": "aaaaaaaaa"});
        let mut file = word_level();
        file["normalizer"] = replace.clone();
        assert_eq!(load(&file).unwrap().count("one").unwrap(), 1);
        for sequence in [vec![replace; 12], vec![json!({"type": "ByteLevel"}); 30]] {
            file["normalizer"] = json!({"type": "Sequence", "normalizers": sequence});
            assert!(load(&file).unwrap_err().to_string().contains("more than 64 times as long"));
        }
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        let said = |bytes: &[u8]| UserTokenizer::from_bytes(bytes).unwrap_err().to_string();
        assert_eq!(said(b"{\n  oops}"), "not JSON: key must be a string at line 2 column 3");
        assert!(said(b"[1, 2]").starts_with("not a tokenizer.json as"), "{}", said(b"[1, 2]"));
        assert!(said(b"{}").starts_with("not a tokenizer.json as"), "{}", said(b"{}"));
        let large = vec![b' '; MAX_TOKENIZER_BYTES + 1];
        assert_eq!(said(&large), "a tokenizer.json of 67108865 bytes is too large; at most 67108864 are read");
        let mut closed = word_level();
        closed["model"]["unk_token"] = json!("[GONE]");
        assert!(said(closed.to_string().as_bytes()).starts_with("the tokenizer cannot count this text: "));
    }

    #[test]
    fn a_run_of_blanks_out_of_the_librarys_reach_is_refused() {
        let tokenizer = load(&word_level()).unwrap();
        let text = format!("one{}two", " ".repeat(LONGEST_WHITE_RUN + 1));
        assert!(tokenizer.count(&text).is_err());
        assert!(tokenizer.attribute(&[&text]).is_err());
    }
}
