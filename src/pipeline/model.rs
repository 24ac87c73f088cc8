//! What is different for each model: its counts, its breakpoints, how it fits.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::measured::{CountedPrompt, MeasuredCount};
use super::tokenizers::{NamedTokenizer, Tokenizers, matches_pattern};
use crate::cost::ahead::{ahead, price_warnings, retirement_warning};
use crate::cost::bill::{Bill, bill as bill_of, bounds};
use crate::cost::budget::{self, Bills, BlockTokens, BudgetResult, Figures};
use crate::cost::cards::{Card, CardAt, Cards, Choice, Choices, Date, Doubts, Framing, Platform, Window};
use crate::cost::count::{AROUND, Counts};
use crate::cost::planner::words::grouped;
use crate::cost::planner::{CachePolicy, Layout, plan as place};
use crate::cost::rules::{Model, Prices};
use crate::cost::terms::{RequestTokens, Terms};
use crate::cost::tokens::{Count, Tokenizer};
use crate::cost::traffic::Traffic;
use crate::cost::warnings::warnings;
use crate::cost::window::{self, Fit, WindowFit};
use crate::prompt::bodies::{Api, Dialect};
use crate::prompt::chain::Digest;
use crate::prompt::segment::{Kind, Part, Segment, Tier, messages};
use crate::syntax::decode::Text;
use crate::syntax::diag::{Diagnostic, Faults, Severity};
use crate::syntax::manifest::{Breakpoints, Budgets, Manifest};
use crate::syntax::source::Span;
use crate::text::resolve::{Content, Plan};

/// A context as one model sees it.
#[derive(Debug, Clone)]
pub struct ModelBuild {
    /// The model's card.
    pub card: Arc<Card>,
    /// The name in the manifest.
    pub name: String,
    /// What counts its tokens.
    pub tokenizer: NamedTokenizer,
    /// Counts by the model's own tokenizer, or estimates.
    pub counts: Counts,
    /// The request in tokens.
    pub tokens: RequestTokens,
    /// Where the cache is marked, and why.
    pub layout: Layout,
    /// What it costs.
    pub bill: Bill,
    /// How the limits of the manifest stand.
    pub budgets: Vec<BudgetResult>,
    /// How sure the card's figures are.
    pub doubts: Doubts,
    /// The shortest prefix that the model caches, if known.
    pub minimum: Option<u64>,
    /// The windows, and whether the request fits.
    pub window: WindowFit,
    /// Why none of its bodies is written, whatever the dialect; the build's warnings have these errors too.
    pub refused: Vec<Diagnostic>,
    /// The settings that hold for it.
    pub settings: Map<String, Json>,
    /// Those of them that change its price.
    pub choices: Choices,
    /// What its provider counted, where that is recorded.
    pub measured: Option<Measured>,
}

/// A request that was counted by its provider.
#[derive(Debug, Clone)]
pub struct Measured {
    /// What was counted.
    pub count: MeasuredCount,
    /// The same model without it.
    pub estimated: Box<ModelBuild>,
}

impl ModelBuild {
    /// The rules and prices of a day, of requests and of batches, for requests with its settings.
    pub fn priced(&self, day: Date) -> (Model, Option<Prices>) {
        let at = self.card.at(day);
        (at.model(&self.choices), at.chosen_batch(&self.choices))
    }
}

/// The limit on an answer where an API demands one and the manifest gives none; the model's own where that is less.
pub const DEFAULT_MAX_TOKENS: u64 = 4096;

/// The note that says so.
pub const DEFAULT_LIMIT: &str = "default-max-tokens";

/// A body that is not written, because its model would refuse it.
#[derive(Debug, Clone)]
pub struct LeftOut {
    /// The name that its file would have.
    pub body: String,
    /// The model.
    pub model: String,
    /// Every reason: an error, or a warning where another body asks the same model the same.
    pub reasons: Vec<Diagnostic>,
}

/// The digest of settings and schema; a fault when they cannot be written canonically.
pub fn settings_digest(plan: &Plan, faults: &mut Faults) -> Option<Digest> {
    let settings: Map<String, Json> =
        plan.manifest.settings.iter().map(|(key, node)| (key.text.to_string(), node.to_json())).collect();
    crate::prompt::chain::settings_digest(&Json::Object(settings), plan.schema.as_ref())
        .map_err(|error| faults.push(Diagnostic::error("inexact-number", error.to_string()).at(&plan.manifest.span)))
        .ok()
}

