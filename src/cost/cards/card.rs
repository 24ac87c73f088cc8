//! A model card: who the model is, and dated facts about it.

use std::sync::{Arc, OnceLock};

use jiff::civil::Date;

use super::changes::Change;
use super::choices::Choices;
use super::day::is_near;
use super::names::Caveat;
use super::price::PriceList;
use super::takes::Takes;
use crate::cost::fact::{Dated, Day, Fact, OnDay as _};
use crate::cost::rules::{self, CacheFacts, CacheRules, Prices, rule};
use crate::prompt::bodies::{Caching, Dialect};
use crate::syntax::decode::{Count, Decode, Table, Text, record, words};
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::quantity::Share;
use crate::syntax::yaml::Node;

words! {
    /// Who serves the model.
    pub enum Platform("a platform") {
        /// Anthropic's own API.
        Anthropic = "anthropic",
        /// OpenAI's own API.
        OpenAi = "openai",
        /// The Gemini API.
        Google = "google",
        /// Google Cloud.
        Vertex = "vertex",
        /// Amazon Bedrock.
        Bedrock = "bedrock",
        /// Microsoft Foundry and Azure OpenAI.
        Azure = "azure",
        /// DeepSeek's own API.
        DeepSeek = "deepseek",
        /// Mistral's own API.
        Mistral = "mistral",
        /// xAI's own API.
        Xai = "xai",
        /// Any other.
        Other = "other",
    }
}

words! {
    /// What counts the model's tokens.
    pub enum TokenizerName("a tokenizer") {
        /// GPT-4o and later, o-series.
        O200kBase = "o200k_base",
        /// GPT-4 and GPT-3.5.
        Cl100kBase = "cl100k_base",
        /// gpt-oss.
        O200kHarmony = "o200k_harmony",
        /// Claude up to Opus 4.6, Sonnet 4.6 and Haiku 4.5.
        ClaudeOlder = "claude-to-4.6",
        /// Claude from Opus 4.7, Sonnet 5 and Opus 5 on.
        ClaudeNewer = "claude-4.7+",
        /// Gemini, by way of Gemma's vocabulary.
        Gemini = "gemini",
        /// Gemma 3 and 4.
        Gemma = "gemma",
        /// Llama 3 and 4.
        Llama = "llama",
        /// Qwen 3.
        Qwen = "qwen",
        /// DeepSeek V3 and later.
        DeepSeek = "deepseek",
        /// Mistral's tekken.
        Mistral = "mistral",
        /// Any other.
        Other = "other",
    }
}

record! {
    /// A model card as written.
    pub struct CardFacts("a model card") {
        /// The family or model whose card this one starts from.
        pub like: Option<Text> = "like",
        /// Other names that find it.
        pub aliases: Vec<Text> = "aliases",
        /// Dates and versions of it that may follow its name: `2025-04-14`, `20250929`.
        pub snapshots: Vec<Text> = "snapshots",
        /// Who made it.
        pub vendor: Text = "vendor",
        /// Who serves it.
        pub platform: Platform = "platform",
        /// What a request's `model` says, where that is not the card's name.
        pub api_name: Option<Text> = "api_name",
        /// Request bodies that it takes, the preferred one first.
        pub dialects: Vec<Dialect> = "dialects",
        /// How cache markers are written.
        pub markers: Option<Caching> = "markers",
        /// What counts its tokens.
        pub tokenizer: Fact<TokenizerName> = "tokenizer",
        /// How many of its tokens stand for one token of o200k_base, on average.
        pub factor: Option<Fact<Share>> = "factor",
        /// How much it takes and gives.
        pub window: Option<WindowFacts> = "window",
        /// Tokens that a request costs beside its text.
        pub framing: Option<FramingFacts> = "framing",
        /// Prices, with their history and what is announced.
        pub prices: Option<Dated<PriceList>> = "prices",
        /// What a choice of region or speed multiplies every price with.
        pub multipliers: Table<Dated<Share>> = "multipliers",
        /// Storage of a cached object, in US dollars per million tokens and hour.
        pub storage: Option<Dated<rules::Price>> = "storage",
        /// How its cache behaves; none when it has none or nothing is known.
        pub cache: Option<CacheFacts> = "cache",
        /// What it takes of a request and what it refuses.
        pub takes: Option<Dated<Takes>> = "takes",
        /// The day from which its source counts it as deprecated; requests may fail from then on.
        pub deprecated: Option<Fact<Day>> = "deprecated",
        /// The model that its source names in its place.
        pub successor: Option<Fact<Text>> = "successor",
        /// What else is worth knowing.
        pub note: Option<Text> = "note",
    }
}

