//! The manifest: what one file below `contexts/` may say, decoded with a place for every part.
//!
//! Layers (`contexture.yaml`, `extends`, the manifest, a variant) are merged as nodes before they
//! are decoded here, so a value's span names the file that wrote it.

use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::decode::{Count, Decode, OneOrMany, Spanned, Table, Text, expected, fields, record, words};
use crate::diag::{Diagnostic, Faults};
use crate::quantity::{Rate, Share, Usd};
use crate::segment::{Mark, Stability, Ttl};
use crate::source::Span;
use crate::yaml::{Key, Node, Value};

record! {
    /// One prompt context: its text by tier, and what it is for.
    pub struct Manifest("a manifest") {
        /// What the prompt is for, in one sentence.
        pub description: Option<Text> = "description",
        /// Who answers for it.
        pub owner: Option<Text> = "owner",
        /// Manifests whose keys stand below this one's: paths or ids, later ones win.
        pub extends: OneOrMany<Text> = "extends",
        /// Whether it only serves `extends` and is never built itself.
        pub is_abstract: Option<bool> = "abstract",
        /// A path with `*`: one context for each match, named after what the star matched.
        pub each: Option<Text> = "each",
        /// The models to build for.
        pub models: Vec<Text> = "models",
        /// Build-time values, visible to templates.
        pub vars: Table<Node> = "vars",
        /// Run-time holes that the caller fills.
        pub inputs: Table<Input> = "inputs",
        /// Tool definitions.
        pub tools: Vec<Block> = "tools",
        /// The system prompt.
        pub system: Vec<Block> = "system",
        /// Turns.
        pub messages: Vec<Block> = "messages",
        /// What is expected back.
        pub output: Option<Output> = "output",
        /// Request settings, passed through per dialect; a key with `*` holds settings for the models it matches.
        pub settings: Table<Node> = "settings",
        /// How the provider's cache is used.
        pub cache: Option<Cache> = "cache",
        /// How often the prompt is called.
        pub traffic: Option<Traffic> = "traffic",
        /// Limits that `build` and `check` hold.
        pub budgets: Option<Budgets> = "budgets",
        /// How segments are separated unless a block says otherwise.
        pub join: Option<Join> = "join",
        /// Tokenizer files for models without a built-in tokenizer: model name or pattern to path.
        pub tokenizers: Table<Text> = "tokenizers",
        /// Named partial overrides.
        pub variants: Table<Node> = "variants",
        /// Lint levels by lint id.
        pub lints: Table<LintLevel> = "lints",
    }
}

record! {
    /// Defaults for every context of a project: `contexture.yaml`.
    pub struct ProjectFile("contexture.yaml") {
        /// The models to build for.
        pub models: Vec<Text> = "models",
        /// Build-time values, visible to templates.
        pub vars: Table<Node> = "vars",
        /// How the provider's cache is used.
        pub cache: Option<Cache> = "cache",
        /// How often each prompt is called.
        pub traffic: Option<Traffic> = "traffic",
        /// Limits that `build` and `check` hold.
        pub budgets: Option<Budgets> = "budgets",
        /// Request settings, passed through per dialect.
        pub settings: Table<Node> = "settings",
        /// How segments are separated unless a block says otherwise.
        pub join: Option<Join> = "join",
        /// Tokenizer files for models without a built-in tokenizer: model name or pattern to path.
        pub tokenizers: Table<Text> = "tokenizers",
        /// Lint levels by lint id.
        pub lints: Table<LintLevel> = "lints",
        /// The branch that `diff` compares with.
        pub default_branch: Option<Text> = "default_branch",
    }
}

record! {
    /// A hole that the caller fills at run time.
    pub struct Input("an input") {
        /// What goes in.
        pub description: Option<Text> = "description",
        /// The expected size, used for cost.
        pub tokens: Option<Count> = "tokens",
        /// A sample value.
        pub example: Option<Text> = "example",
    }
}

record! {
    /// What is expected back from the model.
    pub struct Output("output") {
        /// The expected number of output tokens, used for cost.
        pub tokens: Option<Count> = "tokens",
        /// The limit that is sent.
        pub max_tokens: Option<Count> = "max_tokens",
        /// A JSON Schema for structured output: a path, or the schema itself.
        pub schema: Option<Node> = "schema",
    }
}

record! {
    /// How the provider's cache is used.
    pub struct Cache("cache") {
        /// Who places breakpoints.
        pub breakpoints: Option<Breakpoints> = "breakpoints",
        /// The lifetime asked for where a block says no other.
        pub ttl: Option<Spanned<Ttl>> = "ttl",
    }
}

words! {
    /// Who places breakpoints.
    pub enum Breakpoints("who places breakpoints") {
        /// The planner, around those written in the manifest.
        Auto = "auto",
        /// Only those written in the manifest.
        Manual = "manual",
        /// Nobody; `cache:` on a block is ignored.
        Off = "off",
    }
}

