//! How one model's cache behaves and what it charges: the data that model cards decode into.
//!
//! Nothing here computes. Providers differ by these values and by nothing else; the simulator, the
//! planner and the review read them. Documented conflicts between sources ("switches", U1 to U12 in
//! `docs/simulator.md`) are ordinary fields whose default stands in the card and which a scenario may
//! override by name.

use std::sync::Arc;

use crate::prompt::segment::Tier;
use crate::syntax::decode::words;
use crate::syntax::quantity::Ttl;
use crate::syntax::quantity::{Share, Usd};

/// A model as the cost wing sees it, on one date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Its name: `claude-opus-5`, `engine/vllm`.
    pub name: Arc<str>,
    /// How its cache behaves.
    pub rules: CacheRules,
    /// What it charges; `None` for an engine that one runs oneself, where cost is tokens to prefill.
    pub prices: Option<Prices>,
}

/// How one model's cache behaves.
///
/// A model may cache on request, unasked, or either way (Gemini, Qwen); the two never serve the same
/// request. `explicit` serves a request that carries a breakpoint or an object, `implicit` any other.
/// A model with only one of them uses it for every request. Both `None`: no caching.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CacheRules {
    /// Caching that the request asks for. [`BreakpointOnly`] stands here, implicit mode included.
    pub explicit: Option<Mechanism>,
    /// Caching that happens unasked.
    pub implicit: Option<Mechanism>,
    /// Whether requests with different keys (`prompt_cache_key`, workspace, `user_id`, `cache_salt`)
    /// never share an entry. False where the key only guides routing.
    pub key_separates: bool,
    /// What a change of a request setting loses. A setting that is not listed here is not known.
    pub invalidation: Vec<Invalidation>,
}

/// One way of caching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mechanism {
    /// How requests are matched with entries.
    pub family: Family,
    /// The shortest prefix that is cached, in tokens.
    pub minimum: u64,
    /// How long entries live, the default first. Empty: not published, so that nothing is guaranteed
    /// and the expected entry outlives the scenario.
    pub lifetimes: Vec<Lifetime>,
}

/// How long an entry lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// Its name in a request and in the price list, and the longest that an unused entry lives:
    /// `5m`, `1h`, `30m`, `24h`.
    pub ttl: Ttl,
    /// How long an unused entry is expected to live; equals `ttl` unless the class is `Typical` or
    /// `BestEffort`.
    pub expected: Ttl,
    /// What the provider promises.
    pub class: Class,
    /// Whether a read starts the time anew.
    pub refreshed_by_use: bool,
}

/// What a provider promises about a lifetime (rule R13). Only the first two may be printed as
/// guaranteed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The entry lives for its TTL (Anthropic, Qwen explicit, Kimi, Gemini explicit).
    Fixed,
    /// At least for its TTL (OpenAI from GPT-5.6).
    Minimum,
    /// Usually about that long (earlier OpenAI, Groq).
    Typical,
    /// No promise at all.
    BestEffort,
}

/// How requests are matched with entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Family {
    /// At marked block boundaries, with a lookback (Anthropic, Qwen explicit).
    BlockBoundary(BlockBoundary),
    /// At breakpoints only, with write slots (OpenAI from GPT-5.6).
    BreakpointOnly(BreakpointOnly),
    /// The longest common token prefix, rounded (earlier OpenAI, Mistral, Gemini implicit, xAI, Groq,
    /// and the engines).
    LongestPrefix(LongestPrefix),
    /// Complete persisted prefix units (DeepSeek).
    PrefixUnits(PrefixUnits),
    /// A cached object that the request names (Gemini explicit).
    WholeObject(WholeObject),
}

/// Block boundaries with a lookback: rules R2 to R8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockBoundary {
    /// Breakpoints that one request may carry, an automatic one included; one more is refused.
    pub breakpoints: u32,
    /// Positions that are looked at from each breakpoint, itself counted as the first (U7).
    pub lookback: u32,
    /// Whether a run of `tool_use` blocks, or of `tool_result` blocks, is one position (U7).
    pub collapse_tool_runs: bool,
    /// Whether a longer TTL after a shorter one is refused.
    pub longer_ttl_first: bool,
    /// Whether a request may leave the breakpoint to the provider (`mode: implicit`).
    pub automatic: bool,
    /// Whether the k-th breakpoint needs k times the minimum (an AWS page), instead of the whole
    /// prefix needing it once.
    pub minimum_per_breakpoint: bool,
    /// Whether a read also refreshes the shorter entries on its path (U1).
    pub refresh_path: bool,
}