/// The cards of the models that are asked for, each once, with the names asked.
pub fn find_cards(cards: &Cards, instead: &[String], plan: &Plan, faults: &mut Faults) -> Vec<(String, Arc<Card>)> {
    let asked: Vec<Text> = match instead {
        [] => plan.manifest.models.clone(),
        names => {
            names.iter().map(|name| Text { value: name.as_str().into(), span: plan.manifest.span.clone() }).collect()
        }
    };
    // A model of a foreign file may be older than the cards: then those of the project stand in, with a warning.
    let is_foreign = |name: &Text| instead.is_empty() && plan.foreign.as_ref() == Some(name.span.path());
    let (unknown, mut asked): (Vec<Text>, Vec<Text>) =
        asked.into_iter().partition(|name| is_foreign(name) && cards.find(&name.value).is_err());
    for name in &unknown {
        let message = format!("no model card has `{}`, which the file names", name.value);
        let hint = if plan.default_models.is_empty() {
            "name known `models` in the manifest or in contexture.yaml"
        } else {
            "the models of contexture.yaml stand in; name others under `models` of the manifest"
        };
        faults.push(Diagnostic::warning("unknown-model", message).at(&name.span).hint(hint));
    }
    if asked.is_empty() && !unknown.is_empty() {
        asked.clone_from(&plan.default_models);
    }
    let mut found: Vec<(String, Arc<Card>)> = Vec::new();
    for name in &asked {
        match cards.find(&name.value) {
            Ok(card) if found.iter().any(|(_, other)| other.name == card.name) => {
                let warning =
                    Diagnostic::warning("duplicate-model", format!("`{}` stands twice in `models`", card.name));
                faults.push(warning.at(&name.span).hint("remove one of the two"));
            }
            Ok(card) => {
                faults.extend(card.caveats.iter().map(|caveat| {
                    let warning = Diagnostic::warning(caveat.code, caveat.message.clone()).at(&name.span);
                    warning.hint(caveat.hint.clone()).for_model(&card.name)
                }));
                found.push((name.value.to_string(), card));
            }
            Err(unknown) => {
                let fault = Diagnostic::error("unknown-model", unknown.to_string());
                faults.push(fault.at(&name.span).hint(unknown.hint()));
            }
        }
    }
    found
}

/// What a manifest says about caching as a whole.
pub fn cache_policy(manifest: &Manifest) -> CachePolicy {
    let cache = manifest.cache.as_ref();
    CachePolicy {
        breakpoints: cache.and_then(|cache| cache.breakpoints).unwrap_or(Breakpoints::Auto),
        ttl: cache.and_then(|cache| cache.ttl.as_ref()).map(|ttl| ttl.value),
    }
}

/// What every model of a context is built from.
#[derive(Clone, Copy)]
pub struct Base<'a> {
    /// The day whose prices and rules hold.
    pub date: Date,
    /// The cards.
    pub cards: &'a Cards,
    /// What the manifest came to.
    pub plan: &'a Plan,
    /// The prompt, piece by piece.
    pub segments: &'a [Segment],
    /// Counts by o200k_base.
    pub counts: &'a Counts,
    /// Whether announced days are looked for too.
    pub lints: bool,
    /// Where its counts by providers are looked up.
    pub measured: Option<CountedPrompt<'a>>,
}

