//! The report of `blame`.

use schemars::JsonSchema;
use serde::Serialize;

use super::cost::amount;
use super::text::{Table, counted, grouped};
use super::{inert, json};
use crate::compare::blame::{AuthorShare, Blame, CommitShare, SegmentShare, Share, Traced};
use crate::cost::cards::day_of;
use crate::pipeline::Build;
use crate::syntax::quantity::Usd;

/// The format of the JSON report.
pub const SCHEMA: &str = "contexture.blame/1";

/// The most commits in a table for people; the rest is summed up.
const ROWS: usize = 20;
/// The longest subject in the table, in characters.
const SUBJECT: usize = 48;

/// What `blame --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BlameReport {
    /// `contexture.blame/1`.
    pub schema: &'static str,
    /// Path of the manifest below contexts/, without `.yaml`.
    pub id: String,
    /// The variant, if it is one.
    pub variant: Option<String>,
    /// The commit that the prompt was built at.
    pub commit: Option<String>,
    /// Tokens of all text by o200k_base.
    pub tokens: u64,
    /// What all text costs in a warm call of each model.
    pub models: Vec<ModelShareRecord>,
    /// The commits behind the text, most tokens first.
    pub commits: Vec<CommitShareRecord>,
    /// The authors behind the text, most tokens first.
    pub authors: Vec<AuthorShareRecord>,
    /// The segments that have text, in order.
    pub segments: Vec<SegmentShareRecord>,
}

/// A commit's share of a prompt.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CommitShareRecord {
    /// Its id.
    pub commit: String,
    /// The day it was committed, in UTC.
    pub date: String,
    /// Its author's name, as written there.
    pub author: String,
    /// Its author's mail address, as written there.
    pub mail: String,
    /// The first line of its message, as written there.
    pub subject: String,
    /// How many segments hold text of it.
    pub segments: usize,
    /// Its tokens, by o200k_base.
    pub tokens: u64,
    /// The share of all tokens, in percent: `12.3%`.
    pub share: String,
    /// The same in money.
    pub models: Vec<ModelShareRecord>,
}

/// An author's share of a prompt.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AuthorShareRecord {
    /// The name, as written in the commits.
    pub author: String,
    /// The mail address, as written in the commits.
    pub mail: String,
    /// How many commits it comes from.
    pub commits: usize,
    /// The tokens, by o200k_base.
    pub tokens: u64,
    /// The share of all tokens, in percent: `12.3%`.
    pub share: String,
    /// The same in money.
    pub models: Vec<ModelShareRecord>,
}

/// A part of what the text costs in a warm call.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ModelShareRecord {
    /// The model.
    pub model: String,
    /// US dollars; null where a price is not known.
    pub warm: Option<Usd>,
    /// The share of what all text costs, in percent; null where that is not known.
    pub share: Option<String>,
}

/// Where one segment's text stems from.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SegmentShareRecord {
    /// The segment.
    pub id: String,
    /// The file its lines were read from: the manifest for text that stands there.
    pub path: String,
    /// First and last line of it; null for the whole file.
    pub lines: Option<[usize; 2]>,
    /// Its tokens, by o200k_base.
    pub tokens: u64,
    /// How closely it was traced.
    pub traced: Traced,
    /// The commits behind it, most tokens first.
    pub commits: Vec<PartRecord>,
}

/// A commit's tokens in one segment.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PartRecord {
    /// The commit.
    pub commit: String,
    /// Its tokens, by o200k_base.
    pub tokens: u64,
}

impl BlameReport {
    /// Reports who brought a build's tokens.
    pub fn new(build: &Build, blame: &Blame) -> Self {
        Self {
            schema: SCHEMA,
            id: build.id.name.clone(),
            variant: build.id.variant.clone(),
            commit: build.provenance.commit.as_ref().map(ToString::to_string),
            tokens: blame.tokens,
            models: money(blame, &blame.models.iter().map(|(_, warm)| *warm).collect::<Vec<_>>()),
            commits: blame.commits.iter().map(|share| commit(blame, share)).collect(),
            authors: blame.authors.iter().map(|share| author(blame, share)).collect(),
            segments: blame.segments.iter().map(segment).collect(),
        }
    }

    /// As JSON with a final line break.
    pub fn json(&self) -> String {
        json(self)
    }
}

fn commit(blame: &Blame, own: &CommitShare) -> CommitShareRecord {
    let CommitShare { commit, signature, share, segments } = own;
    CommitShareRecord {
        commit: commit.id.to_string(),
        date: day_of(commit.time).to_string(),
        author: signature.author.clone(),
        mail: signature.mail.clone(),
        subject: signature.subject.clone(),
        segments: *segments,
        tokens: share.tokens,
        share: percent(share.tokens.into(), blame.tokens.into()),
        models: money(blame, &share.warm),
    }
}

fn author(blame: &Blame, own: &AuthorShare) -> AuthorShareRecord {
    let AuthorShare { author, mail, share, commits } = own;
    AuthorShareRecord {
        author: author.clone(),
        mail: mail.clone(),
        commits: *commits,
        tokens: share.tokens,
        share: percent(share.tokens.into(), blame.tokens.into()),
        models: money(blame, &share.warm),
    }
}

fn money(blame: &Blame, warm: &[Option<Usd>]) -> Vec<ModelShareRecord> {
    let models = blame.models.iter().zip(warm);
    let record = |((model, whole), own): (&(String, Option<Usd>), &Option<Usd>)| ModelShareRecord {
        model: model.clone(),
        warm: *own,
        share: own.zip(*whole).map(|(own, whole)| percent(own.femto, whole.femto)),
    };
    models.map(record).collect()
}

fn segment(own: &SegmentShare) -> SegmentShareRecord {
    let SegmentShare { id, path, lines, tokens, traced, commits } = own;
    SegmentShareRecord {
        id: id.clone(),
        path: path.to_string(),
        lines: (*lines.end() != usize::MAX).then_some([*lines.start(), *lines.end()]),
        tokens: *tokens,
        traced: *traced,
        commits: commits
            .iter()
            .map(|(commit, tokens)| PartRecord { commit: commit.to_string(), tokens: *tokens })
            .collect(),
    }
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
        row.extend([own.signature.author.clone(), cut(&own.signature.subject)]);
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
        let from = match (own.lines.start(), own.lines.end()) {
            (_, &usize::MAX) => own.path.to_string(),
            (first, last) if first == last => format!("{}:{first}", own.path),
            (first, last) => format!("{}:{first}-{last}", own.path),
        };
        let commits = own.commits.iter().map(|(commit, tokens)| format!("{} {}", commit.short(), grouped(*tokens)));
        table.row([own.id.clone(), grouped(own.tokens), from, commits.collect::<Vec<_>>().join(", ")]);
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

fn cut(subject: &str) -> String {
    match subject.char_indices().nth(SUBJECT) {
        Some((end, _)) => format!("{}…", subject.get(..end).unwrap_or(subject)),
        None => subject.to_owned(),
    }
}
