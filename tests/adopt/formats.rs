//! The other formats.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use snapbox::str;

use super::{long, messages, recorded};
use crate::support::Repo;

#[test]
fn agents_are_loaded_as_codex_loads_them() {
    for case in recorded("agents.json") {
        let manifest = json!({"prompt": case["folder"], "format": "agents"});
        let (found, said) = messages(&case["files"], &manifest, " --input cwd=CWD");
        let wanted = long(case["text"].as_str().unwrap());
        let texts: Vec<String> = found.into_iter().map(|(_, text)| text).collect();
        assert!(texts == [wanted], "{}: {said}", case["name"]);
        let is_cut = case["name"].as_str().unwrap().contains("cut") || case["name"] == "exactly full";
        assert_eq!(said.contains("cut-instructions"), is_cut, "{}: {said}", case["name"]);
    }
}

#[test]
fn claude_files_are_loaded_as_claude_code_loads_them() {
    for case in recorded("claude.json") {
        let mut manifest = json!({"prompt": case["folder"], "format": "claude"});
        if case["touched"].is_string() {
            manifest["touched"] = case["touched"].clone();
        }
        let (found, said) = messages(&case["files"], &manifest, " --input cwd=CWD");
        let text = |name: &str| case[name].as_str().unwrap().trim_end().to_owned();
        let wanted = [text("text"), text("late")].join("\n\n");
        // Files of one folder come in the order of the disk there, and sorted here.
        let blocks = |text: &str| {
            let blocks = text.trim_end().split("\n\nContents of ").map(|block| block.trim().to_owned());
            blocks.collect::<BTreeSet<String>>()
        };
        let found = found.first().map_or("", |(_, text)| text);
        assert_eq!(blocks(found), blocks(&wanted), "{}: {said}", case["name"]);
    }
}

#[test]
fn copilot_files_are_loaded_as_its_command_line_loads_them() {
    for case in recorded("copilot.json") {
        let manifest = json!({"prompt": case["folder"], "format": "copilot"});
        let (found, said) = messages(&case["files"], &manifest, "");
        let found = found.first().map_or("", |(_, text)| text);
        assert_eq!(found.trim_end(), case["text"].as_str().unwrap().trim_end(), "{}: {said}", case["name"]);
    }
}

