//! The report of `log`.

use schemars::JsonSchema;
use serde::Serialize;

use super::cost::amount;
use super::inert;
use super::text::{Table, counted, cut, grouped};
use crate::compare::history::{Before, BuiltAt, Log, ModelRow, Row, What};
use crate::cost::cards::{Date, day_of};
use crate::cost::window::Fit;
use crate::output::record::DiagnosticRecord;
use crate::pipeline::shard::Shard;
use crate::prompt::chain::Digest;
use crate::syntax::decode::names;
use crate::syntax::source::ObjectId;
use crate::text::project::ContextId;

/// The format of the JSON report.
pub const SCHEMA: &str = "contexture.log/1";

/// The columns of the CSV report.
const CSV_HEADING: [&str; 15] = [
    "commit",
    "date",
    "author",
    "subject",
    "context",
    "status",
    "prefix",
    "tokens",
    "segments",
    "kept",
    "model",
    "eligible",
    "lost",
    "rewarm_usd",
    "warm_usd",
];

/// The most columns of a sparkline.
const SPARKS: usize = 60;
/// The longest subject in the table, in characters.
const SUBJECT: usize = 40;
/// How many commits are named as those that cost the caches most.
const WORST: usize = 3;

/// What `log --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LogReport<'a> {
    /// `contexture.log/1`.
    pub schema: &'static str,
    /// The part of the project that was asked for, with `--shard`; `contexture join` joins the parts. The
    /// part that the context is not in has no commits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// Its name and variant.
    #[serde(flatten)]
    pub id: &'a ContextId,
    /// The day whose prices and rules hold for every commit.
    pub as_of: String,
    /// Whether the manifests are those of the working tree, with `--as-is`, and not each commit's own.
    pub as_is: bool,
    /// The commits that changed what the model sees, in the order asked for.
    pub commits: Vec<CommitRecord<'a>>,
    /// How many other commits were looked at.
    pub left_out: LeftOut,
    /// Commits at which the history of a shallow clone ends.
    pub cut_off: Vec<&'a ObjectId>,
}

/// Commits that changed nothing that the model sees.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LeftOut {
    /// They changed files of the context, without effect.
    pub without_effect: usize,
    /// They changed no file of the context.
    pub untouched: usize,
}

/// A commit that changed what the model sees. A history says of each whether there is a build; here every
/// commit has every key.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CommitRecord<'a> {
    /// Its id.
    pub commit: &'a ObjectId,
    /// The day it was committed, in UTC.
    pub date: String,
    /// Its author's name, as written there.
    pub author: &'a str,
    /// The first line of its message, as written there.
    pub subject: &'a str,
    /// The context's name at that commit, with its variant.
    pub context: String,
    /// The name before, if this commit renamed it.
    pub renamed_from: Option<String>,
    /// What it did.
    pub status: Status,
    /// Digest of everything before the first input or history; null where there is no build.
    pub prefix: Option<Digest>,
    /// Digest of model settings and output schema; null where there is no build.
    pub settings: Option<Digest>,
    /// Tokens of all text by o200k_base; null where there is no build.
    pub tokens: Option<u64>,
    /// Segments of the prompt; null where there is no build.
    pub segments: Option<Segments>,
    /// Tokens (o200k_base) of the earlier prefix that are not at its start any more; null where there
    /// is nothing to compare with.
    pub lost: Option<u64>,
    /// What is different for each model.
    pub models: &'a [ModelRow],
    /// Why there is no build.
    pub diagnostics: Vec<DiagnosticRecord>,
}

names! {
    /// What a commit did to a context.
    pub enum Status {
        /// Brought it in.
        Added = "added",
        /// Changed what the model sees.
        Changed = "changed",
        /// Gave it another name.
        Renamed = "renamed",
        /// Took it away.
        Removed = "removed",
        /// Broke it.
        Broken = "broken",
        /// Made it whole again.
        Mended = "mended",
        /// Is the earliest that a shallow clone holds.
        Earliest = "earliest",
    }
}

/// Segments of a prompt.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Segments {
    /// All of them.
    pub total: usize,
    /// Those from the start that were there before; null where there is nothing to compare with.
    pub kept: Option<usize>,
}

impl<'a> LogReport<'a> {
    /// Reports a history.
    pub fn new(id: &'a ContextId, as_of: Date, log: &'a Log) -> Self {
        Self {
            schema: SCHEMA,
            shard: None,
            id,
            as_of: as_of.to_string(),
            as_is: log.is_as_is,
            commits: log.rows.iter().map(CommitRecord::of).collect(),
            left_out: LeftOut { without_effect: log.without_effect, untouched: log.untouched },
            cut_off: log.cut_off.iter().map(|commit| &commit.id).collect(),
        }
    }