/// Breakpoints only: rule R12.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakpointOnly {
    /// Boundaries that one request writes; in implicit mode the implicit one takes one of them.
    pub slots: u32,
    /// The mode of a request that does not say.
    pub default_mode: Mode,
    /// Explicit breakpoints that are looked up from the front (U4: 2 in the guide, 0 in the SDK).
    pub lookup_first: u32,
    /// Explicit breakpoints that are looked up from the back (U4: 50 in the guide, 80 in the SDK).
    pub lookup_latest: u32,
    /// Earlier eligible message ends that implicit mode looks up.
    pub lookup_endings: u32,
    /// Whether implicit mode also writes the end of the initial developer block (U3).
    pub dev_block_end_written: bool,
    /// How a write that spans breakpoints of different TTLs is billed (U12).
    pub mixed_billing: MixedBilling,
    /// Whether a read also refreshes the shorter entries on its path (U1).
    pub refresh_path: bool,
}

words! {
    /// Who places the breakpoint.
    pub enum Mode("who places the breakpoint") {
        /// The provider, beside those of the request.
        Implicit = "implicit",
        /// The request alone.
        Explicit = "explicit",
    }
}

words! {
    /// How a write that spans breakpoints of different TTLs is billed.
    pub enum MixedBilling("how a write of several TTLs is billed") {
        /// Everything up to the highest breakpoint of a longer TTL at that TTL's price.
        Longest = "longest",
        /// Each stretch between two breakpoints at the TTL of the one that ends it.
        Segments = "segments",
    }
}

/// The longest common prefix in tokens, rounded: rules R11 and R16.
///
/// `read = floor(interval, hidden + min(common, prompt − recomputed)) − hidden`, rounded down to `unit`,
/// and 0 below the minimum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LongestPrefix {
    /// What the result is rounded down to: 128, 64, an engine's block or page; 1 for none (U8).
    pub unit: u64,
    /// The distance of the provider's own breakpoints, counted from the start of the hidden tokens
    /// (U5); `None` when not published.
    pub interval: Option<u64>,
    /// Tokens that the provider puts before the prompt and does not report (U5).
    pub hidden: u64,
    /// Tokens at the end that are always computed anew: 1 in the engines.
    pub recomputed: u64,
    /// Whether generated text is cached too, so that an `assistant` block right after an earlier
    /// prompt continues its entry.
    pub generated: bool,
    /// Prompts that are kept, one a slot (llama.cpp); `None` where every prompt is kept.
    pub slots: Option<Slots>,
}

/// A server that keeps one prompt a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slots {
    /// How many.
    pub count: u32,
    /// The share of the new prompt of which a slot must hold more to be chosen for it; else the slot
    /// that was used longest ago is taken. 0 switches this off.
    pub similarity: Share,
}

/// Complete prefix units: rule R15.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrefixUnits {
    /// The distance of units in a long input (U9); `None` when not published.
    pub interval: Option<u64>,
    /// Seconds until a new unit can be read.
    pub build_seconds: u64,
    /// Whether the end of the generated text is a unit too.
    pub generated: bool,
}

/// A cached object: rule R14. Created at the input price, stored by the hour, read by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WholeObject {
    /// The shortest TTL that an object may ask for (Vertex: 1 minute); `None` for any.
    pub shortest: Option<Ttl>,
}

/// What a change of one request setting loses (rule R9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalidation {
    /// The setting's name: `tool_choice`, `effort`, `service_tier`.
    pub setting: Arc<str>,
    /// The first tier that is lost; the later ones follow. `Tools` is a full miss, `None` loses
    /// nothing (U6).
    pub from: Option<Tier>,
    /// The value that equals leaving the setting out.
    pub default: Option<Arc<str>>,
}

/// A price: a whole number of nano-dollars per million tokens, which is 10⁻¹⁵ dollars a token.
///
/// $5 per million tokens is 5,000,000,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Price {
    /// Nano-dollars per million tokens.
    pub nano: u64,
}

impl Price {
    /// The price of dollars per million tokens; `None` when it is negative, finer than 10⁻⁹ dollars,
    /// or does not fit.
    pub fn per_million(usd: Usd) -> Option<Self> {
        (usd.femto % 1_000_000 == 0).then_some(usd.femto / 1_000_000)?.try_into().ok().map(|nano| Self { nano })
    }

    /// What `tokens` cost. Exact.
    pub fn of(self, tokens: u64) -> Usd {
        // Two factors below 2⁶⁴ fit u128; i128 is exceeded only beyond 10²² dollars, where it stays.
        Usd { femto: i128::try_from(u128::from(self.nano) * u128::from(tokens)).unwrap_or(i128::MAX) }
    }

