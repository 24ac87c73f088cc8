//! `contexture compare`: two contexts, variants or models side by side.

use clap::Args;

use crate::compare::review::pair;
use crate::cost::cards::Date;
use crate::output::report::diff::{self, CompareReport};
use crate::output::report::{eval, json};
use crate::pipeline::{Memory, Request, build_remembering};
use crate::syntax::error::{Error, Failure};

use super::session::Session;
use super::{Format, TreeArguments, Verdict};

/// Compare two contexts, variants or models: text, tokens, cache and money.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A context, ID or ID@VARIANT
    #[arg(value_name = "A")]
    one: String,
    /// Another one [default: A, for two models]
    #[arg(value_name = "B", required_unless_present = "models")]
    other: Option<String>,
    /// Build both for this model; given twice, A for the first and B for the second
    #[arg(short, long = "model", value_name = "MODEL")]
    models: Vec<String>,
    #[command(flatten)]
    tree: TreeArguments,
    /// Prices and rules as of this day [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { one, other, models, tree, as_of, format } = arguments;
    let (first, second) = match models.as_slice() {
        [] => (Vec::new(), Vec::new()),
        [both] => (vec![both.clone()], vec![both.clone()]),
        [first, second] => (vec![first.clone()], vec![second.clone()]),
        more => {
            let what = format!("{} models are too many to compare", more.len());
            return Err(Error::usage(what, "give --model twice: one for A, one for B").into());
        }
    };
    let workspace = session.workspace()?;
    let tree = session.tree(&workspace, &tree)?;
    let as_of = Some(as_of.unwrap_or_else(super::session::today));
    let memory = Memory::default();
    let request =
        |id: &String, models: Vec<String>| Request { contexts: vec![id.clone()], as_of, models, ..<_>::default() };
    let build = |id: &String, models: Vec<String>| {
        super::render::only(build_remembering(tree.as_ref(), &request(id, models), &memory)?)
    };
    let other = other.as_ref().unwrap_or(&one);
    let (base, head) = (build(&one, first)?, build(other, second.clone())?);
    let heads = [&*head];
    let replay = super::eval::recorded(tree.as_ref(), &request(other, second), &memory, (&heads, Some(&base)))?;
    session.warnings(&replay.iter().flat_map(|replay| &replay.broken).cloned().collect::<Vec<_>>());
    let compared = pair(base, head);
    session.print(&match (format, &replay) {
        (Format::Text, Some(replay)) => {
            let asks = format!("contexture eval {other} --against {one}");
            [diff::compared(&compared, session.verbose), eval::recorded(replay, &asks)].join("\n")
        }
        (Format::Text, None) => diff::compared(&compared, session.verbose),
        (Format::Json, replay) => {
            let evaluation = replay.as_ref().map(|replay| eval::EvalReport::new(&replay.evaluation));
            json(&CompareReport { evaluation, ..CompareReport::new(&compared) })
        }
    })?;
    Ok(Verdict::Yes)
}
