//! genai-prices: providers with models; dollars per million tokens; a price may have tiers by size,
//! a list of prices may be bound to a first day or to hours, variants hold the prices of a batch.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::draft::{Dropped, ImportedCard, Offer, Period, add, base_ttl, is_priced, platform, price, whole};
use super::{Cards, Selection};
use crate::cost::cards::card::{Card, Platform};
use crate::cost::rules::{Price, Rates};
use crate::syntax::quantity::Ttl;

/// Reads every model that is selected.
pub fn read(
    cards: &Cards,
    providers: &[Json],
    selection: Selection<'_>,
    left_out: &mut Vec<String>,
) -> Vec<ImportedCard> {
    let mut drafts: Vec<ImportedCard> = Vec::new();
    let mut dropped = Dropped::default();
    for provider in providers {
        let id = provider.get("id").and_then(Json::as_str).unwrap_or_default();
        for model in provider.get("models").and_then(Json::as_array).into_iter().flatten() {
            let Some(own) = model.get("id").and_then(Json::as_str) else { continue };
            let name = name(cards, id, own);
            if !selection.takes(cards, &name) && !selection.takes_id(own) {
                continue;
            }
            match draft(cards, name.clone(), id, model, left_out) {
                Ok(draft) => {
                    add(&mut drafts, draft, own, left_out);
                    drop_keys(model, &mut dropped);
                }
                Err(why) => left_out.push(format!("{name}: {why}")),
            }
        }
    }
    left_out.extend(dropped.lines());
    drafts
}

impl Selection<'_> {
    /// Whether it names the model by the id that the table uses.
    fn takes_id(self, id: &str) -> bool {
        matches!(self, Self::Named(names) if names.iter().any(|own| own == id))
    }
}

/// The name of the card: the one that the provider and the id find together, else the one that the
/// id finds if the provider serves it, else a new one of both.
fn name(cards: &Cards, provider: &str, id: &str) -> String {
    let both = format!("{provider}/{id}");
    let served = |card: &Card| card.platform == platform(provider) && card.platform != Platform::Other;
    let card = cards.look_up(&both).or_else(|| cards.look_up(id).filter(|card| served(card)));
    card.map_or(both, |card| card.name.to_string())
}

fn draft(
    cards: &Cards,
    name: String,
    provider: &str,
    model: &Json,
    left_out: &mut Vec<String>,
) -> Result<ImportedCard, &'static str> {
    let mut periods: Vec<Period> = Vec::new();
    let mut by_hour = false;
    match model.get("prices") {
        Some(Json::Array(entries)) => {
            for entry in entries {
                let constraint = entry.get("constraint").filter(|constraint| !constraint.is_null());
                let from = constraint.and_then(|constraint| constraint.get("start_date")).and_then(Json::as_str);
                if constraint.is_some() && from.is_none() {
                    by_hour = true;
                    continue;
                }
                let prices = entry.get("prices").and_then(Json::as_object);
                periods.extend(prices.map(|prices| Period { from: from.map(str::to_owned), ..period(&name, prices) }));
            }
        }
        Some(Json::Object(prices)) => periods.push(period(&name, prices)),
        _ => {}
    }
    periods.retain(|period| is_priced(&period.base.standard));
    periods.sort_by(|a, b| a.from.cmp(&b.from));
    periods.dedup_by(|later, earlier| later.from == earlier.from);
    if periods.is_empty() {
        return Err("no price of input or output tokens");
    }
    if by_hour {
        left_out.push(format!("{name}: prices that depend on the hour"));
        periods.iter_mut().for_each(|period| period.note = Some("at other hours than those with a price of their own"));
    }
    add_variants(&name, &mut periods, model);
    let takes_breakpoints = periods.iter().any(|period| !period.base.standard.write.is_empty());
    let mut draft = ImportedCard::new(cards.look_up(&name).as_deref(), name, provider, takes_breakpoints);
    draft.window = [whole(model.get("context_window")), None, None];
    draft.periods = periods;
    Ok(draft)
}

fn period(name: &str, prices: &Map<String, Json>) -> Period {
    let offer = |start: Option<u64>| Offer { standard: line(name, prices, start), ..Offer::default() };
    let starts: BTreeSet<u64> = prices
        .values()
        .filter_map(|price| price.get("tiers").and_then(Json::as_array))
        .flatten()
        .filter_map(|tier| whole(tier.get("start")))
        .collect();
    let long = starts.into_iter().map(|start| ("more_than", start, offer(Some(start)))).collect();
    Period { base: offer(None), long, ..Period::default() }
}

