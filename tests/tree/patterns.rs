//! `.gitignore` and `.gitattributes` patterns: which files there are, and which are text, must be
//! what git says, for patterns of every shape.

use contexture::syntax::source::ProjectPath;
use contexture::tree::Tree;

use super::chance::Chance;
use crate::support::{Repo, names, path, texts};

const NAMES: [&str; 11] = ["a", "b", "ab", "a.b", "aa", "A", "foo", "foobar", "[a]", "b c", "#a"];
const PIECES: [&str; 33] = [
    "a",
    "b",
    "ab",
    "A",
    "foo",
    "bar",
    ".b",
    "*",
    "*",
    "**",
    "**/",
    "/**",
    "/**/",
    "/",
    "/",
    "?",
    "[ab]",
    "[!a]",
    "[^b]",
    "[a-c]",
    "[]a]",
    "[[:alpha:]]",
    "[[:upper:]]",
    "[a",
    "\\a",
    "\\",
    "{a,b}",
    "foo**/bar",
    " ",
    "!",
    "[[:nope:]]",
    "**\\/",
    "#",
];

fn tree(chance: &mut Chance, repo: &Repo) {
    for _ in 0..40 {
        let depth = 1 + chance.below(3);
        let parts: Vec<&str> = (0..depth).map(|_| chance.pick(&NAMES)).collect();
        // A name may be a file already; then it cannot be a folder as well.
        let target = repo.at(&parts.join("/"));
        if std::fs::create_dir_all(target.parent().unwrap()).is_ok() && !target.exists() {
            std::fs::write(target, "x\r\n").unwrap();
        }
    }
}

fn patterns(chance: &mut Chance, suffixes: &[&str]) -> String {
    let mut text = String::new();
    for _ in 0..=chance.below(5) {
        if chance.once_in(4) {
            text.push('!');
        }
        text.push_str(&chance.string(4, &PIECES));
        text.push_str(chance.pick(suffixes));
        text.push_str(chance.pick(&["\n", "\n", "\r\n"]));
    }
    text
}

#[test]
fn listed_is_what_git_lists() {
    for seed in 0..40 {
        let mut chance = Chance::new(seed);
        let repo = Repo::new();
        tree(&mut chance, &repo);
        let fold_case = chance.once_in(4);
        if fold_case {
            repo.git(["config", "core.ignoreCase", "true"]);
        }
        let mut rules = vec![(".gitignore".to_owned(), patterns(&mut chance, &["", "", "/", " ", "\\ "]))];
        for folder in ["a", "foo", "ab/a"] {
            if chance.once_in(2) && repo.at(folder).is_dir() {
                rules.push((format!("{folder}/.gitignore"), patterns(&mut chance, &["", "/"])));
            }
        }
        for (file, text) in &rules {
            repo.file(file, text);
        }
        repo.file(".git/info/exclude", patterns(&mut chance, &["", "/"]));
        // What is tracked is not ignored. (Where case is folded on a disk that tells cases apart, git
        // takes an untracked `A/a` for a tracked `a/a`; that is not the question here.)
        if !fold_case && chance.once_in(2) {
            for name in ["a", "foo"].iter().filter(|name| repo.at(name).exists()) {
                repo.git(["add", "--force", "--", name]);
            }
        }
        let git = names(&repo.git_bytes(["ls-files", "-co", "--exclude-standard", "-z"]));
        let disk = repo.place().worktree().unwrap();
        // Outside of the paths that a project may hold: a blank or a bracket is fine, so all of them.
        let own = disk.list(&ProjectPath::root()).unwrap();
        assert_eq!(
            texts(&own),
            git,
            "seed {seed}, rules {rules:?}, exclude {:?}",
            std::fs::read_to_string(repo.at(".git/info/exclude"))
        );
        for file in own.iter() {
            assert!(disk.read(file).is_ok(), "seed {seed}: {file} is listed and cannot be read");
        }
        for folder in ["a", "foo", "ab/a", "b"] {
            let below: Vec<&String> = git.iter().filter(|name| name.starts_with(&format!("{folder}/"))).collect();
            let own = disk.list(&path(folder)).unwrap();
            assert_eq!(texts(&own), below, "seed {seed}: {folder}, rules {rules:?}");
        }
    }
}

#[test]
fn attributes_are_what_git_finds() {
    let states = [
        " text",
        " -text",
        " text=auto",
        " !text",
        " eol=lf",
        " eol=crlf",
        " binary",
        " -binary",
        " crlf",
        " -crlf",
        " crlf=input",
        " text eol=crlf",
        " m",
        " -m",
        " text=auto -m",
        " text -text",
        "",
        " -",
        " text=",
        " =",
        " text !eol",
        " a-b text",
        "\ttext",
        " builtin_x text",
        " text=auto eol=lf",
    ];
    for seed in 0..40 {
        let mut chance = Chance::new(seed);
        let repo = Repo::new();
        tree(&mut chance, &repo);
        let mut rules = Vec::new();
        for file in [".gitattributes", "a/.gitattributes", "foo/.gitattributes", ".git/info/attributes"] {
            let wanted = file.starts_with(".git") || repo.at(file).parent().unwrap().is_dir() && chance.once_in(2);
            if wanted {
                let mut text = String::new();
                if chance.once_in(2) {
                    text.push_str(chance.pick(&[
                        "[attr]m text\n",
                        "[attr]m -text\n",
                        "[attr]m binary\n",
                        "[attr]binary text\n",
                        "[attr] m\n",
                    ]));
                }
                text.push_str(&patterns(&mut chance, &states));
                if chance.once_in(3) {
                    text.push_str("#a -text\n");
                }
                if chance.once_in(3) {
                    text.push_str("\"b c\"");
                    text.push_str(chance.pick(&states));
                }
                repo.file(file, &text);
                rules.push((file, text));
            }
        }
        let files = names(&repo.git_bytes(["ls-files", "-o", "-z"]));
        let input: String = files.iter().map(|file| format!("{file}\n")).collect();
        let ids = String::from_utf8(repo.git_with_input(&["hash-object", "--stdin-paths"], input.as_bytes())).unwrap();
        let disk = repo.place().worktree().unwrap();
        for (file, id) in files.iter().zip(ids.lines()) {
            let own = disk.read(&path(file)).unwrap();
            assert_eq!(own.id.as_str(), id, "seed {seed}: {file}, rules {rules:?}");
        }
        assert_eq!(files.len(), ids.lines().count());
    }
}
