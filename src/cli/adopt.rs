//! `contexture init --from`: manifests for the prompts that are there.

use std::path::Path;

use crate::output::report::build::diagnostics;
use crate::output::report::top::TopReport;
use crate::pipeline::bodies::try_bodies;
use crate::pipeline::{BuildResult, Request, build_all};
use crate::prompt::segment::Segment;
use crate::syntax::error::{Error, Failure};
use crate::text::adopt::{Adoption, NewManifest, adopt};
use crate::text::fragment::Fragments;
use crate::text::project::PROJECT_FILE;
use crate::tree::write::{self, System};

use super::Verdict;
use super::init::ignore_output;
use super::session::Session;

/// The models of the starter.
const MODELS: &str = "[claude-sonnet-5-5, gpt-6.1-sol]";
/// Rows of the table at the end.
const ROWS: usize = 10;

/// Writes manifests for the prompts that are there, builds them, and shows where the money goes.
pub(super) fn run(globs: &[String], is_dry: bool, session: &Session) -> Result<Verdict, Failure> {
    let workspace = session.workspace()?;
    let tree = workspace.worktree()?;
    let Adoption { manifests, needs_models, said, covered } = adopt(&Fragments::new(&tree), globs, MODELS)?;
    drop(tree);
    said.iter().for_each(|sentence| session.tell(sentence));
    if covered > 0 {
        session.tell(&format!("{covered} of these files are named by manifests already"));
    }
    if manifests.is_empty() {
        let cure = "docs/formats.md lists the formats; `contexture init` writes a project to start from";
        return if covered > 0 {
            Ok(Verdict::Yes)
        } else {
            Err(Error::usage(format!("no prompt is among what {} names", globs.join(", ")), cure).into())
        };
    }
    let defaults = workspace.root().join(PROJECT_FILE);
    // What a file itself says wins over it, so it is for those that name no model, or one that no card has.
    let defaults_text = format!("models: {MODELS} # for prompts that name no model of their own\n");
    let needs_defaults = needs_models && defaults.symlink_metadata().is_err();
    if is_dry {
        let shown = manifests.iter().map(|new| format!("# {}\n{}", new.path, new.text));
        let more = needs_defaults.then(|| format!("# {PROJECT_FILE}\n{defaults_text}"));
        session.print(&shown.chain(more).collect::<Vec<_>>().join("\n"))?;
        return Ok(Verdict::Yes);
    }
    if needs_defaults {
        write::file(&System, &defaults, defaults_text.as_bytes())
            .map_err(|error| Error::file("cannot write", &defaults, error))?;
        session.tell(&format!("wrote {PROJECT_FILE}: models for prompts that name none"));
    }
    for NewManifest { path, text, what, contexts, .. } in &manifests {
        let path_on_disk = workspace.root().join(path.as_str());
        write::no_link(workspace.root(), &path_on_disk)?;
        if path_on_disk.symlink_metadata().is_ok() {
            let cure = "move it away: `init` writes no file over another";
            return Err(Error::usage(format!("{path} is there already, and git ignores it"), cure).into());
        }
        write::file(&System, &path_on_disk, text.as_bytes())
            .map_err(|error| Error::file("cannot write", &path_on_disk, error))?;
        session.tell(&format!("wrote {path}: {what}, {contexts}"));
    }
    ignore_output(workspace.root())?;
    let names: Vec<String> = manifests
        .iter()
        .filter_map(|new| new.path.as_str().strip_prefix("contexts/")?.strip_suffix(".yaml"))
        .map(str::to_owned)
        .collect();
    let progress = session.progress("building");
    let request = Request { contexts: names, as_of: Some(super::session::today()), ..Request::default() };
    let mut results = build_all(&workspace.worktree()?, &request)?;
    progress.done();
    for new in manifests.iter().filter(|new| new.is_agent) {
        add_budget(workspace.root(), new, &results)?;
    }
    let report = TopReport::new(&results).text(if session.verbose { usize::MAX } else { ROWS });
    try_bodies(&mut results);
    let mut refused = results.iter().filter_map(BuildResult::build).filter(|build| !build.left_out.is_empty());
    if let Some(first) = refused.next() {
        let number = refused.count() + 1;
        let what = "with a setting or a form that a model listed for them refuses, such as";
        session.tell(&format!("{number} {what} {}: `contexture check` says which", first.id));
    }
    results.retain(|tried| tried.result.is_err());
    session.warnings(&diagnostics(&results, session.verbose));
    session.print(&report)?;
    session.tell("Next: `contexture check` says what is worth a look, `contexture log --as-is ID` tells the history,");
    session.tell("and `contexture diff --as-is HEAD~1..HEAD` what the last commit changed");
    Ok(if results.is_empty() { Verdict::Yes } else { Verdict::Unanswered })
}

/// Gives the manifest of instructions that an agent loads a budget: a tenth more than the largest of them has now. The
/// path that a program writes into them has no size that is known, and does not keep the budget from passing.
fn add_budget(root: &Path, new: &NewManifest, results: &[BuildResult]) -> Result<(), Error> {
    let of_manifest =
        || results.iter().filter_map(BuildResult::build).filter(|build| build.plan.manifest_path == new.path);
    let tokens = of_manifest().flat_map(|build| &build.models).map(|model| model.tokens.total());
    let Some(most) = tokens.max() else { return Ok(()) };
    let room = (most + most / 10).max(100).next_multiple_of(100);
    let has_hole = of_manifest().any(|build| build.segments.iter().any(Segment::is_hole));
    let limit = if has_hole { format!("{{limit: {room}, unknown: pass}}") } else { room.to_string() };
    let text = format!("{}budgets: {{tokens: {limit}}} # a tenth more than the largest has today\n", new.text);
    let path = root.join(new.path.as_str());
    write::file(&System, &path, text.as_bytes()).map_err(|error| Error::file("cannot write", &path, error))
}
