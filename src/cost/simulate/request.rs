//! What is sent: requests as ordered blocks of known length, and when.

use std::sync::Arc;

use crate::cost::rules::Mode;
use crate::prompt::segment::Tier;
use crate::syntax::decode::words;
use crate::syntax::manifest::Mark;
use crate::syntax::quantity::Ttl;

/// The most tokens that one request may hold. Together with prices of 64 bits it keeps every sum of
/// a simulation within 128 bits.
pub const MAX_TOKENS: u64 = 1_000_000_000_000;

/// Seconds since the start of a simulation, to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seconds {
    /// Microseconds.
    pub micros: u64,
}

impl Seconds {
    /// A whole number of seconds.
    pub const fn whole(seconds: u32) -> Self {
        Self { micros: seconds as u64 * 1_000_000 }
    }
}

impl std::fmt::Display for Seconds {
    /// Without trailing zeros: `60`, `2.5`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.micros / 1_000_000, self.micros % 1_000_000) {
            (whole, 0) => write!(f, "{whole}"),
            (whole, micros) => write!(f, "{whole}.{}", format!("{micros:06}").trim_end_matches('0')),
        }
    }
}

/// A text of known length, registered in [`Contents`]. Equal handles are equal texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Content(u32);

impl Content {
    /// Text that nothing shares, registered nowhere.
    pub(super) const FRESH: Self = Self(u32::MAX);
}

/// The texts that blocks are made of, and which of them begin alike.
#[derive(Debug, Clone, Default)]
pub struct Contents(Vec<Text>);

/// One text: the stretches of tokens it is made of.
#[derive(Debug, Clone)]
struct Text {
    tokens: u64,
    /// Where each stretch begins, and the text that it belongs to; stretches borrowed from another
    /// text come first and keep their offset, so that a token is known by (owner, offset).
    stretches: Vec<(u64, Content)>,
}

impl Contents {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a text of `tokens` tokens. With `like`, its first tokens are those of another text:
    /// as many as are given, at most the shorter of both. A text that is all shared both ways is that
    /// other text.
    pub fn add(&mut self, tokens: u64, like: Option<(Content, u64)>) -> Content {
        let own = Content(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        let mut stretches = Vec::new();
        let mut shared = 0;
        if let Some((other, wanted)) = like
            && let Some(text) = self.0.get(other.0 as usize)
        {
            shared = wanted.min(tokens).min(text.tokens);
            if shared == tokens && tokens == text.tokens {
                return other;
            }
            stretches.extend(text.stretches.iter().copied().filter(|(start, _)| *start < shared));
        }
        if shared < tokens {
            stretches.push((shared, own));
        }
        self.0.push(Text { tokens, stretches });
        own
    }

    /// How many stretches of different texts a text is made of: 1, or more where it begins like others.
    pub fn patches(&self, content: Content) -> usize {
        self.0.get(content.0 as usize).map_or(0, |text| text.stretches.len())
    }

    /// How many tokens a text has.
    pub fn tokens(&self, content: Content) -> u64 {
        self.0.get(content.0 as usize).map_or(0, |text| text.tokens)
    }

    /// The stretches of a text in order: (owner, offset of its first token, tokens).
    pub(super) fn stretches(&self, content: Content) -> impl Iterator<Item = (Content, u64, u64)> {
        let text = self.0.get(content.0 as usize);
        let (tokens, stretches) = text.map_or((0, &[][..]), |text| (text.tokens, &text.stretches[..]));
        stretches.iter().enumerate().map(move |(number, (start, owner))| {
            let end = stretches.get(number + 1).map_or(tokens, |(next, _)| *next);
            (*owner, *start, end - start)
        })
    }
}

words! {
    /// Who speaks in a block.
    pub enum Speaker("who speaks") {
        /// The developer: tools, system prompt, developer messages.
        Developer = "developer",
        /// The user.
        User = "user",
        /// The model.
        Assistant = "assistant",
        /// A tool's answer.
        Tool = "tool",
    }
}

words! {
    /// What a block is.
    pub enum BlockKind("the kind of a block") {
        /// Text, image or document.
        Text = "text",
        /// A call of a tool by the model.
        ToolUse = "tool_use",
        /// A tool's answer.
        ToolResult = "tool_result",
        /// The model's reasoning: part of the prefix, but never markable.
        Thinking = "thinking",
    }
}

/// One block of a request: the smallest thing that a breakpoint can follow.
#[derive(Debug, Clone, Copy)]
pub struct RequestBlock {
    /// Its text.
    pub content: Content,
    /// Where it stands.
    pub tier: Tier,
    /// Who speaks.
    pub speaker: Speaker,
    /// What it is.
    pub kind: BlockKind,
    /// The breakpoint after it. `Free` and `Never` are none.
    pub mark: Mark,
}

impl RequestBlock {
    /// Whether a breakpoint follows it.
    pub fn is_marked(&self) -> bool {
        matches!(self.mark, Mark::Here | Mark::For(_))
    }
}

/// A cached object that a request names.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its name.
    pub id: Arc<str>,
    /// How long it is stored; `None` for the provider's default.
    pub ttl: Option<Ttl>,
}

/// A request without its time.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Its blocks in the order rendered.
    pub blocks: Vec<RequestBlock>,
    /// Tokens of a user's message after the blocks that no other request ever shares: a question
    /// asked once, of this length each time the prompt is sent.
    pub fresh: u64,
    /// `prompt_cache_key`, workspace, `user_id` or `cache_salt`.
    pub key: Option<Arc<str>>,
    /// Who places the breakpoint; `None` for the provider's default.
    pub mode: Option<Mode>,
    /// The TTL of breakpoints that name none, or the retention of an implicit cache.
    pub ttl: Option<Ttl>,
    /// Settings that may invalidate, by name: `tool_choice`, `effort`. Unknown names are ignored.
    pub settings: Vec<(Arc<str>, Arc<str>)>,
    /// The object that holds its leading blocks.
    pub object: Option<Object>,
}

/// A request at its time.
#[derive(Debug, Clone)]
pub struct Call {
    /// When it is sent.
    pub at: Seconds,
    /// How long until its response begins; only then can others read what it writes.
    pub first_token_after: Seconds,
    /// What is sent.
    pub request: Request,
}
