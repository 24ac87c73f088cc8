//! Texts as they reach the model, and what is said of what does not: heads of files, patterns, and what
//! was meant to be filled in.

use super::contexts::told;
use crate::support::Repo;

/// A project without a repository.
fn project(files: &[(&str, &str)]) -> Repo {
    let repo = Repo::none();
    for (path, text) in files {
        repo.file(path, text);
    }
    repo
}

/// The text of the one segment of the context `a`, and the codes of the warnings.
fn rendered(repo: &Repo) -> (String, Vec<String>) {
    let outcome = repo.run("render a").exits(0);
    let text = outcome.stdout.split("```text\n").nth(1).unwrap_or_default();
    let text = text.split("\n```").next().unwrap_or_default().trim_end_matches('\n').to_owned();
    (text, told(&outcome))
}

#[test]
fn front_matter_is_one_rule_for_fragments_and_templates_of_every_ending() {
    let whole = |head: &str| format!("{head}Hi.\n");
    let stays = "\0";
    for (head, rest, warning) in [
        ("---\ntitle: T\n---\n\n", "", None),
        ("---\n# a comment\n---\n", "", None),
        ("---\nRelease date: 2026-01-01\n---\n", "", None),
        ("---\nglobs: **/*.ts\n---\n", "", Some("front-matter")),
        ("---\ndescription: Use it for: lists\n---\n", "", Some("front-matter")),
        ("---\nname: a\nname: b\n---\n", "", Some("front-matter")),
        ("---\n**Note**: between two rules.\n---\n", stays, None),
        ("---\nBetween two rules.\n---\n", stays, None),
        ("---\nThanks for all of it. Some words: more\n---\n", stays, Some("front-matter")),
        ("---\ntitle: T\n", stays, Some("front-matter")),
        ("+++\ntitle = \"T\"\n+++\n\n", "", Some("front-matter")),
        ("+++\n# a comment\n[extra]\nx = 1\n+++\n", "", Some("front-matter")),
        ("+++\nPlus signs around prose.\n+++\n", stays, None),
        ("<!--\nname: x\n-->\n", "", None),
        ("<!-- Important: never name prices. -->\n", stays, None),
        ("<!--\nNote: never name prices.\n-->\n", stays, None),
        ("<!-- Never name prices. -->\n", stays, None),
    ] {
        let expected = if rest == stays { whole(head).trim_end().to_owned() } else { "Hi.".to_owned() };
        for ending in ["md", "MD", "mdc", "mdx", "mkd", "qmd", "Rmd", "prompt", "txt", "hbs"] {
            let file = format!("texts/a.{ending}");
            let manifest = format!("system: [{{file: {file}}}]\n");
            let repo = project(&[("contexts/a.yaml", &manifest), (&file, &whole(head))]);
            let (text, warnings) = rendered(&repo);
            assert_eq!(
                (text.as_str(), warnings.len()),
                (&*expected, warning.iter().count()),
                "{ending} {head:?}: {warnings:?}"
            );
            assert!(warnings.iter().all(|told| told.starts_with("front-matter texts/a.")), "{head:?}: {warnings:?}");

            let template = format!("templates/a.{ending}");
            let repo = project(&[("contexts/a.yaml", "system: [{template: a}]\n"), (&template, &whole(head))]);
            let (text, warnings) = rendered(&repo);
            assert_eq!((text.as_str(), warnings.len()), (&*expected, warning.iter().count()), "{template} {head:?}");
        }
        let repo =
            project(&[("contexts/a.yaml", "system: [{file: a.md, front_matter: keep}]\n"), ("a.md", &whole(head))]);
        let (text, warnings) = rendered(&repo);
        let none = warnings.iter().filter(|told| !told.starts_with("front-matter contexts/a.yaml")).count();
        assert_eq!((text.as_str(), none), (whole(head).trim_end(), 0), "keep {head:?}: {warnings:?}");
    }
}

