//! The libraries that applications load bundles with, held against the vendors' own packages: the checks are
//! `check_python.py`, `check_typescript.py`, `check_types.py` for what `types` writes,
//! `check_samples.py` for what the pages show, and `check_packages.py` for what is installed.

use std::fs;
use std::path::Path;
use std::process::Command;

use snapbox::str;

use crate::support::Repo;

/// Contexts whose bodies have every kind of hole, for every format; and one whose bodies for a model are left out; and one that no
/// library can fill.
const CONTEXTS: [(&str, &str); 8] = [
    (
        "contexture.yaml",
        "models: [claude-sonnet-5-5, gpt-6.1-sol, gpt-4.1, gemini-3.8-flash, vertex/gemini-3.8-flash, deepseek-flash, \
         bedrock/claude-opus-5-5]\ntraffic: {calls: 10k/day}\n",
    ),
    (
        "contexts/reply.yaml",
        r#"inputs: {ticket: {tokens: 600}, language: {tokens: 2}, model: {tokens: 2}}
tools: [{file: ./lookup.json}]
system: [{text: "🦀 You help. A literal {{ticket}} and \"quotes\"."}]
messages:
  - {user: "Where is it?"}
  - {assistant: "On its way."}
  - {history: {tokens: 100, name: earlier}}
  - {user: "🦀 é {{ticket}}{{language}}: answer in {{language}} for {{model}}."}
output: {max_tokens: 100, tokens: 100}
"#,
    ),
    (
        "contexts/lookup.json",
        r#"{"name": "lookup", "description": "Looks up.", "input_schema": {"type": "object", "required": ["id"],
            "properties": {"id": {"type": "string"}, "__proto__": {"type": "string"}, "constructor": {}}}}"#,
    ),
    (
        "contexts/long.yaml",
        r#"inputs: {ticket: {tokens: 600}}
models: [gemini-3.8-flash, claude-sonnet-5-5, bedrock/claude-opus-5-5]
system: [{files: ./rules.md, cache: 1h}]
messages: [{user: "{{ticket}}"}]
settings: {"gemini-*": {temperature: 0.5}}
output: {max_tokens: 100, tokens: 100}
"#,
    ),
    (
        "prices.yaml",
        "models:\n  small: {like: gpt-4o, window: {total: {value: 100, source: ours}, input: {value: 100, source: ours}}}\n\
         sources: {ours: {title: Ours, url: \"https://example.com\", date: 2026-11-01, kind: doc}}\n",
    ),
    (
        "contexts/tight.yaml",
        r#"inputs: {ticket: {tokens: 600}}
models: [small, gpt-4o]
system: [{file: ./rules.md}]
messages: [{user: "{{ticket}}"}]
"#,
    ),
    (
        "contexts/decides.yaml",
        "models: [gpt-4.1]\ninputs: {strict: {example: true}, ticket: {tokens: 9}}\n\
         messages: [{user: \"{{#if strict}}Refuse.{{/if}} {{ticket}}\"}]\noutput: {max_tokens: 100, tokens: 100}\n",
    ),
    ("contexts/open.yaml", "system: [{text: Be brief.}]\noutput: {max_tokens: 100, tokens: 100}\n"),
];

