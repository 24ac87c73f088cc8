//! Choosing tokenizers by name, for `count`.

use super::{Encoding, Tokenizer, TokenizerFamily};
use crate::syntax::diag::did_you_mean;

/// No tokenizer has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no tokenizer `{name}`")]
pub struct UnknownTokenizer {
    /// The name that was asked for.
    pub name: String,
}

impl UnknownTokenizer {
    /// What to do about it.
    pub fn cure(&self) -> String {
        let names =
            || Encoding::ALL.map(Encoding::name).into_iter().chain(TokenizerFamily::ALL.map(TokenizerFamily::name));
        did_you_mean(&self.name, names())
            .unwrap_or_else(|| format!("there are {}", names().collect::<Vec<_>>().join(", ")))
    }
}

/// The tokenizers of these names, with their names; every encoding and family when none is named.
pub fn chosen(names: &[String]) -> Result<Vec<(String, Tokenizer)>, UnknownTokenizer> {
    let encodings = Encoding::ALL.into_iter().map(|encoding| (encoding.name(), Tokenizer::Encoding(encoding)));
    let all: Vec<(&str, Tokenizer)> = encodings
        .chain(TokenizerFamily::ALL.into_iter().map(|family| (family.name(), Tokenizer::Family(family))))
        .collect();
    if names.is_empty() {
        return Ok(all.into_iter().map(|(name, tokenizer)| (name.to_owned(), tokenizer)).collect());
    }
    let find = |name: &String| {
        let found = all.iter().find(|(own, _)| own == name);
        found
            .map(|(own, tokenizer)| ((*own).to_owned(), tokenizer.clone()))
            .ok_or_else(|| UnknownTokenizer { name: name.clone() })
    };
    names.iter().map(find).collect()
}
