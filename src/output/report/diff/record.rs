//! What `diff --format json` prints.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::compare::delta::{BudgetDelta, Divergence, Kind, ModelDelta, Pair, SegmentChange, Side};
use crate::compare::review::{
    BroughtCount, Cause, ContextReview, ContextStatus, ModelTotal, Range, Review, change_name, totals,
};
use crate::output::record::DiagnosticRecord;
use crate::output::report::eval::EvalReport;
use crate::pipeline::Build;
use crate::pipeline::shard::Shard;
use crate::prompt::segment::{Segment, Tier};
use crate::syntax::source::{ObjectId, ProjectPath};
use crate::text::project::ContextId;
use crate::tree::TreeName;

/// The format of the JSON report.
pub const SCHEMA: &str = "contexture.diff/1";

/// What `diff --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiffReport<'a> {
    /// `contexture.diff/1`.
    pub schema: &'static str,
    /// The part of the project that this is, with `--shard`; `contexture join` joins the parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// With `--shard`: contexts of all parts that the change cannot reach, which `unchanged` leaves out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub untouched: Option<usize>,
    /// What was compared with.
    pub base: SideRecord<'a>,
    /// What was compared.
    pub head: SideRecord<'a>,
    /// The day whose prices and rules hold for both sides.
    pub as_of: String,
    /// Contexts that do not differ.
    pub unchanged: usize,
    /// Those of them that cannot be built, for the same reasons on both sides.
    pub still_broken: usize,
    /// Files that differ and change no prompt; empty where only some contexts were compared.
    pub no_effect: &'a [ProjectPath],
    /// Each file that changed prompts, and which.
    pub reach: Vec<ReachRecord<'a>>,
    /// What the change comes to for each model, over all contexts that differ and can be built.
    pub totals: Vec<ModelTotal>,
    /// What the change itself says that providers counted, of contexts that differ and of those that do not.
    pub counts: &'a [BroughtCount],
    /// Contexts that have the same change.
    pub groups: Vec<GroupRecord>,
    /// Contexts that differ, by name.
    pub contexts: Vec<ContextDelta<'a>>,
    /// What recorded answers say of the contexts that differ; not there where none of them is evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<EvalReport<'a>>,
}

/// What `compare --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CompareReport<'a> {
    /// `contexture.compare/1`.
    pub schema: &'static str,
    /// The first context, which stands for the base.
    pub base: Option<&'a ContextId>,
    /// The second, which stands for the head.
    pub head: &'a ContextId,
    /// The day whose prices and rules hold for both.
    pub as_of: String,
    /// What the second comes to against the first, for each model.
    pub totals: Vec<ModelTotal>,
    /// What is different.
    pub context: ContextDelta<'a>,
    /// What recorded answers say of both; not there where neither is evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<EvalReport<'a>>,
}

impl<'a> CompareReport<'a> {
    /// Records two builds side by side.
    pub fn new(context: &'a ContextReview) -> Self {
        Self {
            schema: "contexture.compare/1",
            base: context.base.as_ref().map(|build| &build.id),
            head: &context.id,
            as_of: context.head.as_ref().map_or_else(String::new, |build| build.date.to_string()),
            totals: totals([context]),
            context: ContextDelta::of(context, None),
            evaluation: None,
        }
    }
}

/// One side of a comparison: the name of a tree, with its commit and its kind apart.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SideRecord<'a> {
    /// The commit, or the one below the index or working tree.
    pub commit: Option<&'a ObjectId>,
    /// What it is.
    pub kind: SideKind,
}

/// What a side is.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SideKind {
    /// A commit.
    Commit,
    /// The index.
    Index,
    /// The working tree.
    Worktree,
}

/// A file and the contexts that it changed, whose names are one text here.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReachRecord<'a> {
    /// The file.
    pub path: &'a ProjectPath,
    /// Contexts and variants.
    pub contexts: Vec<String>,
}

