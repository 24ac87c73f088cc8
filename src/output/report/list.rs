//! The report of `list`.

use schemars::JsonSchema;
use serde::Serialize;

use super::text::{Table, counted};
use crate::pipeline::Usage;

/// What `list --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ListReport<'a> {
    /// `contexture.list/1`.
    pub schema: &'static str,
    /// Every context, sorted by name.
    pub contexts: &'a [Usage],
}

impl<'a> ListReport<'a> {
    /// Reports contexts.
    pub fn new(contexts: &'a [Usage]) -> Self {
        Self { schema: "contexture.list/1", contexts }
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut table = Table::new(&["context", "owner", "description"]);
        for context in self.contexts {
            let state = if context.faults.is_err() { "(broken) " } else { "" };
            table.row([
                context.id.to_string(),
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
