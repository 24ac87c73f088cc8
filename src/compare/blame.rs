//! Who brought which tokens: the commits and authors behind the text of one prompt.
//!
//! Each segment knows the lines that it was read from, and git knows the commit behind each line. A
//! segment's tokens, and what it costs in a warm call, are shared out among those commits by the
//! bytes of their lines, so that the shares add up to the prompt. Text that no file holds (written
//! in a manifest) stems from whoever wrote those lines of the manifest; what a template or a wrap adds
//! counts as the file that it wraps or renders.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::Serialize;

use crate::cost::shares::{split, warm_shares};
use crate::cost::terms::Terms;
use crate::pipeline::Build;
use crate::syntax::error::Error;
use crate::syntax::quantity::Usd;
use crate::syntax::source::{ObjectId, ProjectPath};
use crate::text::lint::secret::masked;
use crate::tree::{BlamedLines, Commit, CommitTree, ReadError, Signature, Tree, Workspace};

/// The most bytes of files whose lines are traced in one run; the rest is told by file.
const MAX_TRACED_BYTES: usize = 16 << 20;

/// The commits behind one prompt.
#[derive(Debug)]
pub struct Blame {
    /// All tokens of text, by o200k_base.
    pub tokens: u64,
    /// The models, by their names in the manifest, with what the text costs in a warm call.
    pub models: Vec<(String, Option<Usd>)>,
    /// The commits, most tokens first.
    pub commits: Vec<CommitShare>,
    /// The authors, most tokens first.
    pub authors: Vec<AuthorShare>,
    /// The segments that have text, in order.
    pub segments: Vec<SegmentShare>,
}

/// What of a prompt stems from whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Share {
    /// Tokens, by o200k_base.
    pub tokens: u64,
    /// For each model, what they cost in a warm call; `None` where a price is not known.
    pub warm: Vec<Option<Usd>>,
}

/// One commit's share.
#[derive(Debug, Clone)]
pub struct CommitShare {
    /// The commit.
    pub commit: Commit,
    /// Who made it, and what they said.
    pub signature: Signature,
    /// Its share.
    pub share: Share,
    /// How many segments hold text of it.
    pub segments: usize,
}

/// One author's share.
#[derive(Debug, Clone)]
pub struct AuthorShare {
    /// The name.
    pub author: String,
    /// The mail address.
    pub mail: String,
    /// The share.
    pub share: Share,
    /// How many commits it comes from.
    pub commits: usize,
}

/// Where one segment's text stems from.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SegmentShare {
    /// The segment.
    pub id: String,
    /// The file its lines were read from: the manifest for text that is written there.
    pub path: ProjectPath,
    /// First and last line of it, 1-based; null for the whole file.
    pub lines: Option<[usize; 2]>,
    /// Its tokens, by o200k_base.
    pub tokens: u64,
    /// How closely it was traced.
    pub traced: Traced,
    /// The commits behind it, most tokens first.
    pub commits: Vec<CommitTokens>,
}

/// A commit's tokens in one segment.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CommitTokens {
    /// The commit.
    pub commit: ObjectId,
    /// Its tokens, by o200k_base.
    pub tokens: u64,
}

/// How closely a text was traced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Traced {
    /// To the commit behind each line.
    Line,
    /// To the last commit that changed the file, because the file is too long for more.
    File,
    /// Not at all: its last change lies before the history that this clone holds.
    Unknown,
}

/// The commit and the bytes of each line of a file, or the last commit behind all of them.
enum Trace {
    Lines(Vec<(ObjectId, u64)>),
    File(ObjectId),
    Unknown,
}

