//! What the page shows of a context beside its figures.

use schemars::JsonSchema;
use serde::Serialize;

use super::bodies::Body;
use super::curve::Point;
use crate::cost::rules::{Cliff, Rates};
use crate::cost::traffic::Traffic;
use crate::pipeline::Build;
use crate::pipeline::model::{ModelBuild, expected_tokens};
use crate::prompt::segment::{Picked, Segment};
use crate::syntax::manifest::{Mark, Stability};
use crate::text::lint::secret::masked;

/// A context beside its figures.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Prompt {
    /// ID or ID@VARIANT.
    pub name: String,
    /// What the manifest says it is for.
    pub description: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Its manifest.
    pub manifest: String,
    /// The day whose prices and rules hold.
    pub as_of: String,
    /// Whether this is an older build, because the context is broken now.
    pub stale: bool,
    /// How many segments stand before the first input, history or region.
    pub prefix_segments: usize,
    /// Their tokens by o200k_base.
    pub prefix_tokens: u64,
    /// Tokens of all text by o200k_base.
    pub tokens: u64,
    /// Beside each segment, in their order.
    pub segments: Vec<SegmentNote>,
    /// Beside each model, in their order.
    pub models: Vec<ModelNote>,
    /// The declared traffic.
    pub traffic: Option<Traffic>,
}

/// A segment beside its figures.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SegmentNote {
    /// The manifest, or the file that it extends, that brings the segment in.
    pub file: String,
    /// The line of the block.
    pub line: usize,
    /// How often the author expects it to change.
    pub stability: Option<Stability>,
    /// What the block says of a breakpoint behind it: `true`, `never`, or a lifetime.
    pub cache: Option<String>,
    /// Of an example: its label, and why it is in the prompt.
    pub picked: Option<Picked>,
    /// Expected tokens of what is filled in at run time; 0 for text.
    pub expected: u64,
    /// What a region writes with the examples of its inputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<String>,
    /// The inputs that a region depends on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
}

/// A model beside its figures.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ModelNote {
    /// The model's name in its card.
    pub card: String,
    /// What counts its tokens.
    pub tokenizer: String,
    /// Tokens of each segment in this model's count; they add up to the text.
    pub tokens: Vec<u64>,
    /// The most input tokens that fit, with room for the expected answer.
    pub limit: Option<u64>,
    /// The chance that a call finds the whole cached prefix, in billionths; null without traffic.
    pub hit: Option<u64>,
    /// Prices of ordinary requests.
    pub prices: Rates,
    /// Prices of long ones: each from so many input tokens on, for the whole request.
    pub cliffs: Vec<Cliff>,
    /// Groups of facts that third parties alone report.
    pub third_party: Vec<String>,
    /// Facts that sources disagree on.
    pub conflicts: Vec<String>,
    /// What a call costs at other rates.
    pub points: Vec<Point>,
    /// Its first request body; null where its API would refuse it, in a page that is served, which asks for it, and in a
    /// file that would become too large with the bodies of all.
    pub body: Option<Body>,
}

impl Prompt {
    /// Notes on a build.
    pub(super) fn of(build: &Build, is_stale: bool) -> Self {
        let manifest = &build.plan.manifest;
        Self {
            name: build.id.to_string(),
            description: manifest.description.as_ref().map(|text| text.value.trim_end().to_owned()),
            owner: manifest.owner.as_ref().map(|text| text.value.to_string()),
            manifest: build.plan.manifest_path.to_string(),
            as_of: build.date.to_string(),
            stale: is_stale,
            prefix_segments: build.chain.prefix_len,
            prefix_tokens: build.counts.prefix.tokens(),
            tokens: build.counts.text.tokens(),
            segments: build.segments.iter().map(|segment| SegmentNote::of(build, segment)).collect(),
            models: build.models.iter().map(|model| ModelNote::of(build, model)).collect(),
            traffic: manifest.traffic.as_ref().and_then(Traffic::declared),
        }
    }
}

impl Prompt {
    /// Adds to each model what a call costs at other rates.
    pub(super) fn set_points(&mut self, curves: Vec<Vec<Point>>) {
        self.models.iter_mut().zip(curves).for_each(|(model, points)| model.points = points);
    }
}

impl SegmentNote {
    fn of(build: &Build, segment: &Segment) -> Self {
        let block = &segment.origin.block;
        Self {
            file: block.path().to_string(),
            line: block.line_column().0,
            stability: segment.stability,
            cache: match segment.mark {
                Mark::Free => None,
                Mark::Here => Some("true".to_owned()),
                Mark::For(ttl) => Some(ttl.to_string()),
                Mark::Never => Some("never".to_owned()),
            },
            picked: segment.origin.picked.clone(),
            expected: expected_tokens(&build.plan, segment),
            sample: segment.region().map(|_| segment.parts.iter().map(|part| masked(&part.text)).collect()),
            needs: segment.region().map(|region| region.needs.clone()).unwrap_or_default(),
        }
    }
}

impl ModelNote {
    fn of(build: &Build, model: &ModelBuild) -> Self {
        let prices = model.card.at(build.date).chosen(&model.choices);
        Self {
            card: model.card.name.to_string(),
            tokenizer: model.tokenizer.name.to_string(),
            tokens: model.counts.per_segment.to_vec(),
            limit: model.window.limit,
            hit: model.bill.hit.map(|hit| hit.billionths),
            prices: prices.base,
            cliffs: prices.cliffs,
            third_party: model.doubts.third_party.iter().cloned().collect(),
            conflicts: model.doubts.conflicts.iter().cloned().collect(),
            points: Vec::new(),
            body: None,
        }
    }
}