record! {
    /// Windows in tokens. What is not written is unknown.
    pub struct WindowFacts("windows") {
        /// Input and output together.
        pub total: Option<Dated<Count>> = "total",
        /// Input.
        pub input: Option<Dated<Count>> = "input",
        /// Output.
        pub output: Option<Dated<Count>> = "output",
    }
}

rule! {
    /// Tokens that a request costs beside its text. Always an estimate.
    pub struct Framing [Copy, Default] from FramingFacts("framing") {
        /// Once a request.
        pub base: u64 as Option<Dated<Count>> = "base";
        /// For each message, the token of its role included.
        pub message: u64 as Option<Dated<Count>> = "message";
        /// Whether the model reads tool definitions as TypeScript declarations, not as the request's JSON.
        pub declared: bool as Option<Dated<bool>> = "declared";
        /// Once a request that has tools, beside their definitions.
        pub tools: u64 as Option<Dated<Count>> = "tools";
        /// What of that a system message saves.
        pub tools_in_system: u64 as Option<Dated<Count>> = "tools_in_system";
        /// For `tool_choice` none.
        pub choice_none: u64 as Option<Dated<Count>> = "choice_none";
        /// For a `tool_choice` that names a tool, beside its name.
        pub choice_named: u64 as Option<Dated<Count>> = "choice_named";
        /// By how much of themselves tool definitions may be fewer tokens than estimated.
        pub tools_fewer: Option<Share> as Option<Dated<Share>> = "tools_fewer";
        /// By how much they may be more.
        pub tools_more: Option<Share> as Option<Dated<Share>> = "tools_more";
        /// The provider's own text about tools with `tool_choice` auto or none.
        pub preamble_auto: u64 as Option<Dated<Count>> = "preamble_auto";
        /// The same with `tool_choice` any or tool.
        pub preamble_any: u64 as Option<Dated<Count>> = "preamble_any";
    }
}

/// A model card: one model on one platform.
#[derive(Debug, Clone, serde::Serialize, schemars::JsonSchema)]
pub struct Card {
    /// The name that finds it: `claude-opus-5`, `bedrock/claude-opus-5`.
    #[serde(rename = "model")]
    pub name: Arc<str>,
    /// Other names that find it.
    pub aliases: Vec<Arc<str>>,
    /// Who made it.
    pub vendor: Arc<str>,
    /// Who serves it.
    pub platform: Platform,
    /// What a request's `model` says.
    pub api_name: Arc<str>,
    /// Request bodies that it takes, the preferred one first.
    pub dialects: Vec<Dialect>,
    /// How cache markers are written.
    pub markers: Caching,
    /// What counts its tokens.
    pub tokenizer: TokenizerName,
    /// What must be known about it, where it was found by a name that is no card's own.
    pub caveats: Vec<Caveat>,
    /// Every fact, typed.
    #[serde(skip)]
    pub facts: CardFacts,
    /// Every fact as written, families and `prices.yaml` laid in.
    #[serde(skip)]
    pub(super) written: Node,
    /// Its dated changes, once they were asked for.
    #[serde(skip)]
    pub(super) changes: OnceLock<Vec<Change>>,
}

impl Card {
    /// Decodes a card from what its family, its own entry and `prices.yaml` say together.
    pub(super) fn decode(name: &Arc<str>, written: Node, faults: &mut Faults) -> Option<Self> {
        let facts = CardFacts::decode(&written, faults)?;
        for list in facts.prices.iter().flat_map(Dated::iter) {
            list.value.check(faults);
        }
        if let Some(cache) = &facts.cache {
            cache.check(faults);
        }
        Some(Self {
            name: name.clone(),
            aliases: facts.aliases.iter().map(|alias| alias.value.clone()).collect(),
            vendor: facts.vendor.value.clone(),
            platform: facts.platform,
            api_name: facts.api_name.as_ref().map_or_else(|| name.clone(), |own| own.value.clone()),
            dialects: facts.dialects.clone(),
            markers: facts.markers.unwrap_or(Caching::None),
            tokenizer: facts.tokenizer.value,
            caveats: Vec::new(),
            facts,
            written,
            changes: OnceLock::new(),
        })
    }