impl Base<'_> {
    /// The context as each model sees it. `own` holds the counts of `tokenizers.distinct`.
    pub fn models(
        &self,
        asked: Vec<(String, Arc<Card>)>,
        tokenizers: &Tokenizers,
        own: &[Counts],
        said: &mut Vec<Diagnostic>,
    ) -> Vec<ModelBuild> {
        let built = asked.into_iter().zip(&tokenizers.of_model).map(|((name, card), place)| {
            let counts = place.and_then(|place| own.get(place)).unwrap_or(self.counts);
            self.model(card, name, tokenizers.named(*place), counts.clone(), said)
        });
        let built: Vec<ModelBuild> = built.collect();
        // What of a mark comes to nothing, or to less, in some models is a note, and a warning where it does in all.
        let is_less = |one: &&mut Diagnostic| matches!(&*one.code, "dead-breakpoint" | "short-ttl");
        let less: Vec<&mut Diagnostic> = said.iter_mut().filter(is_less).collect();
        let models: BTreeSet<_> = less.iter().filter_map(|one| one.model.clone()).collect();
        if models.len() == built.len() {
            less.into_iter()
                .filter(|one| one.severity == Severity::Note)
                .for_each(|one| one.severity = Severity::Warning);
        }
        built
    }

    /// The context as one model sees it, counted so, or as its provider counted.
    pub(crate) fn model(
        &self,
        card: Arc<Card>,
        name: String,
        tokenizer: NamedTokenizer,
        counts: Counts,
        said: &mut Vec<Diagnostic>,
    ) -> ModelBuild {
        let Some(count) = self.measured.and_then(|prompt| prompt.of(&card, said)) else {
            return self.counted(card, name, tokenizer, (counts, None), said);
        };
        let (of, by) = (name.clone(), tokenizer.clone());
        let estimated = self.counted(card.clone(), of, by, (counts.clone(), None), &mut Vec::new());
        let measured = Measured { count: count.clone(), estimated: Box::new(estimated) };
        let built = self.counted(card, name, tokenizer, (counts, Some(count.tokens)), said);
        ModelBuild { measured: Some(measured), ..built }
    }

    fn counted(
        &self,
        card: Arc<Card>,
        name: String,
        tokenizer: NamedTokenizer,
        (counts, whole): (Counts, Option<u64>),
        said: &mut Vec<Diagnostic>,
    ) -> ModelBuild {
        let manifest = &self.plan.manifest;
        let at = card.at(self.date);
        let settings = settings_for(self.cards, self.plan, &card);
        let retires = if self.lints { at.retires() } else { None };
        let there = retires.and_then(|retires| self.successor(&card, retires, &tokenizer, &counts));
        let counts = as_read(&at, self.segments, &tokenizer.tokenizer, counts);
        let framing = framing(at.framing(), self.segments, &tokenizer.tokenizer, settings.get("tool_choice"));
        let (counts, framing) = match whole {
            Some(whole) => counts.measured(framing, whole),
            None => (counts, framing),
        };
        let tokens = RequestTokens {
            prefix: counts.prefix,
            text: counts.text,
            inputs: expected_inputs(self.plan, self.segments),
            unsized_input: has_unsized_input(self.plan, self.segments),
            framing,
            output: manifest.output.as_ref().and_then(|output| output.tokens).map(|tokens| tokens.0),
        };

        let choices = Choices::of(&settings);
        said.extend(unpriced(&at, &choices, &manifest.span));
        let (model, batch) = (at.model(&choices), at.chosen_batch(&choices));
        let traffic = manifest.traffic.as_ref().and_then(Traffic::declared);
        let terms = Terms { model: &model, batch: batch.as_ref(), traffic: traffic.as_ref(), tokens: &tokens };
        let placed = place(self.segments, &counts.per_segment, cache_policy(manifest), &terms);
        let mut refused = placed.warnings;
        let layout = placed.value;
        let bills = Bills { at: bill_of(&layout, &terms), bounds: bounds(&layout, &terms) };
        let bill = bills.at;
        said.extend(warnings(self.segments, &counts.per_segment, &layout, &bill, &terms));
        let (window, limits) = limits(manifest, (&card, at.window()), &tokens, self.segments, &counts, &name);
        refused.extend(limits);
        said.extend(refused.iter().cloned());
        refused.retain(|one| one.severity == Severity::Error);

        let later = if self.lints || holds_money(manifest.budgets.as_ref()) {
            ahead(&card, &choices, self.date, |at| {
                let (model, batch) = (at.model(&choices), at.chosen_batch(&choices));
                let terms = Terms { model: &model, batch: batch.as_ref(), ..terms };
                Bills { at: bill_of(&layout, &terms), bounds: bounds(&layout, &terms) }
            })
        } else {
            Vec::new()
        };
        if self.lints {
            let retires = retires.map(|retires| retirement_warning(self.date, &name, retires, &bill, there));
            let place = manifest.models.iter().find(|model| *model.value == *name);
            let place = place.map_or(&manifest.span, |model| &model.span);
            let announced = price_warnings(self.date, bill, &later).into_iter().chain(retires);
            said.extend(announced.map(|one| one.at(place).for_model(&name)));
        }
        let blocks = limited_blocks(self.plan, self.segments, &counts);
        let figures = Figures {
            model: &name,
            tokens: &tokens,
            bills,
            later: &later,
            blocks: &blocks,
            has_traffic: traffic.is_some(),
            base_prefix: None,
        };
        let budgets = budget::evaluate(manifest.budgets.as_ref(), &figures);
        said.extend(budgets.iter().filter_map(BudgetResult::warning));

        let minimum = at.minimum();
        let doubts = self.cards.doubts(&card, self.date);
        ModelBuild {
            card,
            name,
            tokenizer,
            counts,
            tokens,
            layout,
            bill,
            budgets,
            doubts,
            minimum,
            window,
            refused,
            settings,
            choices,
            measured: None,
        }
    }

    /// What the context costs on the day of a model's retirement with the one that is to follow, if both count alike.
    fn successor(
        &self,
        card: &Card,
        (day, successor): (Date, Option<&str>),
        tokenizer: &NamedTokenizer,
        counts: &Counts,
    ) -> Option<Bill> {
        let next = self.cards.get(successor?).filter(|next| next.tokenizer == card.tokenizer)?;
        let (name, then) = (next.name.to_string(), Base { date: day.max(self.date), lints: false, ..*self });
        Some(then.model(next, name, tokenizer.clone(), counts.clone(), &mut Vec::new()).bill)
    }
}

