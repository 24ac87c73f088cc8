//! What a stranger's files may try in any format: to go in circles, to be read from elsewhere, to show what is not theirs,
//! to be nothing at all, to be one thing today and another tomorrow.

use std::fs;

use serde_json::json;

use crate::support::Repo;

/// What no output may hold: it stands in the home folder, above the project and in the environment.
const SECRET: &str = "hunter2-nobody-reads-this";

/// A project below a folder that holds a secret, in the home folder and the environment too.
fn beside_a_secret(files: &[(&str, &str)], manifest: &str) -> (String, String) {
    let repo = Repo::new();
    for name in ["secret.md", "secret.prompt", "_secret.prompt", "secret.json"] {
        fs::write(repo.at("..").join(name), SECRET).unwrap();
    }
    for (path, text) in files {
        repo.file(path, *text);
    }
    repo.file("contexts/c.yaml", format!("{manifest}\nmodels: [gpt-6.1-sol]\n"));
    // The folder above is the home folder, too.
    let outcome = repo.contexture(["build", "-v"]).env("STOLEN", SECRET).run();
    let mut written = outcome.stdout.clone();
    for entry in fs::read_dir(repo.at("dist/c.bundle")).into_iter().flatten() {
        written += &String::from_utf8_lossy(&fs::read(entry.unwrap().path()).unwrap());
    }
    (written, outcome.stderr)
}

#[test]
fn nothing_from_elsewhere_is_read_or_shown() {
    for (what, files, manifest, said) in [
        (
            "Claude: home",
            vec![("CLAUDE.md", "A @~/secret.md b\n")],
            "prompt: CLAUDE.md",
            "warning[import]: `@~/secret.md`",
        ),
        (
            "Claude: above",
            vec![("CLAUDE.md", "A @../secret.md b\n")],
            "prompt: CLAUDE.md",
            "warning[import]: `@../secret.md`",
        ),
        (
            "Claude: a rule",
            vec![(".claude/rules/a.md", "@../../../secret.md\n"), ("CLAUDE.md", "A\n")],
            "prompt: CLAUDE.md",
            "warning[import]: `@../../../secret.md`",
        ),
        (
            "Copilot",
            vec![(".github/copilot-instructions.md", "A\n"), ("CLAUDE.md", "@../secret.md\n")],
            "prompt: .\nformat: copilot",
            "",
        ),
        ("dotprompt: a partial", vec![("a.prompt", "{{> ../secret}}")], "prompt: a.prompt", "error[unknown-template]"),
        (
            "Prompty: a file",
            vec![("a.prompty", "---\nsample: ${file:../secret.json}\n---\nA\n")],
            "prompt: a.prompty",
            "`sample` comes from the file `../secret.json`, which is not followed",
        ),
        (
            "Prompty: a model",
            vec![("a.prompty", "---\nmodel: ${env:STOLEN}\n---\nA\n")],
            "prompt: a.prompty",
            "`model` comes from the environment (`STOLEN`), which no build reads",
        ),
        (
            "Prompty: an input",
            vec![("a.prompty", "---\ninputs: {x: '${env:STOLEN}'}\n---\n{{x | upper}}\n")],
            "prompt: a.prompty",
            "`x` comes from the environment (`STOLEN`)",
        ),
        (
            "Prompty: an option",
            vec![("a.prompty", "---\nmodel: {id: gpt-6.1-sol, options: {temperature: '${env:STOLEN}'}}\n---\nA\n")],
            "prompt: a.prompty",
            "`temperature` comes from the environment (`STOLEN`)",
        ),
        (
            "Prompty: a connection",
            vec![(
                "a.prompty",
                "---\nmodel: {id: gpt-6.1-sol, connection: {apiKey: '${env:STOLEN}'}}\n---\nA ${env:STOLEN}\n",
            )],
            "prompt: a.prompty",
            "",
        ),
        ("a path above", vec![], "prompt: ../secret.prompt", "error[bad-path]"),
        ("a path of the home folder", vec![], "prompt: ~/secret.prompt", "error[bad-path]"),
        ("an absolute path", vec![], "prompt: /etc/passwd\nformat: skill", "error[bad-path]"),
    ] {
        let (written, stderr) = beside_a_secret(&files, manifest);
        assert!(stderr.contains(said), "{what}: {stderr}");
        assert!(
            !written.contains(SECRET) && !stderr.contains(SECRET) && !written.contains("root:"),
            "{what}: {written}{stderr}"
        );
    }
}