    /// The same as the report of one shard, or of all.
    pub fn of_shard(self, shard: Option<Shard>) -> Self {
        Self { shard, ..self }
    }

    /// As CSV with a heading: a line a commit and model.
    pub fn csv(&self) -> String {
        fn number(value: Option<impl ToString>) -> String {
            value.map(|value| value.to_string()).unwrap_or_default()
        }
        let mut lines = csv::Writer::from_writer(Vec::new());
        // Memory takes every line, and all of them have as many cells as the heading.
        let mut write = |cells: &[String]| lines.write_record(cells).unwrap_or_default();
        write(&CSV_HEADING.map(str::to_owned));
        for commit in &self.commits {
            let segments = commit.segments.as_ref();
            let own = [
                commit.commit.to_string(),
                commit.date.clone(),
                inert::cell(commit.author),
                inert::cell(commit.subject),
                inert::cell(&commit.context),
                commit.status.as_str().to_owned(),
                number(commit.prefix),
                number(commit.tokens),
                number(segments.map(|segments| segments.total)),
                number(segments.and_then(|segments| segments.kept)),
            ];
            if commit.models.is_empty() {
                let none = [String::new(), String::new(), number(commit.lost), String::new(), String::new()];
                write(&[&own[..], &none].concat());
            }
            for model in commit.models {
                let seen = [
                    inert::cell(&model.model),
                    number(model.eligible),
                    number(model.lost),
                    number(model.rewarm),
                    number(model.warm),
                ];
                write(&[&own[..], &seen].concat());
            }
        }
        String::from_utf8(lines.into_inner().unwrap_or_default()).unwrap_or_default()
    }
}

impl Status {
    fn of(row: &Row) -> Self {
        match (&row.what, &row.renamed_from) {
            (What::Removed, _) => Self::Removed,
            (What::Broken(_), _) => Self::Broken,
            (What::Built(_), Some(_)) => Self::Renamed,
            (What::Built(built), None) => match built.before {
                Before::Built => Self::Changed,
                Before::Broken => Self::Mended,
                Before::Absent => Self::Added,
                Before::Unknown => Self::Earliest,
            },
        }
    }
}

impl<'a> CommitRecord<'a> {
    fn of(row: &'a Row) -> Self {
        let built = if let What::Built(built) = &row.what { Some(built) } else { None };
        let faults = if let What::Broken(faults) = &row.what { faults.as_slice() } else { &[] };
        Self {
            commit: &row.commit.id,
            date: day_of(row.commit.time).to_string(),
            author: &row.signature.author,
            subject: &row.signature.subject,
            context: row.id.to_string(),
            renamed_from: row.renamed_from.as_ref().map(ToString::to_string),
            status: Status::of(row),
            prefix: built.map(|built| built.prefix),
            settings: built.map(|built| built.settings),
            tokens: built.map(|built| built.tokens),
            segments: built.map(|built| Segments { total: built.segments, kept: built.kept }),
            lost: built.and_then(|built| built.lost),
            models: built.map_or(&[], |built| &built.models),
            diagnostics: DiagnosticRecord::all(faults),
        }
    }
}

/// The report for people: a row a commit, money for the first model of the newest build.
pub fn text(id: &ContextId, log: &Log) -> String {
    let model = log.rows.iter().find_map(|row| match &row.what {
        What::Built(built) => built.models.first().map(|model| model.model.clone()),
        _ => None,
    });
    let looked_at = log.rows.len() + log.without_effect + log.untouched;
    let commits = match log.rows.len() {
        all if all == looked_at => counted(all, "commit"),
        some => format!("{} of {}", grouped(some as u64), counted(looked_at, "commit")),
    };
    let mut drawn = format!("{id}  {commits} changed what the model sees");
    if log.without_effect > 0 {
        drawn.push_str(&format!("; {} more changed its files alone", grouped(log.without_effect as u64)));
    }
    drawn = format!("{}\n", inert::line(&drawn));
    if log.is_as_is {
        drawn.push_str("by the manifests of the working tree, over the texts of each commit\n");
    }
    drawn.push_str(&format!("{}\n", sparkline(log)));
    drawn.push_str(&table(log, model.as_deref()));
    if let Some(model) = &model {
        drawn.push_str(&inert::line(&format!("lost, rewarm and warm: {model}; --model takes another")));
        drawn.push('\n');
    }
    drawn.push_str(&worst(log));
    for commit in &log.cut_off {
        drawn.push_str(&format!(
            "history ends at {}, because this is a shallow clone; run `git fetch --unshallow`\n",
            commit.id.short()
        ));
    }
    drawn
}

