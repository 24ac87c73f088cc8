//! The value both wings share: a piece of prompt text with its role and its provenance.
//!
//! The text wing makes segments and knows nothing of tokens or money. The cost wing reads them and
//! knows nothing of files, YAML or templates.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::syntax::source::{ObjectId, ProjectPath, Span};

/// The order in which every provider renders a request.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Tool definitions.
    Tools,
    /// The system prompt.
    System,
    /// Turns.
    Messages,
}

impl Tier {
    /// `tools`, `system`, `messages`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::System => "system",
            Self::Messages => "messages",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who speaks.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The developer, in tools and system.
    System,
    /// The user.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// `system`, `user`, `assistant`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// What a part is made of.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Text that the model sees as it stands.
    Text,
    /// A tool definition in canonical JSON.
    Tool,
    /// A hole that the caller fills at run time; the part's text is the input's name.
    Input,
    /// A hole for earlier turns; the part's text is its name.
    History,
}

impl Kind {
    /// `text`, `tool`, `input`, `history`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Tool => "tool",
            Self::Input => "input",
            Self::History => "history",
        }
    }

    /// Whether the text is only known at run time.
    pub fn is_hole(self) -> bool {
        matches!(self, Self::Input | Self::History)
    }
}

/// A run of one role and one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Who speaks.
    pub role: Role,
    /// What the text is.
    pub kind: Kind,
    /// The normalised text that the model sees, separators included; for a hole, its name.
    pub text: Arc<str>,
}

/// Where a segment's text was read.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The file; `None` for text written in the manifest.
    pub path: Option<ProjectPath>,
    /// The lines of that file, 1-based and inclusive.
    pub lines: Option<RangeInclusive<usize>>,
    /// The blob that was read.
    pub blob: Option<ObjectId>,
    /// The manifest line that brought it in.
    pub block: Span,
}

/// How often the author expects the text to change.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Stability {
    /// Never, for practical purposes.
    Frozen,
    /// With a release.
    Stable,
    /// At any time.
    Volatile,
}

/// A lifetime of a provider's cache entry, in seconds: `5m`, `30m`, `1h`, `12h`, `24h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ttl {
    /// Seconds.
    pub seconds: u32,
}

impl Ttl {
    /// Parses `300s`, `5m`, `1h`, `7d`; `None` for anything else, zero, or more than 10 years.
    pub fn parse(written: &str) -> Option<Self> {
        let (digits, unit) = written.split_at_checked(written.len().checked_sub(1)?)?;
        let factor = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return None,
        };
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let seconds = digits.parse::<u32>().ok()?.checked_mul(factor)?;
        (1..=315_360_000).contains(&seconds).then_some(Self { seconds })
    }
}

impl fmt::Display for Ttl {
    /// In the largest unit that divides it up to hours, as providers write it: `5m`, `1h`, `24h`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seconds {
            s if s % 3600 == 0 => write!(f, "{}h", s / 3600),
            s if s % 60 == 0 => write!(f, "{}m", s / 60),
            s => write!(f, "{s}s"),
        }
    }
}

impl serde::Serialize for Ttl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
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

/// The smallest piece with its own provenance, digest and token count.
///
/// A template or a turn that holds an input is split at it, so a hole is always a segment of its
/// own; an example is one segment of two (or more) parts.
#[derive(Debug, Clone)]
pub struct Segment {
    /// `tier/<block id, else 1-based block number>[.<n>]`.
    pub id: String,
    /// Where in the request.
    pub tier: Tier,
    /// The text. Never empty.
    pub parts: Vec<Part>,
    /// Where it was read.
    pub origin: Origin,
    /// The breakpoint wanted after this segment (only the last segment of a block carries one).
    pub mark: Mark,
    /// How often it is expected to change, if the author said so.
    pub stability: Option<Stability>,
    /// What to suggest to drop first when a window overflows: lowest first.
    pub priority: i64,
}

impl Segment {
    /// Whether any of it is known only at run time.
    pub fn is_hole(&self) -> bool {
        self.parts.iter().any(|part| part.kind.is_hole())
    }

    /// Bytes of text that the model sees; a hole has none.
    pub fn bytes(&self) -> usize {
        self.parts.iter().filter(|part| !part.kind.is_hole()).map(|part| part.text.len()).sum()
    }

    /// The role of the first part.
    pub fn role(&self) -> Role {
        self.parts.first().map_or(Role::System, |part| part.role)
    }
}

/// How many segments stand before the first input or history: the cacheable prefix.
pub fn prefix_len(segments: &[Segment]) -> usize {
    segments.iter().position(Segment::is_hole).unwrap_or(segments.len())
}

/// A message as it is joined and counted: the system prompt, one tool, or one turn.
///
/// Returns, for each message, the (segment index, part index) pairs it is made of, in order.
pub fn messages(segments: &[Segment]) -> Vec<Vec<(usize, usize)>> {
    let mut messages: Vec<Vec<(usize, usize)>> = Vec::new();
    let mut last: Option<(Tier, Role)> = None;
    for (index, segment) in segments.iter().enumerate() {
        for (number, part) in segment.parts.iter().enumerate() {
            let key = (segment.tier, part.role);
            let own = segment.tier == Tier::Tools || part.kind == Kind::History;
            match messages.last_mut() {
                Some(message) if !own && last == Some(key) => message.push((index, number)),
                _ => messages.push(vec![(index, number)]),
            }
            last = (!own).then_some(key);
        }
    }
    messages
}
