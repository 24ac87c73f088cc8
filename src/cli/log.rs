//! `contexture log`: tokens, prefix and cost of a context commit by commit.

use clap::{Args, ValueEnum};

use crate::compare::history::{self, Log, LogRequest, log};
use crate::compare::range::Range;
use crate::cost::cards::Date;
use crate::output::page::{self, Page};
use crate::output::report::json;
use crate::output::report::log::{LogReport, text};
use crate::pipeline::Memory;
use crate::syntax::error::Failure;
use crate::text::project::ContextId;
use crate::tree::Tree;

use super::session::Session;
use super::{ShardArguments, Verdict};

/// Tell the history of a context: tokens, kept prefix and cost, commit by commit.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A context, ID or ID@VARIANT
    #[arg(value_name = "ID")]
    id: String,
    /// The history up to REV, or what is new in B since A [default: HEAD]
    #[arg(value_name = "REV|A..B")]
    range: Option<String>,
    /// Show at most N commits
    #[arg(short = 'n', long = "number", value_name = "N")]
    number: Option<usize>,
    /// Go on with the earlier name where the manifest was renamed
    #[arg(long)]
    follow: bool,
    /// Take the manifests of the working tree for every commit: the history that prompts had before their manifests
    #[arg(long, conflicts_with = "follow")]
    as_is: bool,
    /// Follow the first parent of merges only: what the branch itself held
    #[arg(long)]
    first_parent: bool,
    /// In which order
    #[arg(long, value_enum, default_value_t = Order::Date, value_name = "ORDER")]
    sort: Order,
    /// Show this model instead of those of the manifest; may be given more than once
    #[arg(long = "model", value_name = "MODEL")]
    models: Vec<String>,
    /// Prices and rules as of this day, for every commit [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    #[command(flatten)]
    shard: ShardArguments,
    #[arg(long, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    format: LogFormat,
}

/// The order of commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Order {
    /// Newest first
    Date,
    /// First those by which caches lost most tokens
    Lost,
}

/// What comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// For people
    Text,
    /// For programs; `contexture schema log` prints its schema
    Json,
    /// For tables: a line a commit and model
    Csv,
    /// One page for a browser
    Html,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments {
        id,
        range,
        number,
        follow,
        as_is,
        first_parent,
        sort,
        models,
        as_of,
        shard: ShardArguments { shard },
        format,
    } = arguments;
    let workspace = session.workspace()?;
    let (tip, since) = Range::history(&workspace, range.as_deref().unwrap_or("HEAD"))?;
    let request = LogRequest {
        id: ContextId::parse(&id),
        as_of: as_of.unwrap_or_else(super::session::today),
        models,
        limit: number,
        order: match sort {
            Order::Date => history::Order::Date,
            Order::Lost => history::Order::Lost,
        },
        follow,
        first_parent,
    };
    let today = as_is.then(|| workspace.worktree()).transpose()?;
    let progress = session.progress("reading history");
    let log = match shard {
        // Each history is worked out by one machine.
        Some(shard) if !shard.holds(&request.id.name) => {
            session.tell(&format!("`{}` is not in shard {shard}, so its history is told by another", request.id));
            Log { is_as_is: as_is, ..Log::default() }
        }
        _ => log(tip, since.as_ref(), &request, today.as_ref().map(|tree| tree as &dyn Tree), Memory::default())?,
    };
    progress.done();
    let report = || LogReport::new(&request.id, request.as_of, &log).of_shard(shard);
    session.print(&match format {
        LogFormat::Text => text(&request.id, &log),
        LogFormat::Json => json(&report()),
        LogFormat::Csv => report().csv(),
        LogFormat::Html => page::frozen(&Page::of_history(report()), &text(&request.id, &log)),
    })?;
    Ok(Verdict::Yes)
}
