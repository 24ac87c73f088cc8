//! dotprompt: what its own library makes of a file, and what cannot be kept.

use serde_json::json;
use snapbox::str;

use super::{messages, recorded};
use crate::support::Repo;

#[test]
fn messages_are_those_of_the_library() {
    for case in recorded("dotprompt.json") {
        let manifest = json!({"prompt": "p/a.prompt", "vars": case["data"]});
        let (found, said) = messages(&case["files"], &manifest, "");
        let wanted: Vec<(String, String)> = serde_json::from_value(case["messages"].clone()).unwrap();
        assert_eq!(found, wanted, "{}: {said}", case["name"]);
    }
}

#[test]
fn the_head_is_a_layer_below_the_manifest() {
    let repo = Repo::new();
    repo.file(
        "prompts/triage.prompt",
        "# A licence\n\n---\nmodel: googleai/gemini-3.5-flash\ndescription: Sorts tickets.\nconfig: {temperature: 1, maxOutputTokens: 400}\n\
         input:\n  schema: {ticket: 'string, the message', tone?: string}\n  default: {tone: kind}\n\
         output:\n  schema: {label(enum): [bug, question], why?: string}\n---\n\
         {{role \"system\"}}\nYou sort tickets. {{> rules}}\n{{role \"user\"}}\n{{ticket}}\n{{history}}\n{{ role 'user' }}In {{tone}} words.\n",
    );
    repo.file("prompts/_rules.prompt", "Be kind.\n").file(
        "contexts/p.yaml",
        "each: ['prompts/**/*.prompt', '!prompts/**/_*.prompt']\nprompt: $each\nvars: {tone: few}\n",
    );
    repo.run("build -v").is(str![[r#"
exit 0
--- stdout
p/triage  cx1:678470ae2730  uncommitted
  model             tokens  cached         cold         warm  expected  month
  gemini-3.5-flash     ≈15      0%  ≈$0.0000225  ≈$0.0000225         ?      ?
  without the answer and an input, whose sizes `output.tokens` and its `tokens` do not say: what the input costs
  6 segments, 14 tokens by o200k_base, 9 before the first input
  segment       tokens  from
  system/1           8  prompts/triage.prompt:14
  messages/1.1       1  prompts/triage.prompt:16
  messages/1.2    hole  prompts/triage.prompt:16
  messages/1.3       1  prompts/triage.prompt:16
  messages/2      hole  contexts/p.yaml:2
  messages/3         4  prompts/triage.prompt:18

≈ estimated: framing, tool definitions, or a tokenizer that is not public; the band is in --format json
prices of 2026-11-29
prices by third parties: gemini-3.5-flash; sources disagree: gemini-3.5-flash; `contexture models NAME` tells who says what
1 context built

"#]]);
    repo.run("list").is(str![[r#"
exit 0
--- stdout
context   owner  description
p/triage
1 context

"#]]);
}

#[test]
fn a_condition_on_an_input_is_a_region_with_the_default_as_its_sample() {
    let repo = Repo::new();
    let head =
        "---\nmodel: googleai/gemini-3.5-flash\ninput:\n  schema: {name?: string}\n  default: {name: Ann}\n---\n";
    repo.file("contexts/p.yaml", "each: prompts/*.prompt\nprompt: $each\n");
    repo.file(
        "prompts/hello.prompt",
        format!("{head}Hello {{{{#if name}}}}dear {{{{name}}}}{{{{else}}}}guest{{{{/if}}}}.\n"),
    );
    let shown = repo.run("render p/hello").exits(0).stdout;
    assert!(shown.contains("A sample: this part depends on `name`.\n\n```text\ndear Ann\n```"), "{shown}");
    repo.run("build -q").exits(0);
    let bundle = std::fs::read_to_string(repo.at("dist/p/hello.bundle/bundle.json")).unwrap();
    let bundle: serde_json::Value = serde_json::from_str(&bundle).unwrap();
    assert_eq!(bundle["regions"][0]["needs"], json!(["name"]), "{bundle}");
    // Who speaks cannot depend on an input.
    repo.file("prompts/hello.prompt", format!("{head}{{{{#if name}}}}{{{{role \"model\"}}}}Yes.{{{{/if}}}}\n"));
    let outcome = repo.run("check").exits(2);
    assert!(
        outcome.stderr.contains("error[turn-in-region]") && outcome.stderr.contains("hello.prompt:7:1"),
        "{outcome}"
    );
}

/// What a stranger's prompt may try: each ends, soon, with a fault at its place, and nothing outside is read or shown.
#[test]
fn hostile_prompts_end_with_a_fault_at_their_place() {
    let many = |piece: &str, times: usize| piece.repeat(times);
    let cases = [
        ("a circle of partials", "{{> a}}".to_owned(), "{{> b}}".to_owned(), "template-cycle"),
        ("partials that multiply", many("{{> a}}", 40), many("{{> b}}", 40), "template-limit"),
        (
            "deep blocks",
            format!("{}x{}", many("{{#if q}}", 5000), many("{{/if}}", 5000)),
            String::new(),
            "template-limit",
        ),
        ("a partial outside", "{{> ../../../etc/passwd}}".to_owned(), String::new(), ""),
        ("marks of ours", "\u{fdd0}0\u{fdd1}".to_owned(), String::new(), "reserved-character"),
        (
            "a head of aliases",
            format!(
                "---\nx: &x [1]\n{}---\nHi",
                (0..30)
                    .map(|n| format!("y{n}: &y{n} [{}]\n", many(if n == 0 { "*x," } else { "*x,*x," }, 9)))
                    .collect::<String>()
            ),
            String::new(),
            "left-out-key",
        ),
        ("a link out", "{{> out}}".to_owned(), String::new(), ""),
    ];
    for (what, own, partial, code) in cases {
        let repo = Repo::new();
        repo.file("contexts/p.yaml", "prompt: p/own.prompt\nmodels: [gpt-6.1-sol]\n").file("p/own.prompt", &own);
        repo.file("p/_a.prompt", &partial).file(
            "p/_b.prompt",
            if what == "partials that multiply" { many("word ", 20_000) } else { "{{> a}}".to_owned() },
        );
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/passwd", repo.at("p/_out.prompt")).unwrap();
        let begun = std::time::Instant::now();
        let outcome = repo.run("check");
        assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{what}: {outcome}");
        assert!(
            outcome.stderr.contains(code) && !outcome.stdout.contains("root:") && !outcome.stderr.contains("root:"),
            "{what}: {outcome}"
        );
        assert!(code == "left-out-key" || outcome.status == Some(2), "{what}: {outcome}");
    }
}

#[test]
fn what_cannot_be_kept_is_told_at_its_place() {
    for (text, wanted) in [
        ("{{media url=x}}", "error[media-block]: `media` is a media part: only text is supported\n --> p/a.prompt:1:1"),
        (
            "\n{{section \"code\"}}",
            "error[media-block]: `section` is a place that the application fills: only text is supported\n --> p/a.prompt:2:1",
        ),
        ("{{role \"User\"}}x", "error[bad-role]: \"User\" is no role of a prompt\n --> p/a.prompt:1:1"),
        ("{{role who}}x", "error[bad-role]: who is no role of a prompt\n --> p/a.prompt:1:1"),
        (
            "{{shout x}}",
            "error[unknown-helper]: `shout` is no helper of dotprompt: the application's own is not known here\n --> p/a.prompt:1:3",
        ),
        ("{{@state.x}}", "error[unknown-name]: `@state.x` has no value here\n --> p/a.prompt:1:3"),
        (
            "---\nmodel: x\n---",
            "error[front-matter]: the head that begins here is not closed by a line `---`, so dotprompt sends all of it as text\n --> p/a.prompt:1:1",
        ),
        (
            "---\n\n---\nx",
            "error[front-matter]: the head is empty, so dotprompt sends all of it as text\n --> p/a.prompt:1:1",
        ),
        (
            "---\ntools: [find]\n---\nx",
            "error[unknown-tool]: the file names the tool `find` and does not define it\n --> p/a.prompt:2:9",
        ),
        (
            "---\noutput: {schema: Foo}\n---\nx",
            "warning[left-out-key]: this schema is registered by the application, and is left out here\n --> p/a.prompt:2:18",
        ),
        (
            "---\noutput: {schema: {x: Foo}}\n---\nx",
            "error[bad-schema]: `Foo` is a schema that the application registers, and is not known here\n --> p/a.prompt:2:22",
        ),
        (
            "---\ninput: {schema: {x: string}}\n---\n{{y}}",
            "warning[undeclared-input]: `y` is not in `input.schema`, and is taken for an input all the same\n --> p/a.prompt:4:3",
        ),
        (
            "---\nconfig: {safety: high}\n---\nx",
            "warning[left-out-key]: `safety` of `config` has no place here and is left out\n --> p/a.prompt:2:10",
        ),
        (
            "---\nprice: 3\n---\nx",
            "warning[left-out-key]: `price` has no place here and is left out\n --> p/a.prompt:2:1",
        ),
        (
            "---\nmodel: acme/old-one\n---\nx",
            "warning[unknown-model]: no model card has `old-one`, which the file names\n --> p/a.prompt:2:8",
        ),
        (
            "{{role \"user\"}}x{{role \"system\"}}y",
            "error[system-in-messages]: a text of the system stands behind other turns\n --> p/a.prompt:1:34",
        ),
        (
            "{{json this}}{{x}}",
            "error[input-in-helper]: `this` is all of the data, and `x` is known only at run time\n --> p/a.prompt:1:1",
        ),
        ("{{> a}}", "error[template-cycle]: "),
        ("{{> nope}}", "error[unknown-template]: "),
    ] {
        let repo = Repo::new();
        repo.file("p/a.prompt", text).file("p/_a.prompt", "{{> a}}").file("contexts/p.yaml", "prompt: p/a.prompt\n");
        let said = repo.run("check").stderr;
        let plain = said.replace("  --> ", " --> ");
        assert!(plain.contains(wanted), "{text}:\n{said}");
    }
}
