//! A build to request bodies: what each model's API is asked, and which bodies are left out because it would refuse.

use std::sync::Arc;

use rayon::prelude::*;
use serde_json::{Map, Value};

use crate::cost::cards::Platform;
use crate::pipeline::model::{DEFAULT_MAX_TOKENS, LeftOut, ModelBuild, api};
use crate::pipeline::{Build, BuildResult};
use crate::prompt::blocks::Breakpoint;
use crate::prompt::bodies::{Api, Body, Dialect, Finding, Place, Prompt, Reaction, dialects, emit};
use crate::prompt::chain::Digest;
use crate::prompt::segment::Tier;
use crate::syntax::diag::{Diagnostic, Faults, Severity};
use crate::syntax::source::Span;
use crate::text::lint::apply_levels;
use crate::text::resolve::Content;

/// What the bodies of a build came to.
#[derive(Debug, Default)]
pub struct Bodies {
    /// The bodies, each with the name of its file.
    pub made: Vec<(String, Body)>,
    /// What there is to say of them.
    pub findings: BodyFindings,
}

/// What there is to say of bodies.
#[derive(Debug, Clone, Default)]
pub struct BodyFindings {
    /// Those that are not written.
    pub left_out: Vec<LeftOut>,
    /// Warnings, and what was written another way than it was asked for.
    pub warnings: Vec<Diagnostic>,
}

impl BodyFindings {
    /// Everything, what is left out first.
    pub fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.left_out.iter().flat_map(|left| &left.reasons).chain(&self.warnings)
    }

    fn extend(&mut self, other: Self) {
        self.left_out.extend(other.left_out);
        self.warnings.extend(other.warnings);
    }
}

