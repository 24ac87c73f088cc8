//! A prompt as the request bodies of each vendor's API.
//!
//! Segments become an `Outline` (tools, system texts, turns), and each dialect writes the outline
//! down in its vendor's words: `messages` (Anthropic), `responses` and `chat` (OpenAI), `generate`
//! and `cached` (Gemini), `converse` (Bedrock). [`transcript`](crate::prompt::transcript) writes it for a person. No text is
//! added or trimmed on the way: separators are already part of the segments. An input or a history
//! becomes a [`Hole`] that is identified by its position in the body, not by how it is written, so that
//! no text of the prompt is mistaken for a placeholder.

mod converse;
mod writer;
pub mod fill;
mod gemini;
mod messages;
mod openai;
mod outline;
mod rewrite;
pub mod rules;
mod schema;
mod settings;

use std::borrow::Cow;
use std::io::{self, Write as _};

use serde_json::{Map, Value};

pub use settings::keys as setting_keys;

use crate::prompt::blocks::Breakpoint;
use crate::prompt::segment::Segment;
use crate::syntax::decode::words;
use crate::syntax::diag::{Diagnostic, Severity};
use writer::BodyWriter;

/// Everything that a request body says.
#[derive(Debug, Clone, Copy)]
pub struct Prompt<'a> {
    /// The text, in order. A tool's part is the canonical JSON of its definition.
    pub segments: &'a [Segment],
    /// Where the provider's cache is marked, already legal for the model.
    pub breakpoints: &'a [Breakpoint],
    /// The API that the model is called through.
    pub api: Api,
    /// The model's name, as the manifest has it.
    pub name: &'a str,
    /// The model's name, as the API wants it.
    pub model: &'a str,
    /// The manifest's `settings` for this model.
    pub settings: &'a Map<String, Value>,
    /// The JSON Schema that answers follow.
    pub schema: Option<&'a Value>,
    /// That schema's name, for the APIs that want one; what they do not allow in it becomes `_`.
    pub schema_name: &'a str,
    /// The limit on the answer.
    pub max_tokens: Option<u64>,
    /// The limit where the API demands one and none is given.
    pub default_max_tokens: u64,
    /// Who made the model.
    pub vendor: &'a str,
    /// What the model's card says that it takes, each by its key there.
    pub takes: &'a Value,
    /// How this model wants its cache marked.
    pub caching: Caching,
    /// The key by which the API routes requests with the same prefix to the same cache, where it has one.
    pub cache_key: Option<&'a str>,
}

/// The API that a model is called through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Api {
    /// Anthropic's Messages, on its own platform, Vertex or Foundry.
    Anthropic,
    /// OpenAI's Responses and Chat Completions.
    OpenAi,
    /// Google's generateContent.
    Gemini,
    /// Amazon Bedrock's Converse.
    Bedrock,
    /// Chat Completions as others serve it: with a `system` role and `max_tokens`.
    Compatible,
}

words! {
    /// How a model wants its cache marked.
    pub enum Caching("a kind of cache marker") {
        /// `cache_control` in the block that it closes (Anthropic).
        CacheControl = "cache_control",
        /// `prompt_cache_breakpoint` in the block that it closes (OpenAI, GPT-5.6 and later).
        BreakpointField = "breakpoint",
        /// No marks, a `prompt_cache_key` only (earlier OpenAI, Mistral).
        KeyOnly = "key_only",
        /// A `cachePoint` block after the content (Bedrock Converse).
        CachePoint = "cache_point",
        /// A separate object with the prefix, which requests refer to (Gemini).
        CachedContent = "cached_content",
        /// Not at all: the API has no way to mark it.
        None = "none",
    }
}

words! {
    /// A format of request bodies.
    pub enum Dialect("a dialect") {
        /// Anthropic Messages, `POST /v1/messages`.
        Messages = "messages",
        /// OpenAI Responses, `POST /v1/responses`.
        Responses = "responses",
        /// OpenAI Chat Completions, `POST /v1/chat/completions`, and the many that serve it.
        Chat = "chat",
        /// Gemini, `POST /v1beta/models/…:generateContent`.
        Generate = "generate",
        /// Gemini, `POST /v1beta/cachedContents`: the prefix that `generate` then refers to.
        Cached = "cached",
        /// Bedrock, `POST /model/…/converse`.
        Converse = "converse",
    }
}

impl Dialect {
    /// The body's file name in a bundle: `gpt-6.1-sol.chat.json`; a `/` in the model becomes `_`.
    pub fn file_name(self, model: &str) -> String {
        format!("{}.{}.json", model.replace('/', "_"), self.as_str())
    }
}

/// The bodies that a prompt has, in the order they are written.
///
/// `cached` is among them when a breakpoint is where Gemini can cut: after everything in `tools` and
/// `system`, before the last turn, with no hole before it.
pub fn dialects(prompt: &Prompt) -> Vec<Dialect> {
    match prompt.api {
        Api::Anthropic => vec![Dialect::Messages],
        Api::OpenAi => vec![Dialect::Responses, Dialect::Chat],
        Api::Gemini if gemini::cut(prompt).is_some() => vec![Dialect::Generate, Dialect::Cached],
        Api::Gemini => vec![Dialect::Generate],
        Api::Bedrock => vec![Dialect::Converse],
        Api::Compatible => vec![Dialect::Chat],
    }
}