/// Runs a check on a folder; every line of it must say `ok`.
fn check(script: &str, arguments: &[&Path]) {
    let python = std::env::var_os("CONTEXTURE_TEST_PYTHON")
        .expect("CONTEXTURE_TEST_PYTHON names no interpreter: run tests/setup.sh, which makes one");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runtime").join(script);
    let output = Command::new(python).arg(script).args(arguments).output().expect("Python runs");
    let lines = String::from_utf8_lossy(&output.stdout);
    let failed = lines.lines().any(|line| !line.starts_with("ok "));
    assert!(
        output.status.success() && !failed && !lines.is_empty(),
        "{lines}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn built() -> Repo {
    let repo = Repo::new();
    for (path, text) in CONTEXTS {
        repo.file(path, text);
    }
    repo.file("contexts/rules.md", "The rules of the house are many. ".repeat(3000));
    // No body fits into the small window.
    repo.run("build").exits(1);
    repo
}

#[test]
fn the_python_library_gives_each_sdk_the_body_with_its_inputs() {
    check("check_python.py", &[&built().at("dist")]);
}

#[test]
fn the_typescript_library_gives_each_sdk_the_body_with_its_inputs() {
    check("check_typescript.py", &[&built().at("dist")]);
}

#[test]
fn calls_of_typed_functions_that_cannot_be_right_are_refused_where_they_stand() {
    let repo = built();
    for words in ["types python --out prompts.py", "types typescript --out prompts.ts"] {
        let outcome = repo.run(words).exits(0);
        assert!(outcome.stderr.starts_with("warning[left-out]: `decides` has no function: "), "{outcome}");
    }
    check("check_types.py", &[repo.root()]);
}

#[test]
fn what_a_language_cannot_say_is_no_function() {
    let repo = Repo::new();
    let context = |input: &str| {
        format!("models: [gpt-4.1]\ninputs: {{{input}: {{tokens: 1}}}}\nmessages: [{{user: \"{{{{{input}}}}}\"}}]\n")
    };
    repo.file("contexts/a/b.yaml", context("x"))
        .file("contexts/a_b.yaml", context("x"))
        .file("contexts/c.yaml", context("from"));
    repo.run("types python a/b a_b").is(str![[r#"
exit 2
--- stderr
error: `a/b` and `a_b` would both be the function `a_b`
 |
 = help: name one of the two on the command line, or give it another id

"#]]);
    repo.run("types typescript a/b a_b").is(str![[r#"
exit 2
--- stderr
error: `a/b` and `a_b` would both be the function `aB`
 |
 = help: name one of the two on the command line, or give it another id

"#]]);
    repo.run("types python c").is(str![[r#"
exit 2
--- stderr
error: `c` has an input `from`, which is no name of an argument in Python
 |
 = help: give the input another name, or call `request` of the library with a dict

"#]]);
    repo.run("types typescript c").is(str![[r#"
exit 0
--- stdout
// The contexts of this project. Made by `contexture types typescript`: make it again when one changes.
import type { Bundle, Format, Inputs } from "contexture-bundle";
import type { ChatCompletionCreateParamsNonStreaming } from "openai/resources/chat/completions";
import type { ResponseCreateParamsNonStreaming } from "openai/resources/responses/responses";

/** c */
export function c(bundle: Bundle, model: "gpt-4.1", inputs: { "from": string }, format: "chat"): ChatCompletionCreateParamsNonStreaming;
export function c(bundle: Bundle, model: "gpt-4.1", inputs: { "from": string }, format?: "responses"): ResponseCreateParamsNonStreaming;
export function c(bundle: Bundle, model: string, inputs: Inputs, format?: Format): unknown {
  return bundle.request(model, inputs, format);
}

"#]]);
    repo.run("types typescript a/b").exits(0);
}

#[test]
fn the_packages_are_the_same_twice_and_work_where_nothing_else_is() {
    let program = Path::new(env!("CARGO_BIN_EXE_contexture"));
    check("check_packages.py", &[&built().at("dist/reply.bundle"), program]);
}

#[test]
fn what_pages_show_of_the_libraries_runs() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/application.md");
    check("check_samples.py", &[&page, Path::new(env!("CARGO_BIN_EXE_contexture"))]);
}

/// Who installs both has to have them in one version.
#[test]
fn the_libraries_have_the_version_of_the_program() {
    let version = format!("\"{}\"", env!("CARGO_PKG_VERSION"));
    let places = [
        ("python/pyproject.toml", "version = "),
        ("python/contexture_bundle/__init__.py", "__version__ = "),
        ("typescript/package.json", "  \"version\": "),
        ("typescript/src/index.ts", "export const VERSION = "),
    ];
    for (path, key) in places {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("packages").join(path)).unwrap();
        let written =
            text.lines().find_map(|line| line.strip_prefix(key)).map(|rest| rest.trim_end_matches([',', ';']));
        assert_eq!(written, Some(&*version), "packages/{path}");
    }
}

/// Without what verifies digests, which is loaded when somebody asks for it.
#[test]
fn a_library_is_short_enough_to_be_read() {
    for path in ["python/contexture_bundle/__init__.py", "typescript/src/index.ts"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("packages").join(path)).unwrap();
        assert!(text.lines().count() <= 200, "packages/{path} has {} lines", text.lines().count());
    }
}

/// `contexture` belongs to somebody else on PyPI and on npm, so nobody is told to install that.
#[test]
fn the_names_that_are_installed_are_ours() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    for (file, line) in [
        ("program.py", "NAME = \"contexture-cli\""),
        ("python/pyproject.toml", "name = \"contexture-bundle\""),
        ("typescript/package.json", "  \"name\": \"contexture-bundle\","),
    ] {
        assert!(text(&root.join("packages").join(file)).lines().any(|found| found == line), "{file}: {line}");
    }
    let (mut waiting, mut told) = (vec![root.to_owned()], 0);
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let names = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path());
            waiting.extend(names.filter(|name| !["target", ".git", "dist"].iter().any(|own| name.ends_with(own))));
            continue;
        }
        let installs = ["pip install", "pipx ", "uvx ", "npm install", "npx ", "apt-get install", "dpkg --install"];
        for line in text(&path).lines().filter(|line| installs.iter().any(|install| line.contains(install))) {
            let words = line.split(|c: char| c.is_whitespace() || "`'\",();".contains(c));
            let names =
                words.filter_map(|word| word.split(['@', '=']).next()).filter(|name| name.starts_with("contexture"));
            for name in names.filter(|name| *name != "contexture-check") {
                told += 1;
                let is_ours = ["contexture-cli", "contexture_cli", "contexture-bundle", "contexture_bundle"];
                assert!(is_ours.iter().any(|own| name.starts_with(own)), "{}: {line}", path.display());
            }
        }
    }
    assert!(told >= 5, "{told} names were looked at");
}
