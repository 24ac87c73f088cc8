//! Whatever stands in the files, a build ends with bundles or with faults, and the faults can be drawn.

use contexture::output::bundle::bundle;
use contexture::output::report::snippet;
use contexture::pipeline::{Request, build_all};
use contexture::syntax::error::Failure;
use contexture::syntax::source::ProjectPath;
use contexture::tree::MemoryTree;
use proptest::prelude::*;

/// A project that uses most of what there is, each file of it short.
const FILES: [(&str, &str); 11] = [
    (
        "contexture.yaml",
        "models: [gpt-6.1-sol, claude-sonnet-5-5]\nvars: {shop: Acme, list: [a, b]}\nbudgets: {tokens: 60k}\n",
    ),
    ("contexts/_house.yaml", "system:\n  - text: &t \"Be kind. é語🦀\"\n  - {text: *t, when: shop == Acme}\n"),
    (
        "contexts/a.yaml",
        "extends: contexts/_house.yaml\ninputs:\n  ticket: {tokens: 1.5k, example: \"x\"}\ntools: [{files: tools/*}]\n\
         messages:\n  - examples: ex.jsonl\n    pick: {count: 2, by: coverage, label: label, where: label != z}\n\
         \x20 - examples: ex.csv\n  - {files: [\"docs/**/*.md\", \"!docs/x.md\"], wrap: document, split: headings(2), cache: 5m}\n\
         \x20 - user: \"Sort: {{ticket}} {{shop}}\"\noutput: {tokens: 5, max_tokens: 50, schema: schema.json}\n\
         settings: {tool_choice: auto, \"claude-*\": {effort: low}}\ntraffic: {calls: 1k/day, hit_rate: 50%}\n\
         variants: {terse: {messages: [{user: Hi}]}}\n",
    ),
    (
        "contexts/each.yaml",
        "each: docs/*.md\nsystem: [{template: p.hbs}, {file: $each, wrap: q}]\nmessages: [{history: 10}]\noutput: {max_tokens: 9}\n",
    ),
    (
        "templates/p.hbs",
        "{{#if shop}}You work for {{shop}}{{else}}-{{/if}}.{{#each list}} {{@index}}:{{this}}{{/each}}\n{{> q}}{{include \"docs/a.md\"}}\n",
    ),
    ("templates/q.hbs", "{{#segment id=\"s\"}}{{json vars.list}}{{/segment}}{{!-- é --}}\n"),
    (
        "tools/find.json",
        "{\"name\": \"find\", \"description\": \"é\\ud83e\\udd80\", \"input_schema\": {\"type\": \"object\", \"properties\": {}}}\n",
    ),
    (
        "ex.jsonl",
        "{\"input\": \"a\", \"output\": \"b\", \"label\": \"x\"}\n{\"messages\": [{\"role\": \"user\", \"content\": \"é\"}, {\"role\": \"assistant\", \"content\": \"d\"}], \"label\": \"y\"}\n",
    ),
    ("ex.csv", "input,output\n\"a, é\",b\n"),
    ("docs/a.md", "---\ntitle: \"é\"\ntags: [a]\n---\n# One\n\ntext\n## Two\r\n\n```\n# no\n```\n"),
    ("schema.json", "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"string\"}}}\n"),
];

/// One change to a file: where, how many bytes go, and what comes in their place.
type Edit = (prop::sample::Index, usize, Vec<u8>);

/// Bytes that mean something in one of the formats, or that break text.
fn edit() -> impl Strategy<Value = Edit> {
    let marks: Vec<&[u8]> = vec![
        b"{{",
        b"}}",
        b"{{{",
        b"{{#if ",
        b"{{/if}}",
        b"{{>",
        b"{",
        b"}",
        b"[",
        b"]",
        b"\"",
        b"'",
        b":",
        b": ",
        b"- ",
        b"\n",
        b"\r\n",
        b"\t",
        b"&a ",
        b"*a",
        b"*t",
        b"!!str ",
        b"---\n",
        b"...\n",
        b"#",
        b"|\n",
        b">-\n",
        b"? ",
        b"<<: ",
        b"~",
        b"null",
        b"-1",
        b"1e999",
        b"9223372036854775808",
        b"0x",
        b"\\u0000",
        b"\\ud800",
        b"\0",
        b"\xff",
        b"\xc3",
        "é".as_bytes(),
        "\u{202e}".as_bytes(),
        "\u{feff}".as_bytes(),
        b"..",
        b"../",
        b"/",
        b"**",
        b"{a,b}",
        b"[!a]",
        b"$each",
        b"\x1b[2J",
        b",",
        b"<!--",
        b"-->",
    ];
    let inserted = prop_oneof![
        6 => prop::sample::select(marks).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..4),
        1 => Just(Vec::new()),
    ];
    (any::<prop::sample::Index>(), prop_oneof![3 => Just(0_usize), 1 => 1_usize..30], inserted)
}

fn applied(text: &str, edits: &[Edit]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for (at, length, inserted) in edits {
        let start = at.index(bytes.len() + 1);
        let end = (start + length).min(bytes.len());
        bytes.splice(start..end, inserted.iter().copied());
    }
    bytes
}

/// Builds and draws everything that is said about it; returns how many contexts were built.
fn built(tree: &MemoryTree) -> usize {
    let draw = |faults: &[contexture::syntax::diag::Diagnostic]| {
        for fault in faults {
            let drawn = snippet::draw(fault);
            let hostile = |c: char| c == '\0' || c == '\u{202e}' || c == '\u{feff}';
            assert!(!drawn.contains(hostile) && !drawn.contains("\u{1b}[2J"), "{drawn:?}");
        }
    };
    match build_all(tree, &Request { lints: true, ..Request::default() }) {
        Err(Failure::Faults(faults)) => {
            draw(&faults);
            0
        }
        Err(Failure::Error(error)) => {
            snippet::draw_error(&error);
            0
        }
        Ok(attempts) => attempts
            .iter()
            .filter(|attempt| match &attempt.result {
                Ok(build) => {
                    draw(&build.warnings);
                    bundle(build).map_err(|faults| draw(&faults)).is_ok()
                }
                Err(faults) => {
                    draw(faults);
                    false
                }
            })
            .count(),
    }
}

fn tree(changed: usize, edits: &[Edit]) -> MemoryTree {
    FILES.iter().enumerate().fold(MemoryTree::new(), |tree, (index, (name, text))| {
        let path = ProjectPath::new(name).unwrap();
        if index == changed { tree.file(&path, applied(text, edits)) } else { tree.file(&path, text) }
    })
}

#[test]
fn the_project_is_whole_before_anything_is_done_to_it() {
    assert_eq!(built(&tree(usize::MAX, &[])), 3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_edit_of_a_file_makes_a_build_panic(changed in 0..FILES.len(), edits in prop::collection::vec(edit(), 1..4)) {
        built(&tree(changed, &edits));
    }
}
