//! What small things make large: each is refused by name, soon and in little memory.

use std::fs;

use crate::support::{Outcome, Repo};

/// Runs the program with a gibibyte of address space, and a minute of the processor: a release build, for which ten
/// seconds are meant, is many times faster.
#[track_caller]
fn bounded(repo: &Repo, words: &str) -> Outcome {
    let script = format!("ulimit -v 1048576; ulimit -t 60; exec {} --jobs 2 {words}", env!("CARGO_BIN_EXE_contexture"));
    let ran: Outcome = repo.clean("sh").args(["-c", &script]).output().expect("sh runs").into();
    assert!(matches!(ran.status, Some(0..=2)), "{words}: {ran}");
    ran
}

/// A commit on a branch `pr`, whose root tree has one more entry.
fn with_entry(repo: &Repo, entry: &str) {
    let root = repo.git(["ls-tree", "HEAD"]) + entry + "\n";
    let tree = String::from_utf8(repo.git_with_input(&["mktree", "--missing"], root.as_bytes())).expect("an id");
    let commit = repo.git(["commit-tree", "-p", "HEAD", "-m", "pr", tree.trim()]);
    repo.git(["branch", "--force", "pr", commit.trim()]);
}

/// A commit on the checked-out branch, whose file of that name is another blob.
fn with_entry_in_place(repo: &Repo, path: &str, blob: &str) {
    repo.git(["update-index", "--cacheinfo", &format!("100644,{blob},{path}")]);
    repo.git(["commit", "--quiet", "--message", "change"]);
}

fn stored(repo: &Repo, bytes: &[u8]) -> String {
    let id = repo.git_with_input(&["hash-object", "-w", "--stdin"], bytes);
    String::from_utf8(id).expect("an id").trim().to_owned()
}

#[test]
fn trees_that_differ_in_ten_billion_paths() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system: [{text: Hi}]\nmessages: [{user: Hi}]\n").commit("base");
    let (mut mode, mut kind, mut id) = ("100644", "blob", stored(&repo, b"x"));
    for _ in 0..10 {
        let entries: String = (0..10).map(|n| format!("{mode} {kind} {id}\td{n}\n")).collect();
        id = String::from_utf8(repo.git_with_input(&["mktree"], entries.as_bytes())).expect("an id").trim().to_owned();
        (mode, kind) = ("040000", "tree");
    }
    with_entry(&repo, &format!("040000 tree {id}\tzbomb"));
    for words in ["diff main...pr", "diff main..pr --format json", "diff pr", "log a pr", "check --rev pr --base main"]
    {
        let ran = bounded(&repo, words);
        assert!(ran.status == Some(0) || ran.stderr.contains("1000000"), "{words}: {ran}");
    }
    assert!(bounded(&repo, "diff main...pr").stderr.contains("too large to list: more than 1000000 files and folders"));
}

