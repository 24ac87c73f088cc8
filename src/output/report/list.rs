//! The report of `list`.

use schemars::JsonSchema;
use serde::Serialize;

use super::json;
use super::text::{Table, counted};
use crate::pipeline::Usage;

/// What `list --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ListReport {
    /// `contexture.list/1`.
    pub schema: &'static str,
    /// Every context, sorted by name.
    pub contexts: Vec<ListedContext>,
}

/// A context and what it is for.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ListedContext {
    /// Path of the manifest below contexts/, without `.yaml`.
    pub id: String,
    /// The variant, if it is one.
    pub variant: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Whether its manifest cannot be read, so that what it uses is not known.
    pub broken: bool,
}

impl ListReport {
    /// Reports contexts.
    pub fn new(usages: &[Usage]) -> Self {
        let contexts = usages.iter().map(|usage| ListedContext {
            id: usage.id.name.clone(),
            variant: usage.id.variant.clone(),
            description: usage.description.clone(),
            owner: usage.owner.clone(),
            broken: usage.faults.is_err(),
        });
        Self { schema: "contexture.list/1", contexts: contexts.collect() }
    }

    /// As JSON with a final line break.
    pub fn json(&self) -> String {
        json(self)
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut table = Table::new(&["context", "owner", "description"]);
        for context in &self.contexts {
            let variant = context.variant.as_ref().map_or_else(String::new, |variant| format!("@{variant}"));
            let state = if context.broken { "(broken) " } else { "" };
            table.row([
                format!("{}{variant}", context.id),
                context.owner.clone().unwrap_or_default(),
                format!(
                    "{state}{}",
                    context.description.as_deref().unwrap_or_default().lines().next().unwrap_or_default()
                ),
            ]);
        }
        if table.is_empty() {
            "no contexts\n".to_owned()
        } else {
            format!("{}{}\n", table.draw(0), counted(self.contexts.len(), "context"))
        }
    }
}
