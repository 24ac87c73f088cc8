//! The manifest: what one file below `contexts/` may say, decoded with a place for every part.
//!
//! Layers (`contexture.yaml`, `extends`, the manifest, a variant) are merged as nodes before they
//! are decoded here, so a value's span names the file that wrote it.

mod block;
mod eval;

pub use block::{
    Block, BlockFields, BlockSource, BlockStability, CacheMark, FrontMatter, History, Mapping, Mark, Pick, PickBy,
    Speaker, Stability,
};
pub use eval::{AnswerSchema, Eval, Gates, Judge, Labels, Likeness, OpenGate, Recorded, Scorer, Test, Tolerance};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::syntax::decode::{
    Count, Decode, OneOrMany, Spanned, Table, Text, expected, field, fields, inline_schema, record, words,
};
use crate::syntax::diag::Faults;
use crate::syntax::quantity::Ttl;
use crate::syntax::quantity::{Rate, Share, Usd};
use crate::syntax::source::Span;
use crate::syntax::yaml::Node;

record! {
    /// One prompt context: its text by tier, and what it is for.
    pub struct Manifest("a manifest") {
        /// What the prompt is for, in one sentence.
        pub description: Option<Text> = "description",
        /// Who answers for it.
        pub owner: Option<Text> = "owner",
        /// Manifests whose keys this one's override: paths or ids, later ones win.
        pub extends: OneOrMany<Text> = "extends",
        /// Whether it only serves `extends` and is never built itself.
        pub is_abstract: Option<bool> = "abstract",
        /// A pattern with `*`, or a list in which `!` excludes: one context for each match, named after what lies between the pattern's fixed beginning and end.
        pub each: OneOrMany<Text> = "each",
        /// A prompt in a format of another tool, in the place of `system` and `messages`: a file, or for agents a folder.
        pub prompt: Option<Text> = "prompt",
        /// The format of `prompt`, where its path does not say it.
        pub format: Option<Spanned<Format>> = "format",
        /// Keys whose values nobody has confirmed; figures say that they rest on them.
        pub assumed: Vec<Spanned<Assumed>> = "assumed",
        /// Files that an agent has touched, for instructions that load only then.
        pub touched: OneOrMany<Text> = "touched",
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
        /// Request settings, passed through per dialect; a key with `*` has settings for the models it matches.
        pub settings: Table<Node> = "settings",
        /// How the provider's cache is used.
        pub cache: Option<Cache> = "cache",
        /// Whether request bodies carry the digest of the prompt, where the API has a field for it: OpenAI's Responses
        /// (`metadata`), Bedrock (`requestMetadata`), Vertex (`labels`, shortened).
        pub trace: Option<Spanned<bool>> = "trace",
        /// How often the prompt is called.
        pub traffic: Option<Traffic> = "traffic",
        /// Limits that `build` and `check` enforce.
        pub budgets: Option<Budgets> = "budgets",
        /// How segments are separated unless a block says otherwise.
        pub join: Option<Join> = "join",
        /// Tokenizer files for models without a built-in tokenizer: model name or pattern to path.
        pub tokenizers: Table<Text> = "tokenizers",
        /// Named partial overrides.
        pub variants: Table<Node> = "variants",
        /// Lint levels by lint id.
        pub lints: Table<LintLevel> = "lints",
        /// Files of examples that are reserved for evaluation, so none of them may be in the prompt: patterns, as in `files`.
        pub held_out: OneOrMany<Text> = "held_out",
        /// How `eval` finds out whether the prompt is any good.
        pub eval: Option<Eval> = "eval",
    }
}

words! {
    /// A key whose value was assumed.
    pub enum Assumed("a key that may be assumed") {
        /// The models.
        Models = "models",
        /// How often the prompt is called.
        Traffic = "traffic",
        /// The size of the answer.
        Output = "output",
    }
}