    /// This price times a share, rounded half to even to a whole nano-dollar; `None` when it does
    /// not fit.
    pub fn scaled(self, share: Share) -> Option<Self> {
        const ONE: u128 = 1_000_000;
        let product = u128::from(self.nano).checked_mul(u128::from(share.millionths))?;
        let (whole, rest) = (product / ONE, product % ONE);
        let up = rest * 2 > ONE || (rest * 2 == ONE && whole % 2 == 1);
        u64::try_from(whole + u128::from(up)).ok().map(|nano| Self { nano })
    }
}

/// What a model charges, on one date. `None` is unknown, never 0.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prices {
    /// The prices of an ordinary request.
    pub base: Rates,
    /// Prices of long requests, by rising limit; the last one reached applies to the whole request
    /// (rule R18).
    pub cliffs: Vec<Cliff>,
    /// Storage of a cached object: nano-dollars per million tokens and hour.
    pub storage: Option<Price>,
}

/// One line of prices, printed in US dollars per million tokens. `None` is unknown, never 0.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, schemars::JsonSchema)]
pub struct Rates {
    /// An input token that the cache does not serve.
    #[schemars(with = "Option<String>")]
    pub input: Option<Price>,
    /// An output token.
    #[schemars(with = "Option<String>")]
    pub output: Option<Price>,
    /// An input token that the cache serves.
    #[schemars(with = "Option<String>")]
    pub read: Option<Price>,
    /// The same for the implicit mechanism, where its price differs (Qwen).
    #[serde(skip)]
    pub implicit_read: Option<Price>,
    /// An input token that is written, by TTL. Empty where writing has no price of its own: such
    /// tokens are uncached ones.
    #[schemars(with = "Vec<[String; 2]>")]
    pub write: Vec<(Ttl, Price)>,
}

/// Other prices for requests over a limit.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Cliff {
    /// Input tokens.
    pub above: u64,
    /// Whether a request of exactly `above` tokens is over it.
    #[serde(skip)]
    pub inclusive: bool,
    /// The prices over it.
    #[serde(rename = "prices")]
    pub rates: Rates,
}

/// In US dollars per million tokens, exact.
impl serde::Serialize for Price {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.of(1_000_000).serialize(serializer)
    }
}

impl Prices {
    /// The prices of a request of `input` tokens.
    pub fn at(&self, input: u64) -> &Rates {
        let reached = self.cliffs.iter().rev().find(|cliff| cliff.reached_by(input));
        reached.map_or(&self.base, |cliff| &cliff.rates)
    }
}

impl Cliff {
    /// Whether a request of `input` tokens is over it.
    pub fn reached_by(&self, input: u64) -> bool {
        input > self.above || (self.inclusive && input == self.above)
    }
}

impl Rates {
    /// The price of writing for `ttl`; `None` when unknown.
    pub fn write(&self, ttl: Ttl) -> Option<Price> {
        self.write.iter().find(|(own, _)| *own == ttl).map(|(_, price)| *price)
    }
}

impl Mechanism {
    /// The TTL that a wish for `ttl` gets: itself if the mechanism has it, else its next shorter
    /// one, else its shortest. `None` when it has none, and where any is allowed, the wish itself.
    pub fn granted(&self, ttl: Ttl) -> Option<Ttl> {
        if let Family::WholeObject(object) = &self.family {
            return Some(
                object.shortest.map_or(ttl, |shortest| if ttl.seconds < shortest.seconds { shortest } else { ttl }),
            );
        }
        let all = || self.lifetimes.iter().map(|lifetime| lifetime.ttl);
        let shorter = all().filter(|own| own.seconds <= ttl.seconds).max_by_key(|own| own.seconds);
        shorter.or_else(|| all().min_by_key(|own| own.seconds))
    }

    /// The lifetime named `ttl`.
    pub fn lifetime(&self, ttl: Ttl) -> Option<&Lifetime> {
        self.lifetimes.iter().find(|lifetime| lifetime.ttl == ttl)
    }

    /// Whether a read keeps the entries on its path alive (U1), and not only the one that it reads.
    pub fn keeps_path(&self) -> bool {
        match &self.family {
            Family::BlockBoundary(rules) => rules.refresh_path,
            Family::BreakpointOnly(rules) => rules.refresh_path,
            Family::LongestPrefix(_) | Family::PrefixUnits(_) | Family::WholeObject(_) => false,
        }
    }

    /// Whether what it serves may be called guaranteed (rule R13).
    pub fn is_guaranteed(&self) -> bool {
        let kept = |lifetime: &Lifetime| matches!(lifetime.class, Class::Fixed | Class::Minimum);
        !self.lifetimes.is_empty() && self.lifetimes.iter().all(kept)
    }
}

impl CacheRules {
    /// What a change of `setting` loses, if the model knows it.
    pub fn invalidation(&self, setting: &str) -> Option<&Invalidation> {
        self.invalidation.iter().find(|entry| &*entry.setting == setting)
    }
}
