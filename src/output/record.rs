//! What a build says of itself in JSON: the part that bundles and reports share.
//!
//! Field order is the order in the file. The committed schemas are made from these types.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cost::bill::Bill;
use crate::cost::budget::{Amount, BudgetName, BudgetResult, Status};
use crate::cost::planner::Placed;
use crate::cost::planner::words::{call_decimal, month_decimal};
use crate::cost::tokens::Basis;
use crate::pipeline::Build;
use crate::pipeline::model::ModelBuild;
use crate::pipeline::provenance::{BuiltFrom, Provenance};
use crate::prompt::segment::{Role, Tier};
use crate::syntax::diag::{Diagnostic, Severity};
use crate::syntax::quantity::Usd;
use crate::text::lint::secret::masked;

/// One context: what it is made of and what it comes to for each model.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ContextRecord {
    /// Path of the manifest below contexts/, without `.yaml`.
    pub id: String,
    /// The variant, if it is one.
    pub variant: Option<String>,
    /// What the text stands on.
    pub source: SourceRecord,
    /// Digest of everything before the first input or history.
    pub prefix: String,
    /// Digest of all segments.
    pub full: String,
    /// Digest of model settings and output schema.
    pub settings: String,
    /// The prompt, piece by piece, in the order in which providers render it.
    pub segments: Vec<SegmentRecord>,
    /// What is different for each model.
    pub models: Vec<ModelRecord>,
}

/// What the text of a context stands on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SourceRecord {
    /// A commit, or an index or working tree that differs from it.
    pub kind: BuiltFrom,
    /// The commit, or the one below.
    pub commit: Option<String>,
    /// Whether a file of this context differs from that commit.
    pub dirty: bool,
    /// Files of this context that git does not track.
    pub untracked: Vec<String>,
}

/// A segment's provenance, identity and size.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SegmentRecord {
    /// `tier/<block id or number>[.<n>]`.
    pub id: String,
    /// Where in the request.
    pub tier: Tier,
    /// The role of its first part.
    pub role: Role,
    /// `text`, `tool`, `input`, `history`: the kind of its first part.
    pub kind: crate::prompt::segment::Kind,
    /// The file its text was read from; null for text of the manifest.
    pub path: Option<String>,
    /// First and last line in that file.
    pub lines: Option<[usize; 2]>,
    /// git's id of that file.
    pub blob: Option<String>,
    /// Digest of the segment.
    pub digest: String,
    /// Digest of the prefix that ends with it.
    pub chain: String,
    /// Bytes of text.
    pub bytes: usize,
    /// Tokens by encoding.
    pub tokens: BTreeMap<Cow<'static, str>, u64>,
}

/// A context as one model sees it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ModelRecord {
    /// The model.
    pub model: String,
    /// The request in this model's tokens.
    pub tokens: TokensRecord,
    /// Where the cache is marked.
    pub breakpoints: Vec<BreakpointRecord>,
    /// Whether the prefix is long enough to be cached.
    pub cacheable: Cacheable,
    /// US dollars.
    pub cost: CostRecord,
    /// Whether the request fits.
    pub window: WindowRecord,
}

/// US dollars in decimals, rounded once, half to even: calls to eight places, months to the cent.
/// Null where a price or the traffic is not known.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CostRecord {
    /// A call without caching.
    pub uncached: Option<String>,
    /// A call that finds nothing in the cache and writes all of it.
    pub cold: Option<String>,
    /// A call that finds everything there.
    pub warm: Option<String>,
    /// A call at the declared traffic.
    pub expected: Option<String>,
    /// The same if the provider keeps what it promises and nothing more.
    pub guaranteed: Option<String>,
    /// A month of 30 days at the declared traffic.
    pub month: Option<String>,
    /// The first call after a deploy, less a warm one.
    pub deploy: Option<String>,
    /// What storing cached objects costs in a month; part of `month`.
    pub storage: Option<String>,
    /// What caching saves in a month; negative where it costs.
    pub saves: Option<String>,
    /// Input tokens that a warm call reads.
    pub read: u64,
    /// Whether the provider promises what is read.
    pub promised: bool,
}

