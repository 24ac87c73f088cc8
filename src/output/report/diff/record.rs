//! What `diff --format json` prints.

use schemars::JsonSchema;
use serde::Serialize;

use crate::compare::delta::{Delta, Divergence, Figure, Kind, ModelDelta, Pair, SegmentChange, Side};
use crate::compare::review::{ContextReview, ContextStatus, Review, Via, change_name};
use crate::cost::budget::{Amount, BudgetName, Status};
use crate::output::record::DiagnosticRecord;
use crate::output::report::json;
use crate::pipeline::Build;
use crate::pipeline::shard::Shard;
use crate::prompt::segment::Tier;
use crate::syntax::quantity::Usd;
use crate::tree::TreeName;

/// The format of the JSON report.
pub const SCHEMA: &str = "contexture.diff/1";

/// What `diff --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiffReport {
    /// `contexture.diff/1`.
    pub schema: &'static str,
    /// The part of the project that this is, with `--shard`; `contexture merge` joins the parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// With `--shard`: contexts of all parts that the change cannot reach, which `unchanged` leaves out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub untouched: Option<usize>,
    /// What was compared with.
    pub base: SideRecord,
    /// What was compared.
    pub head: SideRecord,
    /// The day whose prices and rules hold for both sides.
    pub as_of: String,
    /// Contexts that do not differ.
    pub unchanged: usize,
    /// Files that differ and change no prompt; empty where only some contexts were compared.
    pub no_effect: Vec<String>,
    /// Each file that changed prompts, and which.
    pub reach: Vec<ReachRecord>,
    /// Contexts that have the same change.
    pub groups: Vec<GroupRecord>,
    /// Contexts that differ, by name.
    pub contexts: Vec<ContextDelta>,
}

/// One side of a comparison.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SideRecord {
    /// The commit, or the one that the index or working tree stands on.
    pub commit: Option<String>,
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

/// A file and the contexts that it changed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReachRecord {
    /// The file.
    pub path: String,
    /// Contexts and variants.
    pub contexts: Vec<String>,
}

/// Contexts with the same change.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GroupRecord {
    /// How many.
    pub count: usize,
    /// Contexts and variants, by name.
    pub contexts: Vec<String>,
    /// Tokens (o200k_base) that each of them grew by.
    pub tokens: i64,
    /// The files that did it.
    pub causes: Vec<CauseRecord>,
}

/// A file that changed a context.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CauseRecord {
    /// The file.
    pub path: String,
    /// What part it plays.
    pub via: Via,
}

/// What a change does to one context.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ContextDelta {
    /// Path of the manifest below contexts/, without `.yaml`.
    pub id: String,
    /// The variant, if it is one.
    pub variant: Option<String>,
    /// What it was called before, where that differs.
    pub renamed_from: Option<String>,
    /// What became of it.
    pub status: ContextStatus,
    /// With `--shard`: a name for its change, the same for contexts that have the same one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// The files that did it.
    pub causes: Vec<CauseRecord>,
    /// Tokens of all text by o200k_base.
    pub tokens: PairRecord<u64>,
    /// The first place where what the model sees differs; null where nothing does.
    pub divergence: Option<DivergenceRecord>,
    /// The same for each tier that differs; its offsets count from the start of the tier.
    pub tiers: Vec<DivergenceRecord>,
    /// Segments that are not as and where they were.
    pub segments: Vec<SegmentDelta>,
    /// How many are.
    pub unchanged_segments: usize,
    /// Whether model settings or the output schema differ.
    pub settings_changed: bool,
    /// What it comes to for each model.
    pub models: Vec<ModelDeltaRecord>,
    /// Its budgets, each for each model.
    pub budgets: Vec<BudgetDeltaRecord>,
    /// What is wrong with each side of a broken context.
    pub faults: PairOfFaults,
    /// Warnings that the head has and the base has not.
    pub diagnostics: Vec<DiagnosticRecord>,
}

/// A figure before and after; null where there is none.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct PairRecord<T> {
    /// Before.
    pub base: Option<T>,
    /// After.
    pub head: Option<T>,
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
pub struct DivergenceRecord {
    /// The tier.
    pub tier: Tier,
    /// The side whose segment it is.
    pub side: Side,
    /// The segment.
    pub segment: String,
    /// The file that holds its text; null where only its tier is told.
    pub path: Option<String>,
    /// The line of that file where the texts part.
    pub line: Option<usize>,
    /// Bytes of text before it.
    pub byte: u64,
    /// Tokens (o200k_base) that both sides have before it.
    pub token: u64,
    /// The last commit that changed what is to blame; null while that is not committed.
    pub commit: Option<String>,
}

/// A segment that is not as and where it was.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SegmentDelta {
    /// Its id before.
    pub base_id: Option<String>,
    /// Its id now.
    pub head_id: Option<String>,
    /// The file that its text is read from.
    pub path: Option<String>,
    /// What happened.
    pub change: Kind,
    /// Its tokens by o200k_base.
    pub tokens: PairRecord<u64>,
}

