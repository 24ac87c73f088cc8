//! `init --from`: the fewest manifests for what is there.

use std::fs;

use snapbox::str;

use crate::support::Repo;

fn team() -> Repo {
    let repo = Repo::new();
    repo.file("prompts/a.prompt", "{{role \"system\"}}Be brief.{{role \"user\"}}{{q}}\n");
    repo.file("prompts/sub/b.prompt", "B {{> c}}\n").file("prompts/sub/_c.prompt", "C\n");
    repo.file("AGENTS.md", "Root rules.\n").file("api/AGENTS.md", "Api rules.\n").file("CLAUDE.md", "@AGENTS.md\n");
    repo.file("texts/one.md", "One.\n").file("texts/two.md", "Two.\n").file("texts/README.md", "About.\n");
    repo.file("chat.json", r#"[{"role": "user", "content": "Hi"}]"#)
        .file("package.json", "{}")
        .file("old.prompty", "x")
        .file("t.j2", "x");
    repo.commit("team");
    repo
}

#[test]
fn what_is_there_is_found_built_and_shown() {
    let repo = team();
    repo.run("init --from . --dry-run").is(str![[r#"
exit 0
--- stdout
# contexts/prompts.yaml
# dotprompt: 2; written by `contexture init --from`, edit it as you like
each:
  - "prompts/**/*.prompt"
  - "!prompts/**/_*.prompt"
prompt: $each
format: dotprompt
models: [claude-sonnet-5-5, gpt-6.1-sol]
traffic: {calls: 1k/day}
output: {tokens: 200}
assumed: [models, traffic, output] # take a word off when what it names is yours

# contexts/prompty.yaml
# Prompty: 1; written by `contexture init --from`, edit it as you like
prompt: "old.prompty"
format: prompty
models: [claude-sonnet-5-5, gpt-6.1-sol]
traffic: {calls: 1k/day}
output: {tokens: 200}
assumed: [models, traffic, output] # take a word off when what it names is yours

# contexts/chats.yaml
# chats: 1; written by `contexture init --from`, edit it as you like
prompt: "chat.json"
format: chat
models: [claude-sonnet-5-5, gpt-6.1-sol]
traffic: {calls: 1k/day}
output: {tokens: 200}
assumed: [models, traffic, output] # take a word off when what it names is yours

# contexts/agents.yaml
# AGENTS.md: 2; written by `contexture init --from`, edit it as you like
each: "**/AGENTS.md"
prompt: $each
format: agents
models: [claude-sonnet-5-5, gpt-6.1-sol]
traffic: {calls: 1k/day}
output: {tokens: 200}
assumed: [models, traffic, output] # take a word off when what it names is yours

# contexts/claude.yaml
# CLAUDE.md: 1; written by `contexture init --from`, edit it as you like
prompt: "CLAUDE.md"
format: claude
models: [claude-sonnet-5-5, gpt-6.1-sol]
traffic: {calls: 1k/day}
output: {tokens: 200}
assumed: [models, traffic, output] # take a word off when what it names is yours
--- stderr
1 left out: Jinja is not read yet

"#]]);
    assert!(!repo.at("contexts").exists());
    // Prices are of the day that it is, so the figures are not held here.
    let outcome = repo.run("init --from .").exits(0);
    for id in ["prompts/a", "prompts/sub/b", "prompty", "chats", "agents", "agents/api", "claude"] {
        assert!(outcome.stdout.lines().any(|line| line.starts_with(&format!("{id} "))), "{id}: {}", outcome.stdout);
    }
    let rest = "14 rows on what `assumed` of the manifest names and nobody confirmed: models, output, traffic";
    assert!(outcome.stdout.contains(rest), "{}", outcome.stdout);
    for what in ["prompts.yaml: dotprompt, 2", "agents.yaml: AGENTS.md, 2", "1 left out: Jinja is not read yet"] {
        assert!(outcome.stderr.contains(what), "{what}: {}", outcome.stderr);
    }
    let manifest = fs::read_to_string(repo.at("contexts/agents.yaml")).unwrap();
    assert!(manifest.contains("budgets: {tokens: {limit: 100, unknown: pass}}"), "{manifest}");
    assert_eq!(fs::read_to_string(repo.at(".gitignore")).unwrap(), "/dist/\n");
    assert_eq!(repo.git(["diff", "--stat"]), "", "nothing of the team's is edited");
    repo.run("check").exits(0);
}

#[test]
fn run_again_it_adds_and_rewrites_nothing() {
    let repo = team();
    repo.run("init --from prompts").exits(0);
    let before = fs::read_to_string(repo.at("contexts/prompts.yaml")).unwrap();
    repo.file("contexts/prompts.yaml", before.replace("1k/day", "2k/day"));
    repo.run("init --from prompts").is(str![[r#"
exit 0
--- stderr
2 of these files are named by manifests already

"#]]);
    repo.run("init --from texts/*.md --dry-run").is(str![[r#"
exit 0
--- stdout
# contexts/texts.yaml
# texts: 2; written by `contexture init --from`, edit it as you like
each:
  - "texts/*.md"
  - "!texts/README.md"
system: [{file: $each}]
models: [claude-sonnet-5-5, gpt-6.1-sol]
traffic: {calls: 1k/day}
output: {tokens: 200}
assumed: [models, traffic, output] # take a word off when what it names is yours
--- stderr
1 left out: no prompt by name or content, such as texts/README.md

"#]]);
    assert!(fs::read_to_string(repo.at("contexts/prompts.yaml")).unwrap().contains("2k/day"));
}

#[test]
fn nothing_found_is_said() {
    let repo = team();
    repo.run("init --from nowhere").is(str![[r#"
exit 2
--- stderr
error: nothing matches nowhere
 |
 = help: give paths, folders or patterns from the project's root, in quotes: 'prompts/**/*.md'

"#]]);
    repo.run("init --from package.json").is(str![[r#"
exit 2
--- stderr
1 left out: no prompt by name or content, such as package.json
error: no prompt is among what package.json names
 |
 = help: docs/formats.md lists the formats; `contexture init` writes a project to start from

"#]]);
}

#[test]
fn what_is_left_out_or_cannot_be_read_is_said() {
    let repo = team();
    repo.file("prompts/c.json", "{broken").file("contexts/mine.yaml", "prompt: [nothing\n");
    let outcome = repo.run("init --dry-run --from prompts/*.json prompts/*.prompt");
    assert!(outcome.stderr.contains("1 left out: no prompt by name or content, such as prompts/c.json"), "{outcome}");
    assert!(outcome.stderr.contains("1 of the contexts that are there cannot be read"), "{outcome}");
    let outcome = repo.run("init --from prompts/{a,b").exits(2);
    assert!(outcome.stderr.contains("error: no pattern: "), "{outcome}");
}

#[test]
fn two_files_with_one_id_are_told_at_both() {
    let repo = Repo::new();
    repo.file("a/x.md", "A\n").file("b/x.md", "B\n");
    repo.file("contexts/p.yaml", "each: ['a/*.md', 'b/*.md']\nsystem: [{file: $each}]\n");
    repo.run("build").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[duplicate-id]: 2 files make the id `p/x`
--> a/x.md
 = note: in p/x
 = help: exclude one with `!` in `each`, or give it a manifest of its own

error[duplicate-id]: 2 files make the id `p/x`
--> b/x.md
 = note: in p/x
 = help: exclude one with `!` in `each`, or give it a manifest of its own


"#]]);
}

#[test]
fn an_id_is_what_lies_between_the_fixed_ends_of_the_pattern() {
    for (each, files, wanted) in [
        ("p/*.md", "p/a.md p/.b.md p/q/c.md", "c/a"),
        ("p/**/*.md", "p/a.md p/q/r/b.md p/.q/c.md", "c/a c/q/r/b"),
        ("**/AGENTS.md", "AGENTS.md x/AGENTS.md x/y/AGENTS.md", "c c/x c/x/y"),
        ("p/*/q/*.md", "p/a/q/b.md p/q/c.md", "c/a/q/b"),
        ("p/a-*.md", "p/a-b.md p/a-.md p/c.md", "c/b"),
        ("p/*-*.md", "p/a-b.md", "c/a-b"),
        (".q/*.md", ".q/a.md", "c/a"),
        ("[p/*.md, '!p/b.md', q/c.md]", "p/a.md p/b.md q/c.md", "c/a c/q/c.md"),
    ] {
        let repo = Repo::new();
        for path in files.split(' ') {
            repo.file(path, "x\n");
        }
        repo.file(
            "contexts/c.yaml",
            format!(
                "each: {}\nsystem: [{{file: $each}}]\n",
                if each.starts_with('[') { each.to_owned() } else { format!("'{each}'") }
            ),
        );
        let listed = repo.run("list").exits(0).stdout;
        let ids: Vec<&str> = listed
            .lines()
            .filter_map(|line| line.split(' ').next().filter(|id| id.starts_with('c') && *id != "context"))
            .collect();
        assert_eq!(ids.join(" "), wanted, "{each}");
    }
}

#[test]
fn the_last_commit_before_the_manifests_can_be_compared() {
    let repo = Repo::new();
    repo.file("prompts/a.prompty", "system:\nBe brief.\n").file("other.txt", "x").commit("one");
    repo.file("prompts/a.prompty", "system:\nBe very brief.\n").commit("two");
    repo.run("init --from prompts").exits(0);
    let shown = repo.run("diff --as-is HEAD~1..HEAD --format markdown").exits(0).stdout;
    assert!(shown.contains("Be **very** brief") || shown.contains("+Be very brief."), "{shown}");
    assert!(shown.contains("by the manifests of the working tree"), "{shown}");
    let without = repo.run("diff HEAD~1..HEAD").stdout;
    assert!(!without.contains("very"), "{without}");
    // Manifests that differ between the two are those of the working tree on both sides.
    repo.commit("adopt");
    repo.file("contexts/prompts.yaml", "prompt: prompts/a.prompty\nmodels: [gpt-6.1-sol]\n")
        .commit("change the manifest");
    let shown = repo.run("diff --as-is HEAD~1..HEAD").exits(0).stdout;
    assert!(shown.contains("No prompt changes"), "{shown}");
}

#[test]
fn files_among_many_others_are_named_by_what_they_are_not() {
    let repo = Repo::new();
    for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        repo.file(&format!("data/patterns/{name}/system.md"), "Sort.\n")
            .file(&format!("data/patterns/{name}/README.md"), "x\n");
        repo.file(&format!("data/patterns/{name}/user.md"), "Now.\n");
    }
    repo.file("data/patterns/a/notes.txt", "Notes.\n").commit("team");
    let shown = repo.run("init --from data/patterns/**/*.md --from data/patterns/**/*.txt --dry-run").exits(0).stdout;
    let texts = "each:\n  - \"data/patterns/**/*.md\"\n  - \"data/patterns/**/*.txt\"\n  - \"!data/patterns/**/README.md\"\n  \
                 - \"!data/patterns/**/system.md\"\n";
    assert!(shown.contains(texts) && shown.contains("each: \"data/patterns/*/system.md\""), "{shown}");
    let outcome = repo.run("init --from data/patterns/**/*.md --from data/patterns/**/*.txt").exits(0);
    assert!(outcome.stdout.contains("all 17 contexts"), "{outcome}");
}

/// Agents and commands, where they load and where a repository offers them; what has no text is left out.
#[test]
fn agents_and_commands_are_found_by_name_and_by_head() {
    let repo = Repo::new();
    let agent = "---\nname: a\ndescription: d\n---\nBe A.\n";
    repo.file(".claude/agents/a.md", agent).file(".claude/agents/README.md", "About.\n");
    repo.file(".claude/agents/b.md", "---\nname: b\ndescription: d\n---\n\n")
        .file(".claude/commands/c.md", "Do $ARGUMENTS.\n");
    repo.file(".github/agents/d.agent.md", agent).file(".github/prompts/e.prompt.md", "Do ${input:x}.\n");
    repo.file("plugins/p/agents/f.md", agent).file("plugins/p/commands/g.md", "---\ndescription: d\n---\nGo.\n");
    repo.file("plugins/p/docs/h.md", agent).file("sub/AGENTS.md", "").file("r.mdc", "---\nglobs: **/*.ts\n---\n");
    repo.file("p@x.prompt", "Hi\n");
    let outcome = repo.run("init --from .").exits(0);
    for said in [
        "3 left out: no text in them, such as .claude/agents/b.md",
        "1 left out: an id holds no `@` and no `:`, so they need manifests of their own, such as p@x.prompt",
        "1 left out: no agent without `name` and `description` in its head, such as .claude/agents/README.md",
    ] {
        assert!(outcome.stderr.contains(said), "{said}: {}", outcome.stderr);
    }
    let mut manifests = String::new();
    for entry in fs::read_dir(repo.at("contexts")).unwrap() {
        manifests += &fs::read_to_string(entry.unwrap().path()).unwrap();
    }
    let found: Vec<&str> = manifests.lines().filter(|line| line.starts_with("prompt: ")).collect();
    let names = ["a.md", "d.agent.md", "p/agents/f.md", "commands/c.md", "e.prompt.md", "p/commands/g.md"];
    assert_eq!(found.len(), names.len(), "{found:?}");
    assert!(names.iter().all(|name| found.iter().any(|line| line.ends_with(&format!("{name}\"")))), "{found:?}");
    repo.run("check").exits(0);
}

#[test]
fn a_setting_that_a_stand_in_refuses_is_said_and_breaks_no_table() {
    let repo = Repo::new();
    repo.file("p/a.prompt", "---\nconfig: {temperature: 0.2}\n---\nHi {{q}}\n").file("p/b.prompt", "Hello\n");
    let outcome = repo.run("init --from .").exits(0);
    let said =
        "1 with a setting or a form that a model listed for them refuses, such as p/a: `contexture check` says which";
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    assert_eq!(outcome.stdout.lines().filter(|line| line.starts_with("p/")).count(), 4, "{}", outcome.stdout);
}
