//! What a build says of itself in JSON: the part that bundles and reports share.
//!
//! Field order is the order in the file. The committed schemas are made from these types. Values that are
//! printed as they are (a bill, a window, a budget) say so themselves; the records here put together what a
//! build holds side by side, or name what it refers to by index.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::cost::bill::Bill;
use crate::cost::budget::{BudgetResult, FailsFrom};
use crate::cost::planner::Placed;
use crate::cost::planner::words::month_decimal;
use crate::cost::terms::RequestTokens;
use crate::cost::tokens::Basis;
use crate::cost::window::{Fit, WindowFit};
use crate::pipeline::Build;
use crate::pipeline::measured::MeasuredCount;
use crate::pipeline::model::{LeftOut, ModelBuild};
use crate::pipeline::provenance::{BuiltFrom, Provenance};
use crate::prompt::chain::Digest;
use crate::prompt::segment::{Kind, Role, Tier};
use crate::syntax::diag::{Cut, Diagnostic, Severity};
use crate::syntax::limits::{MAX_MESSAGE_CHARACTERS, MAX_RECORDED_MESSAGES};
use crate::syntax::source::{ObjectId, ProjectPath, Span};
use crate::text::lint::secret::masked;
use crate::text::project::ContextId;

/// One context: what it is made of and what it comes to for each model.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ContextRecord<'a> {
    /// Its name and variant.
    #[serde(flatten)]
    pub id: &'a ContextId,
    /// Where the text was read.
    pub source: SourceRecord<'a>,
    /// Digest of everything before the first input or history.
    pub prefix: Digest,
    /// Digest of all segments.
    pub full: Digest,
    /// Digest of model settings and output schema.
    pub settings: Digest,
    /// The prompt, piece by piece, in the order in which providers render it.
    pub segments: Vec<SegmentRecord<'a>>,
    /// What is different for each model.
    pub models: Vec<ModelRecord<'a>>,
}

/// Where the text of a context was read. A provenance lists the files that differ; whether any does is
/// all that a record says, so that it is the same wherever the same text is built.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SourceRecord<'a> {
    /// A commit, or an index or working tree that differs from it.
    pub kind: BuiltFrom,
    /// The commit, or the one below.
    pub commit: Option<&'a ObjectId>,
    /// Whether a file of this context differs from that commit.
    pub dirty: bool,
    /// Files of this context that git does not track.
    pub untracked: &'a [ProjectPath],
}

/// A segment's provenance, identity and size, of which a build has a list each.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SegmentRecord<'a> {
    /// `tier/<block id or number>[.<n>]`.
    pub id: &'a str,
    /// Where in the request.
    pub tier: Tier,
    /// The role of its first part.
    pub role: Role,
    /// `text`, `tool`, `input`, `history`: the kind of its first part.
    pub kind: Kind,
    /// The file its text was read from; null for text of the manifest.
    pub path: Option<&'a ProjectPath>,
    /// First and last line in that file.
    pub lines: Option<[usize; 2]>,
    /// git's id of that file.
    pub blob: Option<&'a ObjectId>,
    /// Digest of the segment.
    pub digest: Digest,
    /// Digest of the prefix that ends with it.
    pub chain: Digest,
    /// Bytes of text.
    pub bytes: usize,
    /// Tokens by encoding.
    pub tokens: BTreeMap<&'static str, u64>,
}

/// A context as one model sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ModelRecord<'a> {
    /// The model.
    pub model: &'a str,
    /// What its API calls it.
    pub api_name: &'a str,
    /// The request in this model's tokens.
    pub tokens: TokensRecord,
    /// Where the cache is marked.
    pub breakpoints: Vec<BreakpointRecord<'a>>,
    /// Whether the prefix is long enough to be cached.
    pub cacheable: Cacheable,
    /// US dollars.
    pub cost: &'a Bill,
    /// Whether the request fits.
    pub window: &'a WindowFit,
    /// What the provider counted, where that is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<&'a MeasuredCount>,
}

