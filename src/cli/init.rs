//! `contexture init`: a working project to start from.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::syntax::error::{Error, Failure};
use crate::tree::Workspace;
use crate::tree::write::{self, System};

use super::Verdict;
use super::session::Session;

/// Write a working project to start from.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where; made if it is not there
    // Not `directory`: that is the id of -C, and clap tells arguments apart by their ids.
    #[arg(value_name = "DIR", default_value = ".")]
    target: PathBuf,
}

/// The files of a new project, and what stands in them.
const STARTER: [(&str, &str); 8] = [
    (".github/workflows/contexture.yml", include_str!("starter/workflow.yml")),
    ("contexts/assistant.yaml", include_str!("starter/contexts/assistant.yaml")),
    ("contexts/assistant/answer.schema.json", include_str!("starter/contexts/assistant/answer.schema.json")),
    ("contexts/assistant/examples.jsonl", include_str!("starter/contexts/assistant/examples.jsonl")),
    ("contexts/assistant/find_item.json", include_str!("starter/contexts/assistant/find_item.json")),
    ("contexts/assistant/house-rules.md", include_str!("starter/contexts/assistant/house-rules.md")),
    ("contexture.yaml", include_str!("starter/contexture.yaml")),
    ("templates/persona.hbs", include_str!("starter/templates/persona.hbs")),
];

/// Ends up in `.gitignore`, whether that file is new or was there.
const IGNORED: &str = "/dist/";

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { target } = arguments;
    let root = session.path(&target);
    let folders: Vec<PathBuf> = STARTER.iter().map(|(path, _)| root.join(path)).collect();
    write::sweep(&System, folders.iter().filter_map(|path| path.parent()).chain([root.as_path()]));
    // What a run that was stopped wrote is no reason to refuse.
    let is_ours =
        |path: &str, text: &str| write::existing_bytes(&root.join(path)).is_ok_and(|found| found == text.as_bytes());
    let (ours, others): (Vec<_>, Vec<_>) = STARTER
        .iter()
        .filter(|(path, _)| root.join(path).symlink_metadata().is_ok())
        .partition(|(path, text)| is_ours(path, text));
    let is_whole = ours.len() == STARTER.len() && ignored_output(&root)?.is_none();
    let taken = if others.is_empty() && !is_whole { Vec::new() } else { [others, ours].concat() };
    if !taken.is_empty() {
        let taken: Vec<&str> = taken.into_iter().map(|(path, _)| path).collect();
        let cure = "init writes no file over another; move these away, or start in an empty folder";
        return Err(Error::usage(format!("{} already has {}", target.display(), taken.join(", ")), cure).into());
    }
    for (path, text) in STARTER.iter().filter(|(path, text)| !is_ours(path, text)) {
        let path = root.join(path);
        write::file(&System, &path, text.as_bytes()).map_err(|error| Error::file("cannot write", &path, error))?;
    }
    ignore_output(&root)?;
    let names: String = STARTER.iter().map(|(path, _)| format!("  {path}\n")).collect();
    session.print(&format!("Wrote a project into {}:\n{names}", target.display()))?;
    session.tell(&format!("Next: {}", next_steps(&root, &target)));
    Ok(Verdict::Yes)
}

/// What to type now, from the folder that the command ran in.
fn next_steps(root: &Path, target: &Path) -> String {
    let enter = if target == Path::new(".") { String::new() } else { format!("`cd {}`, ", target.display()) };
    let begin =
        if Workspace::find(root).is_ok_and(|workspace| workspace.has_repository()) { "" } else { "`git init`, " };
    format!("{enter}{begin}`git add -A && git commit -m Start`, then `contexture build`")
}

/// Adds the output folder to `.gitignore`, unless it is there.
fn ignore_output(root: &Path) -> Result<(), Error> {
    let path = root.join(".gitignore");
    let Some(text) = ignored_output(root)? else { return Ok(()) };
    write::file(&System, &path, text.as_bytes()).map_err(|error| Error::file("cannot write", &path, error))
}

/// `.gitignore` with the output folder; `None` if it has it.
fn ignored_output(root: &Path) -> Result<Option<String>, Error> {
    let path = root.join(".gitignore");
    let text = match write::existing_bytes(&path).and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Error::file("cannot read", &path, error)),
    };
    if text.lines().any(|line| matches!(line.trim(), "/dist/" | "dist/" | "/dist" | "dist")) {
        return Ok(None);
    }
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    Ok(Some(format!("{text}{gap}{IGNORED}\n")))
}
