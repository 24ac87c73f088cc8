//! A block: one entry of a tier, where its text comes from and what is done with it.

use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{Join, Limit};
use crate::syntax::decode::{Count, Decode, OneOrMany, Spanned, Text, expected, fields, record, words};
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::quantity::Ttl;
use crate::syntax::source::Span;
use crate::syntax::yaml::{Key, Node, Value};

words! {
    /// Who speaks, for a block in `messages`.
    pub enum Speaker("a role") {
        /// The user.
        User = "user",
        /// The model.
        Assistant = "assistant",
    }
}

words! {
    /// What becomes of a fragment's front matter.
    pub enum FrontMatter("what becomes of front matter") {
        /// It is metadata and leaves the text.
        Strip = "strip",
        /// It stays in the text.
        Keep = "keep",
    }
}

words! {
    /// How `pick` chooses.
    pub enum PickBy("how examples are picked") {
        /// The first ones.
        Order = "order",
        /// Labels in balance.
        Coverage = "coverage",
        /// As unlike each other as possible.
        Diverse = "diverse",
    }
}

record! {
    /// Where the turns of an example are in a record of another shape.
    pub struct Mapping("map") {
        /// Path of the user's turn, such as `data.question`; the texts of a list are joined by a blank line.
        pub user: FieldPaths = "user",
        /// Path of the assistant's turn.
        pub assistant: Text = "assistant",
    }
}

/// One path or more into a record.
#[derive(Debug, Clone)]
pub struct FieldPaths(pub Vec<Text>);

impl Decode for FieldPaths {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let paths = OneOrMany::<Text>::decode(node, faults)?.0;
        if paths.is_empty() {
            expected("a path, or a list of paths", node, faults);
            return None;
        }
        Some(Self(paths))
    }
}

impl JsonSchema for FieldPaths {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        OneOrMany::<Text>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        OneOrMany::<Text>::json_schema(generator)
    }
}

record! {
    /// Which examples of a set to take.
    pub struct Pick("pick") {
        /// How many.
        pub count: Option<Count> = "count",
        /// Up to how many tokens (o200k_base).
        pub tokens: Option<Count> = "tokens",
        /// How they are chosen.
        pub by: Option<PickBy> = "by",
        /// The metadata field that `coverage` balances.
        pub label: Option<Text> = "label",
        /// Another seed is another choice.
        pub seed: Option<u64> = "seed",
        /// Conditions on metadata: `field`, `field == value`, `field != value`; all must be true.
        pub filter: OneOrMany<Text> = "where",
    }
}

record! {
    /// Every key that a block may have; exactly one of them names its source.
    pub struct BlockFields("a block") {
        /// Text written in the manifest, taken as it is.
        pub text: Option<Text> = "text",
        /// A fragment, taken as it is.
        pub file: Option<Text> = "file",
        /// Fragments by pattern; `!` excludes.
        pub files: OneOrMany<Text> = "files",
        /// A Handlebars template: its path below `templates/`, or in the project.
        pub template: Option<Text> = "template",
        /// A set of examples: JSONL, YAML, JSON or CSV.
        pub examples: Option<Text> = "examples",
        /// A user turn, as a template.
        pub user: Option<Text> = "user",
        /// An assistant turn, as a template.
        pub assistant: Option<Text> = "assistant",
        /// A run-time hole for earlier turns, with their expected size.
        pub history: Option<History> = "history",
        /// A name for the block, used in segment ids.
        pub id: Option<Text> = "id",
        /// Who speaks (in `messages`).
        pub role: Option<Spanned<Speaker>> = "role",
        /// Build only if these are true: `name`, `name == value`, `name != value`.
        pub when: OneOrMany<Text> = "when",
        /// What each text is put into: `document`, `fence`, `none`, or a template.
        pub wrap: Option<Text> = "wrap",
        /// What separates its segments from what follows.
        pub join: Option<Join> = "join",
        /// Cut each file into segments: `headings(2)`, `keys(1)`, `lines(50)`.
        pub split: Option<Text> = "split",
        /// The order of files: `path`, `listed`, or a Markdown file whose links give it.
        pub order: Option<Text> = "order",
        /// A cache breakpoint after the block: `true`, `never`, or a lifetime.
        pub cache: Option<Spanned<CacheMark>> = "cache",
        /// How often the text is expected to change.
        pub stability: Option<BlockStability> = "stability",
        /// What a report suggests to drop first when a window overflows: lowest first.
        pub priority: Option<i64> = "priority",
        /// A budget on the block's tokens.
        pub max_tokens: Option<Limit<Count>> = "max_tokens",
        /// What becomes of front matter.
        pub front_matter: Option<FrontMatter> = "front_matter",
        /// Whether the source may be missing.
        pub optional: Option<bool> = "optional",
        /// Where the turns of an example are.
        pub map: Option<Mapping> = "map",
        /// Which examples to take.
        pub pick: Option<Pick> = "pick",
    }
}

