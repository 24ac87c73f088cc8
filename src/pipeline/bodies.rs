//! A build to request bodies: what each model's API is asked, and which bodies are left out because it would refuse.

use std::sync::Arc;

use rayon::prelude::*;

use crate::cost::cards::{Card, Platform};
use crate::cost::planner::words::grouped;
use crate::pipeline::model::ModelBuild;
use crate::pipeline::{Build, BuildResult};
use crate::prompt::blocks::Breakpoint;
use crate::prompt::bodies::{Api, Body, Dialect, EmitFault, Prompt, dialects, emit};
use crate::syntax::diag::Diagnostic;
use crate::syntax::source::Span;
use crate::text::resolve::Plan;

/// The limit on an answer where an API demands one and the manifest gives none; the model's own where that is less.
const DEFAULT_MAX_TOKENS: u64 = 4096;

/// The note that says so.
pub const DEFAULT_LIMIT: &str = "default-max-tokens";

/// What the bodies of a build came to.
#[derive(Debug, Default)]
pub struct Bodies {
    /// The bodies, each with the name of its file.
    pub made: Vec<(String, Body)>,
    /// Those that are not written.
    pub left_out: Vec<LeftOut>,
}

/// A body that is not written, because its model would refuse it.
#[derive(Debug, Clone)]
pub struct LeftOut {
    /// The name that its file would have.
    pub body: String,
    /// The model.
    pub model: String,
    /// Every reason.
    pub reasons: Vec<Diagnostic>,
}

/// Every body of one model.
///
/// # Errors
/// What a dialect cannot say, placed at the line of the manifest that asks for it.
pub fn bodies(build: &Build, model: &ModelBuild) -> Result<Bodies, Vec<Diagnostic>> {
    let breakpoints: Vec<Breakpoint> = model.layout.marks().collect();
    let schema_name = schema_name(build);
    let prompt = Prompt {
        segments: &build.segments,
        breakpoints: &breakpoints,
        api: api(&model.card),
        model: &model.card.api_name,
        settings: &model.settings,
        schema: build.plan.schema.as_ref(),
        schema_name: &schema_name,
        max_tokens: build.plan.manifest.output.as_ref().and_then(|output| output.max_tokens).map(|limit| limit.0),
        default_max_tokens: model.window.window.output.map_or(DEFAULT_MAX_TOKENS, |most| most.min(DEFAULT_MAX_TOKENS)),
        caching: model.card.markers,
        cache_key: None,
    };
    let placed = |fault: EmitFault| {
        let span = span(build, fault.setting.as_deref());
        Diagnostic::from(fault).at(&span).for_model(&model.name)
    };
    let mut bodies = Bodies::default();
    let mut faults: Vec<EmitFault> = Vec::new();
    let emitted = dialects(&prompt).into_par_iter().map(|dialect| (dialect, emit(&prompt, dialect)));
    for (dialect, emitted) in emitted.collect::<Vec<_>>() {
        let (body, refusals) = match emitted {
            Ok(body) => (Some(body), Vec::new()),
            Err(found) => {
                let (refusals, unsaid): (Vec<_>, Vec<_>) = found.into_iter().partition(|fault| fault.is_refusal);
                // Two dialects of one API may have the same fault.
                unsaid.into_iter().for_each(|fault| {
                    if !faults.contains(&fault) {
                        faults.push(fault);
                    }
                });
                (None, refusals)
            }
        };
        let reasons: Vec<_> = model.refused.iter().cloned().chain(refusals.into_iter().map(placed)).collect();
        let name = dialect.file_name(&model.name);
        match body.filter(|_| reasons.is_empty()) {
            Some(body) => bodies.made.push((name, body)),
            None => bodies.left_out.push(LeftOut { body: name, model: model.name.clone(), reasons }),
        }
    }
    if faults.is_empty() { Ok(bodies) } else { Err(faults.into_iter().map(placed).collect()) }
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
            Ok(Bodies { made, left_out }) => {
                all.made.extend(made);
                all.left_out.extend(left_out);
            }
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() { Ok(all) } else { Err(faults) }
}

/// Tries the bodies of every build. A context of which one cannot be said is broken after all; what is left out is
/// noted in the build.
pub fn try_bodies(results: &mut [BuildResult]) {
    results.par_iter_mut().for_each(|tried| {
        let bodies = tried.build().map(|build| all_bodies(build).map(|bodies| bodies.left_out));
        match bodies {
            Some(Ok(left_out)) => note_left_out(tried, left_out),
            Some(Err(faults)) => tried.result = Err(faults),
            None => {}
        }
    });
}

/// Notes in a build which of its bodies are left out, each reason once among its errors.
pub fn note_left_out(tried: &mut BuildResult, left_out: Vec<LeftOut>) {
    let Ok(build) = &mut tried.result else { return };
    if left_out.is_empty() {
        return;
    }
    let build = Arc::make_mut(build);
    let same = |one: &Diagnostic, other: &Diagnostic| {
        (&one.code, &one.message, &one.model) == (&other.code, &other.message, &other.model)
    };
    for reason in left_out.iter().flat_map(|left| &left.reasons) {
        if !build.warnings.iter().any(|known| same(known, reason)) {
            build.warnings.push(reason.clone());
        }
    }
    build.left_out = left_out;
}

/// The note that a limit is sent which nobody has set; `None` where one is set, or no API demands it.
pub fn default_limit(plan: &Plan, models: &[ModelBuild]) -> Option<Diagnostic> {
    let is_set = plan.manifest.output.as_ref().is_some_and(|output| output.max_tokens.is_some());
    let is_needed = models.iter().any(|model| api(&model.card) == Api::Anthropic);
    (is_needed && !is_set).then(|| {
        let most = grouped(DEFAULT_MAX_TOKENS);
        let message = format!("answers are limited to {most} tokens, or to the model's own limit where that is less");
        let hint = "Anthropic's API demands a limit; set it with `output: {max_tokens: …}`";
        Diagnostic::note(DEFAULT_LIMIT, message).in_file(&plan.manifest_path).hint(hint)
    })
}

/// Where the manifest writes a setting, plain or below a model pattern; else where it writes
/// `output`, else the manifest as a whole.
fn span(build: &Build, setting: Option<&str>) -> Span {
    let manifest = &build.plan.manifest;
    let written = setting.and_then(|wanted| {
        manifest.settings.iter().find_map(|(key, node)| {
            let below = node.as_map().and_then(|map| map.iter().find(|(key, _)| &*key.text == wanted));
            if &*key.text == wanted { Some(key.span.clone()) } else { below.map(|(key, _)| key.span.clone()) }
        })
    });
    written
        .or_else(|| manifest.output.as_ref().map(|output| output.span.clone()))
        .unwrap_or_else(|| manifest.span.clone())
}

/// A name for the output schema that every API takes: letters, digits and `_`, at most 60.
fn schema_name(build: &Build) -> String {
    build.id.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(60).collect()
}

/// The API that a card is called through: that of its preferred dialect.
fn api(card: &Card) -> Api {
    match (card.platform, card.dialects.first()) {
        (_, Some(Dialect::Messages)) => Api::Anthropic,
        (_, Some(Dialect::Responses)) => Api::OpenAi,
        (_, Some(Dialect::Generate | Dialect::Cached)) => Api::Gemini,
        (_, Some(Dialect::Converse)) => Api::Bedrock,
        (Platform::OpenAi | Platform::Azure, _) => Api::OpenAi,
        _ => Api::Compatible,
    }
}
