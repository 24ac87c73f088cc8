//! A card in the making: what a table says about one model, and how that is written down.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Number, Value as Json};

use crate::cost::cards::card::{Card, Platform};
use crate::cost::cards::price::{HIGHEST, written};
use crate::cost::rules::{Price, Rates};

/// What a table says about one model.
#[derive(Debug, Default)]
pub struct ImportedCard {
    /// Its name.
    pub name: String,
    /// The family to start from; `None` for a card that stands already or must say everything.
    pub like: Option<&'static str>,
    /// The maker, for a card that must say everything.
    pub vendor: Option<String>,
    /// Windows: total, input, output.
    pub window: [Option<u64>; 3],
    /// Price lists, oldest first.
    pub periods: Vec<Period>,
    /// The shortest prefix that is cached.
    pub minimum: Option<u64>,
    /// What a choice multiplies prices with.
    pub multipliers: Vec<(String, String)>,
    /// The day from which it counts as deprecated.
    pub deprecated: Option<String>,
    /// Whether the minimum is that of caching on request.
    pub is_explicit: bool,
}

/// A price list from a day on.
#[derive(Debug, Default, Clone)]
pub struct Period {
    /// The day.
    pub from: Option<String>,
    /// Prices of requests of ordinary size.
    pub base: Offer,
    /// Prices of long requests: the key (`more_than`, `at_least`), the size, the prices.
    pub long: Vec<(&'static str, u64, Offer)>,
    /// What else must be known.
    pub note: Option<&'static str>,
}

/// What requests of one size cost.
#[derive(Debug, Default, Clone)]
pub struct Offer {
    /// Ordinarily.
    pub standard: Rates,
    /// In a batch.
    pub batch: Option<Rates>,
    /// In each service tier.
    pub tiers: Vec<(String, Rates)>,
}

impl Offer {
    /// The lines of a card, each a key and its value.
    fn lines(&self) -> Vec<String> {
        let mut lines = pairs(&self.standard);
        lines.extend(self.batch.iter().map(|batch| format!("batch: {{{}}}", pairs(batch).join(", "))));
        let tiers: Vec<String> =
            self.tiers.iter().map(|(name, rates)| format!("{}: {{{}}}", text(name), pairs(rates).join(", "))).collect();
        lines.extend((!tiers.is_empty()).then(|| format!("tiers: {{{}}}", tiers.join(", "))));
        lines
    }
}

/// Keys of a table that no card has a place for, each with the number of models that have it.
#[derive(Debug, Default)]
pub struct Dropped(BTreeMap<String, usize>);

impl Dropped {
    /// Counts a key.
    pub fn add(&mut self, key: &str) {
        *self.0.entry(key.to_owned()).or_default() += 1;
    }

