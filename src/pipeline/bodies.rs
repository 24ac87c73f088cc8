//! A build to request bodies: what each model's API is asked.

use rayon::prelude::*;

use crate::cost::cards::{Card, Platform};
use crate::pipeline::model::ModelBuild;
use crate::pipeline::{Build, BuildResult};
use crate::prompt::blocks::Breakpoint;
use crate::prompt::bodies::{Api, Body, Dialect, EmitFault, Prompt, dialects, emit};
use crate::syntax::diag::Diagnostic;
use crate::syntax::source::Span;

/// Every body of one model, with the name of its file.
///
/// # Errors
/// What a dialect cannot say, placed at the line of the manifest that asks for it.
pub fn bodies(build: &Build, model: &ModelBuild) -> Result<Vec<(String, Body)>, Vec<Diagnostic>> {
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
        caching: model.card.markers,
        cache_key: None,
    };
    let mut bodies = Vec::new();
    let mut faults: Vec<EmitFault> = Vec::new();
    let emitted = dialects(&prompt).into_par_iter().map(|dialect| (dialect, emit(&prompt, dialect)));
    for (dialect, emitted) in emitted.collect::<Vec<_>>() {
        match emitted {
            Ok(body) => bodies.push((dialect.file_name(&model.name), body)),
            // Two dialects of one API may refuse the same setting.
            Err(found) => found.into_iter().for_each(|fault| {
                if !faults.contains(&fault) {
                    faults.push(fault);
                }
            }),
        }
    }
    if faults.is_empty() {
        return Ok(bodies);
    }
    let placed = |fault: EmitFault| {
        let span = span(build, fault.setting.as_deref());
        Diagnostic::from(fault).at(&span).for_model(&model.name)
    };
    Err(faults.into_iter().map(placed).collect())
}

/// Everything that keeps the bodies of a build from being made.
pub fn faults(build: &Build) -> Vec<Diagnostic> {
    build.models.par_iter().filter_map(|model| bodies(build, model).err()).flatten().collect()
}

/// Tries the bodies of every build. A context of which one cannot be made is broken after all.
pub fn try_bodies(results: &mut [BuildResult]) {
    results.par_iter_mut().for_each(|tried| {
        let faults = tried.build().map(faults).unwrap_or_default();
        if !faults.is_empty() {
            tried.result = Err(faults);
        }
    });
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