/// A request body.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// The format.
    pub dialect: Dialect,
    /// The body, keys in the order in which the vendor documents them.
    pub json: Value,
    /// What is filled in at run time, in the order of the body.
    pub holes: Vec<Hole>,
    /// The breakpoints that this format cannot mark.
    pub unplaced: Vec<Unplaced>,
    /// Warnings, and what was written another way than it was asked for.
    pub findings: Vec<Finding>,
}

impl Body {
    /// The file: two blanks an indent, a final newline.
    pub fn to_text(&self) -> String {
        format!("{:#}\n", self.json)
    }

    /// Writes the file, as [`Body::to_text`] has it.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn write_to(&self, out: &mut dyn io::Write) -> io::Result<()> {
        // serde_json writes in small pieces; the buffer saves a system call for each.
        let mut out = io::BufWriter::with_capacity(32 * 1024, out);
        serde_json::to_writer_pretty(&mut out, &self.json)?;
        out.write_all(b"\n")?;
        out.flush()
    }
}

/// A place that is filled in at run time.
///
/// Fill from the last hole to the first: then no offset or index moves before it is used.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Hole {
    /// The input's or the history's name; for [`HoleKind::Cache`], `cachedContent`; for a region, the inputs that it
    /// depends on, with blanks between them.
    pub name: String,
    /// What belongs there.
    pub kind: HoleKind,
    /// RFC 6901: the string with the placeholder in it; for a history, the array element before
    /// which the earlier turns go.
    pub pointer: String,
    /// The placeholder's first Unicode scalar value in that string; 0 for a history.
    pub start: usize,
    /// The one after its last; 0 for a history.
    pub end: usize,
    /// The segment that it is, of an input or a region.
    #[serde(skip)]
    pub segment: Option<usize>,
}

/// What belongs in a [`Hole`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HoleKind {
    /// Text.
    Input,
    /// Turns in the body's own format.
    History,
    /// What a part of a template writes with the caller's inputs; a sample stands there.
    Region,
    /// The name that the provider gave to the cached content.
    Cache,
}

/// A breakpoint that a format cannot mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unplaced {
    /// The breakpoint.
    pub breakpoint: Breakpoint,
    /// Why not, as the end of a sentence: "OpenAI marks no tools".
    pub why: &'static str,
}

words! {
    /// What a finding means for its body.
    pub enum Reaction("a reaction") {
        /// It was written another way than it was asked for, as the vendor's own SDK does.
        Rewrite = "rewrite",
        /// It is written, and may not do what was meant.
        Warning = "warning",
        /// The provider would refuse it: this body is left out.
        Refusal = "error",
        /// No provider could be asked this: the manifest is wrong.
        Slip = "fault",
    }
}

impl Reaction {
    /// Whether there is no body because of it.
    pub fn refuses(self) -> bool {
        matches!(self, Self::Refusal | Self::Slip)
    }
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The request as a whole.
    Body,
    /// A key of `settings`.
    Setting(String),
    /// `output.max_tokens`.
    Limit,
    /// The JSON Schema of answers, and a JSON Pointer into it.
    Schema(String),
    /// A segment by its index; of a tool, a JSON Pointer into its definition.
    Segment(usize, String),
}

/// What there is to say of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it means for the body.
    pub reaction: Reaction,
    /// A stable name: `unknown-setting`, `tool-name`.
    pub code: Cow<'static, str>,
    /// What happened, in one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// What it is about.
    pub place: Place,
}

impl Finding {
    /// A fault of the manifest; [`Finding::with_reaction`] makes it something else.
    fn new(code: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        let (message, hint) = (message.into(), Some(hint.into()));
        Self { reaction: Reaction::Slip, code: code.into(), message, hint, place: Place::Body }
    }

    fn with_reaction(self, reaction: Reaction) -> Self {
        Self { reaction, ..self }
    }

    fn at(self, place: Place) -> Self {
        Self { place, ..self }
    }

    fn in_setting(self, key: &str) -> Self {
        self.at(Place::Setting(key.to_owned()))
    }
}

impl From<Finding> for Diagnostic {
    /// A diagnostic without a span; the caller adds it.
    fn from(found: Finding) -> Self {
        let Finding { reaction, code, message, hint, place: _ } = found;
        let severity = match reaction {
            Reaction::Slip | Reaction::Refusal => Severity::Error,
            Reaction::Warning => Severity::Warning,
            Reaction::Rewrite => Severity::Note,
        };
        Self { severity, code, ..Self::note("", message) }.maybe_hint(hint)
    }
}

/// The prompt as a body of `dialect`, or every reason why it has none.
///
/// # Errors
/// A setting that the dialect does not know or cannot say, a role or a tool that it has no words for, or ([`Dialect::Cached`]) nothing to cache.
pub fn emit(prompt: &Prompt, dialect: Dialect) -> Result<Body, Vec<Finding>> {
    let mut writer = BodyWriter::new(prompt, dialect);
    let json = match dialect {
        Dialect::Messages => messages::body(prompt, &mut writer),
        Dialect::Responses => openai::responses(prompt, &mut writer),
        Dialect::Chat => openai::chat(prompt, &mut writer),
        Dialect::Generate => gemini::generate(prompt, &mut writer),
        Dialect::Cached => gemini::cached(prompt, &mut writer),
        Dialect::Converse => converse::body(prompt, &mut writer),
    };
    // What is cached is part of the request that refers to it, and `generate` is held against the rules.
    if dialect != Dialect::Cached {
        let request = rules::request::Request::of(prompt, dialect, writer.seen(), &json);
        rules::findings(&request, dialect).into_iter().for_each(|found| writer.fault(found));
    }
    writer.finish(dialect, json)
}

#[cfg(test)]
mod tests;
