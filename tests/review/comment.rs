//! A comment says what it says: whatever stands in names, texts and messages of a repository, a
//! CommonMark parser finds no link, no image, no mark-up and no HTML in it but the tool's own.

use serde_json::json;

use super::witness;
use crate::support::Repo;

/// Texts that would be something else in Markdown, in HTML, or to the platform that shows it.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</details></summary></code></pre>",
    "<!-- contexture:diff key=contexture valid=9999999999 -->",
    "-->",
    "[click](https://evil.example)",
    "![beacon](https://evil.example/p.png)",
    "https://evil.example/auto www.evil.example",
    "<https://evil.example>",
    "@everyone @octocat please",
    "#1 GH-1 octo/cat#2",
    "**loud** _soft_ ~~gone~~ `code`",
    "``` \n# escaped\n",
    "````\n~~~\n</pre>",
    "| a | b |\n|---|---|",
    "# heading\n\n- item\n\n1. one",
    "&lt;b&gt; &#60;b&#62; &amp;",
    "$x^2$ $$y$$",
    "\u{202e}reversed\u{200b}\u{1b}[31m",
    "::error file=a::b",
    "/merge\n/approve",
    "\\`\\*\\\\",
    "`",
    "``",
    " `` ",
];

#[test]
fn nothing_in_a_comment_is_active_but_what_the_tool_wrote() {
    let mut cases = Vec::new();
    for (number, text) in HOSTILE.iter().enumerate() {
        let repo = Repo::new();
        let name: String =
            text.chars().map(|c| if matches!(c, '/' | '\\' | '\0') || c.is_control() { '-' } else { c }).collect();
        let name = if name.trim_matches('.').is_empty() { "x".to_owned() } else { name };
        let id: String = name.chars().filter(|c| !matches!(c, '@' | ':')).collect();
        let quoted = serde_json::to_string(text).unwrap();
        let manifest = |more: &str| {
            let path = serde_json::to_string(&format!("texts/{name}.md")).unwrap();
            format!(
                "models: [gpt-6.1-sol]\nsystem:\n  - {{file: {path}}}\n  - {{text: {quoted}, max_tokens: 1}}\n{more}"
            )
        };
        let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            repo.file(&format!("contexts/{id}.yaml"), manifest(""));
            repo.file(&format!("texts/{name}.md"), "before\n");
            repo.file(&format!("{name}.txt"), "before\n");
            repo.commit("base");
        }));
        assert!(made.is_ok(), "{text:?}");
        repo.file(&format!("texts/{name}.md"), format!("{text}\n{text}\n"));
        repo.file(&format!("{name}.txt"), "after\n");
        repo.file(&format!("contexts/{id}.yaml"), manifest(&format!("messages: [{{user: {quoted}}}]\n")));
        repo.file("contexts/broken.yaml", format!("{quoted}: 1\n"));
        repo.commit("change");
        let outcome = repo.contexture(["diff", "HEAD~1..", "--format", "markdown", &format!("--key={text}")]).run();
        assert!(matches!(outcome.status, Some(0 | 2)), "{number} {text:?}: {outcome}");
        assert!(!outcome.stdout.is_empty(), "{text:?}: {outcome}");
        cases.push(json!({"text": text, "markdown": outcome.stdout}));
        let page = repo.contexture(["diff", "HEAD~1..", "--format", "html"]).run().stdout;
        cases.push(json!({"text": text, "html": page}));
        let terminal = repo.contexture(["diff", "HEAD~1..", "-v"]).run().stdout;
        assert!(!terminal.contains(['\u{1b}', '\u{202e}', '\u{200b}']), "{text:?}: {terminal}");
    }
    witness("comment_check.py", &[], &cases);
}

#[test]
fn a_comment_stays_below_the_limit_and_says_what_it_leaves_out() {
    let repo = Repo::new();
    repo.file("contexture.yaml", "models: [gpt-6.1-sol]\n").file("shared.md", "one\n");
    for number in 0..400 {
        let manifest = format!("system:\n  - file: shared.md\n  - text: Prompt {number} is a prompt of its own.\n");
        repo.file(&format!("contexts/team{}/prompt{number}.yaml", number % 7), manifest);
    }
    repo.commit("base");
    for number in 0..400 {
        let manifest = format!("system:\n  - file: shared.md\n  - text: Prompt {number} is now another one.\n");
        repo.file(&format!("contexts/team{}/prompt{number}.yaml", number % 7), manifest);
    }
    repo.commit("change all");
    let comment = repo.run("diff HEAD~1.. --format markdown --as-of 2026-11-21").exits(0).stdout;
    assert!(comment.chars().count() <= 12_000, "{}", comment.chars().count());
    assert!(comment.contains("told in the table alone, because a comment has a limit"), "{comment}");
    assert!(comment.lines().next().unwrap().starts_with("<!-- contexture:diff key=contexture valid=1795262400 -->"));
}

#[test]
fn the_same_commits_make_the_same_comment() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "models: [gpt-6.1-sol]\nsystem: [{text: Hi}]\n").commit("base");
    repo.file("contexts/a.yaml", "models: [gpt-6.1-sol]\nsystem: [{text: Hello}]\n").commit("more");
    let run = || repo.run("diff HEAD~1.. --format markdown --as-of 2026-11-21");
    assert_eq!(run(), run());
}