#[test]
fn data_has_no_front_matter_and_an_option_without_effect_is_said() {
    let data = "---\na: 1\n---\nb: 2\n";
    let repo = project(&[("contexts/a.yaml", "system: [{file: a.yaml, front_matter: strip}]\n"), ("a.yaml", data)]);
    assert_eq!(rendered(&repo), (data.trim_end().to_owned(), vec!["front-matter contexts/a.yaml:1".to_owned()]));
    let include = ("templates/t.hbs", "{{include \"a.md\"}}");
    let repo =
        project(&[("contexts/a.yaml", "system: [{template: t}]\n"), include, ("a.md", "---\na: b: c\n---\nHi.\n")]);
    assert_eq!(rendered(&repo), ("Hi.".to_owned(), vec!["front-matter a.md:2".to_owned()]));
}

#[test]
fn patterns_take_what_git_takes() {
    let repo = Repo::new();
    let files = [
        "a.md",
        "b.md",
        "ab.md",
        "a?.md",
        "a*b.md",
        "axb.md",
        "!a.md",
        "{a,b}.md",
        "q[1].md",
        "q1.md",
        "s/page.md",
        "x/z.md",
        "[slug]/page.md",
        "x/y/z.md",
        "x/y/w/z.md",
        "x/.h.md",
        ".hid/a.md",
        "d/a.md/b.md",
    ];
    for file in files {
        repo.file(&format!("f/{file}"), format!("{file}\n"));
    }
    let patterns = [
        "*.md",
        "**/*.md",
        "*/page.md",
        "[slug]/*.md",
        r"\[slug\]/*.md",
        "{a,b}.*",
        "a?.*",
        r"a\?.*",
        r"a\*b.m*",
        "a*b.md",
        r"\!*.md",
        "q[1].*",
        "x/**",
        "x/**/z.md",
        "**/z.md",
        "**",
        "x/*/z.md",
        "*/*",
        ".*/*",
        "a**.md",
        "**b.md",
        "x/**/**/z.md",
        "*[*",
        "d/*",
    ];
    for (number, pattern) in patterns.iter().enumerate() {
        // Behind a folder, a leading `!` means nothing; the plain one is tried below.
        let list = serde_json::json!([format!("f/{pattern}")]);
        repo.file(
            &format!("contexts/p{number}.yaml"),
            format!("system: [{{files: {list}}}, {{text: x}}]\n").replace("]}, {", "], optional: true}, {"),
        );
    }
    repo.committed("base");
    for (number, pattern) in patterns.iter().enumerate() {
        let shown = repo.run(&format!("render p{number}")).exits(0).stdout;
        let path = |line: &str| line.starts_with("`system/1").then(|| line.split('`').nth(3).map(str::to_owned))?;
        let ours: Vec<String> = shown.lines().filter_map(path).collect();
        // What stands for itself here is escaped for git. (`x**/z` is left out: git skips the plain beginning of a
        // pathspec before it looks whether `**` is a whole part.)
        let (mut spec, mut escaped) = (String::from(":(glob)f/"), false);
        for c in pattern.chars() {
            if matches!(c, '[' | ']' | '?') && !escaped {
                spec.push('\\');
            }
            escaped = c == '\\';
            spec.push(c);
        }
        let listed = repo.git(["-c", "core.quotePath=false", "ls-files", "-z", "--", &spec]);
        let mut git: Vec<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
        git.sort_unstable();
        assert_eq!(ours, git, "{pattern}");
    }
    repo.file("contexts/p.yaml", "system: [{files: [\"\\\\!a.m*\"]}]\n").file("!a.md", "Yes.\n");
    assert!(repo.run("render p").exits(0).stdout.contains("`!a.md`"));
    repo.file("contexts/p.yaml", "system: [{files: [\"f\\\\a.md\"]}]\n");
    let outcome = repo.run("render p").exits(2);
    assert_eq!(told(&outcome), ["bad-path contexts/p.yaml:1"]);
    assert!(outcome.stderr.contains("folders are parted by `/`: `f/a.md`"), "{}", outcome.stderr);
    repo.file("contexts/p.yaml", "system: [{files: ['f\\*.md']}]\n");
    let outcome = repo.run("render p").exits(2);
    assert!(outcome.stderr.contains("folders are parted by `/`: `f/*.md`"), "{}", outcome.stderr);
    // As in git, a file that two entries match stands once.
    repo.file("contexts/p.yaml", "system: [{files: [f/ab.md, 'f/a*.md', f/ab.md]}]\n");
    assert_eq!(repo.run("render p").exits(0).stdout.matches("`f/ab.md`").count(), 1);
}

