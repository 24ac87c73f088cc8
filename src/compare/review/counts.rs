//! What a change says that providers counted.

use schemars::JsonSchema;
use serde::Serialize;

use super::Paired;
use crate::text::project::ContextId;

/// A count of a provider that the change brings itself: budgets and money rest on it, and anybody can write a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BroughtCount {
    /// The context, changed or not.
    #[serde(flatten)]
    pub id: ContextId,
    /// The model.
    pub model: String,
    /// Tokens of a request by that count.
    pub tokens: u64,
    /// Tokens as they are estimated.
    pub estimate: u64,
}

/// The counts of a context at the head that the base does not have.
pub(super) fn brought(pair: &Paired) -> Vec<BroughtCount> {
    let before = pair.base.iter().filter_map(|tried| tried.build()).flat_map(|build| &build.models);
    let known: Vec<_> = before.filter_map(|model| Some((&model.card.name, &model.measured.as_ref()?.count))).collect();
    let builds = pair.head.iter().filter_map(|tried| tried.build());
    let models = builds.flat_map(|build| build.models.iter().map(move |model| (build, model)));
    let brought = models.filter_map(|(build, model)| {
        let measured = model.measured.as_ref().filter(|own| !known.contains(&(&model.card.name, &own.count)))?;
        let (tokens, estimate) = (model.tokens.total(), measured.estimated.tokens.total());
        Some(BroughtCount { id: build.id.clone(), model: model.name.clone(), tokens, estimate })
    });
    brought.collect()
}