record! {
    /// How often a prompt is called.
    pub struct Traffic("traffic") {
        /// Calls in a period.
        pub calls: Option<Spanned<Rate>> = "calls",
        /// When they come.
        pub hours: Option<Hours> = "hours",
        /// The share of calls that find the cache warm; computed from the rate when `auto`.
        pub hit_rate: Option<HitRate> = "hit_rate",
        /// How often a new version goes live; each one empties the cache.
        pub deploys: Option<Spanned<Rate>> = "deploys",
        /// Caches that share the traffic: regions, replicas, keys.
        pub replicas: Option<Spanned<Count>> = "replicas",
        /// The share of calls that go through a batch endpoint.
        pub batch: Option<Share> = "batch",
    }
}

words! {
    /// When calls come.
    pub enum Hours("the hours of traffic") {
        /// Round the clock.
        Flat = "flat",
        /// 8 hours on 22 of 30 days, each day ending cold.
        Business = "business",
    }
}

/// `auto`, or a measured share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HitRate {
    /// From the arrival rate and the lifetime of entries.
    Auto,
    /// As measured.
    Given(Share),
}

record! {
    /// Limits. Each is evaluated for every model.
    pub struct Budgets("budgets") {
        /// Input tokens of the whole request.
        pub tokens: Option<Spanned<Count>> = "tokens",
        /// Tokens before the first input.
        pub prefix_tokens: Option<Spanned<Count>> = "prefix_tokens",
        /// US dollars for one call.
        pub cost_per_call: Option<CostPerCall> = "cost_per_call",
        /// US dollars for 30 days at the declared traffic.
        pub cost_per_month: Option<Spanned<Usd>> = "cost_per_month",
        /// At least this share of input tokens is read from the cache when warm.
        pub cached_share: Option<Spanned<Share>> = "cached_share",
        /// At most this growth of prefix tokens against the base of a diff.
        pub growth: Option<Spanned<Share>> = "growth",
        /// How much worse an already failing budget may get before it blocks.
        pub ratchet_slack: Option<Spanned<Share>> = "ratchet_slack",
    }
}

record! {
    /// US dollars for one call, by the state of the cache.
    pub struct CostPerCall("cost_per_call") {
        /// All planned breakpoints live.
        pub warm: Option<Spanned<Usd>> = "warm",
        /// Nothing live.
        pub cold: Option<Spanned<Usd>> = "cold",
        /// At the declared traffic.
        pub expected: Option<Spanned<Usd>> = "expected",
        /// Without caching.
        pub uncached: Option<Spanned<Usd>> = "uncached",
    }
}

words! {
    /// What stands between segments.
    pub enum Join("how segments are separated") {
        /// One blank line.
        Blank = "blank",
        /// One line break.
        Newline = "newline",
        /// Nothing; nothing is trimmed either.
        None = "none",
    }
}

words! {
    /// How loud a lint is.
    pub enum LintLevel("a lint level") {
        /// An error.
        Deny = "deny",
        /// A warning.
        Warn = "warn",
        /// Silence.
        Allow = "allow",
    }
}

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
    /// Where the turns of an example stand in a record of another shape.
    pub struct Mapping("map") {
        /// Path of the user's turn, such as `data.question`.
        pub user: Text = "user",
        /// Path of the assistant's turn.
        pub assistant: Text = "assistant",
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
        /// Conditions on metadata: `field`, `field == value`, `field != value`; all must hold.
        pub filter: OneOrMany<Text> = "where",
    }
}

record! {
    /// Every key that a block may have; exactly one of them names its source.
    pub struct BlockFields("a block") {
        /// Text written in the manifest, taken as it stands.
        pub text: Option<Text> = "text",
        /// A fragment, taken as it stands.
        pub file: Option<Text> = "file",
        /// Fragments by pattern; `!` excludes.
        pub files: OneOrMany<Text> = "files",
        /// A Handlebars template below `templates/`.
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
        /// Build only if these hold: `name`, `name == value`, `name != value`.
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
        pub max_tokens: Option<Spanned<Count>> = "max_tokens",
        /// What becomes of front matter.
        pub front_matter: Option<FrontMatter> = "front_matter",
        /// Whether the source may be missing.
        pub optional: Option<bool> = "optional",
        /// Where the turns of an example stand.
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
            // A value of another type is told already.
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
    /// Moves the source out of the fields. `None` when the key is there but holds nothing.
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

impl Decode for HitRate {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        if node.as_text().is_some_and(|text| &**text == "auto") {
            return Some(Self::Auto);
        }
        let share = Share::decode(node, faults)?;
        if share.millionths > 1_000_000 {
            expected("`auto` or a share of at most 100%", node, faults);
            return None;
        }
        Some(Self::Given(share))
    }
}

impl JsonSchema for HitRate {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HitRate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let most_whole = "^((100(\\.0+)?|[0-9]{1,2}(\\.[0-9]+)?)%|0(\\.[0-9]+)?|1(\\.0+)?)$";
        json_schema!({"anyOf": [
            {"const": "auto"}, {"type": "number", "minimum": 0, "maximum": 1}, {"type": "string", "pattern": most_whole}
        ]})
    }
}

impl Decode for History {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        if node.as_map().is_none() {
            let tokens = Count::decode(node, faults)?.0;
            return Some(Self { tokens, name: "history".into() });
        }
        let map = fields("history", node, &["tokens", "name"], faults)?;
        let tokens = crate::decode::field::<Count>("history", map, "tokens", &node.span, faults);
        let name = crate::decode::field::<Option<Text>>("history", map, "name", &node.span, faults);
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