/// Contexts with the same change, by name where a review has their indices.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GroupRecord {
    /// How many.
    pub count: usize,
    /// Contexts and variants, by name.
    pub contexts: Vec<String>,
    /// Tokens (o200k_base) that they grew by; null where they cannot be built on both sides.
    pub tokens: Option<Range<i64>>,
    /// The files that did it, in any of them.
    pub causes: BTreeSet<Cause>,
}

/// What a change does to one context. A review has a delta for contexts that can be compared and
/// refers to segments by index; here every context has every key, and segments have their ids.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ContextDelta<'a> {
    /// Its name and variant.
    #[serde(flatten)]
    pub id: &'a ContextId,
    /// What it was called before, where that differs.
    pub renamed_from: Option<String>,
    /// What became of it.
    pub status: ContextStatus,
    /// With `--shard`: a name for its change, the same for contexts that have the same one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// The files that did it.
    pub causes: &'a [Cause],
    /// Tokens of all text by o200k_base.
    pub tokens: Pair<u64>,
    /// The first place where what the model sees differs; null where nothing does.
    pub divergence: Option<DivergenceRecord<'a>>,
    /// The same for each tier that differs; its offsets count from the start of the tier.
    pub tiers: Vec<DivergenceRecord<'a>>,
    /// Segments that are not as and where they were.
    pub segments: Vec<SegmentDelta<'a>>,
    /// How many are.
    pub unchanged_segments: usize,
    /// Whether model settings or the output schema differ.
    pub settings_changed: bool,
    /// What it comes to for each model.
    pub models: &'a [ModelDelta],
    /// Its budgets, each for each model.
    pub budgets: &'a [BudgetDelta],
    /// What is wrong with each side of a broken context.
    pub faults: PairOfFaults,
    /// Warnings that the head has and the base has not.
    pub diagnostics: Vec<DiagnosticRecord>,
}

/// What is wrong with each side.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PairOfFaults {
    /// Before.
    pub base: Vec<DiagnosticRecord>,
    /// After.
    pub head: Vec<DiagnosticRecord>,
}

/// A place where two prompts part.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DivergenceRecord<'a> {
    /// The tier.
    pub tier: Tier,
    /// The side whose segment it is.
    pub side: Side,
    /// The segment.
    pub segment: &'a str,
    /// The file that holds its text; null for text of the manifest, but in the first divergence.
    pub path: Option<&'a ProjectPath>,
    /// The line of that file where the texts part.
    pub line: Option<usize>,
    /// Bytes of text before it.
    pub byte: u64,
    /// Tokens (o200k_base) that both sides have before it.
    pub token: u64,
    /// The last commit that changed what is to blame; null while that is not committed.
    pub commit: Option<&'a ObjectId>,
}

/// A segment that is not as and where it was.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SegmentDelta<'a> {
    /// Its id before.
    pub base_id: Option<&'a str>,
    /// Its id now.
    pub head_id: Option<&'a str>,
    /// The file that its text is read from.
    pub path: Option<&'a ProjectPath>,
    /// What happened.
    pub change: Kind,
    /// Its tokens by o200k_base.
    pub tokens: Pair<u64>,
}

impl<'a> DiffReport<'a> {
    /// Records a review.
    pub fn new(review: &'a Review) -> Self {
        let name = |index: &usize| review.contexts.get(*index).map(|context| context.id.to_string());
        let groups = review.groups.iter().map(|group| {
            let members = || group.contexts.iter().filter_map(|index| review.contexts.get(*index));
            let grown = |context: &ContextReview| {
                let tokens = context.delta.as_ref()?.tokens;
                i64::try_from(i128::from(tokens.head?) - i128::from(tokens.base?)).ok()
            };
            GroupRecord {
                count: group.contexts.len(),
                contexts: group.contexts.iter().filter_map(name).collect(),
                tokens: Range::of(members().filter_map(grown)),
                causes: members().flat_map(|context| context.causes.iter().cloned()).collect(),
            }
        });
        let reach = review
            .reach
            .iter()
            .map(|(path, contexts)| ReachRecord { path, contexts: contexts.iter().map(ToString::to_string).collect() });
        Self {
            schema: SCHEMA,
            shard: review.shard,
            untouched: review.shard.map(|_| review.untouched),
            base: SideRecord { commit: Some(&review.base.id), kind: SideKind::Commit },
            head: SideRecord {
                commit: review.head.commit().map(|commit| &commit.id),
                kind: match review.head {
                    TreeName::Commit(_) => SideKind::Commit,
                    TreeName::Index(_) => SideKind::Index,
                    TreeName::Worktree(_) => SideKind::Worktree,
                },
            },
            as_of: review.date.to_string(),
            unchanged: review.unchanged,
            still_broken: review.still_broken.len(),
            no_effect: &review.no_effect,
            reach: reach.collect(),
            totals: totals(&review.contexts),
            counts: &review.brought,
            groups: groups.collect(),
            contexts: review.contexts.iter().map(|context| ContextDelta::of(context, review.shard)).collect(),
            evaluation: None,
        }
    }
}