/// The bodies of all models, or every fault.
///
/// # Errors
/// As [`bodies`].
pub fn all_bodies(build: &Build) -> Result<Bodies, Vec<Diagnostic>> {
    let of_models: Vec<_> = build.models.par_iter().map(|model| bodies(build, model)).collect();
    let (mut all, mut faults) = (Bodies::default(), Vec::new());
    for of_model in of_models {
        match of_model {
            Ok(Bodies { made, findings }) => {
                all.made.extend(made);
                all.findings.extend(findings);
            }
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() { Ok(all) } else { Err(faults) }
}

/// Every body of one model, and those that it would refuse.
///
/// # Errors
/// What no provider could be asked, placed at the line of the manifest that asks for it.
pub fn bodies(build: &Build, model: &ModelBuild) -> Result<Bodies, Vec<Diagnostic>> {
    bodies_marked(build, model, &model.layout.marks().collect::<Vec<_>>())
}

/// The body in which a model is asked by [`evaluate`](crate::evaluate): the first that its card prefers and `is_asked`.
/// Gemini's refers to no cached content, which would have to be made first.
///
/// # Errors
/// As [`bodies`], and why that body is left out or there is none.
pub fn asked_body(
    build: &Build,
    model: &ModelBuild,
    is_asked: impl Fn(Dialect) -> bool,
) -> Result<Body, Vec<Diagnostic>> {
    let marks: Vec<Breakpoint> = match api(&model.card) {
        Api::Gemini => Vec::new(),
        _ => model.layout.marks().collect(),
    };
    let Bodies { made, findings } = bodies_marked(build, model, &marks)?;
    let mut bodies: Vec<Body> = made.into_iter().map(|(_, body)| body).filter(|body| is_asked(body.dialect)).collect();
    let place = |body: &Body| model.card.dialects.iter().position(|one| *one == body.dialect);
    bodies.sort_by_key(|body| place(body).unwrap_or(usize::MAX));
    bodies.into_iter().next().ok_or_else(|| {
        let reasons: Vec<_> = findings.left_out.into_iter().flat_map(|left| left.reasons).collect();
        let none = || {
            let message = format!("{} has no body that can be sent to it", model.name);
            vec![
                Diagnostic::error("no-body", message)
                    .at(&build.plan.manifest.span)
                    .hint("ask another model with --model"),
            ]
        };
        if reasons.is_empty() { none() } else { reasons }
    })
}

fn bodies_marked(build: &Build, model: &ModelBuild, breakpoints: &[Breakpoint]) -> Result<Bodies, Vec<Diagnostic>> {
    let schema_name = schema_name(build);
    let at = model.card.at(build.date);
    let mut takes = at.takes().map(|takes| takes.value.known()).unwrap_or_default();
    // Fast mode is what has a price of its own.
    if model.card.dialects.contains(&Dialect::Messages) {
        takes.insert("fast".to_owned(), at.multiplier("fast").is_some().into());
    }
    let takes = takes.into();
    let prompt = Prompt {
        segments: &build.segments,
        breakpoints,
        api: api(&model.card),
        name: &model.name,
        model: &model.card.api_name,
        settings: &model.settings,
        schema: build.plan.schema.as_ref(),
        schema_name: &schema_name,
        max_tokens: build.plan.manifest.output.as_ref().and_then(|output| output.max_tokens).map(|limit| limit.0),
        default_max_tokens: model.window.window.output.map_or(DEFAULT_MAX_TOKENS, |most| most.min(DEFAULT_MAX_TOKENS)),
        vendor: &model.card.vendor,
        takes: &takes,
        caching: model.card.markers,
        cache_key: None,
    };
    let emitted: Vec<_> = dialects(&prompt).into_par_iter().map(|dialect| (dialect, emit(&prompt, dialect))).collect();
    let placed = |found: Finding| {
        let span = span(build, &found.place);
        Diagnostic::from(found).at(&span).for_model(&model.name)
    };
    let (mut bodies, mut faults) = (Bodies::default(), Vec::new());
    // Two dialects of one API may say the same.
    let add = |all: &mut Vec<Finding>, found: Vec<Finding>| {
        all.extend(found.into_iter().filter(|one| !all.contains(one)).collect::<Vec<_>>());
    };
    let mut warnings = Vec::new();
    let traced = build.plan.manifest.trace.as_ref().filter(|trace| trace.value);
    let (is_traced, mut carried) = (traced.is_some(), false);
    for (dialect, emitted) in emitted {
        let (body, found) = match emitted {
            Ok(mut body) => {
                if is_traced {
                    carried |= carry(&build.chain.full(), &model.card.platform, &mut body);
                }
                let found = std::mem::take(&mut body.findings);
                (Some(body), found)
            }
            Err(found) => (None, found),
        };
        let (slips, found): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| found.reaction == Reaction::Slip);
        let (refusals, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| found.reaction.refuses());
        add(&mut faults, slips);
        add(&mut warnings, others);
        let reasons: Vec<_> = model.refused.iter().cloned().chain(refusals.into_iter().map(placed)).collect();
        let name = dialect.file_name(&model.name);
        match body.filter(|_| reasons.is_empty()) {
            Some(body) => bodies.made.push((name, body)),
            None => bodies.findings.left_out.push(LeftOut { body: name, model: model.name.clone(), reasons }),
        }
    }
    if !faults.is_empty() {
        return Err(faults.into_iter().map(placed).collect());
    }
    // Responses and Chat Completions ask the same model the same: either will do.
    if !bodies.made.is_empty() && prompt.api == Api::OpenAi {
        for reason in bodies.findings.left_out.iter_mut().flat_map(|left_out| &mut left_out.reasons) {
            reason.severity = Severity::Warning;
        }
    }
    let mut warnings: Vec<Diagnostic> = warnings.into_iter().map(placed).collect();
    if let Some(trace) = traced.filter(|_| !carried) {
        let message = format!("`trace: true` has no effect on {}: its API has no field for the digest", model.name);
        let hint = "let the application write `full` of the bundle into its own log, a gateway's tag or a span";
        let warning = Diagnostic::warning("untraced", message).at(&trace.span).hint(hint);
        warnings.push(warning.for_model(&model.name));
    }
    bodies.findings.warnings = apply_levels(warnings, &build.plan.manifest.lints);
    Ok(bodies)
}

/// Writes the digest of a prompt into the field that an API has for what the caller wants to find again, beside what
/// `settings` put there. False where it has none: other servers of a dialect may refuse the field.
fn carry(full: &Digest, platform: &Platform, body: &mut Body) -> bool {
    let full = full.to_string();
    let (field, value) = match (platform, body.dialect) {
        (Platform::OpenAi, Dialect::Responses) => ("metadata", full),
        (Platform::Bedrock, Dialect::Converse) => ("requestMetadata", full),
        // A label's value has at most 63 of `[a-z0-9_-]`.
        (Platform::Vertex, Dialect::Generate) => ("labels", full.replace(':', "-").chars().take(63).collect()),
        _ => return false,
    };
    let Some(root) = body.json.as_object_mut() else { return false };
    let entry = root.entry(field).or_insert_with(|| Value::Object(Map::new()));
    let Some(entries) = entry.as_object_mut() else { return false };
    entries.insert("contexture_digest".to_owned(), value.into());
    true
}

/// Tries the bodies of every build. A context of which one cannot be said is broken after all; what there is to say of
/// them is noted in the build.
pub fn try_bodies(results: &mut [BuildResult]) {
    results.par_iter_mut().for_each(|tried| {
        let bodies = tried.build().map(|build| all_bodies(build).map(|bodies| bodies.findings));
        match bodies {
            Some(Ok(findings)) => note_findings(tried, findings),
            Some(Err(faults)) => tried.result = Err(faults),
            None => {}
        }
    });
}

/// Notes in a build what there is to say of its bodies, and which are left out.
pub fn note_findings(tried: &mut BuildResult, findings: BodyFindings) {
    let Ok(build) = &mut tried.result else { return };
    if findings.diagnostics().next().is_none() {
        return;
    }
    let build = Arc::make_mut(build);
    let same = |one: &Diagnostic, other: &Diagnostic| {
        (&one.code, &one.message, &one.model) == (&other.code, &other.message, &other.model)
    };
    for found in findings.diagnostics() {
        if !build.warnings.iter().any(|known| same(known, found)) {
            build.warnings.push(found.clone());
        }
    }
    build.left_out = findings.left_out;
}

/// Where the manifest or another file writes what a finding is about; else where it writes `output`, else the
/// manifest as a whole.
fn span(build: &Build, place: &Place) -> Span {
    let manifest = &build.plan.manifest;
    let output = || manifest.output.as_ref().map(|output| output.span.clone());
    let written = match place {
        Place::Body | Place::Limit => None,
        // A setting may be written below a pattern of models.
        Place::Setting(wanted) => manifest.settings.iter().find_map(|(key, node)| {
            let below = node.as_map().and_then(|map| map.iter().find(|(key, _)| &*key.text == wanted));
            if &*key.text == wanted { Some(key.span.clone()) } else { below.map(|(key, _)| key.span.clone()) }
        }),
        Place::Schema(pointer) => {
            let written = manifest.output.as_ref().and_then(|output| output.schema.clone());
            let file = build.plan.schema_file.as_ref().and_then(|file| file.yaml(&mut Faults::new()));
            file.or(written).map(|node| node.place(pointer))
        }
        Place::Segment(index, pointer) => build.segments.get(*index).map(|segment| {
            let json = segment.parts.first().map(|part| &*part.text);
            let tools = build.plan.blocks.iter().filter_map(|block| match &block.content {
                Content::Tools(tools) => Some(tools),
                _ => None,
            });
            let tool = tools.flatten().find(|tool| segment.tier == Tier::Tools && json == Some(tool.json.as_str()));
            tool.map_or_else(|| segment.origin.block.clone(), |tool| tool.place(pointer))
        }),
    };
    written.or_else(output).unwrap_or_else(|| manifest.span.clone())
}

/// A name for the output schema that every API takes: letters, digits and `_`, at most 60.
fn schema_name(build: &Build) -> String {
    build.id.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(60).collect()
}
