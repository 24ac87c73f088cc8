//! Prompts made by chance: what a manifest may hold, and the tree that says it.

use std::sync::Arc;

use contexture::pipeline::{Build, Request, build_all};
use contexture::syntax::source::ProjectPath;
use contexture::tree::MemoryTree;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A prompt that is yet to be written down.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// Tool descriptions; a tool is named by its place.
    pub tools: Vec<String>,
    pub system: Vec<ContentBlock>,
    pub messages: Vec<ContentBlock>,
    /// `join` of the whole context.
    pub join: &'static str,
}

/// A block, by where its text comes from.
#[derive(Debug, Clone)]
pub enum ContentBlock {
    Text(String),
    File {
        name: String,
        text: String,
        wrap: &'static str,
    },
    /// Each line a segment.
    Lines(Vec<String>),
    /// A template with a named segment a piece.
    Template(Vec<String>),
    /// Questions and answers.
    Examples(Vec<(String, String)>),
    /// A turn with a hole in it.
    Input(String, String),
    History,
}

impl Prompt {
    /// The tree that holds this prompt as `contexts/a.yaml`.
    pub fn tree(&self) -> MemoryTree {
        self.tree_with(|manifest| manifest)
    }

    /// The same, with something done to the manifest.
    pub fn tree_with(&self, change: impl FnOnce(Value) -> Value) -> MemoryTree {
        let mut tree = MemoryTree::new();
        let mut add = |name: String, text: String| tree = std::mem::take(&mut tree).file(&path(&name), text);
        for (index, description) in self.tools.iter().enumerate() {
            let tool = json!({"name": format!("tool_{index:02}"), "description": description, "input_schema": {"type": "object"}});
            add(format!("tools/{index:02}.json"), tool.to_string());
        }
        let mut tier = |name: &str, blocks: &[ContentBlock]| -> Vec<Value> {
            blocks.iter().enumerate().map(|(index, block)| block.write(&format!("{name}/{index}"), &mut add)).collect()
        };
        let (system, messages) = (tier("system", &self.system), tier("messages", &self.messages));
        let tools = if self.tools.is_empty() { json!([]) } else { json!([{"files": "tools/*"}]) };
        let manifest = json!({
            "join": self.join, "inputs": {"ticket": {"tokens": 10}},
            "tools": tools, "system": system, "messages": messages,
        });
        add("contexts/a.yaml".to_owned(), change(manifest).to_string());
        tree
    }

    /// Every text that can be changed by itself.
    pub fn texts(&mut self) -> Vec<&mut String> {
        let blocks = self.system.iter_mut().chain(&mut self.messages);
        self.tools.iter_mut().chain(blocks.flat_map(ContentBlock::texts)).collect()
    }
}

impl ContentBlock {
    fn texts(&mut self) -> Vec<&mut String> {
        match self {
            Self::Text(text) | Self::File { text, .. } => vec![text],
            Self::Lines(texts) | Self::Template(texts) => texts.iter_mut().collect(),
            Self::Examples(records) => records.iter_mut().map(|(_, answer)| answer).collect(),
            Self::Input(before, after) => vec![before, after],
            Self::History => Vec::new(),
        }
    }

    /// The entry of the manifest, after `add` has been given its files.
    fn write(&self, place: &str, add: &mut dyn FnMut(String, String)) -> Value {
        match self {
            Self::Text(text) => json!({"text": text}),
            Self::File { name, text, wrap } => {
                let path = format!("{place}/{name}.md");
                add(path.clone(), text.clone());
                json!({"file": path, "wrap": wrap})
            }
            Self::Lines(lines) => {
                add(format!("{place}.txt"), lines.iter().map(|line| format!("{line}\n")).collect());
                json!({"file": format!("{place}.txt"), "split": "lines(1)"})
            }
            Self::Template(pieces) => {
                let segment = |(index, text): (usize, &String)| {
                    format!("{{{{#segment id=\"s{index}\"}}}}{text}\n{{{{/segment}}}}")
                };
                add(format!("templates/{place}.hbs"), pieces.iter().enumerate().map(segment).collect());
                json!({"template": format!("{place}.hbs")})
            }
            Self::Examples(records) => {
                let line =
                    |(question, answer): &(String, String)| json!({"input": question, "output": answer}).to_string();
                add(format!("{place}.jsonl"), records.iter().map(line).collect::<Vec<_>>().join("\n"));
                json!({"examples": format!("{place}.jsonl")})
            }
            Self::Input(before, after) => json!({"user": format!("{before}{{{{ticket}}}}{after}")}),
            Self::History => json!({"history": 100}),
        }
    }
}

/// Text that begins and ends with a letter, so that no trimming makes it empty, with line breaks
/// and marks inside that a wrap or a template could stumble over.
pub fn text() -> impl Strategy<Value = String> {
    "[a-zé語🦀](([a-z0-9 .#<>&\"'`~é語🦀-]|\n){0,20}[a-z語])?"
}

fn line() -> impl Strategy<Value = String> {
    "[a-zé語][a-z0-9 .#<>&\"'`-]{0,12}"
}

fn records() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec((text(), text()), 1..4)
}

/// A block that may stand in either tier.
pub fn anywhere() -> impl Strategy<Value = ContentBlock> {
    prop_oneof![
        text().prop_map(ContentBlock::Text),
        (
            "[a-z]{1,4}",
            text(),
            prop_oneof!["none", "document", "fence"].prop_map(|wrap: String| match &*wrap {
                "none" => "none",
                "document" => "document",
                _ => "fence",
            })
        )
            .prop_map(|(name, text, wrap)| ContentBlock::File { name, text, wrap }),
        prop::collection::vec(line(), 1..5).prop_map(ContentBlock::Lines),
        prop::collection::vec(text(), 1..4).prop_map(ContentBlock::Template),
        records().prop_map(ContentBlock::Examples),
    ]
}

/// A block of `messages`.
pub fn turn() -> impl Strategy<Value = ContentBlock> {
    prop_oneof![
        6 => anywhere(),
        2 => (text(), text()).prop_map(|(before, after)| ContentBlock::Input(before, after)),
        1 => Just(ContentBlock::History),
    ]
}

/// A prompt with at least one text.
pub fn prompt() -> impl Strategy<Value = Prompt> {
    (
        prop::collection::vec(text(), 0..3),
        prop::collection::vec(anywhere(), 1..5),
        prop::collection::vec(turn(), 0..5),
        prop::sample::select(vec!["blank", "newline", "none"]),
    )
        .prop_map(|(tools, system, messages, join)| Prompt { tools, system, messages, join })
}

/// The one context of a tree, built.
pub fn build(tree: &MemoryTree) -> Build {
    let mut attempts = build_all(tree, &Request::default()).expect("contexts to build");
    assert_eq!(attempts.len(), 1);
    Arc::unwrap_or_clone(attempts.remove(0).result.expect("no fault"))
}

pub fn path(written: &str) -> ProjectPath {
    ProjectPath::new(written).expect("a path")
}