/// How the request and its answer fit into the windows, and what is to be said of that.
fn limits(
    manifest: &Manifest,
    (card, window): (&Card, Window),
    tokens: &RequestTokens,
    segments: &[Segment],
    counts: &Counts,
    model: &str,
) -> (WindowFit, Vec<Diagnostic>) {
    let output = manifest.output.as_ref();
    let most = output.and_then(|output| output.max_tokens).map(|most| most.0);
    let answer = tokens.output.unwrap_or(0).max(most.unwrap_or(0));
    let subject = window::Subject { window, tokens, answer, segments, per_segment: &counts.per_segment };
    let fit = subject.fit();
    let default = (api(card) == Api::Anthropic).then_some(DEFAULT_MAX_TOKENS);
    let of_answer = window::answer_warning(window.output, tokens.output, most, default);
    let of_answer = of_answer.map(|one| one.at(output.map_or(&manifest.span, |output| &output.span)));
    let said = subject.warning(&fit).into_iter().chain(of_answer).map(|one| one.for_model(model)).collect();
    (fit, said)
}

/// A warning for each setting that changes the price by nobody knows how much.
fn unpriced(at: &CardAt<'_>, choices: &Choices, place: &Span) -> Vec<Diagnostic> {
    let name = &at.card.name;
    let warning = |choice: &Choice| {
        let message = format!(
            "`{choice}` has a price of its own, and no source of the card says which: every amount for {name} is unknown"
        );
        let hint = "name it in prices.yaml, under `prices: {tiers: {…}}` or `multipliers`; docs/models.md has the form";
        Diagnostic::warning("unpriced-setting", message).at(place).hint(hint).for_model(name)
    };
    at.unpriced(choices).map(warning).collect()
}

/// The note that a limit is sent which nobody has set; `None` where one is set, or no API demands it.
pub fn default_limit(plan: &Plan, models: &[ModelBuild]) -> Option<Diagnostic> {
    let is_set = plan.manifest.output.as_ref().is_some_and(|output| output.max_tokens.is_some());
    let is_needed = models.iter().any(|model| api(&model.card) == Api::Anthropic);
    (is_needed && !is_set).then(|| {
        let most = grouped(DEFAULT_MAX_TOKENS);
        let message = format!("answers are limited to {most} tokens, or to the model's own limit where that is less");
        let hint = "Anthropic's API demands a limit; set it with `output: {max_tokens: …}`";
        Diagnostic::note(DEFAULT_LIMIT, message).in_file(&plan.manifest_path).hint(hint)
    })
}