/// A request in tokens.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TokensRecord {
    /// Text before the first input or history.
    pub prefix: u64,
    /// Expected size of inputs and history.
    pub inputs: u64,
    /// Roles and tool preambles, estimated.
    pub framing: u64,
    /// Expected answer.
    pub output: u64,
    /// Everything that goes in.
    pub total: u64,
    /// What the count of the text is.
    pub basis: Basis,
    /// Least and most that the total is expected to be.
    pub band: [u64; 2],
}

/// A cache breakpoint.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BreakpointRecord {
    /// The segment before it.
    pub after: String,
    /// The lifetime asked for.
    pub ttl: String,
    /// Tokens of the request up to it.
    pub tokens: u64,
    /// Whether nothing is ever written or read at it.
    pub dead: bool,
    /// Whether the manifest asks for it.
    pub explicit: bool,
    /// US dollars that it saves in a month; null where that is not known.
    pub worth: Option<String>,
    /// Why it stands there.
    pub why: String,
}

/// Whether the prefix is long enough to be cached.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Cacheable {
    /// The shortest prefix that the model caches; null if not published.
    pub minimum: Option<u64>,
    /// Yes, no, or within the band; null when the minimum is not known.
    pub state: Option<crate::pipeline::model::Fit>,
}

/// The model's windows and whether the request fits.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct WindowRecord {
    /// Input tokens.
    pub input: Option<u64>,
    /// Input and output tokens.
    pub total: Option<u64>,
    /// Yes, no, or within the band; null when no window is known.
    pub fits: Option<crate::pipeline::model::Fit>,
    /// By how many tokens it is too large.
    pub over: u64,
    /// Segments to drop, lowest priority first, until it fits.
    pub drop: Vec<String>,
}

/// A fault or warning.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DiagnosticRecord {
    /// `error`, `warning` or `note`.
    pub severity: Severity,
    /// A stable name.
    pub code: Cow<'static, str>,
    /// What happened.
    pub message: String,
    /// The file.
    pub file: Option<String>,
    /// 1-based line.
    pub line: Option<usize>,
    /// 1-based column, in characters.
    pub column: Option<usize>,
    /// What to do.
    pub hint: Option<String>,
    /// The model it concerns, if only one.
    pub model: Option<String>,
}

/// A context that was built.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BuiltContext {
    /// What it is.
    #[serde(flatten)]
    pub context: ContextRecord,
    /// Its budgets, each for each model.
    pub budgets: Vec<BudgetRecord>,
    /// Warnings and notes.
    pub diagnostics: Vec<DiagnosticRecord>,
}

/// A budget for one model.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BudgetRecord {
    /// The key in `budgets:`, or `max_tokens` of a block.
    pub name: BudgetName,
    /// The block, for a limit of one block.
    pub block: Option<String>,
    /// The model.
    pub model: String,
    /// The limit.
    pub limit: String,
    /// What it is held against; null when it is not known.
    pub actual: Option<String>,
    /// How it stands.
    pub status: Status,
    /// Whether it stops a change: it fails, and with `--base` it did not there or has got worse.
    pub blocks: bool,
    /// The first announced day on which a budget that passes no longer does.
    pub fails_from: Option<FailsFromRecord>,
}

/// A day from which a budget fails.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FailsFromRecord {
    /// The day.
    pub day: String,
    /// What happens then.
    pub because: String,
    /// What is held against the limit then.
    pub actual: String,
}

impl ContextRecord {
    /// Records a build.
    pub fn of(build: &Build) -> Self {
        let segments = build.segments.iter().enumerate().map(|(index, segment)| SegmentRecord {
            id: segment.id.clone(),
            tier: segment.tier,
            role: segment.role(),
            kind: segment.parts.first().map_or(crate::prompt::segment::Kind::Text, |part| part.kind),
            path: segment.origin.path.as_ref().map(ToString::to_string),
            lines: segment.origin.lines.as_ref().map(|lines| [*lines.start(), *lines.end()]),
            blob: segment.origin.blob.as_ref().map(ToString::to_string),
            digest: build.chain.digests[index].to_string(),
            chain: build.chain.prefixes[index + 1].to_string(),
            bytes: segment.bytes(),
            tokens: BTreeMap::from([("o200k_base".into(), build.counts.per_segment[index])]),
        });
        Self {
            id: build.id.name.clone(),
            variant: build.id.variant.clone(),
            source: SourceRecord::of(&build.provenance),
            prefix: build.chain.prefix().to_string(),
            full: build.chain.full().to_string(),
            settings: build.settings.to_string(),
            segments: segments.collect(),
            models: build.models.iter().map(|model| ModelRecord::of(build, model)).collect(),
        }
    }
}

