//! What a stranger may commit, one kind of malice each.

use crate::support::Repo;

const HEAD: &str = "models: [gpt-6.1-sol, claude-sonnet-5-5]\noutput: {max_tokens: 9}\n";

fn manifest(repo: &Repo, rest: &str) {
    repo.file("contexts/a.yaml", format!("{HEAD}{rest}"));
}

/// Nine levels of nine aliases: 400 million values in 300 bytes.
pub fn a_bomb_of_aliases(repo: &Repo) {
    let mut bomb = "vars:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let before = format!("*a{}", level - 1);
        bomb += &format!("  a{level}: &a{level} [{}]\n", [before.as_str(); 9].join(", "));
    }
    manifest(repo, &format!("{bomb}system: [{{text: Hi}}]\n"));
    repo.file("docs/a.md", format!("---\n{bomb}---\ntext\n")).file("prices.yaml", &bomb).file("scenario.yaml", &bomb);
    repo.commit("bombs");
}

/// Lists in lists, in every format that is read.
pub fn a_tower_of_lists(repo: &Repo) {
    let tower = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    manifest(repo, &format!("vars: {{a: {tower}}}\nsystem: [{{text: Hi}}]\n"));
    repo.file("contexts/b.yaml", format!("{HEAD}tools: [{{file: deep.json}}]\nmessages: [{{examples: deep.jsonl}}]\n"));
    repo.file("deep.json", &tower).file("deep.jsonl", format!("{tower}\n")).commit("towers");
}

/// Six loops in each other over a hundred things: a gigabyte from a hundred bytes.
pub fn a_template_that_multiplies(repo: &Repo) {
    let things: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    manifest(repo, &format!("vars: {{all: [{}]}}\nsystem: [{{template: t.hbs}}]\n", things.join(", ")));
    let template = format!("{}word {}", "{{#each vars.all}}".repeat(6), "{{/each}}".repeat(6));
    repo.file("templates/t.hbs", template).commit("a loop of loops");
}

/// Templates that include themselves and each other.
pub fn templates_in_a_circle(repo: &Repo) {
    manifest(repo, "system: [{template: a.hbs}, {template: c.hbs}]\n");
    repo.file("templates/a.hbs", "{{> b}}").file("templates/b.hbs", "{{> a}}{{include \"docs/a.md\"}}");
    repo.file("templates/c.hbs", "{{#> c}}{{/c}}{{> (lookup this \"c\")}}").commit("circles");
}

/// Escapes, direction marks and control characters in everything that is ever shown.
pub fn text_that_moves_the_terminal(repo: &Repo) {
    let evil = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}\u{2066}\u{200b}\u{9b}31m";
    let quoted = "\\e[2J\\e]0;owned\\a\\u202E\\u2066\\u200B\\u009B31m";
    manifest(
        repo,
        &format!(
            "description: \"{quoted}\"\nowner: \"{quoted}\"\nvars: {{\"{quoted}\": 1}}\nsystem: [{{file: docs/a.md}}, {{text: \"{quoted}\"}}]\n"
        ),
    );
    repo.file("docs/a.md", format!("{evil}\nline\n")).file(&format!("docs/{}.md", "\u{202e}x\u{200b}"), evil);
    repo.file("contexts/b.yaml", format!("{HEAD}\"{quoted}\": 1\nsystem: [{{file: \"{quoted}\"}}]\n"));
    repo.file("scenario.yaml", format!("model: \"{quoted}\"\n"));
    repo.git(["config", "user.name", "\u{202e}evil \u{1b}[31mauthor"]);
    repo.commit("evil \u{1b}[2J\u{202e} subject");
}