/// The API that a card is called through: that of its preferred dialect.
pub fn api(card: &Card) -> Api {
    match (card.platform, card.dialects.first()) {
        (_, Some(Dialect::Messages)) => Api::Anthropic,
        (_, Some(Dialect::Responses)) => Api::OpenAi,
        (_, Some(Dialect::Generate | Dialect::Cached)) => Api::Gemini,
        (_, Some(Dialect::Converse)) => Api::Bedrock,
        (Platform::OpenAi | Platform::Azure, _) => Api::OpenAi,
        _ => Api::Compatible,
    }
}

/// Whether a budget limits money, so that announced prices matter.
fn holds_money(budgets: Option<&Budgets>) -> bool {
    budgets.is_some_and(|budgets| budgets.cost_per_call.is_some() || budgets.cost_per_month.is_some())
}

/// The blocks that have a limit of their own, with their tokens. The band of an estimate is that of
/// the whole text, to scale.
fn limited_blocks(plan: &Plan, segments: &[Segment], counts: &Counts) -> Vec<BlockTokens> {
    let limited = plan.blocks.iter().filter_map(|block| Some((block, block.max_tokens.as_ref()?)));
    let measured = limited.map(|(block, limit)| {
        let own = |segment: &Segment| segment.tier == block.tier && segment.origin.block.start == block.span.start;
        let tokens = segments
            .iter()
            .zip(&counts.per_segment)
            .filter(|(segment, _)| own(segment))
            .map(|(_, tokens)| *tokens)
            .sum();
        BlockTokens {
            block: format!("{}/{}", block.tier, block.label),
            tokens: counts.text.part(tokens),
            limit: limit.clone(),
        }
    });
    measured.collect()
}

/// The settings that hold for a model: the plain ones, and above them those below a key that names it. What stands below
/// the name of another model is none of its own.
fn settings_for(cards: &Cards, plan: &Plan, card: &Card) -> Map<String, Json> {
    let of = |wanted: Option<bool>| {
        plan.manifest.settings.iter().filter(move |(key, _)| is_for(cards, &key.text, card) == wanted)
    };
    let mut settings: Map<String, Json> = of(None).map(|(key, node)| (key.text.to_string(), node.to_json())).collect();
    for (_, node) in of(Some(true)) {
        if let Json::Object(own) = node.to_json() {
            settings.extend(own);
        }
    }
    settings
}

/// Whether a key of `settings` is for this model; `None` if it names no model, neither by pattern nor in full.
fn is_for(cards: &Cards, key: &str, card: &Card) -> Option<bool> {
    match key.contains('*') {
        true => Some(matches_pattern(key, &card.name)),
        false => cards.get(key).map(|named| named.name == card.name),
    }
}

/// Looks at the keys of `settings` and `tokenizers` that name models: what is below them in `settings` must be settings,
/// and one that the context is not built for, in no variant either, does nothing.
pub fn check_keys(cards: &Cards, found: &[(String, Arc<Card>)], plan: &Plan, faults: &mut Faults) {
    let manifest = &plan.manifest;
    let names_models = |key: &str| key.contains('*') || cards.get(key).is_some();
    for (key, node) in manifest.settings.iter().filter(|(key, _)| names_models(&key.text)) {
        if node.as_map().is_none() {
            let fault =
                Diagnostic::error("bad-settings", format!("`{}` names models, and holds no settings", key.text));
            faults.push(fault.at(&key.span).hint(format!("write `{}: {{temperature: 0}}`", key.text)));
        }
    }
    let settings =
        manifest.settings.iter().map(|(key, _)| ("settings", key)).filter(|(_, key)| names_models(&key.text));
    let tokenizers = manifest.tokenizers.iter().map(|(key, _)| ("tokenizers", key));
    for (table, key) in settings.chain(tokenizers).filter(|(_, key)| key.span.path() == &plan.manifest_path) {
        let is_used = found.iter().any(|(_, card)| is_for(cards, &key.text, card) == Some(true));
        if !is_used && !is_mentioned(&key.text, key.span.source.text()) {
            let message = format!("`{table}` has `{}`, and the context is built for no such model", key.text);
            let hint = "the names are those in `models`; `*` stands for any text";
            faults.push(Diagnostic::warning("unmatched-model", message).at(&key.span).hint(hint));
        }
    }
}

/// Whether a manifest has a word that a key matches, beside the key itself: a model of a variant.
fn is_mentioned(key: &str, text: &str) -> bool {
    let words =
        text.split(|c: char| c.is_whitespace() || "[]{},\"'".contains(c)).map(|word| word.trim_end_matches(':'));
    words
        .filter(|word| !word.contains('*') && matches_pattern(key, word))
        .nth(usize::from(!key.contains('*')))
        .is_some()
}

