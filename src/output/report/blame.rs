//! The report of `blame`.

use schemars::JsonSchema;
use serde::Serialize;

use super::cost::amount;
use super::inert;
use super::text::{Table, counted, cut, grouped, lines_of};
use crate::compare::blame::{Blame, SegmentShare, Share, Traced};
use crate::cost::cards::day_of;
use crate::pipeline::Build;
use crate::syntax::quantity::Usd;
use crate::syntax::source::ObjectId;
use crate::text::project::ContextId;
use crate::tree::Signature;

/// The format of the JSON report.
pub const SCHEMA: &str = "contexture.blame/1";

/// The most commits in a table for people; the rest is summed up.
const ROWS: usize = 20;
/// The longest subject in the table, in characters.
const SUBJECT: usize = 48;

/// What `blame --format json` prints. Shares are in percent of the whole here, which a share itself does
/// not know.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BlameReport<'a> {
    /// `contexture.blame/1`.
    pub schema: &'static str,
    /// Its name and variant.
    #[serde(flatten)]
    pub id: &'a ContextId,
    /// The commit that the prompt was built at.
    pub commit: Option<&'a ObjectId>,
    /// Tokens of all text by o200k_base.
    pub tokens: u64,
    /// What all text costs in a warm call of each model.
    pub models: Vec<ModelShareRecord<'a>>,
    /// The commits behind the text, most tokens first.
    pub commits: Vec<CommitShareRecord<'a>>,
    /// The authors behind the text, most tokens first.
    pub authors: Vec<AuthorShareRecord<'a>>,
    /// The segments that have text, in order.
    pub segments: &'a [SegmentShare],
}

/// A commit's share of a prompt.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CommitShareRecord<'a> {
    /// Its id.
    pub commit: &'a ObjectId,
    /// The day it was committed, in UTC.
    pub date: String,
    /// Who made it, and what they said.
    #[serde(flatten)]
    pub signature: &'a Signature,
    /// How many segments hold text of it.
    pub segments: usize,
    /// Its share.
    #[serde(flatten)]
    pub share: ShareRecord<'a>,
}

/// An author's share of a prompt.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AuthorShareRecord<'a> {
    /// The name, as written in the commits.
    pub author: &'a str,
    /// The mail address, as written in the commits.
    pub mail: &'a str,
    /// How many commits it comes from.
    pub commits: usize,
    /// The share.
    #[serde(flatten)]
    pub share: ShareRecord<'a>,
}

/// What of a prompt stems from somebody.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ShareRecord<'a> {
    /// The tokens, by o200k_base.
    pub tokens: u64,
    /// The share of all tokens, in percent: `12.3%`.
    pub share: String,
    /// The same in money.
    pub models: Vec<ModelShareRecord<'a>>,
}

/// A part of what the text costs in a warm call.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ModelShareRecord<'a> {
    /// The model.
    pub model: &'a str,
    /// US dollars; null where a price is not known.
    pub warm: Option<Usd>,
    /// The share of what all text costs, in percent; null where that is not known.
    pub share: Option<String>,
}

impl<'a> BlameReport<'a> {
    /// Reports who brought a build's tokens.
    pub fn new(build: &'a Build, blame: &'a Blame) -> Self {
        let commits = blame.commits.iter().map(|own| CommitShareRecord {
            commit: &own.commit.id,
            date: day_of(own.commit.time).to_string(),
            signature: &own.signature,
            segments: own.segments,
            share: ShareRecord::of(blame, &own.share),
        });
        let authors = blame.authors.iter().map(|own| AuthorShareRecord {
            author: &own.author,
            mail: &own.mail,
            commits: own.commits,
            share: ShareRecord::of(blame, &own.share),
        });
        Self {
            schema: SCHEMA,
            id: &build.id,
            commit: build.provenance.commit.as_ref(),
            tokens: blame.tokens,
            models: money(blame, blame.models.iter().map(|(_, warm)| *warm)),
            commits: commits.collect(),
            authors: authors.collect(),
            segments: &blame.segments,
        }
    }
}

impl<'a> ShareRecord<'a> {
    fn of(blame: &'a Blame, own: &Share) -> Self {
        Self {
            tokens: own.tokens,
            share: percent(own.tokens.into(), blame.tokens.into()),
            models: money(blame, own.warm.iter().copied()),
        }
    }
}

