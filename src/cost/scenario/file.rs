//! The scenario file as written: its keys, their types, their schema.

use std::sync::Arc;

use schemars::json_schema;

use crate::cost::rules::Mode;
use crate::cost::simulate::{BlockKind, Seconds, Speaker};
use crate::prompt::segment::Tier;
use crate::syntax::decode::{Count, Decode, Spanned, Table, Text, expected, inline_schema, record, words};
use crate::syntax::diag::Faults;
use crate::syntax::manifest::Mark;
use crate::syntax::quantity::Ttl;
use crate::syntax::yaml::{Node, Value};

record! {
    /// Timed requests against a model's cache.
    pub struct Scenario("a scenario") {
        /// A model card's name, or an engine: `engine/vllm`, `engine/sglang`, `engine/trtllm`,
        /// `engine/llamacpp`.
        pub model: Text = "model",
        /// Documented conflicts and overrides by name: `dev_block_end_written`, `interval`, `minimum`.
        pub settings: Table<Node> = "settings",
        /// The requests in order of time.
        pub requests: Vec<TimedRequest> = "requests",
    }
}

record! {
    /// One request at its time.
    pub struct TimedRequest("a request") {
        /// When it is sent, in seconds.
        pub at: Spanned<Seconds> = "at",
        /// Its blocks in the order rendered.
        pub blocks: Vec<WrittenBlock> = "blocks",
        /// Another model than the scenario's.
        pub model: Option<Text> = "model",
        /// `prompt_cache_key`, workspace, `user_id` or `cache_salt`.
        pub key: Option<Arc<str>> = "key",
        /// Who places the breakpoint.
        pub mode: Option<Spanned<Mode>> = "mode",
        /// Its `tool_choice`.
        pub tool_choice: Option<Node> = "tool_choice",
        /// Other settings whose change may lose entries: `effort`, `thinking`, `service_tier`.
        pub settings: Table<Node> = "settings",
        /// The TTL of breakpoints that name none, or the retention of an implicit cache.
        pub ttl: Option<Ttl> = "ttl",
        /// Seconds until its response begins; only then can others read what it writes.
        pub first_token_after: Option<Seconds> = "first_token_after",
        /// The cached object that holds its leading blocks (Gemini explicit).
        pub object: Option<WrittenObject> = "object",
    }
}

record! {
    /// One block. Two blocks with one `id` are byte-identical.
    pub struct WrittenBlock("a block") {
        /// Where it stands.
        pub tier: TierName = "tier",
        /// The name of its text.
        pub id: Text = "id",
        /// How long its text is.
        pub tokens: Spanned<Count> = "tokens",
        /// Who speaks; by default the developer in tools and system, the user in messages.
        pub role: Option<Speaker> = "role",
        /// What it is.
        pub kind: Option<BlockKind> = "kind",
        /// A breakpoint after it: a TTL, or `true` for the default one.
        pub cache: Option<Spanned<CacheMark>> = "cache",
        /// The id of a text that it begins like.
        pub same_as: Option<Text> = "same_as",
        /// How many of its first tokens are those of `same_as`.
        pub shared: Option<Spanned<Count>> = "shared",
    }
}

record! {
    /// A cached object.
    pub struct WrittenObject("an object") {
        /// Its name.
        pub id: Arc<str> = "id",
        /// How long it is stored; by default the provider's default.
        pub ttl: Option<Ttl> = "ttl",
    }
}

words! {
    /// Where a block stands in a request.
    pub enum TierName("a tier") {
        /// Tool definitions.
        Tools = "tools",
        /// The system prompt.
        System = "system",
        /// Turns.
        Messages = "messages",
    }
}

words! {
    /// The first tier that a change loses; the later ones follow.
    pub enum Lost("what a change loses") {
        /// Everything.
        Tools = "tools",
        /// System and messages.
        System = "system",
        /// Messages.
        Messages = "messages",
        /// Nothing.
        Nothing = "nothing",
    }
}

impl From<TierName> for Tier {
    fn from(name: TierName) -> Self {
        match name {
            TierName::Tools => Self::Tools,
            TierName::System => Self::System,
            TierName::Messages => Self::Messages,
        }
    }
}

/// `cache:` of a block: `5m`, `true`, `false` or `never`.
#[derive(Debug, Clone, Copy)]
pub struct CacheMark(pub Mark);

impl Decode for CacheMark {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let mark = match &node.value {
            Value::Bool(true) => Mark::Here,
            Value::Bool(false) => Mark::Free,
            Value::Text(text) if &**text == "never" => Mark::Never,
            _ => Mark::For(Ttl::decode(node, faults)?),
        };
        Some(Self(mark))
    }
}

inline_schema!([] CacheMark, "CacheMark", |generator| json_schema!({
    "anyOf": [{"type": "boolean"}, {"const": "never"}, generator.subschema_for::<Ttl>()]
}));

/// The latest time that a scenario knows: 30,000 years.
const MAX_SECONDS: u64 = 1_000_000_000_000;

impl Decode for Seconds {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let written = match node.value {
            Value::Int(_) | Value::Float(_) => node.span.source.text().get(node.span.start..node.span.end),
            _ => None,
        };
        let seconds = written.and_then(parse_seconds);
        if seconds.is_none() {
            expected("a time in seconds, not negative, to the microsecond", node, faults);
        }
        seconds
    }
}

/// Digits with at most one dot and six decimals, exactly as written.
fn parse_seconds(written: &str) -> Option<Seconds> {
    let (whole, fraction) = written.split_once('.').unwrap_or((written, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || fraction.len() > 6 {
        return None;
    }
    let seconds = whole.parse::<u64>().ok().filter(|seconds| *seconds <= MAX_SECONDS)?;
    let micros = format!("{fraction:0<6}").parse::<u64>().ok()?;
    Some(Seconds { micros: seconds * 1_000_000 + micros })
}

inline_schema!([] Seconds, "Seconds", |_generator| json_schema!({"type": "number", "minimum": 0}));

impl serde::Serialize for Seconds {
    /// As a number of seconds: `60`, `2.5`.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (whole, micros) = (self.micros / 1_000_000, self.micros % 1_000_000);
        if micros == 0 {
            serializer.serialize_u64(whole)
        } else {
            serializer.serialize_f64(whole as f64 + micros as f64 / 1e6)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_exact_to_the_microsecond() {
        let micros = |written| parse_seconds(written).map(|seconds| seconds.micros);
        assert_eq!(micros("60"), Some(60_000_000));
        assert_eq!(micros("2.5"), Some(2_500_000));
        assert_eq!(micros("0.000001"), Some(1));
        for written in ["-1", "1e3", "0.0000001", ".5", "5.", "1000000000001", "+1", ""] {
            assert_eq!(micros(written), None, "{written:?}");
        }
    }
}
