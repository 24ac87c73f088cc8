//! Which files changed a context, and in what part they play in it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::{ContextReview, ContextStatus};
use crate::compare::delta::SegmentChange;
use crate::pipeline::measured::COUNTS_FILE;
use crate::pipeline::{Build, PRICES_FILE};
use crate::prompt::segment::Segment;
use crate::syntax::decode::names;
use crate::syntax::source::{ObjectId, ProjectPath};
use crate::text::compose::TEMPLATES;
use crate::text::project::PROJECT_FILE;
use crate::text::resolve::Content;
use crate::tree::Change;

names! {
    /// What part a file plays in a context.
    pub enum Via {
        /// Its text goes into the prompt, or decides an order, a schema, a count.
        Fragment = "fragment",
        /// A template or a partial.
        Template = "template",
        /// A set of examples.
        Example = "example",
        /// A manifest: the context's own, or one that it extends.
        Extends = "extends",
        /// Values: `contexture.yaml`, or a manifest whose `vars` differ.
        Vars = "vars",
        /// Prices and cards.
        Prices = "prices",
        /// What providers counted: `contexture.counts`.
        Counts = "counts",
    }
}

/// A file that changed a context.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
pub struct Cause {
    /// The file.
    pub path: ProjectPath,
    /// What part it plays.
    pub via: Via,
}

/// The files that differ, by path and by what they hold.
pub(super) struct Files<'a> {
    by_path: HashMap<&'a ProjectPath, &'a Change>,
    by_content: HashMap<Contents<'a>, Vec<&'a Change>>,
}

/// What a file holds before and after.
type Contents<'a> = (Option<&'a ObjectId>, Option<&'a ObjectId>);

impl<'a> Files<'a> {
    pub(super) fn new(changes: &'a [Change]) -> Self {
        let mut by_content: HashMap<Contents<'a>, Vec<&'a Change>> = HashMap::new();
        for change in changes {
            by_content.entry((change.base.as_ref(), change.head.as_ref())).or_default().push(change);
        }
        Self { by_path: changes.iter().map(|change| (&change.path, change)).collect(), by_content }
    }

    /// The change of a file.
    pub(super) fn get(&self, path: &ProjectPath) -> Option<&'a Change> {
        self.by_path.get(path).copied()
    }

    /// The files that differ and that either side of a context read, by their own names or by links.
    fn read_by(&self, context: &ContextReview) -> BTreeSet<&'a ProjectPath> {
        let (base, head) = (context.base.as_deref(), context.head.as_deref());
        let mut read: BTreeSet<&ProjectPath> = BTreeSet::new();
        for path in [base, head].into_iter().flatten().flat_map(|build| build.reads.files.keys()) {
            if let Some(change) = self.get(path) {
                read.insert(&change.path);
            } else if let (Some(base), Some(head)) = (base, head) {
                // A link: the file at its end has the two contents that were read here.
                let contents = (base.reads.files.get(path), head.reads.files.get(path));
                if let (Some(Some(old)), Some(Some(new))) = contents
                    && old != new
                {
                    let ends = self.by_content.get(&(Some(old), Some(new))).into_iter().flatten();
                    read.extend(ends.map(|change| &change.path));
                }
            }
        }
        read
    }
}

/// The changed files that either side read and that the difference can come from. A fragment whose
/// own segments are all equal has no part in it.
pub(super) fn causes(context: &ContextReview, files: &Files<'_>) -> Vec<Cause> {
    let mut paths = files.read_by(context);
    if context.status == ContextStatus::Broken {
        let faults = context.head_faults.iter().chain(&context.base_faults);
        paths.extend(faults.filter_map(|fault| files.get(fault.path()?)).map(|change| &change.path));
    } else {
        paths.retain(|path| plays_a_part(context, path));
    }
    paths.into_iter().map(|path| Cause { path: path.clone(), via: via(context, path) }).collect()
}

fn plays_a_part(context: &ContextReview, path: &ProjectPath) -> bool {
    let Some(delta) = &context.delta else { return true };
    let of = |segment: &Segment| segment.origin.path.as_ref() == Some(path);
    let all = |build: &Option<Arc<Build>>| build.iter().any(|build| build.segments.iter().any(of));
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
        COUNTS_FILE => Via::Counts,
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