/// Tells who brought the tokens of a build of `tree`.
///
/// # Errors
/// When the history cannot be read.
pub fn blame(workspace: &Workspace, tree: &CommitTree, build: &Build) -> Result<Blame, Error> {
    let traces = traces(workspace, tree, build)?;
    let costs: Vec<Option<Vec<Usd>>> = build.models.iter().map(|model| warm(build, model)).collect();
    let mut shares: BTreeMap<ObjectId, (Share, BTreeSet<usize>)> = BTreeMap::new();
    let mut segments = Vec::new();
    for (index, segment) in build.segments.iter().enumerate() {
        let tokens = build.counts.per_segment.get(index).copied().unwrap_or(0);
        if segment.bytes() == 0 {
            continue;
        }
        let (path, lines) = place_of(segment);
        let parts = match traces.get(&path) {
            Some(Trace::Lines(by_line)) => weights(by_line, &lines),
            Some(Trace::File(commit)) => vec![(commit.clone(), 1)],
            Some(Trace::Unknown) | None => Vec::new(),
        };
        let traced = match traces.get(&path) {
            Some(Trace::Lines(_)) if !parts.is_empty() => Traced::Line,
            Some(Trace::File(_)) => Traced::File,
            _ => Traced::Unknown,
        };
        let weights: Vec<u64> = parts.iter().map(|(_, weight)| *weight).collect();
        let split_tokens = split(tokens.into(), &weights);
        let split_costs: Vec<Option<Vec<i128>>> =
            costs.iter().map(|costs| Some(split(costs.as_ref()?.get(index)?.femto, &weights))).collect();
        let mut commits = Vec::new();
        for (number, (commit, _)) in parts.into_iter().enumerate() {
            let tokens = split_tokens.get(number).and_then(|tokens| u64::try_from(*tokens).ok()).unwrap_or(0);
            let warm = split_costs.iter().map(|costs| costs.as_ref()?.get(number).map(|femto| Usd { femto: *femto }));
            let (share, met) = shares.entry(commit.clone()).or_default();
            share.add(&Share { tokens, warm: warm.collect() });
            met.insert(index);
            commits.push(CommitTokens { commit, tokens });
        }
        commits.sort_by_key(|own| std::cmp::Reverse(own.tokens));
        let lines = (*lines.end() != usize::MAX).then_some([*lines.start(), *lines.end()]);
        segments.push(SegmentShare { id: segment.id.clone(), path, lines, tokens, traced, commits });
    }
    let mut commits = Vec::new();
    for (id, (share, met)) in shares {
        let commit = workspace.commit(id.as_str())?;
        commits.push(CommitShare {
            commit: commit.commit().clone(),
            signature: commit.signature()?.each(|words| masked(words).into_owned()),
            share,
            segments: met.len(),
        });
    }
    commits.sort_by_key(|share| (std::cmp::Reverse(share.share.tokens), std::cmp::Reverse(share.commit.time)));
    let sum = |costs: &Option<Vec<Usd>>| costs.as_ref().map(|costs| costs.iter().copied().sum());
    Ok(Blame {
        tokens: build.counts.text.tokens(),
        models: build.models.iter().zip(&costs).map(|(model, costs)| (model.name.clone(), sum(costs))).collect(),
        authors: authors(&commits),
        commits,
        segments,
    })
}

impl Share {
    fn add(&mut self, other: &Self) {
        self.tokens += other.tokens;
        if self.warm.is_empty() {
            self.warm = vec![Some(Usd::ZERO); other.warm.len()];
        }
        for (own, other) in self.warm.iter_mut().zip(&other.warm) {
            *own = own.zip(*other).and_then(|(own, other)| own.plus(other));
        }
    }
}

/// What each segment costs in a warm call of one model.
fn warm(build: &Build, model: &crate::pipeline::model::ModelBuild) -> Option<Vec<Usd>> {
    let rules = model.card.at(build.date).model(&model.choices);
    let terms = Terms { model: &rules, batch: None, traffic: None, tokens: &model.tokens };
    warm_shares(&model.layout, &terms, &model.counts.per_segment)
}