    /// A line a key.
    pub fn lines(self) -> impl Iterator<Item = String> {
        self.0.into_iter().map(|(key, models)| match models {
            1 => format!("the key `{key}` of one model"),
            _ => format!("the key `{key}` of {models} models"),
        })
    }
}

/// Whether prices say what a call costs at all.
pub fn is_priced(rates: &Rates) -> bool {
    rates.input.is_some() && rates.output.is_some()
}

/// Prices as a card writes them: `input: 2`, `write: {5m: 2.5}`.
fn pairs(rates: &Rates) -> Vec<String> {
    let kinds = [
        ("input", rates.input),
        ("output", rates.output),
        ("read", rates.read),
        ("implicit_read", rates.implicit_read),
    ];
    let known = kinds.into_iter().filter_map(|(kind, price)| Some(format!("{kind}: {}", written(price?))));
    let write: Vec<String> = rates.write.iter().map(|(ttl, price)| format!("{ttl}: {}", written(*price))).collect();
    known.chain((!write.is_empty()).then(|| format!("write: {{{}}}", write.join(", ")))).collect()
}

/// A number of dollars times ten to the `shift`, per million tokens, rounded half to even to a
/// nano-dollar: these tables hold floats such as 2.9999999999999997e-07. `None` for zero, which
/// there stands for "not recorded", for less, and for more than a million dollars.
pub fn price(number: &Number, shift: i32) -> Option<Price> {
    let text = number.to_string();
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
    let power =
        exponent.parse::<i32>().ok()?.checked_sub(i32::try_from(fraction.len()).ok()?)?.checked_add(9 + shift)?;
    let scale = 10u128.checked_pow(power.unsigned_abs());
    let nano = match (power < 0, scale) {
        (false, scale) => digits.checked_mul(scale?)?,
        (true, None) => 0,
        (true, Some(scale)) => {
            let (quotient, rest) = (digits / scale, digits % scale);
            let half = scale / 2;
            quotient + u128::from(rest > half || (rest == half && quotient % 2 == 1))
        }
    };
    u64::try_from(nano).ok().filter(|nano| (1..=HIGHEST).contains(nano)).map(|nano| Price { nano })
}

/// A whole number, also where it is written `512.0`. `None` for zero and less.
pub fn whole(json: Option<&Json>) -> Option<u64> {
    let json = json?;
    let from_float = || json.as_f64().filter(|number| number.fract() == 0.0 && (0.0..1e15).contains(number));
    // Within 2⁵⁰ a float without a fraction is that very whole number.
    json.as_u64().or_else(|| from_float().map(|number| number as u64)).filter(|number| *number > 0)
}

/// Who serves the models that a table lists under a provider.
pub fn platform(provider: &str) -> Platform {
    match provider {
        "anthropic" => Platform::Anthropic,
        "openai" => Platform::OpenAi,
        "gemini" | "google" => Platform::Google,
        "aws" | "bedrock" | "bedrock_converse" => Platform::Bedrock,
        "azure" | "azure_ai" => Platform::Azure,
        "deepseek" => Platform::DeepSeek,
        "mistral" => Platform::Mistral,
        "xai" | "x-ai" => Platform::Xai,
        other if other.starts_with("vertex_ai") => Platform::Vertex,
        _ => Platform::Other,
    }
}

/// Takes a draft, unless its card has one already: the entry under the card's own name goes before
/// those under its other names, else the first one stands.
pub fn add(drafts: &mut Vec<ImportedCard>, draft: ImportedCard, key: &str, left_out: &mut Vec<String>) {
    let Some(earlier) = drafts.iter_mut().find(|earlier| earlier.name == draft.name) else {
        drafts.push(draft);
        return;
    };
    left_out.push(format!("{key}: another entry is for the card {} too", draft.name));
    if key == draft.name {
        *earlier = draft;
    }
}

/// The lifetime of a write whose key does not say one: the shortest that the model has. `None` when
/// neither the model's name nor its other prices tell which that is.
pub fn base_ttl(name: &str, has_hour: bool, has_half_day: bool) -> Option<&'static str> {
    if has_half_day || name.contains("gpt-") {
        return Some("30m");
    }
    (has_hour || name.contains("claude")).then_some("5m")
}

/// Who a model is, when its table only has a provider and a name: the family to start from.
pub fn family(provider: &str, name: &str, takes_breakpoints: bool) -> Option<&'static str> {
    let is_claude = name.contains("claude");
    let is_gpt = name.contains("gpt-");
    Some(match provider {
        "anthropic" => "claude",
        "openai" if takes_breakpoints => "gpt-5.6-and-later",
        "openai" => "gpt-until-5.5",
        "gemini" => "gemini",
        "google" if !is_claude => "gemini",
        "google" | "vertex_ai-anthropic_models" => "vertex-claude",
        "vertex_ai" | "vertex_ai-language-models" if name.contains("gemini") => "vertex-gemini",
        "aws" | "bedrock" | "bedrock_converse" if is_claude => "bedrock-claude",
        "azure" | "azure_ai" if is_claude => "azure-claude",
        "azure" | "azure_ai" if is_gpt && takes_breakpoints => "azure-gpt-5.6-and-later",
        "azure" | "azure_ai" if is_gpt => "azure-gpt-until-5.5",
        "deepseek" => "deepseek",
        "mistral" => "mistral",
        "xai" | "x-ai" => "grok",
        "dashscope" => "qwen",
        _ => return None,
    })
}

