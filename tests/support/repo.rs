//! A repository to test with, made by git itself: fixed author, dates and home, so that ids,
//! digests and verdicts are the same on every machine.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use contexture::syntax::source::ProjectPath;
use contexture::tree::Workspace;

/// A repository, or a folder without one, that is removed at the end.
pub struct Repo {
    folder: tempfile::TempDir,
    root: PathBuf,
}

impl Repo {
    /// A folder without a repository.
    pub fn none() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().canonicalize().expect("its real path").join("work");
        fs::create_dir(&root).expect("the work folder");
        fs::write(folder.path().join("empty"), "").expect("an empty file");
        Self { folder, root }
    }

    /// An empty repository.
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// An empty repository, with more arguments to `git init`.
    pub fn with(arguments: &[&str]) -> Self {
        let repo = Self::none();
        repo.git([&["init", "--quiet", "--initial-branch=main"], arguments].concat());
        repo.own_settings();
        repo
    }

    /// A clone of `other`, with more arguments to `git clone`.
    pub fn clone_of(other: &Repo, arguments: &[&str]) -> Self {
        let repo = Self::none();
        let url = format!("file://{}", other.root.display());
        repo.git([&["clone", "--quiet"], arguments, &[url.as_str(), "."]].concat());
        repo.own_settings();
        repo
    }

    /// libgit2 reads the configuration of whoever runs the tests; what matters is set here.
    fn own_settings(&self) {
        self.git(["config", "core.autocrlf", "false"]);
        self.git(["config", "core.attributesFile", &self.outside("empty").to_string_lossy()]);
        self.git(["config", "core.excludesFile", &self.outside("empty").to_string_lossy()]);
    }

    /// The root of the working tree.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path beside the root, outside of the repository.
    pub fn outside(&self, name: &str) -> PathBuf {
        self.root.parent().expect("a folder above").join(name)
    }

    /// A path in the working tree.
    pub fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Writes a file, with the folders above it.
    pub fn file(&self, path: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let target = self.at(path);
        fs::create_dir_all(target.parent().expect("a folder above")).expect("the folders");
        fs::write(target, bytes).expect("the file");
        self
    }

    /// Makes a link.
    pub fn link(&self, path: &str, text: &str) -> &Self {
        let target = self.at(path);
        fs::create_dir_all(target.parent().expect("a folder above")).expect("the folders");
        std::os::unix::fs::symlink(text, target).expect("the link");
        self
    }

    /// Adds everything and commits it; returns the id.
    pub fn commit(&self, message: &str) -> String {
        self.git(["add", "--all"]);
        self.git(["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// Adds everything and commits it, for the middle of a sentence.
    pub fn committed(&self, message: &str) -> &Self {
        self.commit(message);
        self
    }

    /// Runs git, which must succeed; returns what it printed.
    pub fn git<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> String {
        String::from_utf8(self.git_bytes(arguments)).expect("UTF-8 from git")
    }

    /// Runs git, which must succeed; returns the bytes it printed.
    pub fn git_bytes<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Vec<u8> {
        let arguments: Vec<_> = arguments.into_iter().map(|one| one.as_ref().to_owned()).collect();
        let output = self.try_git(&arguments);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {complaint}");
        output.stdout
    }

    /// Runs git.
    pub fn try_git<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Output {
        self.command().args(arguments).output().expect("git runs")
    }

    /// A git command in the root, with nothing of the machine's around it.
    pub fn command(&self) -> Command {
        let mut command = self.clean("git");
        command
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "protocol.file.allow")
            .env("GIT_CONFIG_VALUE_0", "always");
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "Ada").env(format!("GIT_{who}_EMAIL"), "ada@example.com");
            command.env(format!("GIT_{who}_DATE"), "1795262400 +0000");
        }
        command
    }

    /// A command in the root that sees a home of its own and nothing else of the machine's.
    pub fn clean(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.folder.path()).env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
        command
    }

    /// Runs git with something on its standard input; returns the bytes it printed.
    pub fn git_with_input(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        use std::io::Write;
        use std::process::Stdio;
        let mut child = self
            .command()
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("git runs");
        let mut stdin = child.stdin.take().expect("its input");
        let input = input.to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().expect("git ends");
        writer.join().expect("the writer ends").expect("the input is taken");
        // `check-ignore` ends with 1 when nothing is ignored.
        assert!(output.status.code().is_some_and(|code| code <= 1), "git {arguments:?} failed");
        output.stdout
    }

    /// The project at the root.
    pub fn place(&self) -> Workspace {
        Workspace::find(&self.root).expect("a place")
    }
}

/// A path below the project root.
pub fn path(written: &str) -> ProjectPath {
    ProjectPath::new(written).expect("a path")
}

/// Paths as text.
pub fn texts(paths: &[ProjectPath]) -> Vec<&str> {
    paths.iter().map(ProjectPath::as_str).collect()
}

/// NUL-separated output of git as sorted paths, each once.
pub fn names(output: &[u8]) -> Vec<String> {
    let mut names: Vec<String> = output
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
        .map(|name| String::from_utf8(name.to_vec()).expect("UTF-8"))
        .collect();
    names.sort();
    names.dedup();
    names
}
