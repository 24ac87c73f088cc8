//! Which files changed a context, and in what part they play in it.

use std::collections::BTreeSet;

use super::{ContextReview, ContextStatus};
use crate::build::{Build, PRICES_FILE};
use crate::compose::TEMPLATES;
use crate::delta::SegmentChange;
use crate::project::PROJECT_FILE;
use crate::resolve::Content;
use crate::segment::Segment;
use crate::source::ProjectPath;
use crate::tree::Change;

/// What part a file plays in a context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// Its text goes into the prompt, or decides an order, a schema, a count.
    Fragment,
    /// A template or a partial.
    Template,
    /// A set of examples.
    Example,
    /// A manifest: the context's own, or one that it extends.
    Extends,
    /// Values: `contexture.yaml`, or a manifest whose `vars` differ.
    Vars,
    /// Prices and cards.
    Prices,
}

impl Via {
    /// `fragment`, `template`, `example`, `extends`, `vars`, `prices`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fragment => "fragment",
            Self::Template => "template",
            Self::Example => "example",
            Self::Extends => "extends",
            Self::Vars => "vars",
            Self::Prices => "prices",
        }
    }
}

/// A file that changed a context.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause {
    /// The file.
    pub path: ProjectPath,
    /// Its part.
    pub via: Via,
}

/// The changed files that either side read and that the difference can come from. A fragment whose
/// own segments are all equal has no part in it.
pub(super) fn causes(context: &ContextReview, changes: &[Change]) -> Vec<Cause> {
    let builds = [context.base.as_deref(), context.head.as_deref()];
    let mut causes = Vec::new();
    for change in changes {
        let read = |build: &Build| build.reads.files.contains_key(&change.path);
        let is_read = builds.into_iter().flatten().any(read) || is_read_by_link(context, change);
        let matters = match context.status {
            ContextStatus::Broken => is_read || names_it(context, &change.path),
            _ => is_read && plays_a_part(context, &change.path),
        };
        if matters {
            let via = via(context, &change.path);
            causes.push(Cause { path: change.path.clone(), via });
        }
    }
    causes
}

/// Whether both sides read the file by a link to it: at one path, which is not the file's own, with
/// the file's two contents.
fn is_read_by_link(context: &ContextReview, change: &Change) -> bool {
    let (Some(base), Some(head)) = (&context.base, &context.head) else { return false };
    change.base.is_some()
        && change.base != change.head
        && base
            .reads
            .files
            .iter()
            .any(|(path, id)| *id == change.base && head.reads.files.get(path).is_some_and(|new| *new == change.head))
}

/// Whether a fault points into the file.
fn names_it(context: &ContextReview, path: &ProjectPath) -> bool {
    context.head_faults.iter().chain(&context.base_faults).any(|fault| fault.path() == Some(path))
}

fn plays_a_part(context: &ContextReview, path: &ProjectPath) -> bool {
    let Some(delta) = &context.delta else { return true };
    let of = |segment: &Segment| segment.origin.path.as_ref() == Some(path);
    let all = |build: &Option<Box<Build>>| build.iter().any(|build| build.segments.iter().any(of));
    let is_text = all(&context.base) || all(&context.head);
    if !is_text || path.as_str().starts_with(TEMPLATES) {
        return true;
    }
    let touched = |change: &SegmentChange| {
        let old = change.base.zip(context.base.as_deref()).and_then(|(index, build)| build.segments.get(index));
        let new = change.head.zip(context.head.as_deref()).and_then(|(index, build)| build.segments.get(index));
        old.into_iter().chain(new).any(of)
    };
    delta.segments.iter().any(touched)
}

fn via(context: &ContextReview, path: &ProjectPath) -> Via {
    let builds: Vec<&Build> = [&context.base, &context.head].into_iter().flatten().map(|build| &**build).collect();
    let is_layer = path.extension() == "yaml"
        && builds.iter().any(|build| {
            build.plan.manifest_path == *path
                || build.reads.files.contains_key(path)
                    && path.as_str().starts_with("contexts/")
                    && !is_used(build, path)
        });
    match path.as_str() {
        PRICES_FILE => Via::Prices,
        PROJECT_FILE => Via::Vars,
        text if text.starts_with(TEMPLATES) && text[TEMPLATES.len()..].starts_with('/') => Via::Template,
        _ if is_layer => match builds.as_slice() {
            [one, other] if one.plan.vars != other.plan.vars => Via::Vars,
            _ => Via::Extends,
        },
        _ if builds.iter().any(|build| is_example(build, path)) => Via::Example,
        _ => Via::Fragment,
    }
}

fn is_example(build: &Build, path: &ProjectPath) -> bool {
    build
        .plan
        .blocks
        .iter()
        .any(|block| matches!(&block.content, Content::Examples(fragment, _) if fragment.source.path() == path))
}

/// Whether a file's text stands in the prompt.
fn is_used(build: &Build, path: &ProjectPath) -> bool {
    let paths: BTreeSet<&ProjectPath> =
        build.segments.iter().filter_map(|segment| segment.origin.path.as_ref()).collect();
    paths.contains(path)
}
