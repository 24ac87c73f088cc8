//! `contexture init`: a working project to start from, and the workflow that checks one.

use std::io;
use std::path::{Component, Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::syntax::error::{Error, Failure};
use crate::tree::Workspace;
use crate::tree::write::{self, System};

use super::Verdict;
use super::session::Session;
use super::workflow::{Download, Program, workflow};

/// Write a working project to start from; with --from manifests for the prompts that are there, with --ci a workflow.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where; made if it is not there
    // Not `directory`: that is the id of -C, and clap tells arguments apart by their ids.
    #[arg(value_name = "DIR", default_value = ".")]
    target: PathBuf,
    /// Write a workflow that checks pull requests, too; alone where there is a project
    #[arg(long, value_enum, value_name = "CI")]
    ci: Option<Ci>,
    /// Where that workflow has the program from, a .tar.gz or the program itself; without it, cargo builds it there
    #[arg(long, value_name = "URL#sha256=DIGEST", requires = "ci")]
    binary: Option<Download>,
    /// Write manifests that build the prompts which these paths, folders or patterns name, as they are
    #[arg(long, value_name = "GLOB", num_args = 1.., conflicts_with_all = ["target", "ci"])]
    from: Vec<String>,
    /// Print what would be written, and write nothing
    #[arg(long, requires = "from")]
    dry_run: bool,
}

/// Where a workflow is run.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Ci {
    /// .github/workflows/contexture.yml at the root of the repository
    Github,
}

/// The files of a new project, and what stands in them.
const STARTER: [(&str, &str); 7] = [
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

/// A file to be written: where, as messages name it, and what stands in it.
struct New {
    path: PathBuf,
    name: String,
    text: String,
}

impl New {
    fn is_there(&self) -> bool {
        self.path.symlink_metadata().is_ok()
    }

    /// Whether it was written by a run that was stopped.
    fn is_ours(&self) -> bool {
        write::existing_bytes(&self.path).is_ok_and(|found| found == self.text.as_bytes())
    }
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { target, ci, binary, from, dry_run } = arguments;
    if !from.is_empty() {
        return super::adopt::run(&from, dry_run, session);
    }
    let root = session.path(&target);
    let is_project = ci.is_some() && ["contexture.yaml", "contexts"].iter().any(|own| root.join(own).exists());
    if let Some(other) = other_entry(&root).filter(|_| !is_project) {
        let cure = "`contexture init --from .` writes manifests for the prompts that are there; \
                    `contexture init DIR` starts a project in a folder of its own";
        return Err(Error::usage(format!("{} is not empty: it has {other}", target.display()), cure).into());
    }
    let starter = STARTER.iter().filter(|_| !is_project);
    let mut files: Vec<New> = starter
        .map(|(path, text)| New { path: root.join(path), name: (*path).to_owned(), text: (*text).to_owned() })
        .collect();
    if let Some(Ci::Github) = ci {
        let program = binary.map_or_else(Program::of_this_build, |file| Ok(Program::File(file)))?;
        files.insert(0, workflow_file(&root, &program)?);
    }
    write::sweep(&System, files.iter().filter_map(|file| file.path.parent()).chain([root.as_path()]));
    // What a run that was stopped wrote is no reason to refuse.
    let (ours, others): (Vec<_>, Vec<_>) = files.iter().filter(|file| file.is_there()).partition(|file| file.is_ours());
    let is_whole = ours.len() == files.len() && (is_project || ignored_output(&root)?.is_none());
    let taken = if others.is_empty() && !is_whole { Vec::new() } else { [others, ours].concat() };
    if !taken.is_empty() {
        let taken: Vec<&str> = taken.into_iter().map(|file| &*file.name).collect();
        let cure = "init writes no file over another; move these away, or start in an empty folder";
        return Err(Error::usage(format!("{} already has {}", target.display(), taken.join(", ")), cure).into());
    }
    for New { path, text, .. } in files.iter().filter(|file| !file.is_ours()) {
        write::file(&System, path, text.as_bytes()).map_err(|error| Error::file("cannot write", path, error))?;
    }
    if is_project {
        session.print(&format!("Wrote {}\n", files[0].name))?;
        session.tell("Next: commit it, and open a pull request");
        return Ok(Verdict::Yes);
    }
    ignore_output(&root)?;
    let names: String = files.iter().map(|file| format!("  {}\n", file.name)).collect();
    session.print(&format!("Wrote a project into {}:\n{names}", target.display()))?;
    session.tell(&format!("Next: {}", next_steps(&root, &target)));
    Ok(Verdict::Yes)
}

/// Something in the folder that a new repository does not begin with, and that the starter does not write.
fn other_entry(root: &Path) -> Option<String> {
    let names = std::fs::read_dir(root).ok()?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let is_usual = |name: &String| {
        let stem = name.split('.').next().unwrap_or_default().to_lowercase();
        name.starts_with('.')
            || matches!(&*stem, "readme" | "license" | "licence" | "contexts" | "templates" | "contexture")
    };
    names.filter(|name| !is_usual(name)).min()
}

/// The workflow for a project in `root`. GitHub looks for workflows at the root of a repository alone.
fn workflow_file(root: &Path, program: &Program) -> Result<New, Error> {
    const NAME: &str = ".github/workflows/contexture.yml";
    // What is there of the way to a folder that is still to be made.
    let (there, rest) = root
        .ancestors()
        .find_map(|above| Some((above.join(".").canonicalize().ok()?, root.strip_prefix(above).ok()?)))
        .ok_or_else(|| Error::usage(format!("there is no way to {}", root.display()), "name another folder"))?;
    let repository = there.ancestors().find(|above| above.join(".git").exists());
    let below = repository.and_then(|repository| there.strip_prefix(repository).ok());
    let mut folder = PathBuf::new();
    for part in below.into_iter().flat_map(|below| below.components().chain(rest.components())) {
        // Nothing of `rest` is there, so that no link can lead elsewhere.
        match part {
            Component::ParentDir => _ = folder.pop(),
            part => folder.push(part),
        }
    }
    let named = folder.to_str().filter(|name| !name.contains("${{")).ok_or_else(|| {
        let cure = "rename the folder to plain text, without `${{`, which GitHub would fill in";
        Error::usage(format!("a workflow cannot name the folder {}", folder.display()), cure)
    })?;
    let above: PathBuf = folder.components().map(|_| "..").collect();
    let path = repository.filter(|_| !named.is_empty()).unwrap_or(root).join(NAME);
    Ok(New { path, name: above.join(NAME).display().to_string(), text: workflow(program, named) })
}

/// What to type now, from the folder that the command ran in.
fn next_steps(root: &Path, target: &Path) -> String {
    let enter = if target == Path::new(".") { String::new() } else { format!("`cd {}`, ", target.display()) };
    let begin =
        if Workspace::find(root).is_ok_and(|workspace| workspace.has_repository()) { "" } else { "`git init`, " };
    format!("{enter}{begin}`git add -A && git commit -m Start`, then `contexture build`")
}

/// Adds the output folder to `.gitignore`, unless it is there.
pub(super) fn ignore_output(root: &Path) -> Result<(), Error> {
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