/// The file and lines that a segment's text was read from; those of the manifest for text that stands
/// there.
fn place_of(segment: &crate::prompt::segment::Segment) -> (ProjectPath, RangeInclusive<usize>) {
    let block = &segment.origin.block;
    match (&segment.origin.path, &segment.origin.lines) {
        (Some(path), Some(lines)) => (path.clone(), lines.clone()),
        (Some(path), None) => (path.clone(), 1..=usize::MAX),
        (None, _) => {
            let first = block.source.line(block.start);
            (block.path().clone(), first..=block.source.line(block.end.saturating_sub(1).max(block.start)))
        }
    }
}

/// Traces every file that the prompt was read from, the longest ones by file only.
fn traces(workspace: &Workspace, tree: &CommitTree, build: &Build) -> Result<BTreeMap<ProjectPath, Trace>, Error> {
    let wanted: BTreeSet<ProjectPath> =
        build.segments.iter().filter(|segment| segment.bytes() > 0).map(|segment| place_of(segment).0).collect();
    let mut traces = BTreeMap::new();
    let mut whole = Vec::new();
    let mut traced_bytes = 0;
    for path in wanted {
        let bytes = bytes(tree, &path)?.unwrap_or_default();
        traced_bytes += bytes.len();
        let blamed = if traced_bytes <= MAX_TRACED_BYTES { workspace.blame(tree, &path)? } else { None };
        match blamed {
            Some(blamed) => {
                traces.insert(path, Trace::Lines(by_line(&bytes, &blamed)));
            }
            None => whole.push(path),
        }
    }
    let changes = tree.last_changes(&whole)?;
    for path in whole {
        let trace = changes.get(&path).map_or(Trace::Unknown, |commit| Trace::File(commit.id.clone()));
        traces.insert(path, trace);
    }
    Ok(traces)
}

fn bytes(tree: &CommitTree, path: &ProjectPath) -> Result<Option<std::sync::Arc<[u8]>>, Error> {
    match tree.read(path) {
        Ok(blob) => Ok(Some(blob.bytes)),
        Err(ReadError::World(error)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// The commit and the bytes of each line of a file.
fn by_line(bytes: &[u8], blamed: &[BlamedLines]) -> Vec<(ObjectId, u64)> {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').map(|line| line.len() as u64);
    let commits = blamed.iter().flat_map(|hunk| hunk.lines.clone().map(|_| hunk.commit.clone()));
    commits.zip(lines).collect()
}

/// The bytes of the wanted lines by the commit behind them, in the order in which commits are met.
fn weights(lines: &[(ObjectId, u64)], wanted: &RangeInclusive<usize>) -> Vec<(ObjectId, u64)> {
    let mut places: HashMap<&ObjectId, usize> = HashMap::new();
    let mut weights: Vec<(ObjectId, u64)> = Vec::new();
    let first = wanted.start().saturating_sub(1);
    for (commit, bytes) in lines.iter().take(*wanted.end()).skip(first) {
        let place = *places.entry(commit).or_insert(weights.len());
        match weights.get_mut(place) {
            Some((_, weight)) => *weight += bytes,
            None => weights.push((commit.clone(), *bytes)),
        }
    }
    weights
}

/// Commits of one name and address together.
fn authors(commits: &[CommitShare]) -> Vec<AuthorShare> {
    let mut authors: BTreeMap<(&str, &str), AuthorShare> = BTreeMap::new();
    for commit in commits {
        let Signature { author, mail, .. } = &commit.signature;
        let own = authors.entry((author, mail)).or_insert_with(|| AuthorShare {
            author: author.clone(),
            mail: mail.clone(),
            share: Share::default(),
            commits: 0,
        });
        own.share.add(&commit.share);
        own.commits += 1;
    }
    let mut authors: Vec<AuthorShare> = authors.into_values().collect();
    authors.sort_by_key(|author| std::cmp::Reverse(author.share.tokens));
    authors
}