/// Whether a model's cache is asked for, as its card or its family has it.
pub fn is_explicit(card: Option<&Card>, like: Option<&str>) -> bool {
    match (card, like) {
        (Some(card), _) => card.facts.cache.as_ref().is_some_and(|cache| cache.explicit.is_some()),
        (None, Some(like)) => {
            !matches!(like, "gpt-until-5.5" | "azure-gpt-until-5.5" | "deepseek" | "mistral" | "grok")
        }
        (None, None) => false,
    }
}

impl ImportedCard {
    /// Starts a card: over the one that stands, like its family, or on its own.
    pub fn new(card: Option<&Card>, name: String, provider: &str, takes_breakpoints: bool) -> Self {
        let like = if card.is_some() { None } else { family(provider, &name, takes_breakpoints) };
        let vendor = (card.is_none() && like.is_none()).then(|| provider.to_owned());
        Self { is_explicit: is_explicit(card, like), name, like, vendor, ..Self::default() }
    }

    fn write(&self, yaml: &mut String) {
        // Writing to a string cannot fail.
        _ = writeln!(yaml, "  {}:", text(&self.name));
        if let Some(like) = self.like {
            _ = writeln!(yaml, "    like: {like}");
        }
        if let Some(vendor) = &self.vendor {
            _ = writeln!(yaml, "    vendor: {}\n    platform: other\n    dialects: [chat]", text(vendor));
            _ = writeln!(yaml, "    tokenizer: {{value: other, source: imported, status: unverified}}");
        }
        if self.window.iter().any(Option::is_some) {
            _ = writeln!(yaml, "    window:");
        }
        for (kind, size) in ["total", "input", "output"].iter().zip(self.window) {
            if let Some(size) = size {
                _ = writeln!(yaml, "      {kind}: {{value: {size}, source: imported}}");
            }
        }
        _ = writeln!(yaml, "    prices:");
        self.periods.iter().for_each(|period| period.write(yaml));
        if !self.multipliers.is_empty() {
            _ = writeln!(yaml, "    multipliers:");
        }
        for (choice, factor) in &self.multipliers {
            _ = writeln!(yaml, "      {}: {{value: {factor}, source: imported}}", text(choice));
        }
        let knows_cache = self.vendor.is_none();
        if let Some(minimum) = self.minimum.filter(|_| knows_cache) {
            let way = if self.is_explicit { "explicit" } else { "implicit" };
            _ = writeln!(yaml, "    cache: {{{way}: {{minimum: {{value: {minimum}, source: imported}}}}}}");
        }
        if let Some(day) = &self.deprecated {
            _ = writeln!(yaml, "    deprecated: {{value: {day}, source: imported}}");
        }
    }
}

impl Period {
    fn write(&self, yaml: &mut String) {
        let mut lines = self.base.lines();
        if !self.long.is_empty() {
            lines.push("long:".to_owned());
        }
        for (key, size, offer) in &self.long {
            lines.push(format!("  - {{{key}: {size}, {}}}", offer.lines().join(", ")));
        }
        lines.extend(self.from.iter().map(|day| format!("from: {day}")));
        lines.push("source: imported".to_owned());
        lines.extend(self.note.map(|note| format!("note: {}", text(note))));
        for (number, line) in lines.iter().enumerate() {
            _ = writeln!(yaml, "      {} {line}", if number == 0 { "-" } else { " " });
        }
    }
}

/// A scalar that YAML reads back as this text: bare where that is safe, else quoted as JSON does.
fn text(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/'))
        && !matches!(text.to_ascii_lowercase().as_str(), "null" | "true" | "false");
    if is_plain { text.to_owned() } else { Json::from(text).to_string() }
}

/// A `prices.yaml` of these cards.
pub fn file(title: &str, drafts: &[ImportedCard]) -> String {
    let mut yaml = format!("sources:\n  imported: {{title: {}, kind: third-party}}\n", text(title));
    yaml.push_str(if drafts.is_empty() { "models: {}\n" } else { "models:\n" });
    drafts.iter().for_each(|draft| draft.write(&mut yaml));
    yaml
}