/// Names and texts that mean something in Markdown, HTML, SARIF and workflow commands.
pub fn names_that_are_markup(repo: &Repo) {
    let names = [
        "<img src=x onerror=alert(1)>.md",
        "[click](javascript:alert(1)).md",
        "@everyone #1 `code`.md",
        "::error file=x,line=1::owned.md",
        "a|b|c.md",
        "%0A::set-output name=x::y.md",
        "=cmd()+1,\"x\".md",
    ];
    for name in names {
        repo.file(
            &format!("docs/{name}"),
            "</script><script>alert(1)</script>\n```\n::warning::x\n<!-- contexture -->\n",
        );
    }
    manifest(repo, "description: \"<b>@me</b> [x](y) | `z`\"\nsystem: [{files: [docs/*.md], wrap: document}]\n");
    repo.file("contexts/<i>.yaml", format!("{HEAD}system: [{{text: x}}]\n")).commit("<script>alert(1)</script> @me #1");
}

/// Commands of CI runners in everything that is ever shown, in every spelling that a runner takes for one.
pub fn words_that_command_a_runner(repo: &Repo) {
    let (first, second) = ("##[stop-commands]x", "::set-output name=safe::yes");
    let spellings = [
        first,
        second,
        " \u{a0}::add-mask::e",
        "#\u{200d}#[add-mask]e",
        ":\u{ad}:add-path::e",
        "##vso[task.complete]x",
    ];
    for name in spellings {
        repo.file(&format!("docs/{name}.md"), spellings.join("\n") + "\n");
        let quoted = spellings.join("\\n");
        let rest = format!("description: \"{quoted}\"\nowner: \"{quoted}\"\nvars: {{\"{quoted}\": \"{quoted}\"}}\n");
        repo.file(
            &format!("contexts/{name}.yaml"),
            format!("{HEAD}{rest}system: [{{file: \"docs/{name}.md\"}}, {{text: \"{quoted}\"}}]\n"),
        );
    }
    manifest(
        repo,
        &format!(
            "description: \"{second}\"\nsystem: [{{files: docs/*.md, wrap: document}}, {{text: \"{first}\"}}]\n\"{second}\": 1\n"
        ),
    );
    repo.git(["config", "user.name", &format!("{second}\u{200d}{first}")]);
    repo.commit(&format!("{second}\n\n{first}"));
    manifest(repo, &format!("description: \"{first}\"\nsystem: [{{file: docs/a.md}}, {{text: \"{second}\"}}]\n"));
    repo.file("contexts/broken.yaml", format!("\"{second}\": [\n {second}\n"));
    repo.file("scenario.yaml", format!("{second}\nmodel: \"{first}\"\n{first}\n"));
    repo.commit(first);
}

/// Names that look like options, commands or substitutions.
pub fn names_that_are_options(repo: &Repo) {
    for name in ["-rf", "--output=canary", "$(touch canary)", "`touch canary`", "; touch canary", "a b'c\"d", "*"] {
        repo.file(
            &format!("contexts/{name}.yaml"),
            format!("{HEAD}system: [{{file: \"docs/{}.md\"}}]\n", name.replace('"', "\\\"")),
        );
        repo.file(&format!("docs/{name}.md"), "text\n");
    }
    repo.commit("--amend");
    repo.git(["update-ref", "refs/heads/--upload-pack=canary", "HEAD"]);
    repo.git(["update-ref", "refs/tags/-x", "HEAD"]);
}

/// Invalid UTF-8, NUL, byte-order marks and other encodings, in every kind of file.
pub fn bytes_that_are_no_text(repo: &Repo) {
    let bytes: Vec<u8> = (0..=255).cycle().take(4096).collect();
    manifest(
        repo,
        "system: [{file: docs/a.md}, {file: docs/bom.md}]\nmessages: [{examples: ex.jsonl}, {examples: ex.csv}]\n",
    );
    for file in
        ["docs/a.md", "ex.jsonl", "ex.csv", "templates/t.hbs", "contexts/b.yaml", "scenario.yaml", "contexture.lock"]
    {
        repo.file(file, &bytes);
    }
    repo.file("docs/bom.md", "\u{feff}text\0\n").file("contexts/c.yaml", b"\xff\xfem\0o\0d\0e\0l\0s\0:\0");
    repo.commit("noise");
}