#[test]
fn circles_end_each_file_once() {
    let claude = [("CLAUDE.md", "@a.md\n"), ("a.md", "File a. @b.md\n"), ("b.md", "File b. @a.md @CLAUDE.md @b.md\n")];
    let repo = Repo::new();
    for (path, text) in claude {
        repo.file(path, text);
    }
    repo.file("contexts/c.yaml", "prompt: CLAUDE.md\nmodels: [gpt-6.1-sol]\n");
    let body = repo.run("render c --model gpt-6.1-sol --dialect chat --input cwd=CWD").exits(0).stdout;
    assert_eq!(["File a.", "File b."].map(|name| body.matches(name).count()), [1, 1], "{body}");
    for (path, text, code) in [
        ("p.prompt", "{{> p}}", "template-cycle"),
        ("p.yaml", "&a [*a]", ""),
        ("p.prompty", "---\nbase: p.prompty\n---\nA\n", "left-out-key"),
    ] {
        let repo = Repo::new();
        repo.file(path, text).file("_p.prompt", "{{> p}}").file("contexts/c.yaml", format!("prompt: {path}\n"));
        let outcome = repo.run("check");
        assert!(outcome.stderr.contains(code) && outcome.status.is_some_and(|code| code < 3), "{path}: {outcome}");
    }
}

/// A file under one name that is of one format today and of another tomorrow: the manifest goes by what is there.
#[test]
fn another_format_at_the_next_revision_is_a_change_of_text() {
    let chat = r#"[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]"#;
    let request = r#"{"model": "gpt-6.1-sol", "messages": [{"role": "system", "content": "Be very brief."}, {"role": "user", "content": "Hi"}]}"#;
    let first = "---\nsample: {q: x}\n---\nsystem:\n Be brief. \nuser:\nHi\n";
    let second = "---\ninputs: {q: x}\n---\nsystem:\n Be brief. \nuser:\nHi\n";
    for (from, to, name) in [
        (chat, request, "p/a.json"),
        (request, chat, "p/a.json"),
        (first, second, "p/a.prompty"),
        (
            "{{role \"system\"}}Be brief.",
            "---\nmodel: x/gpt-6.1-sol\n---\n{{role \"system\"}}Be very brief.",
            "p/a.prompt",
        ),
        (".", "---\nglobs: a\n---\nBe brief.\n", "p/a.mdc"),
    ] {
        let repo = Repo::new();
        repo.file("contexts/c.yaml", format!("prompt: {name}\nmodels: [gpt-6.1-sol]\n"));
        repo.file(name, from).commit("one");
        repo.file(name, to).commit("two");
        let outcome = repo.run("diff HEAD~1..HEAD --format json").exits(0);
        let diff: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert_eq!(diff["contexts"].as_array().map(Vec::len), Some(1), "{name}: {diff}");
        let broken = diff["broken"].as_array().map_or(0, Vec::len);
        assert_eq!(broken, 0, "{name}: {diff}");
    }
    // A manifest that follows the file by its pattern.
    let repo = Repo::new();
    repo.file("contexts/c.yaml", "each: 'p/*'\nprompt: $each\nmodels: [gpt-6.1-sol]\n");
    repo.file("p/a.prompt", "{{role \"system\"}}Be brief.").commit("one");
    fs::remove_file(repo.at("p/a.prompt")).unwrap();
    repo.file("p/a.prompty", "system:\nBe very brief.\n").commit("two");
    let shown = repo.run("diff HEAD~1..HEAD").exits(0).stdout;
    assert!(shown.contains("Be very brief"), "{shown}");
}

#[test]
fn a_file_of_no_format_is_said_with_what_was_tried() {
    for (path, text, wanted) in [
        ("a.bin", "x", "error[unknown-format]: neither the name of `a.bin` nor what it holds says which format it has"),
        (
            "a.yaml",
            "3",
            "error[unknown-format]: neither the name of `a.yaml` nor what it holds says which format it has",
        ),
        (
            "a.json",
            "{\"a\": 1}",
            "error[unknown-format]: this is the body of no request that is known: it has none of `messages`, `input` and `contents`",
        ),
        ("a.json", "{", "a.json:1:1"),
        ("a.prompt", "\0", "error[not-text]"),
        ("a.prompty", "\0", "error[not-text]"),
        (
            "a.j2",
            "{{ x }}",
            "say `format:`, one of dotprompt, prompty, chat, request, agents, claude, skill, subagent, command, copilot, cursor, fabric",
        ),
    ] {
        let repo = Repo::new();
        repo.file(path, text).file("contexts/c.yaml", format!("prompt: {path}\n"));
        let outcome = repo.run("check").exits(2);
        assert!(outcome.stderr.contains(wanted), "{path}: {outcome}");
    }
    let repo = Repo::new();
    repo.file("a.bin", "x").file("b.j2", "x").file("c.json", json!({"a": 1}).to_string());
    let outcome = repo.run("init --from a.bin --from *.j2 --from c.json").exits(2);
    assert!(outcome.stderr.contains("2 left out: no prompt by name or content, such as a.bin"), "{outcome}");
    assert!(outcome.stderr.contains("1 left out: Jinja is not read yet"), "{outcome}");
}
