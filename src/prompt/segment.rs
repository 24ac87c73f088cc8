//! The value that the text wing produces and the cost wing reads: a piece of prompt text with its role
//! and its origin.
//!
//! The text wing makes segments and knows nothing of tokens or money. The cost wing reads them and
//! knows nothing of files, YAML or templates.

use std::ops::RangeInclusive;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::syntax::decode::names;
use crate::syntax::manifest::{Mark, Stability};
use crate::syntax::source::{ObjectId, ProjectPath, Span};

names! {
    /// The order in which every provider renders a request.
    pub enum Tier {
        /// Tool definitions.
        Tools = "tools",
        /// The system prompt.
        System = "system",
        /// Turns.
        Messages = "messages",
    }
}

names! {
    /// Who speaks.
    pub enum Role {
        /// The developer, in tools and system.
        System = "system",
        /// The user.
        User = "user",
        /// The model.
        Assistant = "assistant",
    }
}

names! {
    /// What a part is made of.
    pub enum Kind {
        /// Text that the model sees as it is.
        Text = "text",
        /// A tool definition in canonical JSON.
        Tool = "tool",
        /// A hole that the caller fills at run time; the part's text is the input's name.
        Input = "input",
        /// A hole for earlier turns; the part's text is its name.
        History = "history",
        /// A part of a template that depends on inputs; the part's text is what it writes with their examples.
        Region = "region",
        /// A call of a tool by the model; the part's text is a [`ToolCall`](super::calls::ToolCall) as JSON.
        ToolCall = "tool_call",
        /// What a tool answered; the part's text is a [`ToolResult`](super::calls::ToolResult) as JSON.
        ToolResult = "tool_result",
    }
}

impl Kind {
    /// Whether the text is only known at run time.
    pub fn is_hole(self) -> bool {
        matches!(self, Self::Input | Self::History | Self::Region)
    }

    /// Whether there is text before run time: a region has its sample.
    pub fn has_text(self) -> bool {
        !matches!(self, Self::Input | Self::History)
    }

    /// Whether it stands by itself, so that no text goes on in it.
    pub fn is_apart(self) -> bool {
        self.is_hole() || matches!(self, Self::ToolCall | Self::ToolResult)
    }
}

/// A run of one role and one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Who speaks.
    pub role: Role,
    /// What the text is.
    pub kind: Kind,
    /// The normalised text that the model sees, separators included; for a hole, its name; for a region, its sample.
    pub text: Arc<str>,
    /// Of a region: what it is the sample of.
    pub region: Option<Arc<Region>>,
}

impl Part {
    /// A part that is no region.
    pub fn new(role: Role, kind: Kind, text: impl Into<Arc<str>>) -> Self {
        Self { role, kind, text: text.into(), region: None }
    }

    /// What makes it the part that it is: its text; for a region, its source, whatever the examples are.
    pub fn identity(&self) -> &str {
        self.region.as_ref().map_or(&self.text, |region| &region.source)
    }
}

/// What a region is computed from when a request is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// The part of the template as it is written, and behind it the texts and values that it uses.
    pub source: String,
    /// The inputs that it depends on, in the order of their bytes.
    pub needs: Vec<String>,
    /// Those that have no example: the sample is what the region writes without them.
    pub absent: Vec<String>,
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
    /// Of an example: why it is in the prompt.
    pub picked: Option<Picked>,
}

/// Why an example was picked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Picked {
    /// Its label, as text.
    pub label: Option<String>,
    /// The reason: `2nd of its `label`, weight 3`.
    pub why: String,
    /// Its number in the order in which examples are picked, from 0: a pick of so many leaves it out.
    pub rank: usize,
}

/// The smallest piece with its own provenance, digest and token count.
///
/// A template or a turn with an input is split at it, so a hole is always a segment of its own; an
/// example is one segment of two (or more) parts.
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
    /// The region that it is, if it is one.
    pub fn region(&self) -> Option<&Region> {
        self.parts.iter().find_map(|part| part.region.as_deref())
    }

    /// Whether any of it is known only at run time.
    pub fn is_hole(&self) -> bool {
        self.parts.iter().any(|part| part.kind.is_hole())
    }

    /// Bytes of text that the model sees, of a region those of its sample; other holes have none.
    pub fn bytes(&self) -> usize {
        self.parts.iter().filter(|part| part.kind.has_text()).map(|part| part.text.len()).sum()
    }

    /// The role of the first part.
    pub fn role(&self) -> Role {
        self.parts.first().map_or(Role::System, |part| part.role)
    }
}

/// How many segments come before the first hole: the cacheable prefix.
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
            let own = segment.tier == Tier::Tools || matches!(part.kind, Kind::History | Kind::ToolResult);
            match messages.last_mut() {
                Some(message) if !own && last == Some(key) => message.push((index, number)),
                _ => messages.push(vec![(index, number)]),
            }
            last = (!own).then_some(key);
        }
    }
    messages
}