fn table(log: &Log, model: Option<&str>) -> String {
    let mut table = match model {
        Some(_) => Table::new(&["commit", "date", "tokens>", "±>", "kept>", "lost>", "rewarm>", "warm>", "subject"]),
        None => Table::new(&["commit", "date", "tokens>", "±>", "kept>", "lost>", "subject"]),
    };
    let blank = || "-".to_owned();
    for row in &log.rows {
        let mut cells = vec![row.commit.id.short().to_owned(), day_of(row.commit.time).to_string()];
        let status = Status::of(row);
        if let What::Built(built) = &row.what {
            let own = built.models.iter().find(|own| Some(own.model.as_str()) == model);
            let kept = built.kept.map_or_else(blank, |kept| format!("{kept}/{}", built.segments));
            let lost = own.map_or(built.lost, |own| own.lost);
            cells.extend([grouped(built.tokens), difference(built), kept, lost.map_or_else(blank, grouped)]);
            if model.is_some() {
                cells.extend([amount(own.and_then(|own| own.rewarm)), amount(own.and_then(|own| own.warm))]);
            }
        } else {
            cells.extend(std::iter::repeat_n(blank(), if model.is_some() { 6 } else { 4 }));
        }
        let note = match (status, &row.renamed_from) {
            (_, Some(earlier)) => format!("[renamed from {earlier}] "),
            (Status::Changed, None) => String::new(),
            (status, None) => format!("[{}] ", status.as_str()),
        };
        let is_over = |model: &ModelRow| model.fits == Some(Fit::No);
        let over = if let What::Built(built) = &row.what { built.models.iter().find(|own| is_over(own)) } else { None };
        let over = over.map_or_else(String::new, |own| format!("[over the window of {}] ", own.model));
        cells.push(format!("{note}{over}{}", cut(&row.signature.subject, SUBJECT)));
        table.row(cells);
    }
    if table.is_empty() { String::new() } else { table.draw(0) }
}

fn difference(built: &BuiltAt) -> String {
    match built.tokens_before {
        None => "-".to_owned(),
        Some(before) if before > built.tokens => format!("-{}", grouped(before - built.tokens)),
        Some(before) => format!("+{}", grouped(built.tokens - before)),
    }
}

/// The commits that cost the caches most, if there is a choice.
fn worst(log: &Log) -> String {
    let mut rows: Vec<&Row> = log.rows.iter().filter(|row| row.lost() > 0).collect();
    if rows.len() < 2 {
        return String::new();
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.lost()));
    let named = rows.iter().take(WORST).map(|row| format!("{} ({})", row.commit.id.short(), grouped(row.lost())));
    format!("most tokens lost to the cache: {}\n", named.collect::<Vec<_>>().join(", "))
}

/// Tokens by commit, oldest to newest, as a line of bars.
fn sparkline(log: &Log) -> String {
    let mut tokens: Vec<u64> = log
        .rows
        .iter()
        .filter_map(|row| if let What::Built(built) = &row.what { Some((row.commit.time, built.tokens)) } else { None })
        .rev()
        .map(|(_, tokens)| tokens)
        .collect();
    if log.rows.windows(2).any(|pair| pair[0].commit.time < pair[1].commit.time) || tokens.len() < 2 {
        return String::new();
    }
    if tokens.len() > SPARKS {
        // The newest of each stretch, so that the last bar is the newest commit.
        let count = tokens.len();
        tokens = (1..=SPARKS).map(|column| tokens[column * count / SPARKS - 1]).collect();
    }
    let (least, most) = (tokens.iter().min().copied().unwrap_or(0), tokens.iter().max().copied().unwrap_or(0));
    let bars: String = tokens.iter().map(|tokens| bar(*tokens, least, most)).collect();
    format!("{bars}  {} to {} tokens, oldest to newest\n", grouped(least), grouped(most))
}

fn bar(value: u64, least: u64, most: u64) -> char {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let span = u128::from(most - least);
    let step = (u128::from(value - least) * 7 + span / 2).checked_div(span).unwrap_or(3);
    BARS.get(step as usize).copied().unwrap_or('█')
}
