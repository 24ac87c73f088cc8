//! The reports of `models`.

use schemars::JsonSchema;
use serde::Serialize;

use super::inert;
use super::text::{Table, counted, grouped};
use crate::cost::cards::{Change, Date, Explanation, Row};

/// What `models --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ModelsReport<'a> {
    /// `contexture.models/1`.
    pub schema: &'static str,
    /// Every card, by name; only with no NAME.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<Vec<Row>>,
    /// One card, fact by fact; only with NAME.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Explanation<'a>>,
    /// Dated changes; only with --changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<Change>>,
}

impl Default for ModelsReport<'_> {
    fn default() -> Self {
        Self { schema: "contexture.models/1", models: None, model: None, changes: None }
    }
}

/// Every card, one row a model; prices in US dollars per million tokens.
pub fn list_text(rows: &[Row]) -> String {
    let unknown = || "?".to_owned();
    let mut table =
        Table::new(&["model", "input>", "read>", "write", "output>", "cliff>", "min>", "window>", "changes"]);
    for row in rows {
        let write: Vec<String> = row.write.iter().map(|(ttl, price)| format!("{ttl} {price}")).collect();
        table.row([
            row.model.to_string(),
            row.input.clone().unwrap_or_else(unknown),
            row.read.clone().unwrap_or_else(unknown),
            if write.is_empty() { "-".to_owned() } else { write.join(", ") },
            row.output.clone().unwrap_or_else(unknown),
            row.cliff.map_or_else(|| "-".to_owned(), grouped),
            row.minimum.map_or_else(unknown, grouped),
            row.window.map_or_else(unknown, grouped),
            row.next_change.map_or_else(|| "-".to_owned(), |day| day.to_string()),
        ]);
    }
    format!(
        "{}{}; prices in USD per million tokens, `?` unknown; `contexture models NAME` names the sources\n",
        table.draw(0),
        counted(rows.len(), "model")
    )
}

/// One card: who the model is, every fact with its source and status, then the sources.
pub fn explanation_text(explanation: &Explanation) -> String {
    let card = explanation.card;
    let mut drawn =
        format!("{}  by {}, served by {}, on {}\n", card.name, card.vendor, card.platform.as_str(), explanation.day);
    if !card.aliases.is_empty() {
        drawn.push_str(&format!("  also {}\n", card.aliases.join(", ")));
    }
    if let Some(note) = &explanation.note {
        drawn.push_str(&format!("  {note}\n"));
    }
    drawn.push('\n');
    let mut table = Table::new(&["", "fact", "value", "from", "status", "sources"]);
    let mut warnings = String::new();
    for fact in &explanation.facts {
        let unit = fact.unit.map_or_else(String::new, |unit| format!(" {unit}"));
        let sources: Vec<&str> = fact.sources.iter().map(|source| &**source).collect();
        table.row([
            if fact.in_force { "*" } else { " " }.to_owned(),
            fact.path.clone(),
            format!("{}{unit}", fact.value),
            fact.from.map_or_else(String::new, |day| day.to_string()),
            fact.status.as_str().to_owned(),
            sources.join(", "),
        ]);
        for claim in &fact.conflicts {
            let sources: Vec<&str> = claim.sources.iter().map(|source| &**source).collect();
            warnings.push_str(&format!(
                "  conflict: {} is taken as {}; {} says {}\n",
                fact.path,
                fact.value,
                sources.join(", "),
                claim.says
            ));
        }
        if let Some(note) = &fact.note {
            warnings.push_str(&format!("  note: {}: {note}\n", fact.path));
        }
    }
    drawn.push_str(&table.draw(2));
    drawn.push_str("  * in force on that day\n");
    if !warnings.is_empty() {
        drawn.push('\n');
        drawn.push_str(&warnings);
    }
    drawn.push_str("\n  sources\n");
    for source in &explanation.sources {
        let date = source.date.map_or_else(String::new, |day| format!(", read {day}"));
        let url = source.url.as_ref().map_or_else(String::new, |url| format!("\n      {url}"));
        drawn.push_str(&format!("  {}: {} ({}{date}){url}\n", source.key, source.title, source.kind.as_str()));
    }
    inert::words(&drawn)
}

/// Dated changes, those ahead of `day` marked.
pub fn changes_text(changes: &[Change], day: Date) -> String {
    let mut table = Table::new(&["day", "", "model", "what", "before", "after", "sources"]);
    for change in changes {
        let sources: Vec<&str> = change.sources.iter().map(|source| &**source).collect();
        let none = || "unknown".to_owned();
        table.row([
            change.day.to_string(),
            if change.day.0 > day { "ahead" } else { "" }.to_owned(),
            change.model.to_string(),
            change.path.clone(),
            change.before.clone().unwrap_or_else(none),
            change.after.clone().unwrap_or_else(none),
            sources.join(", "),
        ]);
    }
    if table.is_empty() { "no dated changes\n".to_owned() } else { table.draw(0) }
}