#[test]
fn brackets_in_paths_and_rules_that_take_back_are_read_as_git_reads_them() {
    let paths = |repo: &Repo| -> Vec<String> {
        let shown = repo.run("render a").exits(0).stdout;
        shown
            .lines()
            .filter(|line| line.starts_with("`system/"))
            .map(|line| line.split('`').nth(3).unwrap().into())
            .collect()
    };
    for pattern in ["app/[slug]/*.md", r"app/\[slug\]/*.md"] {
        let repo = project(&[("app/[slug]/page.md", "Page of the slug.\n"), ("app/s/page.md", "Page of s.\n")]);
        repo.file("contexts/a.yaml", format!("system: [{{files: ['{pattern}']}}]\n"));
        assert_eq!(rendered(&repo).0, "Page of the slug.", "{pattern}");
    }
    // What is ignored, where that is written, the files, the pattern, and what it matches.
    for (ignore, rules, files, pattern, expected) in [
        (
            ".gitignore",
            "*.test.md\n!dir/*\n",
            ["dir/a.test.md", "dir/sub/b.test.md", "x.md"],
            "dir/**/*.md",
            &["dir/a.test.md"][..],
        ),
        (
            ".git/info/exclude",
            "*.log.md\n!important.log.md\n",
            ["important.log.md", "n/important.log.md", "n/a.log.md"],
            "**/*.md",
            &["important.log.md", "n/important.log.md"],
        ),
    ] {
        let repo = Repo::new();
        repo.file("contexts/a.yaml", format!("system: [{{files: ['{pattern}']}}]\n")).commit("base");
        repo.file(ignore, rules);
        for file in files {
            repo.file(file, "Text.\n");
        }
        assert_eq!(paths(&repo), expected, "{rules:?}");
    }
}

#[test]
fn each_entry_of_a_list_of_files_is_looked_at() {
    for (list, code, expected) in [
        ("[r/safty.md, r/tone.md]", 2, "missing-fragment contexts/a.yaml:1"),
        ("[r/tone.md, s/*.md]", 0, "unmatched-pattern contexts/a.yaml:1"),
        ("[r/*.md, '!r/draft-*.md']", 0, "unmatched-pattern contexts/a.yaml:1"),
        ("[r/*.md, '!r/tone.md']", 0, ""),
        ("[s/*.md, q/*.md]", 2, "no-match contexts/a.yaml:1"),
    ] {
        let manifest = format!("system: [{{files: {list}}}]\n");
        let repo =
            project(&[("contexts/a.yaml", &manifest), ("r/safety.md", "Be safe.\n"), ("r/tone.md", "Be kind.\n")]);
        assert_eq!(told(&repo.run("build").exits(code)).join(", "), expected, "{list}");
        let manifest = format!("system: [{{files: {list}, optional: true}}, {{text: x}}]\n");
        repo.file("contexts/a.yaml", manifest);
        assert_eq!(told(&repo.run("render a").exits(0)), Vec::<String>::new(), "{list}");
    }
}

#[test]
fn what_another_template_language_would_fill_in_is_told() {
    let template =
        "You help {{ name }}.\n{% if vip %}Now.{% endif %}\n{# later #}\nDear {name}, ${name}, <%= name %>, {other}\n";
    let repo =
        project(&[("contexts/a.yaml", "vars: {name: Ann}\nsystem: [{template: j}]\n"), ("templates/j.hbs", template)]);
    let lines: Vec<String> =
        [2, 2, 3, 4, 4, 4].iter().map(|line| format!("template-leftover templates/j.hbs:{line}")).collect();
    assert_eq!(told(&repo.run("check").exits(0)), lines);
    let fragment = "---\nx: \"{name}\"\n---\nDear {name}, `{name}`, {other}\n\n```\n{name}\n```\n";
    repo.file("contexts/a.yaml", "vars: {name: Ann}\nsystem: [{file: a.md}, {text: \"Dear {name}\"}]\n")
        .file("a.md", fragment);
    assert_eq!(told(&repo.run("check").exits(0)), ["template-leftover a.md:4", "template-leftover contexts/a.yaml:2"]);
}