fn money(blame: &Blame, warm: impl Iterator<Item = Option<Usd>>) -> Vec<ModelShareRecord<'_>> {
    let models = blame.models.iter().zip(warm).map(|((model, whole), own)| ModelShareRecord {
        model,
        warm: own,
        share: own.zip(*whole).map(|(own, whole)| percent(own.femto, whole.femto)),
    });
    models.collect()
}

/// A part of a whole in percent with one decimal, rounded half up.
fn percent(part: i128, whole: i128) -> String {
    let tenths = (part * 2000 + whole).checked_div(whole * 2).unwrap_or(0);
    format!("{}.{}%", tenths / 10, tenths % 10)
}

/// The report for people: commits, then authors; with `verbose` each segment too. Money is that of the
/// first model.
pub fn text(build: &Build, blame: &Blame, verbose: bool) -> String {
    let commit = build.provenance.commit.as_ref().map(|commit| commit.short()).unwrap_or_default();
    let whole = blame.models.first().and_then(|(_, warm)| *warm);
    let mut drawn = inert::line(&format!("{} at {commit}  {} tokens of text", build.id, grouped(blame.tokens)));
    if let Some((model, warm)) = blame.models.first() {
        drawn.push_str(&inert::line(&format!(", {} of a warm call of {model}", amount(*warm))));
    }
    drawn.push_str("\n\n");
    let cells = |share: &Share| -> Vec<String> {
        let mut cells = vec![grouped(share.tokens), percent(share.tokens.into(), blame.tokens.into())];
        if let Some(own) = share.warm.first() {
            cells.push(amount(*own));
            cells.push(own.zip(whole).map_or_else(|| "?".to_owned(), |(own, whole)| percent(own.femto, whole.femto)));
        }
        cells
    };
    let numbers: &[&str] =
        if blame.models.is_empty() { &["tokens>", "share>"] } else { &["tokens>", "share>", "warm>", "share>"] };

    let mut table = Table::new(&[&["commit", "date"], numbers, &["author", "subject"]].concat());
    for own in blame.commits.iter().take(ROWS) {
        let mut row = vec![own.commit.id.short().to_owned(), day_of(own.commit.time).to_string()];
        row.extend(cells(&own.share));
        row.extend([own.signature.author.clone(), cut(&own.signature.subject, SUBJECT)]);
        table.row(row);
    }
    drawn.push_str(&table.draw(0));
    if let Some(rest) = blame.commits.get(ROWS..).filter(|rest| !rest.is_empty()) {
        let tokens: u64 = rest.iter().map(|own| own.share.tokens).sum();
        let what = counted(rest.len(), "more commit");
        drawn.push_str(&format!("{what}: {} tokens; --format json has all\n", grouped(tokens)));
    }
    drawn.push('\n');

    let mut table = Table::new(&[&["author"], numbers, &["commits>"]].concat());
    for own in &blame.authors {
        let mut row = vec![own.author.clone()];
        row.extend(cells(&own.share));
        row.push(grouped(own.commits as u64));
        table.row(row);
    }
    drawn.push_str(&table.draw(0));
    if verbose {
        drawn.push('\n');
        drawn.push_str(&segments(blame));
    }
    drawn.push_str(&warnings(blame));
    drawn
}

fn segments(blame: &Blame) -> String {
    let mut table = Table::new(&["segment", "tokens>", "from", "commits"]);
    for own in &blame.segments {
        let commits = own.commits.iter().map(|part| format!("{} {}", part.commit.short(), grouped(part.tokens)));
        table.row([
            own.id.clone(),
            grouped(own.tokens),
            lines_of(&own.path, own.lines),
            commits.collect::<Vec<_>>().join(", "),
        ]);
    }
    table.draw(0)
}

/// What was not traced by line.
fn warnings(blame: &Blame) -> String {
    let tokens = |wanted: Traced| -> u64 {
        blame.segments.iter().filter(|own| own.traced == wanted).map(|own| own.tokens).sum()
    };
    let mut drawn = String::new();
    let by_file = tokens(Traced::File);
    if by_file > 0 {
        drawn.push_str(&format!(
            "{} tokens in long files are told by the last commit that changed the file\n",
            grouped(by_file)
        ));
    }
    let unknown = tokens(Traced::Unknown);
    if unknown > 0 {
        drawn.push_str(&format!(
            "{} tokens stem from before the history that this clone holds; run `git fetch --unshallow`\n",
            grouped(unknown)
        ));
    }
    drawn
}