/// The prices of requests with more tokens than `start`, or of ordinary ones.
fn line(name: &str, prices: &Map<String, Json>, start: Option<u64>) -> Rates {
    let of = |key: &str| prices.get(key).and_then(|price| at(price, start));
    let base_ttl =
        base_ttl(name, prices.contains_key("cache_write_1h_mtok"), prices.contains_key("cache_write_12h_mtok"));
    let five_minutes = of("cache_write_5m_mtok");
    let base = if five_minutes.is_some() { None } else { of("cache_write_mtok") };
    let writes = [
        (base_ttl, base),
        (Some("5m"), five_minutes),
        (Some("1h"), of("cache_write_1h_mtok")),
        (Some("12h"), of("cache_write_12h_mtok")),
    ];
    Rates {
        input: of("input_mtok"),
        output: of("output_mtok"),
        read: of("cache_read_mtok"),
        implicit_read: None,
        write: writes.into_iter().filter_map(|(ttl, price)| Some((Ttl::parse(ttl?)?, price?))).collect(),
    }
}

/// A price, or the tier of it that starts last at or below `start`.
fn at(json: &Json, start: Option<u64>) -> Option<Price> {
    let number = match json {
        Json::Number(number) => number,
        tiered => {
            let tiers = tiered.get("tiers").and_then(Json::as_array).into_iter().flatten();
            let reached = tiers.filter(|tier| whole(tier.get("start")) <= start && start.is_some());
            let last = reached.max_by_key(|tier| whole(tier.get("start"))).and_then(|tier| tier.get("price"));
            last.or_else(|| tiered.get("base"))?.as_number()?
        }
    };
    price(number, 0)
}

/// Gives each price list the prices in a batch and in each tier that were the newest before its successor.
fn add_variants(name: &str, periods: &mut [Period], model: &Json) {
    let ends: Vec<Option<String>> = periods.iter().skip(1).map(|next| next.from.clone()).chain([None]).collect();
    for (period, end) in periods.iter_mut().zip(ends) {
        let mut newest: BTreeMap<String, (Option<&str>, &Map<String, Json>)> = BTreeMap::new();
        for variant in model.get("price_variants").and_then(Json::as_array).into_iter().flatten() {
            let from = variant.pointer("/constraint/start_date").and_then(Json::as_str);
            let (Some(what), Some(prices)) = (processing(variant), variant.get("prices").and_then(Json::as_object))
            else {
                continue;
            };
            let in_time = end.is_none() || from.map(str::to_owned) < end;
            if in_time && newest.get(&what).is_none_or(|(earlier, _)| *earlier <= from) {
                newest.insert(what, (from, prices));
            }
        }
        for (what, (_, prices)) in newest {
            let offers = period.long.iter_mut().map(|(_, start, offer)| (Some(*start), offer));
            for (start, offer) in std::iter::once((None, &mut period.base)).chain(offers) {
                let rates = line(name, prices, start);
                match &*what {
                    _ if rates.input.is_none() => {}
                    "batch" => offer.batch = Some(rates),
                    tier => offer.tiers.push((tier.to_owned(), rates)),
                }
            }
        }
    }
}

/// What a variant is for: `batch`, or the tier that a request asks for.
fn processing(variant: &Json) -> Option<String> {
    let when = variant.get("when")?.as_object().filter(|when| when.len() == 1)?;
    let (key, value) = when.iter().next()?;
    let is_known = matches!(&**key, "processing" | "service_tier" | "speed");
    value.as_str().filter(|_| is_known).map(str::to_owned)
}

/// Keys of a model, of its prices and of their variants that no card has a place for.
fn drop_keys(model: &Json, dropped: &mut Dropped) {
    const MODEL: [&str; 8] =
        ["id", "name", "description", "match", "context_window", "prices", "price_variants", "price_comments"];
    const PRICES: [&str; 7] = [
        "input_mtok",
        "output_mtok",
        "cache_read_mtok",
        "cache_write_mtok",
        "cache_write_5m_mtok",
        "cache_write_1h_mtok",
        "cache_write_12h_mtok",
    ];
    let keys = |json: &Json| json.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let lists =
        model.get("prices").and_then(Json::as_array).into_iter().flatten().filter_map(|list| list.get("prices"));
    let whole = model.get("prices").filter(|prices| prices.is_object());
    let variants = || model.get("price_variants").and_then(Json::as_array).into_iter().flatten();
    let prices = lists.chain(whole).chain(variants().filter_map(|variant| variant.get("prices")));
    let unknown: BTreeSet<String> = keys(model)
        .into_iter()
        .filter(|key| !MODEL.contains(&&**key))
        .chain(prices.flat_map(keys).filter(|key| !PRICES.contains(&&**key)))
        .chain(
            variants()
                .filter(|variant| processing(variant).is_none())
                .map(|variant| format!("price_variants when {}", variant.get("when").unwrap_or(&Json::Null))),
        )
        .collect();
    unknown.iter().for_each(|key| dropped.add(key));
}