/// What a change comes to for one model.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ModelDeltaRecord {
    /// The model.
    pub model: String,
    /// Tokens of the new prompt that the cache can still serve after the merge.
    pub eligible: u64,
    /// Whether the provider promises that.
    pub promised: bool,
    /// How the model matches requests with entries.
    pub class: &'static str,
    /// Prefix tokens of the base, in this model's count.
    pub base_prefix: Option<u64>,
    /// Prefix tokens of the head.
    pub head_prefix: Option<u64>,
    /// Tokens that a warm call reads.
    pub cached: PairRecord<u64>,
    /// Input tokens.
    pub total: PairRecord<u64>,
    /// US dollars: the first call after the merge less a warm call of the head.
    pub rewarm: Option<Usd>,
    /// US dollars: a call that finds everything in the cache.
    pub warm: PairRecord<Usd>,
    /// US dollars: a call that finds nothing.
    pub cold: PairRecord<Usd>,
    /// US dollars: a call at the declared traffic.
    pub expected: PairRecord<Usd>,
    /// US dollars: a month at the declared traffic.
    pub month: PairRecord<Usd>,
    /// What the difference comes from; null where a figure is not known on one side.
    pub attribution: Option<AttributionRecord>,
    /// A limit of the price list that was crossed.
    pub cliff: Option<CrossingRecord>,
    /// The model's window, where the request fits on one side only.
    pub window: Option<CrossingRecord>,
}

/// The parts of a difference in cost, in US dollars; they add up exactly.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AttributionRecord {
    /// The figure whose difference they add up to.
    pub of: Figure,
    /// What is sent: text, breakpoints, expected inputs and answer.
    pub text: Usd,
    /// The order of what both sides hold.
    pub order: Usd,
    /// What counts the tokens.
    pub tokenizer: Usd,
    /// The model's card: prices and cache rules.
    pub price: Usd,
    /// Calls, hours, deploys.
    pub traffic: Usd,
}

/// A limit in tokens that was crossed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CrossingRecord {
    /// The limit.
    pub limit: u64,
    /// Whether the request is above it now.
    pub above: bool,
}

/// A budget for one model, before and after.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BudgetDeltaRecord {
    /// The key in `budgets:`, or `max_tokens` of a block.
    pub name: BudgetName,
    /// The block, for a limit of one block.
    pub block: Option<String>,
    /// The model.
    pub model: String,
    /// How it stood; null where it was not there.
    pub base: Option<Status>,
    /// How it stands; null where it is not there.
    pub head: Option<Status>,
    /// The limit.
    pub limit: PairRecord<String>,
    /// What it is held against.
    pub actual: PairRecord<String>,
    /// Whether it blocks: it fails, and it did not before or has got worse.
    pub blocks: bool,
}

impl DiffReport {
    /// Records a review.
    pub fn new(review: &Review) -> Self {
        let name = |index: &usize| review.contexts.get(*index).map(|context| context.id.to_string());
        let groups = review.groups.iter().filter_map(|group| {
            let first = review.contexts.get(*group.contexts.first()?)?;
            let tokens = first.delta.as_ref().map(|delta| delta.tokens)?;
            let grown = i128::from(tokens.head?) - i128::from(tokens.base?);
            Some(GroupRecord {
                count: group.contexts.len(),
                contexts: group.contexts.iter().filter_map(name).collect(),
                tokens: i64::try_from(grown).unwrap_or(i64::MAX),
                causes: causes(first),
            })
        });
        let reach = review.reach.iter().map(|(path, contexts)| ReachRecord {
            path: path.to_string(),
            contexts: contexts.iter().map(ToString::to_string).collect(),
        });
        Self {
            schema: SCHEMA,
            shard: review.shard,
            untouched: review.shard.map(|_| review.untouched),
            base: SideRecord { commit: Some(review.base.id.to_string()), kind: SideKind::Commit },
            head: SideRecord {
                commit: review.head.commit().map(|commit| commit.id.to_string()),
                kind: match review.head {
                    TreeName::Commit(_) => SideKind::Commit,
                    TreeName::Index(_) => SideKind::Index,
                    TreeName::Worktree(_) => SideKind::Worktree,
                },
            },
            as_of: review.date.to_string(),
            unchanged: review.unchanged,
            no_effect: review.no_effect.iter().map(ToString::to_string).collect(),
            reach: reach.collect(),
            groups: groups.collect(),
            contexts: review.contexts.iter().map(|context| ContextDelta::of(context, review.shard)).collect(),
        }
    }

    /// As JSON with a final line break.
    pub fn json(&self) -> String {
        json(self)
    }
}

fn causes(context: &ContextReview) -> Vec<CauseRecord> {
    context.causes.iter().map(|cause| CauseRecord { path: cause.path.to_string(), via: cause.via }).collect()
}

fn faults(faults: &[crate::syntax::diag::Diagnostic]) -> Vec<DiagnosticRecord> {
    faults.iter().map(DiagnosticRecord::of).collect()
}

impl<T> From<Pair<T>> for PairRecord<T> {
    fn from(pair: Pair<T>) -> Self {
        Self { base: pair.base, head: pair.head }
    }
}

