//! LiteLLM's map: one object of models; dollars per token; the kind, the size and the tier of a
//! price are parts of its key (`cache_read_input_token_cost_above_272k_tokens_batches`).

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::draft::{Dropped, ImportedCard, Offer, Period, add, base_ttl, is_priced, platform, price, whole};
use super::{Cards, Selection};
use crate::cost::rules::Rates;
use crate::syntax::quantity::{Share, Ttl};

/// Reads every model that is selected.
pub fn read(
    cards: &Cards,
    models: &Map<String, Json>,
    selection: Selection<'_>,
    left_out: &mut Vec<String>,
) -> Vec<ImportedCard> {
    let mut drafts: Vec<ImportedCard> = Vec::new();
    let mut dropped = Dropped::default();
    for (key, model) in models.iter().filter(|(key, _)| selection.takes(cards, key)) {
        let entry = model.as_object().ok_or("not a model").map(|keys| Entry { keys, read: RefCell::default() });
        match entry.and_then(|entry| Ok((draft(cards, key, &entry)?, entry))) {
            Ok((draft, entry)) => {
                add(&mut drafts, draft, key, left_out);
                entry.unread().for_each(|key| dropped.add(key));
            }
            Err(why) => left_out.push(format!("{key}: {why}")),
        }
    }
    left_out.extend(dropped.lines());
    drafts
}

/// One model's entry, which remembers what was read of it.
struct Entry<'a> {
    keys: &'a Map<String, Json>,
    read: RefCell<BTreeSet<String>>,
}

impl<'a> Entry<'a> {
    fn get(&self, key: &str) -> Option<&'a Json> {
        let found = self.keys.get_key_value(key)?;
        self.read.borrow_mut().insert(key.to_owned());
        Some(found.1)
    }

    fn unread(&self) -> impl Iterator<Item = &'a String> {
        let read = self.read.take();
        self.keys.keys().filter(move |key| !read.contains(*key))
    }
}

fn draft(cards: &Cards, name: &str, model: &Entry<'_>) -> Result<ImportedCard, &'static str> {
    let provider = model.get("litellm_provider").and_then(Json::as_str).unwrap_or_default();
    let takes_breakpoints = model.get("supports_prompt_cache_breakpoint").and_then(Json::as_bool).unwrap_or(false);
    let writes_for = |part: &str| model.keys.keys().any(|key| key.starts_with("cache_creation") && key.contains(part));
    let base_ttl = base_ttl(name, writes_for("_above_1hr"), writes_for("_above_12hr"));
    let base = offer(model, "", base_ttl);
    if !is_priced(&base.standard) {
        return Err("no price of input or output tokens");
    }
    // xAI's own table says "at or above"; the others say "above".
    let key = if provider == "xai" { "at_least" } else { "more_than" };
    let long = sizes(model)
        .into_iter()
        .map(|thousand| (key, thousand * 1000, offer(model, &format!("_above_{thousand}k_tokens"), base_ttl)))
        .collect();
    let card = cards.look_up(name);
    if card.as_ref().is_some_and(|card| card.platform != platform(provider)) {
        return Err("the card of that name is for another platform");
    }
    let card_name = card.as_ref().map_or_else(|| name.to_owned(), |card| card.name.to_string());
    let mut draft = ImportedCard::new(card.as_deref(), card_name, provider, takes_breakpoints);
    draft.window = [None, whole(model.get("max_input_tokens")), whole(model.get("max_output_tokens"))];
    draft.periods = vec![Period { base, long, ..Period::default() }];
    draft.minimum = whole(model.get("prompt_cache_min_tokens"));
    draft.multipliers = multipliers(model);
    draft.deprecated =
        model.get("deprecation_date").and_then(Json::as_str).filter(|day| is_day(day)).map(str::to_owned);
    Ok(draft)
}

fn is_day(text: &str) -> bool {
    text.len() == 10 && text.parse::<super::super::Date>().is_ok()
}

/// The prices of requests of one size, whose keys end alike.
fn offer(model: &Entry<'_>, size: &str, base_ttl: Option<&'static str>) -> Offer {
    let of = |suffix: &str| Some(line(model, &format!("{size}{suffix}"), base_ttl)).filter(|line| line.input.is_some());
    let tier = |name: &&str| Some(((*name).to_owned(), of(&format!("_{name}"))?));
    Offer {
        standard: line(model, size, base_ttl),
        batch: of("_batches"),
        tiers: ["flex", "priority", "fast", "ultrafast"].iter().filter_map(tier).collect(),
    }
}

fn line(model: &Entry<'_>, suffix: &str, base_ttl: Option<&'static str>) -> Rates {
    let of = |key: &str| match model.get(&format!("{key}{suffix}")) {
        Some(Json::Number(number)) => price(number, 6),
        _ => None,
    };
    let explicit_read = of("explicit_cache_read_input_token_cost");
    let read = of("cache_read_input_token_cost");
    let writes = [
        (base_ttl, of("cache_creation_input_token_cost")),
        (Some("1h"), of("cache_creation_input_token_cost_above_1hr")),
        (Some("12h"), of("cache_creation_input_token_cost_above_12hr")),
    ];
    Rates {
        input: of("input_cost_per_token"),
        output: of("output_cost_per_token"),
        read: explicit_read.or(read),
        implicit_read: explicit_read.and(read),
        write: writes.into_iter().filter_map(|(ttl, price)| Some((Ttl::parse(ttl?)?, price?))).collect(),
    }
}

/// The sizes, in thousands of tokens, beyond which input has another price.
fn sizes(model: &Entry<'_>) -> Vec<u64> {
    let size = |key: &String| {
        let size = key.strip_prefix("input_cost_per_token_above_")?.strip_suffix("k_tokens")?;
        size.parse().ok().filter(|size| (1..1_000_000).contains(size))
    };
    let mut sizes: Vec<u64> = model.keys.keys().filter_map(size).collect();
    sizes.sort_unstable();
    sizes
}

fn multipliers(model: &Entry<'_>) -> Vec<(String, String)> {
    let by_choice = model.get("provider_specific_entry").and_then(Json::as_object).into_iter().flatten();
    let by_choice = by_choice.map(|(choice, factor)| (choice.clone(), factor));
    let by_region = [
        ("us", "regional_processing_uplift_multiplier_us"),
        ("eu", "regional_processing_uplift_multiplier_eu"),
        ("fedramp", "fedramp_uplift_multiplier"),
        ("regional", "regional_endpoint_uplift_multiplier"),
    ];
    let by_region = by_region.into_iter().filter_map(|(region, key)| Some((region.to_owned(), model.get(key)?)));
    let all = by_choice.chain(by_region);
    all.filter_map(|(choice, factor)| {
        let factor = factor.as_number()?.to_string();
        Share::parse(&factor).filter(|share| share.millionths > 0).map(|_| (choice, factor))
    })
    .collect()
}