/// A request in tokens, added up, with one basis and band for the whole.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TokensRecord {
    /// Text before the first input or history.
    pub prefix: u64,
    /// Expected size of inputs and history.
    pub inputs: u64,
    /// Roles and tool preambles, estimated.
    pub framing: u64,
    /// Expected answer; null where `output.tokens` is not declared.
    pub output: Option<u64>,
    /// Everything that goes in.
    pub total: u64,
    /// What the count of the text is.
    pub basis: Basis,
    /// Least and most that the total is expected to be.
    pub band: [u64; 2],
}

/// A cache breakpoint, after a segment that has a name here and an index in the layout.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BreakpointRecord<'a> {
    /// The segment before it.
    pub after: &'a str,
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
    /// Why it is there.
    pub why: &'a str,
}

/// Whether the prefix is long enough to be cached.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Cacheable {
    /// The shortest prefix that the model caches; null if not published.
    pub minimum: Option<u64>,
    /// Yes, no, or within the band; null when the minimum is not known.
    pub state: Option<Fit>,
}

/// A fault or warning: its place as line and column, and no secret in its words.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiagnosticRecord {
    /// `error`, `warning` or `note`.
    pub severity: Severity,
    /// A stable name.
    pub code: String,
    /// What happened.
    pub message: String,
    /// The file.
    pub file: Option<ProjectPath>,
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
#[derive(Debug, Serialize, JsonSchema)]
pub struct BuiltContext<'a> {
    /// What it is.
    #[serde(flatten)]
    pub context: ContextRecord<'a>,
    /// Its budgets, each for each model.
    pub budgets: Vec<BudgetRecord<'a>>,
    /// Warnings and notes, and the errors that make the answer no.
    pub diagnostics: Vec<DiagnosticRecord>,
    /// How many findings of denied lints the base has too, with `--base`; they are not among the diagnostics.
    #[serde(skip_serializing_if = "is_zero")]
    pub denied_before: usize,
    /// Bodies that are left out, because their model would refuse them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOutRecord<'a>>,
}

/// A body that was left out, and why.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LeftOutRecord<'a> {
    /// The name that its file would have.
    pub body: &'a str,
    /// The model.
    pub model: &'a str,
    /// Every reason: what `build` and `check` report.
    pub reasons: Vec<ReasonRecord<'a>>,
}

/// A reason why a body was left out.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReasonRecord<'a> {
    /// A stable name.
    pub code: &'a str,
    /// What happened.
    pub message: Cow<'a, str>,
}