impl SourceRecord {
    /// Records what a text stands on.
    pub fn of(provenance: &Provenance) -> Self {
        Self {
            kind: provenance.built_from,
            commit: provenance.commit.as_ref().map(ToString::to_string),
            dirty: provenance.built_from != BuiltFrom::Commit,
            untracked: provenance.untracked.iter().map(ToString::to_string).collect(),
        }
    }
}

impl ModelRecord {
    fn of(build: &Build, model: &ModelBuild) -> Self {
        let (low, high) = model.tokens.band();
        Self {
            model: model.name.clone(),
            tokens: TokensRecord {
                prefix: model.tokens.prefix.tokens(),
                inputs: model.tokens.inputs,
                framing: model.tokens.framing,
                output: model.tokens.output,
                total: model.tokens.total(),
                basis: model.tokens.basis(),
                band: [low, high],
            },
            breakpoints: model.layout.breakpoints.iter().map(|placed| BreakpointRecord::of(build, placed)).collect(),
            cacheable: Cacheable { minimum: model.minimum, state: model.cacheable() },
            cost: CostRecord::of(&model.bill),
            window: WindowRecord {
                input: model.window.window.input,
                total: model.window.window.total,
                fits: model.window.fits,
                over: model.window.over,
                drop: model.window.drop.clone(),
            },
        }
    }
}

impl BreakpointRecord {
    fn of(build: &Build, placed: &Placed) -> Self {
        Self {
            after: build.segments[placed.breakpoint.after].id.clone(),
            ttl: placed.breakpoint.ttl.to_string(),
            tokens: placed.tokens,
            dead: placed.is_dead,
            explicit: placed.is_explicit,
            worth: placed.worth.map(|worth| month_decimal(worth.month)),
            why: placed.why.clone(),
        }
    }
}

impl CostRecord {
    fn of(bill: &Bill) -> Self {
        let call = |amount: Option<Usd>| amount.map(call_decimal);
        let month = |amount: Option<Usd>| amount.map(month_decimal);
        Self {
            uncached: call(bill.uncached),
            cold: call(bill.cold),
            warm: call(bill.warm),
            expected: call(bill.expected),
            guaranteed: call(bill.guaranteed),
            month: month(bill.month),
            deploy: call(bill.deploy),
            storage: month(bill.storage),
            saves: month(bill.saves),
            read: bill.read,
            promised: bill.is_promised,
        }
    }
}

impl DiagnosticRecord {
    /// Records a diagnostic.
    pub fn of(diagnostic: &Diagnostic) -> Self {
        let place = diagnostic.span.as_ref().map(crate::syntax::source::Span::line_column);
        Self {
            severity: diagnostic.severity,
            code: diagnostic.code.clone(),
            message: masked(&diagnostic.message).into_owned(),
            file: diagnostic.path().map(ToString::to_string),
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
            hint: diagnostic.hint.as_deref().map(|hint| masked(hint).into_owned()),
            model: diagnostic.model.clone(),
        }
    }
}

impl BuiltContext {
    /// Records a build.
    pub fn of(build: &Build) -> Self {
        Self {
            context: ContextRecord::of(build),
            budgets: build.budgets().map(BudgetRecord::of).collect(),
            diagnostics: build.warnings.iter().map(DiagnosticRecord::of).collect(),
        }
    }
}

impl BudgetRecord {
    fn of(result: &BudgetResult) -> Self {
        Self {
            name: result.name,
            block: result.block.clone(),
            model: result.model.clone(),
            limit: result.limit.decimal(),
            actual: result.actual.map(Amount::decimal),
            status: result.status,
            blocks: result.is_blocking(),
            fails_from: result.fails_from.as_ref().map(|fails| FailsFromRecord {
                day: fails.day.to_string(),
                because: fails.because.clone(),
                actual: fails.actual.decimal(),
            }),
        }
    }
}
