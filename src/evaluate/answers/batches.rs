//! What is recorded of batches: that one is about to be submitted, as what it was, and that it is collected. What a killed
//! run leaves says which answers are on their way, so that no later run asks for them again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::AnswerKey;
use crate::evaluate::endpoint::BatchId;
use crate::prompt::bodies::Dialect;
use crate::syntax::quantity::Usd;
use crate::syntax::source::ProjectPath;

/// A batch that is about to be submitted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submitting {
    /// A name that no other batch has.
    pub submitting: String,
    /// The API.
    #[serde(with = "super::dialect_name")]
    pub dialect: Dialect,
    /// Scheme, host and port.
    pub origin: String,
    /// The model, as the API calls it.
    pub model: String,
    /// The latest batch that its server knew before: this one is later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<BatchId>,
    /// What it costs at most, in dollars; null where a price is not known.
    #[serde(with = "super::dollars")]
    pub most: Option<Usd>,
    /// The answers that it is to bring.
    #[serde(with = "keys")]
    pub keys: Vec<AnswerKey>,
}

/// A batch that was submitted: where the first answer was lost there may be more than one.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submitted {
    /// Its own name.
    pub submitted: String,
    /// The server's names.
    pub batches: BTreeSet<BatchId>,
}

/// A batch of which nothing more is to come.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collected {
    /// Its own name.
    pub collected: String,
}

/// Keys as short as they can be: a batch has many.
mod keys {
    use super::{AnswerKey, Arc, Deserialize, Serialize};

    pub fn serialize<S: serde::Serializer>(keys: &[AnswerKey], serializer: S) -> Result<S::Ok, S::Error> {
        let keys: Vec<(&str, u32, u32)> = keys.iter().map(|key| (&*key.request, key.repeat, key.look)).collect();
        keys.serialize(serializer)
    }

    pub fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<AnswerKey>, D::Error> {
        let keys = Vec::<(Arc<str>, u32, u32)>::deserialize(deserializer)?;
        Ok(keys.into_iter().map(|(request, repeat, look)| AnswerKey { request, repeat, look }).collect())
    }
}

impl AnswerKey {
    /// Its name in a batch: letters, digits and `-`, at most 64 of them.
    pub fn custom_id(&self) -> String {
        let digest = self.request.get(..40).unwrap_or(&self.request);
        format!("{digest}-{}-{}", self.repeat, self.look)
    }
}

/// A batch that is not collected.
#[derive(Debug, Clone)]
pub struct Submission {
    /// What was ordered.
    pub order: Submitting,
    /// The server's names for it; none where the run ended before it heard any.
    pub ids: BTreeSet<BatchId>,
    /// The file that says so.
    pub path: ProjectPath,
}

impl Submission {
    /// What there is to say of it, with so many answers missing; a command with --batch takes it up.
    pub fn said(&self, missing: usize) -> String {
        let origin = &self.order.origin;
        if self.ids.is_empty() {
            return format!("{missing} answers were about to be submitted in a batch to {origin} when a run ended");
        }
        format!("{missing} answers are in {} at {origin}", named(&self.ids))
    }
}

/// A batch by its names.
pub fn named(ids: &BTreeSet<BatchId>) -> String {
    let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
    format!("batch {}", names.join(" and "))
}

/// What the files say of batches, in whatever order.
#[derive(Debug, Default)]
pub struct Read {
    orders: BTreeMap<String, (Submitting, ProjectPath)>,
    submitted: BTreeMap<String, BTreeSet<BatchId>>,
    collected: BTreeSet<String>,
}

impl Read {
    pub fn submitting(&mut self, order: Submitting, path: &ProjectPath) {
        self.orders.insert(order.submitting.clone(), (order, path.clone()));
    }

    pub fn submitted(&mut self, submitted: Submitted) {
        self.submitted.entry(submitted.submitted).or_default().extend(submitted.batches);
    }

    pub fn collected(&mut self, collected: Collected) {
        self.collected.insert(collected.collected);
    }

    pub fn open(mut self) -> Vec<Submission> {
        let open = self.orders.into_iter().filter(|(token, _)| !self.collected.contains(token));
        let open = open.map(|(token, (order, path))| Submission {
            ids: self.submitted.remove(&token).unwrap_or_default(),
            order,
            path,
        });
        open.collect()
    }
}