/// 20 names of one blob of 100 MB that packs to 100 KB.
#[test]
fn one_blob_under_many_names() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system: [{files: f/*.md}]\nmessages: [{user: Hi}]\n").commit("base");
    let id = stored(&repo, "ab ".repeat(20_000_000).as_bytes());
    let names: String = (0..20).map(|n| format!("100644 blob {id}\t{n}.md\n")).collect();
    let folder = String::from_utf8(repo.git_with_input(&["mktree"], names.as_bytes())).expect("an id");
    with_entry(&repo, &format!("040000 tree {}\tf", folder.trim()));
    for words in ["check --rev pr", "build --rev pr", "render a --rev pr", "diff main..pr"] {
        let ran = bounded(&repo, words);
        let said = "with it, what this context reads would be more than 268435456 bytes; that is the limit";
        assert!(ran.stderr.contains(said) && ran.stderr.contains("f/"), "{words}: {ran}");
    }
}

/// A hundred and five commits of 20 MB each, which pack to little. They hold no text, so that a build without
/// optimisation has nothing to count.
#[test]
fn a_history_of_huge_files() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system: [{file: big.md}]\nmessages: [{user: Hi}]\n")
        .file("big.md", "x")
        .commit("base");
    let mut bytes = vec![0xff; 20_000_000];
    for n in 0..105 {
        bytes[1] = n;
        with_entry_in_place(&repo, "big.md", &stored(&repo, &bytes));
    }
    let ran = bounded(&repo, "log a").exits(2);
    assert!(
        ran.stderr.contains("more than 2000000000 bytes of different files and prompts; that is the limit"),
        "{ran}"
    );
    bounded(&repo, "log a HEAD~3..").exits(0);
}

#[test]
fn a_prompt_of_one_text_again_and_again() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", format!("system:\n{}messages: [{{user: Hi}}]\n", "  - file: big.md\n".repeat(60)));
    repo.file("big.md", "one line of many\n".repeat(300_000)).commit("base");
    let ran = bounded(&repo, "check").exits(2);
    assert!(ran.stderr.contains("the prompt is more than 268435456 bytes; that is the limit"), "{ran}");
}

#[test]
fn an_object_that_is_cut_short_at_any_byte() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system: [{file: a.md}]\nmessages: [{user: Hi}]\n");
    repo.file("a.md", (0..20).map(|n| format!("line {n} of a text\n")).collect::<String>()).commit("base");
    let commands = ["build --rev HEAD --output o", "log a", "blame a", "diff HEAD"];
    for (of, commands) in [("HEAD:a.md", &commands[..2]), ("HEAD", &commands), ("HEAD^{tree}", &commands)] {
        let id = repo.git(["rev-parse", of]);
        let file = repo.at(&format!(".git/objects/{}/{}", &id[..2], id[2..].trim()));
        let whole = fs::read(&file).expect("a loose object");
        fs::remove_file(&file).expect("removed");
        for length in (0..whole.len()).step_by(7) {
            fs::write(&file, &whole[..length]).expect("written");
            for words in commands {
                let ran = bounded(&repo, words);
                let told = format!("{of}, {length}, {words}: {ran}");
                // A history tells of a commit that is broken, and the end may be missing behind which is nothing more.
                let is_told =
                    ran.status == Some(2) && ran.stderr.contains("damaged") || ran.stdout.contains("[broken]");
                assert!(is_told || length + 8 > whole.len() || *words == "diff HEAD", "{told}");
            }
        }
        fs::write(&file, &whole).expect("written");
    }
}

#[test]
fn a_schema_that_doubles_at_each_level() {
    let repo = Repo::new();
    let manifest = "models: [gpt-6.1-sol]\nsystem: [{examples: e.jsonl}]\nmessages: [{user: Hi}]\noutput: {schema: s.json, max_tokens: 9}\n";
    repo.file("contexts/a.yaml", manifest).file("e.jsonl", "{\"user\": \"q\", \"assistant\": \"\\\"x\\\"\"}\n");
    for keyword in ["anyOf", "allOf", "oneOf"] {
        let mut levels: Vec<String> = (0..40)
            .map(|n| {
                format!(
                    "\"n{n}\": {{\"{keyword}\": [{{\"$ref\": \"#/$defs/n{m}\"}}, {{\"$ref\": \"#/$defs/n{m}\"}}]}}",
                    m = n + 1
                )
            })
            .collect();
        levels.push("\"n40\": {\"type\": \"integer\"}".to_owned());
        repo.file("s.json", format!("{{\"$ref\": \"#/$defs/n0\", \"$defs\": {{{}}}}}", levels.join(", ")))
            .commit(keyword);
        for words in ["check", "build", "render a", "diff HEAD~1"] {
            bounded(&repo, words);
        }
        let said = bounded(&repo, "check").stderr;
        assert!(said.contains("the output schema cannot be used to check examples"), "{said}");
    }
}

#[test]
fn a_manifest_of_faults() {
    let repo = Repo::new();
    let keys: String = (0..50_000).map(|n| format!("unknown{n}: 1\n")).collect();
    repo.file("contexts/a.yaml", format!("system: [{{text: Hi}}]\n{keys}")).commit("faults");
    for words in ["check", "check --format json", "check --format github", "check --format sarif", "diff HEAD"] {
        let ran = bounded(&repo, words);
        assert!(
            ran.stdout.len() + ran.stderr.len() < 400_000,
            "{words}: {} bytes",
            ran.stdout.len() + ran.stderr.len()
        );
        let told = ran.stdout.contains("more messages") || ran.stderr.contains("more messages");
        assert!(told || words.starts_with("diff"), "{words}: {ran}");
    }
}

#[test]
fn only_what_a_bundle_has_is_read() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system: [{text: Hi}]\nmessages: [{user: Hi}]\n").commit("base");
    repo.run("build").exits(0);
    for n in 0..50 {
        fs::File::create(repo.at(&format!("dist/a.bundle/x{n}"))).expect("made").set_len(900 << 20).expect("long");
    }
    let ran = bounded(&repo, "verify dist/a.bundle").exits(1);
    assert!(ran.stdout.contains("x0 is not part of the bundle\n"), "{ran}");
    assert!(ran.stdout.ends_with("and 30 more files that are not part of the bundle\n"), "{ran}");
    fs::File::create(repo.at("dist/a.bundle/prompt.md")).expect("made").set_len(5 << 30).expect("long");
    assert!(bounded(&repo, "verify dist/a.bundle").exits(1).stdout.contains("prompt.md differs from byte 1 on"));
}

#[test]
fn what_is_odd_about_a_manifest_is_said() {
    let repo = Repo::new();
    let plain = "system: [{text: Hi}]\nmessages: [{user: Hi}]\n";
    repo.file("contexts/a.yaml", plain).file("contexts/A.yaml", plain).link("contexts/gone.yaml", "nowhere.yaml");
    repo.link("contexts/out.yaml", "../../outside.yaml").commit("odd");
    let made = repo.clean("mkfifo").arg(repo.at("contexts/pipe.yaml")).status().expect("mkfifo runs");
    assert!(made.success());
    for words in ["check", "build", "list"] {
        let ran = bounded(&repo, words).exits(2);
        for said in ["contexts/pipe.yaml` cannot be read: it is a FIFO", "contexts/gone.yaml", "contexts/out.yaml"] {
            assert!(ran.stderr.contains(said), "{words}: {ran}");
        }
    }
    assert!(bounded(&repo, "check").stderr.contains("`a` differs from `A` in case alone"));
}
