//! A bundle is a function of what it is made from: built again under other circumstances, it has the
//! same bytes. Whatever may differ between two machines is varied once each; the controls, which
//! change what a bundle is made from, must differ.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::Repo;

/// Every file below a folder.
type Bundles = BTreeMap<String, Vec<u8>>;

/// What was done, and what was built then.
type Variation = (&'static str, fn(&Repo) -> Bundles);

/// A project in which order, case, time and place could leave a trace.
fn project() -> Repo {
    let repo = Repo::new();
    repo.file(
        "contexture.yaml",
        "models: [claude-sonnet-5-5, gpt-6.1-sol]\nvars: {shop: IRIS, list: [b, a]}\ntraffic: {calls: 1k/day}\n",
    );
    repo.file(
        "contexts/a.yaml",
        "tools: [{files: tools/*}]\nsystem: [{template: p.hbs}]\nmessages:\n  - {files: [\"docs/*.md\"], wrap: document}\n  \
         - {examples: ex.jsonl, pick: {count: 2, by: diverse}}\n  - {user: \"{{q}}\"}\ninputs: {q: {tokens: 10}}\n\
         output: {max_tokens: 9}\nvariants: {terse: {system: [{text: Short}]}}\n",
    );
    repo.file("contexts/each.yaml", "each: docs/*.md\nsystem: [{file: $each}]\noutput: {max_tokens: 9}\n");
    repo.file("templates/p.hbs", "{{shop}}{{#each list}} {{this}}{{/each}}\n");
    repo.file("tools/z.json", r#"{"name": "z", "input_schema": {"type": "object"}}"#);
    repo.file("tools/a.json", r#"{"name": "a", "input_schema": {"type": "object"}}"#);
    for name in ["b", "I", "i", "ä", "Z", "10", "9"] {
        repo.file(&format!("docs/{name}.md"), format!("# {name}\r\ntext of {name}\n"));
    }
    let examples: Vec<String> = (0..9).map(|n| format!("{{\"input\": \"i{n}\", \"output\": \"o{n}\"}}\n")).collect();
    repo.file("ex.jsonl", examples.concat());
    repo.file(".gitattributes", "docs/*.md -text\n");
    repo.commit("all of it");
    repo
}

fn files(folder: &Path) -> Bundles {
    let mut found = Bundles::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    assert!(!found.is_empty());
    found
}

/// What `words` build, beside the repository.
fn built(repo: &Repo, words: &str) -> Bundles {
    built_with(repo, words, &[])
}

fn built_with(repo: &Repo, words: &str, variables: &[(&str, &str)]) -> Bundles {
    let output = repo.outside("out");
    let arguments = words.split_whitespace().chain(["-o", output.to_str().unwrap()]);
    let run = variables.iter().fold(repo.contexture(arguments), |run, (name, value)| run.env(name, *value));
    run.run().exits(0);
    files(&output)
}

fn by_shell(repo: &Repo, before: &str) -> Bundles {
    let output = repo.outside("out");
    let script = format!("{before}; exec {} build -o {}", env!("CARGO_BIN_EXE_contexture"), output.display());
    let run = repo.clean("sh").args(["-c", &script]).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    files(&output)
}

fn in_a_clone(repo: &Repo, arguments: &[&str], words: &str) -> Bundles {
    built(&Repo::clone_of(repo, arguments), words)
}

/// Takes the working tree away and checks it out again, so that nothing keeps its age or order.
fn checked_out_again(repo: &Repo) {
    repo.git(["rm", "-r", "--quiet", "--cached", "."]);
    repo.git(["clean", "-dfxq"]);
    repo.git(["reset", "--hard", "--quiet"]);
}

const SAME: [Variation; 27] = [
    ("the commit", |repo| built(repo, "build --rev HEAD")),
    ("the index", |repo| built(repo, "build --staged")),
    ("again", |repo| {
        built(repo, "build");
        built(repo, "build")
    }),
    ("one job", |repo| built(repo, "build --jobs 1")),
    ("seven jobs", |repo| built(repo, "build --jobs 7")),
    ("quiet", |repo| built(repo, "build -q")),
    ("Turkish", |repo| built_with(repo, "build", &[("LC_ALL", "tr_TR.UTF-8"), ("LANG", "tr_TR.UTF-8")])),
    ("no locale", |repo| built_with(repo, "build", &[("LC_ALL", "C"), ("LANG", "")])),
    ("ahead of UTC", |repo| built_with(repo, "build", &[("TZ", "Pacific/Kiritimati")])),
    ("behind UTC", |repo| built_with(repo, "build", &[("TZ", "Pacific/Pago_Pago")])),
    ("another day", |repo| built_with(repo, "build", &[("SOURCE_DATE_EPOCH", "86400")])),
    ("another user", |repo| built_with(repo, "build", &[("USER", "root"), ("LOGNAME", "root"), ("HOME", "/nowhere")])),
    ("in CI", |repo| built_with(repo, "build", &[("CI", "true"), ("GITHUB_ACTIONS", "true"), ("TERM", "dumb")])),
    ("a cache that is new", |repo| {
        built_with(repo, "build", &[("XDG_CACHE_HOME", repo.outside("cache").to_str().unwrap())])
    }),
    ("a narrow umask", |repo| by_shell(repo, "umask 077")),
    ("a wide umask", |repo| by_shell(repo, "umask 000")),
    ("few open files", |repo| by_shell(repo, "ulimit -n 64")),
    ("no standard input", |repo| by_shell(repo, "exec <&-")),
    ("from a folder below", |repo| by_shell(repo, "cd docs")),
    ("a clone", |repo| in_a_clone(repo, &[], "build")),
    ("a clone without a past", |repo| in_a_clone(repo, &["--depth=1"], "build")),
    ("a clone without a working tree", |repo| in_a_clone(repo, &["--no-checkout"], "build --rev HEAD")),
    ("a clone with borrowed objects", |repo| in_a_clone(repo, &["--shared"], "build")),
    ("packed objects", |repo| {
        repo.git(["gc", "--quiet", "--aggressive", "--prune=now"]);
        built(repo, "build")
    }),
    ("a fresh checkout", |repo| {
        checked_out_again(repo);
        built(repo, "build")
    }),
    ("a linked working tree", |repo| {
        let beside = repo.outside("linked");
        repo.git(["worktree", "add", "--quiet", "--detach", beside.to_str().unwrap()]);
        by_shell(repo, &format!("cd {}", beside.display()))
    }),
    ("another name of the folder", |repo| {
        let longer = repo.outside("a folder with a long name and blanks");
        fs::create_dir(&longer).unwrap();
        let copied = repo.clean("cp").args(["-R", "."]).arg(&longer).status().unwrap();
        assert!(copied.success());
        by_shell(repo, &format!("cd '{}'", longer.display()))
    }),
];

const OTHER: [Variation; 4] = [
    ("another text", |repo| {
        repo.file("docs/b.md", "# other\n");
        built(repo, "build")
    }),
    ("another commit of the same text", |repo| {
        repo.git(["commit", "--quiet", "--allow-empty", "--message", "nothing"]);
        built(repo, "build")
    }),
    ("another day of prices", |repo| built(repo, "build --as-of 2026-01-01")),
    ("other prices", |repo| {
        let prices = "models:\n  gpt-6.1-sol:\n    prices: [{input: 3, output: 9, from: 2026-01-01}]\n";
        repo.file("prices.yaml", prices);
        repo.commit("prices");
        built(repo, "build")
    }),
];

#[test]
fn a_bundle_is_the_same_under_every_circumstance() {
    let first = project();
    let expected = built(&first, "build");
    for (name, build) in SAME {
        let repo = project();
        assert_eq!(repo.git(["rev-parse", "HEAD"]), first.git(["rev-parse", "HEAD"]), "the project is made anew");
        let found = build(&repo);
        let differing: Vec<&String> = expected.keys().filter(|file| found.get(*file) != expected.get(*file)).collect();
        assert!(differing.is_empty() && found.len() == expected.len(), "{name}: {differing:?}");
    }
}

#[test]
fn a_bundle_of_something_else_is_another_one() {
    let expected = built(&project(), "build");
    for (name, build) in OTHER {
        assert_ne!(build(&project()), expected, "{name}");
    }
}