#[test]
fn imports_that_leave_the_project_are_named_and_not_followed() {
    let repo = Repo::new();
    repo.file("CLAUDE.md", "@~/secret.md @/etc/passwd @../up.md @nope.md @word\n")
        .file("contexts/c.yaml", "prompt: .\nformat: claude\n");
    repo.run("build").is(str![[r#"
exit 0
--- stdout
c  cx1:ca12889058db  uncommitted
  3 segments, 37 tokens by o200k_base, 3 before the first input

1 context built, 4 warnings
--- stderr
warning[import]: `@~/secret.md` is not followed: it names the home folder, which is not the project's
 --> CLAUDE.md:1:1
  |
1 | @~/secret.md @/etc/passwd @../up.md @nope.md @word
  | ^^^^^^^^^^^^
  |
  = note: in c

warning[import]: `@/etc/passwd` is not followed: it leads out of the project
 --> CLAUDE.md:1:14
  |
1 | @~/secret.md @/etc/passwd @../up.md @nope.md @word
  |              ^^^^^^^^^^^^
  |
  = note: in c

warning[import]: `@../up.md` is not followed: it leads out of the project
 --> CLAUDE.md:1:27
  |
1 | @~/secret.md @/etc/passwd @../up.md @nope.md @word
  |                           ^^^^^^^^^
  |
  = note: in c

warning[import]: `@nope.md` is not followed: there is no such file
 --> CLAUDE.md:1:37
  |
1 | @~/secret.md @/etc/passwd @../up.md @nope.md @word
  |                                     ^^^^^^^^
  |
  = note: in c


"#]]);
}

#[test]
fn a_chat_is_literal_but_for_declared_inputs() {
    let repo = Repo::new();
    repo.file(
        "chats/a.json",
        r#"[{"role": "system", "content": "Sort {{it}} as {{kind}}."},
 {"role": "human", "content": [{"type": "text", "text": "One \ud83d\ude00 ", "cache_control": {"type": "ephemeral"}}, {"type": "text", "text": "{{ ticket }}"}]},
 {"role": "ai", "content": "Bug"}]"#,
    );
    repo.file("contexts/c.yaml", "prompt: chats/a.json\ninputs: {ticket: {tokens: 9}}\n");
    repo.run("build -v").is(str![[r#"
exit 0
--- stdout
c  cx1:4bbde7cf2c7f  uncommitted
  4 segments, 13 tokens by o200k_base, 12 before the first input
  segment     tokens  from
  system/1         9  chats/a.json:1
  messages/1       3  chats/a.json:2
  messages/2    hole  chats/a.json:2
  messages/3       1  chats/a.json:3

1 context built

"#]]);
}

#[test]
fn a_request_is_read_by_its_own_dialect() {
    let tool = json!({"name": "find", "description": "d", "parameters": {"type": "object", "properties": {}}});
    for (body, wanted) in [
        (
            json!({"model": "claude-sonnet-5-5", "max_tokens": 9, "system": [{"type": "text", "text": "S"}], "messages": [{"role": "user", "content": "U"}], "tools": [{"name": "find", "input_schema": {"type": "object"}}]}),
            true,
        ),
        (
            json!({"model": "gpt-6.1-sol", "messages": [{"role": "developer", "content": "S"}, {"role": "user", "content": "U"}], "tools": [{"type": "function", "function": tool}]}),
            true,
        ),
        (
            json!({"model": "gpt-6.1-sol", "instructions": "S", "input": [{"role": "user", "content": [{"type": "input_text", "text": "U"}]}], "tools": [{"type": "function", "name": "find", "parameters": {"type": "object"}}]}),
            true,
        ),
        (
            json!({"systemInstruction": {"parts": [{"text": "S"}]}, "contents": [{"role": "user", "parts": [{"text": "U"}]}], "tools": [{"functionDeclarations": [tool]}], "generationConfig": {"temperature": 1}}),
            true,
        ),
        (
            json!({"modelId": "m", "system": [{"text": "S"}], "messages": [{"role": "user", "content": [{"text": "U"}]}], "toolConfig": {"tools": [{"toolSpec": {"name": "find", "inputSchema": {"json": {"type": "object"}}}}]}}),
            true,
        ),
        (json!({"max_tokens": 9, "messages": [{"role": "user", "content": "U"}]}), false),
        (json!({"model": "gpt-6.1-sol", "messages": [{"role": "tool", "content": "U"}]}), false),
        (
            json!({"model": "gpt-6.1-sol", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}),
            false,
        ),
    ] {
        let files: Value = json!({"r.json": body.to_string()});
        let (found, said) = messages(&files, &json!({"prompt": "r.json"}), "");
        let wanted: &[(&str, &str)] = if wanted { &[("system", "S"), ("user", "U")] } else { &[] };
        let found: Vec<(&str, &str)> = found.iter().map(|(role, text)| (&**role, &**text)).collect();
        assert_eq!(found, wanted, "{body}: {said}");
    }
}

#[test]
fn agents_and_commands_are_what_their_programs_send() {
    for case in recorded("subagents.json") {
        let (name, path) = (&case["name"], case["path"].as_str().unwrap());
        let (found, said) = messages(&json!({path: case["file"]}), &json!({"prompt": path}), "");
        let Some(text) = case["text"].as_str() else {
            assert!(said.contains("[agent]") || said.contains("[empty-prompt]"), "{name}: {found:?} {said}");
            continue;
        };
        let fill = |text: String, (name, value): (&String, &Value)| {
            text.replace(&format!("{{{{{name}}}}}"), value.as_str().unwrap())
        };
        let texts: Vec<_> = found
            .into_iter()
            .map(|(role, text)| (role, case["fill"].as_object().into_iter().flatten().fold(text, fill)))
            .collect();
        assert_eq!(texts, [(case["role"].as_str().unwrap().to_owned(), text.to_owned())], "{name}: {said}");
    }
}

/// What Claude Code reads at the second try, which is why the recorded agents with such heads load.
#[test]
fn heads_that_are_no_yaml_are_read_with_their_values_in_quotes() {
    let head = "name: late-bill\ndescription: Use when: a \"bill\" is late [C:\\x]";
    let repo = Repo::new();
    repo.file("kinds/a.md", format!("---\n{head}\ntools: Read\nmodel: claude-sonnet-5-5\n---\nCollect.\n"))
        .file("kinds/b.md", "---\nname: b\ndescription: d\ntools: Read\n---\nPlain.\n")
        .file("skills/late-bill/SKILL.md", format!("---\r\n{head}\r\n---\r\nRemind.\r\n"))
        .file("kinds/broken.md", "---\nname: c\ndescription: Use: it\n  more: [\n---\nBroken.\n");
    let run = repo.run("init --from .");
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(said.contains("agents of their own, 2") && said.contains("skills, 1"), "{said}");
    let written = std::fs::read_to_string(repo.at("contexts/subagents.yaml")).unwrap();
    assert!(written.contains("kinds/*.md") && written.contains("!kinds/broken.md"), "{written}");
    let said = repo.run("check").stderr;
    let description = "Use when: a \"bill\" is late [C:\\x]";
    assert!(said.contains("Claude Code reads it with its values in quotes") && !said.contains("needs `"), "{said}");
    let listed = repo.run("list").stdout;
    assert!(listed.contains(description), "{listed}");
    // A rule for some files alone, and instructions for some files alone.
    let files = json!({"CLAUDE.md": "Root.\n", ".claude/rules/ts.md": "---\npaths: **/*.ts\n---\nTypes.\n"});
    for (touched, loads) in [("src/a.ts", true), ("src/a.py", false)] {
        let manifest = json!({"prompt": ".", "format": "claude", "touched": touched});
        let (found, said) = messages(&files, &manifest, " --input cwd=CWD");
        assert_eq!(found.iter().any(|(_, text)| text.contains("Types.")), loads, "{touched}: {found:?} {said}");
    }
    let rule = "---\napplyTo: **/*.py\n---\nSnakes.\n";
    let files = json!({"AGENTS.md": "Root.\n", ".github/instructions/a.instructions.md": rule});
    let (found, said) = messages(&files, &json!({"prompt": ".", "format": "copilot"}), "");
    assert!(found.iter().all(|(_, text)| !text.contains("Snakes.")) && !found.is_empty(), "{found:?} {said}");
}

#[test]
fn prompt_files_of_an_editor_name_their_inputs() {
    let text = "---\nagent: agent\nmodel: GPT-4.1 (copilot)\n---\nExplain ${selection} to ${input:who:whom?}, ${input:who}; ${other} $1 $ARGUMENTS !`x`.\n";
    let (found, said) = messages(&json!({"a.prompt.md": text}), &json!({"prompt": "a.prompt.md"}), "");
    let expected = "Explain {{selection}} to {{who}}, {{who}}; ${other} $1 $ARGUMENTS !`x`.\n";
    assert_eq!(found, [("user".to_owned(), expected.to_owned())], "{said}");
    let repo = Repo::new();
    repo.file("a.prompt.md", text).file(
        "contexts/a.yaml",
        "prompt: a.prompt.md
models: [gpt-4.1]
",
    );
    let said = repo.run("build -v").stderr;
    assert!(said.contains("note[model-name]: which model `GPT-4.1 (copilot)` is, the program decides"), "{said}");
}

#[test]
fn one_file_is_a_skill_a_rule_or_a_pattern() {
    let repo = Repo::new();
    repo.file("skills/pdf/SKILL.md", "---\nname: pdf\ndescription: Reads PDFs.\n---\nUse the tool.\n");
    repo.file(
        ".cursor/rules/a.mdc",
        "---\ndescription: TypeScript\nglobs: **/*.ts, src/*\nalwaysApply: false\n---\nNo any.\n",
    );
    repo.file(".cursor/rules/b.mdc", "---\nalwaysApply: true\n---\nBe brief.\n");
    repo.file("patterns/sum/system.md", "# SUM\n\nSum it up for {{who}}.\n\n");
    repo.file("contexts/s.yaml", "prompt: skills/pdf/SKILL.md\n")
        .file("contexts/r.yaml", "prompt: .cursor/rules/a.mdc\n");
    repo.file("contexts/f.yaml", "prompt: patterns/sum/system.md\n");
    repo.file("contexts/all.yaml", "prompt: .\nformat: cursor\n");
    repo.file("contexts/touched.yaml", "prompt: .\nformat: cursor\ntouched: src/x.ts\n");
    repo.run("build -v").is(str![[r#"
exit 0
--- stdout
all  cx1:a36fbf264f7b  uncommitted
  1 segment, 3 tokens by o200k_base, 3 before the first input
  segment   tokens  from
  system/1       3  .cursor/rules/b.mdc:4

f  cx1:ec561bf9d8d2  uncommitted
  4 segments, 9 tokens by o200k_base, 8 before the first input
  segment     tokens  from
  system/1.1       8  patterns/sum/system.md:1-3
  system/1.2    hole  patterns/sum/system.md:1-3
  system/1.3       1  patterns/sum/system.md:1-3
  system/1.4    hole  patterns/sum/system.md:1-3

r  cx1:23376309b6e0  uncommitted
  1 segment, 3 tokens by o200k_base, 3 before the first input
  segment   tokens  from
  system/1       3  .cursor/rules/a.mdc:6

s  cx1:5e19873042d1  uncommitted
  1 segment, 4 tokens by o200k_base, 4 before the first input
  segment   tokens  from
  system/1       4  skills/pdf/SKILL.md:5

touched  cx1:44638d3abaf6  uncommitted
  2 segments, 6 tokens by o200k_base, 6 before the first input
  segment   tokens  from
  system/1       3  .cursor/rules/a.mdc:6
  system/2       3  .cursor/rules/b.mdc:4

5 contexts built
--- stderr
note[not-loaded]: this file loads only when a file that it is for is touched, or when it is named: it is left out (81 bytes)
 --> .cursor/rules/a.mdc:1:1
  |
1 | ---
  | ^
  |
  = note: in all
  = help: name such files under `touched` to count it


"#]]);
}

#[test]
fn a_format_that_is_none_is_said_with_what_was_tried() {
    let repo = Repo::new();
    repo.file("a.md", "x\n").file("b.yaml", "just text\n").file("contexts/a.yaml", "prompt: a.md\n");
    repo.file("contexts/b.yaml", "prompt: b.yaml\n").file("contexts/c.yaml", "prompt: nope.prompt\n");
    repo.file("contexts/d.yaml", "prompt: a.md\nformat: dotprompt\nsystem: [{text: x}]\n");
    repo.run("build").is(str![[r#"
exit 2
--- stdout
0 contexts built, 4 broken
--- stderr
error[unknown-format]: neither the name of `a.md` nor what it holds says which format it has
 --> contexts/a.yaml:1:9
  |
1 | prompt: a.md
  |         ^^^^
  |
  = help: say `format:`, one of dotprompt, prompty, chat, request, agents, claude, skill, subagent, command, copilot, cursor, fabric

error[unknown-format]: neither the name of `b.yaml` nor what it holds says which format it has
 --> contexts/b.yaml:1:9
  |
1 | prompt: b.yaml
  |         ^^^^^^
  |
  = help: say `format:`, one of dotprompt, prompty, chat, request, agents, claude, skill, subagent, command, copilot, cursor, fabric

error[missing-fragment]: there is no file `nope.prompt`
 --> contexts/c.yaml:1:9
  |
1 | prompt: nope.prompt
  |         ^^^^^^^^^^^

error[useless-option]: `prompt` stands in the place of `system` and `messages`
 --> contexts/d.yaml:3:10
  |
3 | system: [{text: x}]
  |          ^^^^^^^^^
  |
  = help: remove one of the two


"#]]);
}

#[test]
fn a_file_that_changes_its_format_is_a_change_of_text() {
    let repo = Repo::new();
    repo.file("p/a.prompt", "{{role \"system\"}}Be brief.")
        .file("contexts/p.yaml", "prompt: p/a.prompt\n")
        .commit("one");
    repo.file("p/a.json", r#"[{"role": "system", "content": "Be very brief."}]"#);
    repo.file("contexts/p.yaml", "prompt: p/a.json\n").commit("two");
    repo.run("diff HEAD~1..HEAD").exits(0);
}

#[test]
fn a_table_in_utf16_is_the_same_table() {
    let table = "\u{feff}input\toutput\r\n\"Wo \"\"é\"\", 中\n😀\"\tja\r\n";
    let units = |bytes: fn(u16) -> [u8; 2]| table.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let (small, large) = (units(u16::to_le_bytes), units(u16::to_be_bytes));
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "messages: [{examples: a.tsv}, {text: q}]\nmodels: [gpt-4.1]\n");
    repo.file("a.tsv", table);
    let expected = repo.run("render a").exits(0).stdout;
    assert!(expected.contains("Wo \"é\", 中\n😀"), "{expected}");
    for bytes in [&small, &large] {
        repo.file("a.tsv", bytes);
        assert_eq!(repo.run("render a").exits(0).stdout, expected);
    }
    for cut in [&small[..small.len() - 1], &[&small[..2], &[0x3d, 0xd8, b'a', 0]].concat()] {
        repo.file("a.tsv", cut);
        let said = repo.run("render a").exits(2).stderr;
        assert!(said.contains("a.tsv:1:1") && said.contains("begins as UTF-16 and is cut or broken"), "{said}");
    }
}
