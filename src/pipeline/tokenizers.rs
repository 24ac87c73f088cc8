//! What counts the tokens of a context's models: the user's file, or what the card names.

use std::sync::Arc;

use crate::cost::cards::{Card, TokenizerName};
use crate::cost::count::Known;
use crate::cost::tokens::{Encoding, Tokenizer, TokenizerFamily, UserTokenizer};
use crate::syntax::diag::{Diagnostic, Faults};
use crate::text::fragment::Reader;
use crate::text::resolve::Plan;

/// A tokenizer and what tells it from others.
#[derive(Debug, Clone)]
pub struct NamedTokenizer {
    /// The name that the card gives, or `file` and the id of the user's file.
    pub name: Arc<str>,
    /// The tokenizer.
    pub tokenizer: Tokenizer,
}

/// The tokenizers of a context's models, each once.
#[derive(Debug, Default)]
pub struct Tokenizers {
    /// Those beside o200k_base, which every context is counted by.
    pub distinct: Vec<Tokenizer>,
    /// Their names.
    names: Vec<Arc<str>>,
    /// For each model, its place in `distinct`; `None` for o200k_base.
    pub of_model: Vec<Option<usize>>,
}

/// What counts each model's tokens: the user's file if the project names one for the model, else
/// what the card says.
pub fn tokenizers(
    cards: &[(String, Arc<Card>)],
    plan: &Plan,
    reader: &Reader,
    known: &Known,
    faults: &mut Faults,
) -> Tokenizers {
    let mut tokenizers = Tokenizers::default();
    for (_, card) in cards {
        let own = plan.manifest.tokenizers.iter().find(|(pattern, _)| matches_pattern(&pattern.text, &card.name));
        let fragment = own.and_then(|(_, path)| reader.named(path, false, faults));
        let key = match (&fragment, card.tokenizer) {
            (Some(fragment), _) => Arc::from(format!("file {}", fragment.blob)),
            (None, TokenizerName::O200kBase) => {
                tokenizers.of_model.push(None);
                continue;
            }
            (None, name) => Arc::from(name.as_str()),
        };
        let met = tokenizers.names.iter().position(|other| *other == key);
        let place = met.unwrap_or_else(|| {
            let loaded = fragment.map(|fragment| {
                known.tokenizer(&fragment.blob, || UserTokenizer::from_bytes(fragment.source.text().as_bytes()))
            });
            tokenizers.distinct.push(match loaded {
                Some(Ok(user)) => Tokenizer::User(user),
                Some(Err(error)) => {
                    let span = own.map_or_else(|| plan.manifest.span.clone(), |(_, path)| path.span.clone());
                    faults.push(Diagnostic::error("bad-tokenizer", error.to_string()).at(&span));
                    Tokenizer::Family(TokenizerFamily::Other)
                }
                None => by_name(card.tokenizer),
            });
            tokenizers.names.push(key);
            tokenizers.names.len() - 1
        });
        tokenizers.of_model.push(Some(place));
    }
    tokenizers
}

impl Tokenizers {
    /// That of the model at `place`.
    pub fn named(&self, place: Option<usize>) -> NamedTokenizer {
        let own = place.and_then(|place| Some((self.names.get(place)?, self.distinct.get(place)?)));
        own.map_or_else(
            || NamedTokenizer {
                name: TokenizerName::O200kBase.as_str().into(),
                tokenizer: Tokenizer::Encoding(Encoding::O200kBase),
            },
            |(name, tokenizer)| NamedTokenizer { name: name.clone(), tokenizer: tokenizer.clone() },
        )
    }
}

/// The tokenizer that a card names.
fn by_name(name: TokenizerName) -> Tokenizer {
    match name {
        TokenizerName::O200kBase => Tokenizer::Encoding(Encoding::O200kBase),
        TokenizerName::Cl100kBase => Tokenizer::Encoding(Encoding::Cl100kBase),
        TokenizerName::O200kHarmony => Tokenizer::Encoding(Encoding::O200kHarmony),
        other => Tokenizer::Family(TokenizerFamily::from_name(other.as_str()).unwrap_or(TokenizerFamily::Other)),
    }
}

/// A model's name in a manifest, matched by a pattern with `*`.
pub(super) fn matches_pattern(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|head| name.strip_prefix(head)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}