impl ContextDelta {
    fn of(context: &ContextReview, shard: Option<Shard>) -> Self {
        let delta = context.delta.as_ref();
        let all = |of: &dyn Fn(&Delta) -> Vec<DivergenceRecord>| delta.map(of).unwrap_or_default();
        let divergence = delta.and_then(|delta| delta.divergence).and_then(|place| divergence(context, &place));
        Self {
            id: context.id.name.clone(),
            variant: context.id.variant.clone(),
            renamed_from: context.renamed_from.as_ref().map(ToString::to_string),
            status: context.status,
            change: shard.and_then(|_| change_name(context)),
            causes: causes(context),
            tokens: delta.map_or(PairRecord { base: None, head: None }, |delta| delta.tokens.into()),
            divergence: divergence.map(|record| DivergenceRecord {
                path: context.place.as_ref().map(|place| place.path.to_string()),
                line: context.place.as_ref().map(|place| place.line),
                commit: context
                    .place
                    .as_ref()
                    .and_then(|place| place.commit.as_ref())
                    .map(|commit| commit.id.to_string()),
                ..record
            }),
            tiers: all(&|delta| delta.tiers.iter().filter_map(|place| self::divergence(context, place)).collect()),
            segments: delta
                .map(|delta| delta.segments.iter().map(|change| SegmentDelta::of(context, change)).collect())
                .unwrap_or_default(),
            unchanged_segments: delta.map_or(0, |delta| delta.same),
            settings_changed: delta.is_some_and(|delta| delta.settings_changed),
            models: delta.map(|delta| delta.models.iter().map(ModelDeltaRecord::of).collect()).unwrap_or_default(),
            budgets: delta.map(|delta| delta.budgets.iter().map(BudgetDeltaRecord::of).collect()).unwrap_or_default(),
            faults: PairOfFaults { base: faults(&context.base_faults), head: faults(&context.head_faults) },
            diagnostics: context.new_remarks().map(DiagnosticRecord::of).collect(),
        }
    }
}

fn divergence(context: &ContextReview, place: &Divergence) -> Option<DivergenceRecord> {
    let build = match place.side {
        Side::Base => context.base.as_ref()?,
        Side::Head => context.head.as_ref()?,
    };
    let segment = build.segments.get(place.segment)?;
    Some(DivergenceRecord {
        tier: place.tier,
        side: place.side,
        segment: segment.id.clone(),
        path: segment.origin.path.as_ref().map(ToString::to_string),
        line: None,
        byte: place.byte,
        token: place.token,
        commit: None,
    })
}

impl SegmentDelta {
    fn of(context: &ContextReview, change: &SegmentChange) -> Self {
        let base: Option<(&Build, usize)> = context.base.as_deref().zip(change.base);
        let head: Option<(&Build, usize)> = context.head.as_deref().zip(change.head);
        let id = |side: Option<(&Build, usize)>| Some(side?.0.segments.get(side?.1)?.id.clone());
        let tokens = |side: Option<(&Build, usize)>| side?.0.counts.per_segment.get(side?.1).copied();
        let path = |side: Option<(&Build, usize)>| {
            side?.0.segments.get(side?.1)?.origin.path.as_ref().map(ToString::to_string)
        };
        Self {
            base_id: id(base),
            head_id: id(head),
            path: path(head).or_else(|| path(base)),
            change: change.kind,
            tokens: PairRecord { base: tokens(base), head: tokens(head) },
        }
    }
}

impl ModelDeltaRecord {
    fn of(model: &ModelDelta) -> Self {
        let crossing = |crossing: Option<crate::compare::delta::Crossing>| {
            crossing.map(|crossing| CrossingRecord { limit: crossing.limit, above: crossing.is_above })
        };
        Self {
            model: model.name.clone(),
            eligible: model.eligible,
            promised: model.is_promised,
            class: model.class,
            base_prefix: model.prefix.base,
            head_prefix: model.prefix.head,
            cached: model.cached.into(),
            total: model.total.into(),
            rewarm: model.rewarm,
            warm: model.warm.into(),
            cold: model.cold.into(),
            expected: model.expected.into(),
            month: model.month.into(),
            attribution: model.attribution.map(|parts| AttributionRecord {
                of: parts.of,
                text: parts.text,
                order: parts.order,
                tokenizer: parts.tokenizer,
                price: parts.price,
                traffic: parts.traffic,
            }),
            cliff: crossing(model.cliff),
            window: crossing(model.window),
        }
    }
}

impl BudgetDeltaRecord {
    fn of(budget: &crate::compare::delta::BudgetDelta) -> Self {
        let texts = |pair: Pair<Amount>| PairRecord {
            base: pair.base.map(Amount::decimal),
            head: pair.head.map(Amount::decimal),
        };
        Self {
            name: budget.name,
            block: budget.block.clone(),
            model: budget.model.clone(),
            base: budget.status.base,
            head: budget.status.head,
            limit: texts(budget.limit),
            actual: texts(budget.actual),
            blocks: budget.blocks,
        }
    }
}