/// A megabyte without a line break, of the kinds that are slow to count or to break into lines.
pub fn one_line_without_end(repo: &Repo) {
    manifest(repo, "system: [{file: docs/a.md}, {file: docs/b.md}, {file: docs/c.md, split: paragraphs}]\n");
    repo.file("docs/a.md", " ".repeat(300_000)).file("docs/b.md", "a".repeat(300_000));
    repo.file("docs/c.md", "\u{6211}".repeat(100_000)).commit("one line");
    repo.file("docs/c.md", "\u{4eec}".repeat(100_000)).commit("another line");
}

/// A set from which some are picked for their difference from each other.
pub fn ten_thousand_examples(repo: &Repo) {
    let line = |n: usize| {
        format!("{{\"input\": \"question {n}\", \"output\": \"answer {}\", \"label\": \"{}\"}}\n", n % 7, n % 50)
    };
    repo.file("ex.jsonl", (0..10_000).map(line).collect::<String>());
    manifest(repo, "messages: [{examples: ex.jsonl, pick: {count: 50, by: coverage, label: label}}, {user: Hi}]\n");
    repo.file(
        "contexts/b.yaml",
        format!("{HEAD}messages: [{{examples: ex.jsonl, pick: {{count: 20, by: diverse}}}}]\n"),
    );
    repo.commit("many");
}

/// Links out of the project, to devices, to themselves, and a pipe where a file should be.
pub fn links_to_everywhere(repo: &Repo) {
    manifest(repo, "system: [{file: docs/out.md}, {files: [docs/*.md]}, {files: [loop/**/*.md]}]\n");
    repo.link("docs/out.md", "/etc/passwd")
        .link("docs/up.md", "../../../../etc/passwd")
        .link("docs/self.md", "self.md");
    repo.link("docs/zero.md", "/dev/zero")
        .link("loop", ".")
        .link("templates", "/etc")
        .link("docs/git.md", "../.git/config");
    repo.commit("links");
    let made = repo.clean("mkfifo").arg(repo.at("docs/pipe.md")).status().expect("mkfifo runs");
    assert!(made.success());
}

/// Every setting of git's that names a command, and attributes that ask for it.
pub fn settings_that_run_commands(repo: &Repo) {
    repo.file(".gitattributes", "*.md filter=evil diff=evil merge=evil\n*.yaml filter=evil\n");
    manifest(repo, "system: [{file: docs/a.md}]\n");
    repo.commit("attributes");
    let touch = format!("touch {}", repo.outside("canary").display());
    for key in [
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "diff.evil.textconv",
        "diff.evil.command",
        "diff.external",
        "core.fsmonitor",
        "core.sshCommand",
        "core.editor",
        "core.pager",
        "core.askPass",
        "gpg.program",
        "credential.helper",
        "uploadpack.packObjectsHook",
        "core.hooksPath",
        "core.gitProxy",
    ] {
        repo.git(["config", key, &touch]);
    }
}

/// A lock, a bundle and a project file that say what is not so.
pub fn files_of_our_own_that_lie(repo: &Repo) {
    repo.file("contexture.yaml", "default_branch: \"--upload-pack=touch canary\"\nvars: {a: 1}\n");
    repo.file("contexture.lock", "<<<<<<< ours\n[a]\nprefix cx1:00\n=======\n>>>>>>> theirs\n");
    let commit = "0".repeat(40);
    let record = format!(
        "{{\"schema\": \"contexture.bundle/1\", \"id\": \"../../a\", \"date\": \"9999-99-99\", \"cards\": \"\", \"source\": {{\"kind\": \"commit\", \"commit\": \"{commit}\"}}}}"
    );
    repo.file("dist/a.bundle/bundle.json", record).file("dist/a.bundle/../b.bundle/bundle.json", "{}");
    repo.file("prices.yaml", "models: {gpt-6.1-sol: {prices: [{input: -1, output: 1e999}]}}\n");
    repo.git(["add", "--force", "dist"]);
    repo.commit("lies");
}