words! {
    /// A prompt format of another tool.
    pub enum Format("a prompt format") {
        /// Google's dotprompt: `*.prompt`.
        Dotprompt = "dotprompt",
        /// Microsoft's Prompty: `*.prompty`.
        Prompty = "prompty",
        /// A list of `role` and `content`, in JSON or YAML.
        Chat = "chat",
        /// The body of a request to one of the APIs that bodies are written for.
        Request = "request",
        /// The chain of `AGENTS.md` of a folder, as Codex loads it.
        Agents = "agents",
        /// `CLAUDE.md` of a folder with its imports and rules, as Claude Code loads it.
        Claude = "claude",
        /// A skill: `SKILL.md`.
        Skill = "skill",
        /// An agent of its own: `.claude/agents/*.md`, `*.agent.md`.
        Subagent = "subagent",
        /// A command of Claude Code, `.claude/commands/*.md`, or a prompt file of Copilot's editors, `*.prompt.md`.
        Command = "command",
        /// Instructions of Copilot for a folder, as its command line loads them, or one file of them.
        Copilot = "copilot",
        /// A rule of Cursor's, or those of a folder: `*.mdc`.
        Cursor = "cursor",
        /// A pattern of fabric: `system.md`.
        Fabric = "fabric",
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
        /// Limits that `build` and `check` enforce.
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
        /// The expected size, used for cost; without it no amount is known.
        pub tokens: Option<Count> = "tokens",
        /// A sample value, of any shape: what the parts of a template that decide on it are built with.
        pub example: Option<Node> = "example",
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
        pub tokens: Option<Limit<Count>> = "tokens",
        /// Tokens before the first input.
        pub prefix_tokens: Option<Limit<Count>> = "prefix_tokens",
        /// US dollars for one call.
        pub cost_per_call: Option<CostPerCall> = "cost_per_call",
        /// US dollars for 30 days at the declared traffic.
        pub cost_per_month: Option<Limit<Usd>> = "cost_per_month",
        /// At least this share of input tokens is read from the cache when warm.
        pub cached_share: Option<Limit<Share>> = "cached_share",
        /// At most this growth of prefix tokens against the base of a diff.
        pub growth: Option<Limit<Share>> = "growth",
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
        /// What becomes of each of them whose figure is not known.
        pub unknown: Option<Unknown> = "unknown",
    }
}

words! {
    /// What becomes of a budget whose figure is not known.
    pub enum Unknown("what becomes of an unknown figure") {
        /// The question stays open, and so does the answer of the run: exit 2.
        Fail = "fail",
        /// It passes.
        Pass = "pass",
    }
}

/// A limit: the figure alone, or a map of `limit` and `unknown`.
#[derive(Debug, Clone)]
pub struct Limit<T> {
    /// The figure.
    pub value: T,
    /// Where it is written.
    pub span: Span,
    /// What becomes of a figure that is not known.
    pub unknown: Unknown,
}

impl<T: Decode> Decode for Limit<T> {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let (limit, unknown): (Spanned<T>, Option<Unknown>) = if node.as_map().is_some() {
            let map = fields("a budget", node, &["limit", "unknown"], faults)?;
            (
                field("a budget", map, "limit", &node.span, faults)?,
                field("a budget", map, "unknown", &node.span, faults)?,
            )
        } else {
            (Spanned::decode(node, faults)?, None)
        };
        Some(Self { value: limit.value, span: limit.span, unknown: unknown.unwrap_or(Unknown::Fail) })
    }
}

inline_schema!([T] Limit<T>, format!("Limit_{}", T::schema_name()), |generator| json_schema!({"anyOf": [
    generator.subschema_for::<T>(),
    {
        "type": "object",
        "properties": {"limit": generator.subschema_for::<T>(), "unknown": generator.subschema_for::<Option<Unknown>>()},
        "required": ["limit"],
        "additionalProperties": false
    }
]}));

words! {
    /// What is put between segments.
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
