//! `contexture models`: what is known about models, on which day, and who says so.

use std::path::PathBuf;

use clap::Args;

use crate::cost::cards::{Date, Selection};
use crate::output::report::{self, models::ModelsReport};
use crate::syntax::error::{Error, Failure};

use super::session::Session;
use super::{Format, Verdict};

/// List model cards, explain one, show dated changes, or import a price file.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A model, by its name or an alias: every fact with its source and status
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Dated changes, past and announced, of one model or of all
    #[arg(long)]
    changes: bool,
    /// Turn a price file of LiteLLM or genai-prices into the text of a prices.yaml
    #[arg(long, value_name = "FILE", conflicts_with = "changes")]
    import: Option<PathBuf>,
    /// With --import: every model of the file, not only those that have a card
    #[arg(long, requires = "import")]
    all: bool,
    /// What is in force on this day [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { name, changes, import: file, all, as_of, format } = arguments;
    let cards = session.cards()?;
    if let Some(file) = file {
        let table = session.text_of(&file)?;
        let names: Vec<String> = name.into_iter().collect();
        let selection = match (names.is_empty(), all) {
            (false, _) => Selection::Named(&names),
            (true, true) => Selection::All,
            (true, false) => Selection::Known,
        };
        let title = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
        let imported = cards.import(&table, &title, selection)?;
        session.print_raw(imported.yaml.as_bytes())?;
        for left_out in &imported.left_out {
            session.tell(&format!("left out: {left_out}"));
        }
        session.tell(&format!("{} imported", report::text::counted(imported.models, "model")));
        return Ok(Verdict::Yes);
    }
    let day = as_of.unwrap_or_else(super::session::today);
    let card = match &name {
        Some(name) => Some(cards.find(name).map_err(|unknown| Error::usage(unknown.to_string(), unknown.hint()))?),
        None => None,
    };
    let text = match (card, changes, format) {
        (card, true, format) => {
            let list = card.map_or_else(|| cards.changes(), |card| card.changes().to_vec());
            match format {
                Format::Text => report::models::changes_text(&list, day),
                Format::Json => report::json(&ModelsReport { changes: Some(list), ..ModelsReport::default() }),
            }
        }
        (Some(card), false, Format::Text) => report::models::explanation_text(&cards.explain(&card, day)),
        (Some(card), false, Format::Json) => {
            report::json(&ModelsReport { model: Some(cards.explain(&card, day)), ..ModelsReport::default() })
        }
        (None, false, Format::Text) => report::models::list_text(&cards.rows(day)),
        (None, false, Format::Json) => {
            report::json(&ModelsReport { models: Some(cards.rows(day)), ..ModelsReport::default() })
        }
    };
    session.print(&text)?;
    Ok(Verdict::Yes)
}