    /// What is in force on a day.
    pub fn at(&self, day: Date) -> CardAt<'_> {
        CardAt { card: self, day }
    }

    /// Warns of price lists that know less than the ones they replace: a price list is replaced as a
    /// whole, so what the project's own does not say is unknown.
    pub(super) fn warn_about_gaps(&self, replaced: &Card, faults: &mut Faults) {
        let (Some(own), Some(known)) = (&self.facts.prices, &replaced.facts.prices) else { return };
        let known = known.iter().next_back().map(|fact| fact.value.rates()).unwrap_or_default();
        for fact in own.iter().filter(|fact| fact.span().path() != replaced.facts.span.path()) {
            let list = fact.value.rates();
            let lost = [
                ("input", known.input.is_some() && list.input.is_none()),
                ("output", known.output.is_some() && list.output.is_none()),
                ("read", known.read.is_some() && list.read.is_none()),
                ("write", !known.write.is_empty() && list.write.is_empty()),
            ];
            let lost: Vec<&str> = lost.iter().filter(|(_, is_lost)| *is_lost).map(|(kind, _)| *kind).collect();
            if !lost.is_empty() {
                let message =
                    format!("this price list of `{}` has no {}, so that is unknown", self.name, lost.join(" and no "));
                let warning = Diagnostic::warning("incomplete-prices", message).at(fact.span());
                faults.push(warning.hint("a price list replaces the built-in one as a whole"));
            }
        }
    }
}

/// A card on a day.
#[derive(Debug, Clone, Copy)]
pub struct CardAt<'a> {
    /// The card.
    pub card: &'a Card,
    /// The day, in UTC.
    pub day: Date,
}

/// Windows in tokens; null where unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, schemars::JsonSchema)]
pub struct Window {
    /// Input tokens.
    pub input: Option<u64>,
    /// Input and output tokens.
    pub total: Option<u64>,
    /// Output tokens.
    #[serde(skip)]
    pub output: Option<u64>,
}

impl CardAt<'_> {
    /// The windows.
    pub fn window(&self) -> Window {
        let Some(facts) = &self.card.facts.window else { return Window::default() };
        let of = |fact: &Option<Dated<Count>>| fact.on(self.day);
        Window { total: of(&facts.total), input: of(&facts.input), output: of(&facts.output) }
    }

    /// The framing; 0 where nothing is known, since it is an estimate in any case.
    pub fn framing(&self) -> Framing {
        self.card.facts.framing.as_ref().map(|facts| facts.at(self.day)).unwrap_or_default()
    }

    /// The cache rules; without any where the model has no cache or nothing is known of it.
    pub fn cache_rules(&self) -> CacheRules {
        self.card.facts.cache.as_ref().map(|facts| facts.at(self.day)).unwrap_or_default()
    }

    /// The shortest prefix that is cached: of what a request asks for, else of what happens
    /// unasked. `None` when it is not published or there is no cache.
    pub fn minimum(&self) -> Option<u64> {
        let cache = self.card.facts.cache.as_ref()?;
        cache.explicit.as_ref().or(cache.implicit.as_ref())?.minimum.on(self.day)
    }

    /// The price list in force.
    pub fn price_list(&self) -> Option<&Fact<PriceList>> {
        self.card.facts.prices.as_ref()?.at(self.day)
    }

    /// The prices of ordinary requests; each unknown one is `None`.
    pub fn prices(&self) -> Prices {
        let storage = self.card.facts.storage.on(self.day);
        Prices { storage, ..self.price_list().map(|list| list.value.standard()).unwrap_or_default() }
    }

    /// The prices of a batch, if any is known.
    pub fn batch(&self) -> Option<Prices> {
        self.price_list()?.value.batch()
    }

    /// What a choice (`us`, `eu`, `fast`) multiplies every price with.
    pub fn multiplier(&self, choice: &str) -> Option<Share> {
        self.card.facts.multipliers.get(choice)?.at(self.day).map(|fact| fact.value)
    }

    /// The day from which its source counts the model as deprecated, where that has come or is near, and the model that
    /// it names in its place.
    pub fn retires(&self) -> Option<(Date, Option<&str>)> {
        let facts = &self.card.facts;
        let day = facts.deprecated.as_ref().map(|fact| fact.value.0).filter(|day| is_near(self.day, *day))?;
        Some((day, facts.successor.as_ref().map(|fact| &*fact.value.value)))
    }

    /// What the cost wing needs to know of requests with these choices.
    pub fn model(&self, choices: &Choices) -> rules::Model {
        rules::Model { name: self.card.name.clone(), rules: self.cache_rules(), prices: Some(self.chosen(choices)) }
    }
}