impl<'a> LeftOutRecord<'a> {
    /// Records a body that was left out.
    pub fn of(left: &'a LeftOut) -> Self {
        let reasons = left.reasons.iter();
        let reasons = reasons.map(|reason| ReasonRecord { code: &reason.code, message: masked(&reason.message) });
        Self { body: &left.body, model: &left.model, reasons: reasons.collect() }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A budget for one model, and whether it blocks.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BudgetRecord<'a> {
    /// The budget.
    #[serde(flatten)]
    pub result: &'a BudgetResult,
    /// Whether it stops a change: it fails, and with `--base` it did not there or has got worse; or its figure is not known.
    pub blocks: bool,
    /// The first announced day on which a budget that passes no longer does.
    pub fails_from: Option<&'a FailsFrom>,
}

impl<'a> ContextRecord<'a> {
    /// Records a build.
    pub fn of(build: &'a Build) -> Self {
        let segments = build.segments.iter().enumerate().map(|(index, segment)| SegmentRecord {
            id: &segment.id,
            tier: segment.tier,
            role: segment.role(),
            kind: segment.parts.first().map_or(Kind::Text, |part| part.kind),
            path: segment.origin.path.as_ref(),
            lines: segment.origin.lines.as_ref().map(|lines| [*lines.start(), *lines.end()]),
            blob: segment.origin.blob.as_ref(),
            digest: build.chain.digests[index],
            chain: build.chain.prefixes[index + 1],
            bytes: segment.bytes(),
            tokens: BTreeMap::from([("o200k_base", build.counts.per_segment[index])]),
        });
        Self {
            id: &build.id,
            source: SourceRecord::of(&build.provenance),
            prefix: build.chain.prefix(),
            full: build.chain.full(),
            settings: build.settings,
            segments: segments.collect(),
            models: build.models.iter().map(|model| ModelRecord::of(build, model)).collect(),
        }
    }
}

impl<'a> SourceRecord<'a> {
    fn of(provenance: &'a Provenance) -> Self {
        Self {
            kind: provenance.built_from,
            commit: provenance.commit.as_ref(),
            dirty: provenance.built_from != BuiltFrom::Commit,
            untracked: &provenance.untracked,
        }
    }
}

impl<'a> ModelRecord<'a> {
    fn of(build: &'a Build, model: &'a ModelBuild) -> Self {
        Self {
            model: &model.name,
            api_name: &model.card.api_name,
            tokens: TokensRecord::of(&model.tokens),
            breakpoints: model.layout.breakpoints.iter().map(|placed| BreakpointRecord::of(build, placed)).collect(),
            cacheable: Cacheable { minimum: model.minimum, state: model.cacheable() },
            cost: &model.bill,
            window: &model.window,
            measured: model.measured.as_ref().map(|measured| &measured.count),
        }
    }
}

impl TokensRecord {
    fn of(tokens: &RequestTokens) -> Self {
        Self {
            prefix: tokens.prefix.tokens(),
            inputs: tokens.inputs,
            framing: tokens.framing.tokens(),
            output: tokens.output,
            total: tokens.total(),
            basis: tokens.basis(),
            band: tokens.band().into(),
        }
    }
}

impl<'a> BreakpointRecord<'a> {
    fn of(build: &'a Build, placed: &'a Placed) -> Self {
        Self {
            after: &build.segments[placed.breakpoint.after].id,
            ttl: placed.breakpoint.ttl.to_string(),
            tokens: placed.tokens,
            dead: placed.is_dead,
            explicit: placed.is_explicit,
            worth: placed.worth.map(|worth| month_decimal(worth.month)),
            why: &placed.why,
        }
    }
}

/// A message without secrets, and as long as anybody reads it. Masked before it is cut: half of a secret would not
/// be recognised as one.
pub fn short_message(message: &str) -> String {
    let masked = masked(message);
    match masked.char_indices().nth(MAX_MESSAGE_CHARACTERS) {
        Some((end, _)) => format!("{}…", masked.get(..end).unwrap_or_default()),
        None => masked.into_owned(),
    }
}

impl DiagnosticRecord {
    /// Records a diagnostic.
    pub fn of(diagnostic: &Diagnostic) -> Self {
        let place = diagnostic.span.as_ref().map(Span::line_column);
        Self {
            severity: diagnostic.severity,
            code: diagnostic.code.to_string(),
            message: short_message(&diagnostic.message),
            file: diagnostic.path().cloned(),
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
            hint: diagnostic.hint.as_deref().map(short_message),
            model: diagnostic.model.clone(),
        }
    }

    /// Records many, as far as anybody reads them.
    pub fn all<'a>(diagnostics: impl IntoIterator<Item = &'a Diagnostic>) -> Vec<Self> {
        Cut::default().take(diagnostics).iter().map(Self::of).collect()
    }

    /// Cuts what many contexts have, as far as a program takes it.
    pub fn cut<'a>(lists: impl IntoIterator<Item = &'a mut Vec<Self>>) {
        let mut room = MAX_RECORDED_MESSAGES;
        for list in lists {
            let left_out = list.len().saturating_sub(room);
            if left_out > 0 {
                let worst = list.iter().map(|one| one.severity).max().unwrap_or(Severity::Note);
                list.truncate(room);
                let message = format!("{left_out} more messages are left out");
                list.push(Self { severity: worst, ..Self::of(&Diagnostic::note("left-out", message)) });
            }
            room = room.saturating_sub(list.len());
        }
    }
}

impl<'a> BuiltContext<'a> {
    /// Records a build.
    pub fn of(build: &'a Build) -> Self {
        let budgets = build.budgets().map(|result| BudgetRecord {
            result,
            blocks: result.is_blocking(),
            fails_from: result.fails_from.as_ref(),
        });
        Self {
            context: ContextRecord::of(build),
            budgets: budgets.collect(),
            diagnostics: DiagnosticRecord::all(&build.warnings),
            denied_before: build.denied_before.len(),
            left_out: build.left_out.iter().map(LeftOutRecord::of).collect(),
        }
    }
}