words! {
    /// How often a block's text is expected to change.
    pub enum BlockStability("a stability") {
        /// Never, for practical purposes.
        Frozen = "frozen",
        /// With a release.
        Stable = "stable",
        /// At any time.
        Volatile = "volatile",
    }
}

impl From<BlockStability> for Stability {
    fn from(written: BlockStability) -> Self {
        match written {
            BlockStability::Frozen => Self::Frozen,
            BlockStability::Stable => Self::Stable,
            BlockStability::Volatile => Self::Volatile,
        }
    }
}

/// `true`, `never`, or a lifetime.
#[derive(Debug, Clone, Copy)]
pub struct CacheMark(pub Mark);

/// The expected size of earlier turns, and the name of the hole.
#[derive(Debug, Clone)]
pub struct History {
    /// Expected tokens.
    pub tokens: u64,
    /// `history` unless named.
    pub name: Arc<str>,
}

/// One entry of a tier: where its text comes from, and what is done with it.
#[derive(Debug, Clone)]
pub struct Block {
    /// Where the text comes from.
    pub source: BlockSource,
    /// Everything else.
    pub fields: BlockFields,
    /// Its keys as they were written.
    pub keys: Vec<Key>,
    /// Where the block was written.
    pub span: Span,
}

impl Block {
    /// Where `key` was written; the whole block if it was not.
    pub fn key_span(&self, key: &str) -> &Span {
        self.keys.iter().find(|own| &*own.text == key).map_or(&self.span, |own| &own.span)
    }
}

/// The one key that names a block's source.
#[derive(Debug, Clone)]
pub enum BlockSource {
    /// A bare string: a template when it names one, else a file.
    Bare(Text),
    /// `text`.
    Text(Text),
    /// `file`.
    File(Text),
    /// `files`.
    Files(Vec<Text>),
    /// `template`.
    Template(Text),
    /// `examples`.
    Examples(Text),
    /// `user`.
    User(Text),
    /// `assistant`.
    Assistant(Text),
    /// `history`.
    History(History),
}

/// The keys of which a block has exactly one.
const SOURCE_KEYS: [&str; 8] = ["text", "file", "files", "template", "examples", "user", "assistant", "history"];

/// Sources that would need a media part, and how people write them.
const MEDIA_KEYS: [&str; 6] = ["image", "images", "audio", "video", "media", "pdf"];

impl Decode for Block {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let span = node.span.clone();
        if let Some(text) = node.as_text() {
            let bare = Spanned { value: text.clone(), span: span.clone() };
            let no_fields = Node::new(Value::Map(Arc::default()), span.clone());
            return Some(Self {
                source: BlockSource::Bare(bare),
                fields: BlockFields::decode(&no_fields, faults)?,
                keys: Vec::new(),
                span,
            });
        }
        let map = match node.as_map() {
            Some(map) => map,
            None => {
                expected("a block: a path, or a map with one of text, file, files, template, examples", node, faults);
                return None;
            }
        };
        if let Some((key, _)) = map.iter().find(|(key, _)| MEDIA_KEYS.contains(&&*key.text)) {
            let fault =
                Diagnostic::error("media-block", format!("`{}`: only text is supported in this release", key.text));
            faults.push(fault.at(&key.span).hint("leave the block out, or describe the media in text"));
            return None;
        }
        let fields = BlockFields::decode(node, faults);
        let sources: Vec<&str> = SOURCE_KEYS.into_iter().filter(|key| map.get(key).is_some()).collect();
        if sources.len() != 1 {
            let message = match sources.len() {
                0 => "the block names no source".to_owned(),
                _ => format!("the block names {} sources: {}", sources.len(), sources.join(", ")),
            };
            let hint = format!("give it exactly one of {}", SOURCE_KEYS.join(", "));
            faults.push(Diagnostic::error("block-source", message).at(&span).hint(hint));
            return None;
        }
        let mut fields = fields?;
        let source = fields.take_source();
        if source.is_none() {
            // For a value of another type, decoding the fields has already pushed a fault.
            for (key, _) in map.iter().filter(|(key, node)| *key.text == *sources[0] && is_empty(node)) {
                let fault = Diagnostic::error("block-source", format!("`{}` is empty", key.text)).at(&key.span);
                faults.push(fault.hint("write its value, or remove the block"));
            }
        }
        Some(Self { source: source?, fields, keys: map.iter().map(|(key, _)| key.clone()).collect(), span })
    }
}

fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::List(items) => items.is_empty(),
        _ => false,
    }
}

impl BlockFields {
    /// Moves the source out of the fields. `None` when the key is there but has no value.
    fn take_source(&mut self) -> Option<BlockSource> {
        let files = std::mem::take(&mut self.files.0);
        (self.text.take().map(BlockSource::Text))
            .or_else(|| self.file.take().map(BlockSource::File))
            .or_else(|| (!files.is_empty()).then_some(BlockSource::Files(files)))
            .or_else(|| self.template.take().map(BlockSource::Template))
            .or_else(|| self.examples.take().map(BlockSource::Examples))
            .or_else(|| self.user.take().map(BlockSource::User))
            .or_else(|| self.assistant.take().map(BlockSource::Assistant))
            .or_else(|| self.history.take().map(BlockSource::History))
    }
}

impl JsonSchema for Block {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Block".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let fields = generator.subschema_for::<BlockFields>();
        let one_source: Vec<serde_json::Value> =
            SOURCE_KEYS.iter().map(|key| serde_json::json!({"required": [key]})).collect();
        let given: serde_json::Map<String, serde_json::Value> = SOURCE_KEYS
            .iter()
            .map(|key| ((*key).to_owned(), serde_json::json!({"not": {"enum": [null, []]}})))
            .collect();
        json_schema!({
            "description": "A path, or a map with exactly one source.",
            "anyOf": [{"type": "string"}, {"allOf": [fields, {"oneOf": one_source}, {"properties": given}]}]
        })
    }
}

impl Decode for CacheMark {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let mark = match &node.value {
            Value::Bool(true) => Some(Mark::Here),
            Value::Text(text) if &**text == "never" => Some(Mark::Never),
            Value::Text(text) => Ttl::parse(text).map(Mark::For),
            _ => None,
        };
        if mark.is_none() {
            expected("true, never, or a lifetime such as 5m or 1h", node, faults);
        }
        mark.map(Self)
    }
}

impl JsonSchema for CacheMark {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CacheMark".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"enum": [true, "never"]}, {"type": "string", "pattern": "^[1-9][0-9]*[smhd]$"}]})
    }
}

impl Decode for History {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        if node.as_map().is_none() {
            let tokens = Count::decode(node, faults)?.0;
            return Some(Self { tokens, name: "history".into() });
        }
        let map = fields("history", node, &["tokens", "name"], faults)?;
        let tokens = crate::syntax::decode::field::<Count>("history", map, "tokens", &node.span, faults);
        let name = crate::syntax::decode::field::<Option<Text>>("history", map, "name", &node.span, faults);
        Some(Self { tokens: tokens?.0, name: name?.map_or_else(|| "history".into(), |name| name.value) })
    }
}

impl JsonSchema for History {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "History".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let count = generator.subschema_for::<Count>();
        json_schema!({
            "description": "The expected number of tokens, or a map with `tokens` and `name`.",
            "anyOf": [count, {
                "type": "object", "required": ["tokens"], "additionalProperties": false,
                "properties": {"tokens": count, "name": {"type": "string"}}
            }]
        })
    }
}

/// How often the author expects the text to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stability {
    /// Never, for practical purposes.
    Frozen,
    /// With a release.
    Stable,
    /// At any time.
    Volatile,
}

/// What the manifest says about a cache breakpoint after a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Nothing: the planner may place one.
    Free,
    /// `cache: true`: a breakpoint with the context's TTL.
    Here,
    /// `cache: 1h`.
    For(Ttl),
    /// `cache: never`.
    Never,
}