#[test]
fn an_input_that_nothing_uses_is_told() {
    for (rest, expected) in [
        ("system: [{template: q}]\n", vec!["unused-input contexts/a.yaml:1", "template-leftover templates/q.hbs:1"]),
        ("messages: [{user: \"{{question}}\"}]\n", vec![]),
        ("vars: {on: false}\nsystem: [{text: x}, {template: other, when: on}]\n", vec![]),
        ("system: [{text: x}]\nvariants: {b: {messages: [{user: \"{{question}}\"}]}}\n", vec![]),
    ] {
        let manifest = format!("inputs: {{question: {{tokens: 50}}}}\n{rest}");
        let repo = project(&[
            ("contexts/a.yaml", &manifest),
            ("templates/q.hbs", "Answer {question}.\n"),
            ("templates/other.hbs", "{{question}}\n"),
        ]);
        let mut found = told(&repo.run("check").exits(0));
        found.sort_by_key(|told| !told.starts_with("unused"));
        assert_eq!(found, expected, "{rest}");
    }
}

#[test]
fn a_name_that_templates_know_already_is_told() {
    let repo = project(&[
        ("contexts/a.yaml", "vars: {len: 3, title: T, tone: kind}\nsystem: [{file: a.md, wrap: w}]\n"),
        ("templates/w.hbs", "{{title}}: {{content}}\n"),
        ("a.md", "Hi.\n"),
    ]);
    let two = vec!["shadowed-name contexts/a.yaml:1"; 2];
    assert_eq!(told(&repo.run("check").exits(0)), two);
    repo.file("contexts/a.yaml", "vars: {title: T}\nsystem: [{file: a.md}]\n");
    assert_eq!(told(&repo.run("check").exits(0)), Vec::<String>::new());
}

#[test]
fn a_number_that_a_template_spells_otherwise_is_told() {
    let repo = project(&[
        ("contexts/a.yaml", "vars: {n: 0x1f, unused: 1.50}\nsystem: [{template: t}, {file: a.md, wrap: w}]\n"),
        ("templates/t.hbs", "Take {{n}}.\n"),
        ("templates/w.hbs", "{{json meta.version}} {{content}}\n"),
        ("a.md", "---\nversion: 1.10\nother: 2.50\n---\nHi.\n"),
    ]);
    assert_eq!(told(&repo.run("check").exits(0)), ["respelled-number contexts/a.yaml:1", "respelled-number a.md:2"]);
}

#[test]
fn numbers_of_tools_and_schemas_keep_their_value_or_are_refused() {
    for (number, code) in [
        ("1E5", 0),
        ("0.10", 0),
        ("-0.0", 0),
        ("18446744073709551616", 2),
        ("9007199254740993", 2),
        ("1.00000000000000000001", 2),
    ] {
        let json = format!("{{\"name\":\"t\",\"input_schema\":{{\"type\":\"object\",\"maximum\":{number}}}}}");
        let yaml = format!("name: t\ninput_schema: {{type: object, maximum: {number}}}\n");
        for (path, text) in [("t.json", &json), ("t.yaml", &yaml)] {
            let manifest = format!("tools: [{{file: {path}}}]\nsystem: [{{text: x}}]\n");
            let repo = project(&[("contexts/a.yaml", &manifest), (path, text)]);
            let found = told(&repo.run("render a").exits(code));
            assert!(
                found.iter().all(|told| told.starts_with("inexact-number t.")) && (code == 0) == found.is_empty(),
                "{number}: {found:?}"
            );
        }
        let manifest = format!("system: [{{text: x}}]\noutput: {{schema: {{type: object, maximum: {number}}}}}\n");
        project(&[("contexts/a.yaml", &manifest)]).run("render a").exits(code);
    }
}