impl<'a> ContextDelta<'a> {
    fn of(context: &'a ContextReview, shard: Option<Shard>) -> Self {
        let delta = context.delta.as_ref();
        let first = delta.and_then(|delta| divergence(context, delta.divergence.as_ref()?));
        let place = context.place.as_ref();
        let tiers = delta.iter().flat_map(|delta| &delta.tiers);
        let segments = delta.iter().flat_map(|delta| &delta.segments);
        Self {
            id: &context.id,
            renamed_from: context.renamed_from.as_ref().map(ToString::to_string),
            status: context.status,
            change: shard.and_then(|_| change_name(context)),
            causes: &context.causes,
            tokens: delta.map_or_else(Pair::default, |delta| delta.tokens),
            divergence: first.map(|record| DivergenceRecord {
                path: place.map(|place| &place.path),
                line: place.map(|place| place.line),
                commit: place.and_then(|place| Some(&place.commit.as_ref()?.id)),
                ..record
            }),
            tiers: tiers.filter_map(|place| divergence(context, place)).collect(),
            segments: segments.map(|change| SegmentDelta::of(context, change)).collect(),
            unchanged_segments: delta.map_or(0, |delta| delta.same),
            settings_changed: delta.is_some_and(|delta| delta.settings_changed),
            models: delta.map_or(&[], |delta| &delta.models),
            budgets: delta.map_or(&[], |delta| &delta.budgets),
            faults: PairOfFaults {
                base: DiagnosticRecord::all(&context.base_faults),
                head: DiagnosticRecord::all(&context.head_faults),
            },
            diagnostics: DiagnosticRecord::all(context.new_warnings()),
        }
    }
}

fn divergence<'a>(context: &'a ContextReview, place: &Divergence) -> Option<DivergenceRecord<'a>> {
    let build = match place.side {
        Side::Base => context.base.as_ref()?,
        Side::Head => context.head.as_ref()?,
    };
    let segment = build.segments.get(place.segment)?;
    Some(DivergenceRecord {
        tier: place.tier,
        side: place.side,
        segment: &segment.id,
        path: segment.origin.path.as_ref(),
        line: None,
        byte: place.byte,
        token: place.token,
        commit: None,
    })
}

impl<'a> SegmentDelta<'a> {
    fn of(context: &'a ContextReview, change: &SegmentChange) -> Self {
        let of = |build: &'a Option<Arc<Build>>, index: Option<usize>| {
            let (build, index) = (build.as_ref()?, index?);
            Some((build.segments.get(index)?, *build.counts.per_segment.get(index)?))
        };
        let (base, head) = (of(&context.base, change.base), of(&context.head, change.head));
        let path = |side: Option<(&'a Segment, u64)>| side?.0.origin.path.as_ref();
        Self {
            base_id: base.map(|(segment, _)| &*segment.id),
            head_id: head.map(|(segment, _)| &*segment.id),
            path: path(head).or_else(|| path(base)),
            change: change.kind,
            tokens: Pair { base: base.map(|(_, tokens)| tokens), head: head.map(|(_, tokens)| tokens) },
        }
    }
}
