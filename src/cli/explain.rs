//! `contexture explain`: the anatomy of a context, or of one segment.

use clap::Args;

use crate::cost::cards::Date;
use crate::output::report::explain::{self, Changes};
use crate::output::report::json;
use crate::pipeline::{Build, Request, build_all};
use crate::syntax::diag::near;
use crate::syntax::error::{Error, Failure};
use crate::syntax::source::ProjectPath;

use super::session::Session;
use super::{Format, LockArguments, TreeArguments, Verdict, WhatIf};

/// Show what a context is made of, segment by segment, and why.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A context, ID or ID@VARIANT; with :SEGMENT, one segment of it
    #[arg(value_name = "ID[:SEGMENT]")]
    id: String,
    #[command(flatten)]
    tree: TreeArguments,
    #[command(flatten)]
    what_if: WhatIf,
    #[command(flatten)]
    lock: LockArguments,
    /// Name the last commit that changed each file
    #[arg(long)]
    commits: bool,
    /// Prices and rules as of this day [default: the day of the commit]
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { id, tree, what_if: WhatIf { models, calls }, lock, commits, as_of, format } = arguments;
    let (context, segment) = match id.split_once(':') {
        Some((context, segment)) => (context.to_owned(), Some(segment.to_owned())),
        None => (id, None),
    };
    let workspace = session.workspace()?;
    let opened = session.tree(&workspace, &tree)?;
    let attempts =
        build_all(opened.as_ref(), &Request { contexts: vec![context], as_of, models, calls, ..Request::default() })?;
    if let Some(verdict) = super::lock::refused(lock, opened.as_ref(), &attempts, session)? {
        return Ok(verdict);
    }
    let build = super::render::only(attempts)?;
    let index = segment.map(|name| find(&build, &name)).transpose()?;
    let changes = if commits { changes(&workspace, &tree, &build)? } else { Changes::new() };
    session.warnings(&build.warnings);
    session.print(&match (format, index) {
        (Format::Json, index) => json(&explain::record(&build, index, &changes)),
        (Format::Text, Some(index)) => explain::segment_text(&build, index),
        (Format::Text, None) => explain::text(&build, &changes),
    })?;
    Ok(Verdict::Yes)
}

fn find(build: &Build, name: &str) -> Result<usize, Error> {
    build.segments.iter().position(|segment| segment.id == name).ok_or_else(|| {
        let near = near(name, build.segments.iter().map(|segment| segment.id.as_str()));
        let cure = near.first().map_or_else(
            || format!("`contexture explain {}` lists its segments", build.id),
            |near| format!("did you mean `{near}`?"),
        );
        Error::usage(format!("`{}` has no segment `{name}`", build.id), cure)
    })
}

fn changes(workspace: &crate::tree::Workspace, tree: &TreeArguments, build: &Build) -> Result<Changes, Error> {
    let commit = workspace.commit(tree.rev.as_deref().unwrap_or("HEAD"))?;
    let paths: std::collections::BTreeSet<ProjectPath> =
        build.segments.iter().filter_map(|segment| segment.origin.path.clone()).collect();
    commit.last_changes(&paths.into_iter().collect::<Vec<_>>())
}
