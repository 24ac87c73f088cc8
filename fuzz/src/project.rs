//! Whatever stands in a file of a project, a build ends with bundles or with faults that can be
//! drawn, and nothing of the text reaches a terminal raw.

use contexture::compare::delta::{Delta, compare};
use contexture::cost::cards::{Cards, Choices};
use contexture::cost::scenario;
use contexture::output::bundle::bundle;
use contexture::output::report::inert::is_hostile;
use contexture::output::report::snippet;
use contexture::pipeline::{Request, build_all};
use contexture::syntax::diag::Diagnostic;
use contexture::syntax::error::Failure;
use contexture::syntax::source::{ProjectPath, Source};
use contexture::tree::MemoryTree;

/// A project in which every kind of file is used.
const FILES: [(&str, &str); 10] = [
    ("contexture.yaml", "models: [gpt-6.1-sol, claude-sonnet-5-5]\nvars: {shop: Acme, list: [a, b]}\n"),
    (
        "contexts/a.yaml",
        "inputs:\n  ticket: {tokens: 1k}\ntools: [{files: tools/*}]\nmessages:\n  - examples: examples.jsonl\n  \
         - {files: [docs/*.md], wrap: document, split: headings(2)}\n  - user: \"{{ticket}}\"\n\
         output: {max_tokens: 50}\n",
    ),
    (
        "contexts/b.yaml",
        "system: [{template: p.hbs}]\nmessages: [{examples: examples.jsonl}, {user: Hi}]\n\
         output: {schema: schema.json, max_tokens: 9}\n",
    ),
    ("contexts/csv.yaml", "messages: [{examples: examples.csv}, {user: Hi}]\noutput: {max_tokens: 9}\n"),
    ("templates/p.hbs", "Work for {{shop}}.{{#each list}} {{this}}{{/each}}{{> q}}\n"),
    ("templates/q.hbs", "{{#segment id=\"s\"}}{{json vars.list}}{{/segment}}\n"),
    ("tools/find.json", "{\"name\": \"find\", \"description\": \"d\", \"input_schema\": {\"type\": \"object\"}}\n"),
    ("schema.json", "{\"type\": [\"string\", \"object\"]}\n"),
    ("examples.jsonl", "{\"input\": \"a\", \"output\": \"b\"}\n"),
    ("examples.csv", "input,output\na,b\n"),
];

/// `contexts/a.yaml`.
pub fn manifest(bytes: &[u8]) {
    build_with("contexts/a.yaml", bytes);
}

/// `contexture.yaml`.
pub fn project_file(bytes: &[u8]) {
    build_with("contexture.yaml", bytes);
}

/// A template that another context includes.
pub fn template(bytes: &[u8]) {
    build_with("templates/p.hbs", bytes);
}

/// A reference document, with or without front matter.
pub fn fragment(bytes: &[u8]) {
    build_with("docs/x.md", bytes);
}

/// Examples: the first byte says in which format.
pub fn example_sets(bytes: &[u8]) {
    let (format, bytes) = bytes.split_first().unwrap_or((&0, &[]));
    match format % 2 {
        0 => build_with("examples.jsonl", bytes),
        _ => build_with("examples.csv", bytes),
    }
}

/// `prices.yaml`.
pub fn prices(bytes: &[u8]) {
    build_with("prices.yaml", bytes);
}

/// The schema of an answer, which examples are held against.
pub fn schema(bytes: &[u8]) {
    build_with("schema.json", bytes);
}

/// A document of a prompt, changed: the comparison tells a change exactly where the chain differs, and its parts add up.
pub fn comparison(bytes: &[u8]) {
    let built = |text: &[u8]| {
        let request = Request { contexts: vec!["a".to_owned()], ..Request::default() };
        build_all(&files("docs/x.md", text), &request).ok()?.pop()?.result.ok()
    };
    let base = built(b"# A\n\nOne.\n\n## B\n\nTwo.\n\n## C\n\nThree.\n").expect("a project of ours builds");
    let Some(head) = built(bytes) else { return };
    let delta = compare(Some(&base), Some(&head));
    assert_eq!(delta.segments.is_empty(), base.chain == head.chain);
    let more = |delta: &Delta| Some(i128::from(delta.tokens.head?) - i128::from(delta.tokens.base?));
    assert_eq!(more(&compare(Some(&head), Some(&base))).map(|more| -more), more(&delta));
}

/// A scenario of the simulator.
pub fn scenario(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let source = Source::new(path("scenario.yaml"), text);
    let cards = Cards::built_in();
    let day = cards.as_of();
    let find = |name: &str| {
        cards.find(name).map(|card| card.at(day).model(&Choices::default())).map_err(|unknown| unknown.near)
    };
    match scenario::read(&source) {
        Ok(read) => match scenario::run(&read, &find) {
            Ok(report) => draw(&report.warnings),
            Err(faults) => draw(&faults),
        },
        Err(faults) => draw(&faults),
    }
}

fn path(name: &str) -> ProjectPath {
    ProjectPath::new(name).expect("a path of ours")
}

/// The project with one file of other bytes.
fn files(changed: &str, bytes: &[u8]) -> MemoryTree {
    let whole = FILES.iter().fold(MemoryTree::new(), |tree, (name, text)| tree.file(&path(name), text));
    whole.file(&path(changed), bytes)
}

fn build_with(changed: &str, bytes: &[u8]) {
    let tree = files(changed, bytes);
    match build_all(&tree, &Request { lints: true, ..Request::default() }) {
        Err(Failure::Faults(faults)) => draw(&faults),
        Err(Failure::Error(error)) => shown(&snippet::draw_error(&error)),
        Ok(attempts) => {
            for attempt in attempts {
                match attempt.result {
                    Ok(build) => {
                        draw(&build.warnings);
                        if let Err(faults) = bundle(&build) {
                            draw(&faults);
                        }
                    }
                    Err(faults) => draw(&faults),
                }
            }
        }
    }
}

/// Draws faults, as a terminal would get them. Each says something.
fn draw(faults: &[Diagnostic]) {
    for fault in faults {
        assert!(!fault.message.is_empty());
        shown(&snippet::draw(fault));
    }
}

/// Holds a text for a terminal to its promise. The escapes that colour it are the program's own.
fn shown(text: &str) {
    let plain = text.split('\u{1b}').enumerate().map(|(number, part)| match number {
        0 => part,
        _ => part.strip_prefix('[').and_then(|rest| rest.split_once('m')).expect("a colour and nothing else").1,
    });
    for part in plain {
        assert!(!part.contains(is_hostile), "{text:?}");
    }
}