/// The expected size of everything that is filled in at run time, counted once for each place.
fn expected_inputs(plan: &Plan, segments: &[Segment]) -> u64 {
    segments.iter().map(|segment| expected_tokens(plan, segment)).sum()
}

/// Whether something is filled in whose size the manifest does not say, or a region has no example.
fn has_unsized_input(plan: &Plan, segments: &[Segment]) -> bool {
    let is_sized = |name: &str| plan.manifest.inputs.get(name).is_some_and(|input| input.tokens.is_some());
    let mut parts = segments.iter().flat_map(|segment| &segment.parts);
    let is_open = |part: &Part| match part.kind {
        Kind::Input => !is_sized(&part.text),
        _ => part.region.as_ref().is_some_and(|region| !region.absent.is_empty()),
    };
    parts.any(is_open)
}

/// The expected size of what is filled into one segment at run time; 0 for text.
pub fn expected_tokens(plan: &Plan, segment: &Segment) -> u64 {
    let size = |part: &Part| match part.kind {
        Kind::Input => plan.manifest.inputs.get(&part.text).and_then(|input| input.tokens).map_or(0, |tokens| tokens.0),
        Kind::History => {
            let histories = plan
                .blocks
                .iter()
                .filter_map(|block| if let Content::History(history) = &block.content { Some(history) } else { None });
            histories.filter(|history| history.name == part.text).map(|history| history.tokens).next().unwrap_or(0)
        }
        Kind::Text | Kind::Tool | Kind::Region | Kind::ToolCall | Kind::ToolResult => 0,
    };
    segment.parts.iter().map(size).sum()
}

/// The counts of a prompt as the model reads its tools, and calls of them.
pub fn as_read(at: &CardAt<'_>, segments: &[Segment], tokenizer: &Tokenizer, counts: Counts) -> Counts {
    let framing = at.framing();
    let band = [framing.tools_fewer, framing.tools_more].map(Option::unwrap_or_default);
    counts.with_tools(segments, tokenizer, framing.declared, band).with_calls(segments, tokenizer)
}

/// Tokens that the provider adds around the text, after the card's figures. Always an estimate.
fn framing(card: Framing, segments: &[Segment], tokenizer: &Tokenizer, choice: Option<&Json>) -> Count {
    let has = |tier: Tier| segments.iter().any(|segment| segment.tier == tier);
    let messages =
        messages(segments).iter().filter(|message| segments[message[0].0].tier != Tier::Tools).count() as u64;
    let mut tokens = card.base + card.message * messages;
    if has(Tier::Tools) {
        let word = choice.and_then(Json::as_str);
        let name = choice.and_then(|choice| choice.pointer("/function/name").or_else(|| choice.get("name"))?.as_str());
        tokens += card.tools.saturating_sub(if has(Tier::System) { card.tools_in_system } else { 0 });
        tokens += match (choice, word) {
            (None, _) | (_, Some("auto")) => card.preamble_auto,
            (_, Some("none")) => card.preamble_auto + card.choice_none,
            _ => card.preamble_any,
        };
        tokens +=
            name.map_or(0, |name| card.choice_named + if card.declared { tokenizer.count(name).tokens() } else { 0 });
        if card.declared {
            tokens += AROUND.iter().map(|text| tokenizer.count(text).tokens()).sum::<u64>();
        }
    }
    Count::estimated(tokens, (tokens, tokens))
}

impl ModelBuild {
    /// It, or its estimate where the other one was not counted by its provider: estimates are compared with estimates.
    pub fn beside(&self, other: &Self) -> &Self {
        match (&self.measured, &other.measured) {
            (Some(measured), None) => &measured.estimated,
            _ => self,
        }
    }

    /// Whether the prefix is long enough for the model's cache; `None` when its minimum is not known.
    pub fn cacheable(&self) -> Option<Fit> {
        let (low, high) = self.tokens.prefix.band();
        self.minimum.map(|minimum| match (low >= minimum, high >= minimum) {
            (true, _) => Fit::Yes,
            (false, true) => Fit::Maybe,
            (false, false) => Fit::No,
        })
    }
}
