//! `settings:` of a scenario: documented conflicts and overrides, by name.
//!
//! Every switch is a field of the model's rules or prices; a scenario lays another value over the
//! one of the card. A name that no model has is a fault; one that only other models have is let
//! pass with a warning, so that one set of settings serves a comparison of models.

use super::file::Lost;
use crate::cost::rules::{
    BlockBoundary, BreakpointOnly, CacheFamily, Class, Invalidation, Lifetime, LongestPrefix, MixedBilling, Mode,
    Model, PrefixUnits, Price, Prices, Rates, Slots,
};
use crate::prompt::segment::Tier;
use crate::syntax::decode::{Count, Decode, Spanned, Table, expected};
use crate::syntax::diag::{Diagnostic, Faults, did_you_mean};
use crate::syntax::quantity::Ttl;
use crate::syntax::quantity::{Share, Usd};
use crate::syntax::yaml::{Key, Node, Value};

/// Settings of the simulation as a whole.
pub(super) struct Conditions {
    /// Whether an entry still lives at the age of exactly its lifetime (U2).
    pub(super) live_at_ttl: bool,
    /// What every cost is multiplied by: batch, region (R7).
    pub(super) factor: Share,
}

/// Lays the settings over every model that knows them.
pub(super) fn apply(settings: &Table<Node>, models: &mut [Model], faults: &mut Faults) -> Conditions {
    let mut conditions = Conditions { live_at_ttl: false, factor: Share { millionths: 1_000_000 } };
    for (key, value) in settings.iter() {
        match &*key.text {
            "live_at_ttl" => {
                set(&mut conditions.live_at_ttl, value, faults);
                continue;
            }
            "factor" => {
                set(&mut conditions.factor, value, faults);
                continue;
            }
            _ => {}
        }
        let mut known = false;
        for model in models.iter_mut() {
            // One fault a setting, even where two models have it.
            let mut own = Faults::new();
            known |= lay(model, &key.text, value, &mut own);
            if own.has_errors() {
                faults.extend(own.into_vec());
                break;
            }
        }
        if !known && !models.is_empty() {
            faults.push(foreign(key, models));
        }
    }
    conditions
}

/// A setting that none of the models has.
fn foreign(key: &Key, models: &[Model]) -> Diagnostic {
    let own = models.iter().flat_map(names).chain(CONDITIONS.iter().copied());
    let own: Vec<&str> = own.collect();
    let list = format!("known settings: {}", own.join(", "));
    if EVERY.iter().any(|names| names.contains(&&*key.text)) {
        let models: Vec<&str> = models.iter().map(|model| &*model.name).collect();
        let message = format!("`{}` has no effect on {}", key.text, models.join(" and "));
        return Diagnostic::warning("no-effect", message).at(&key.span).hint(list);
    }
    let every = EVERY.iter().flat_map(|names| names.iter().copied());
    let hint = did_you_mean(&key.text, own.iter().copied().chain(every)).unwrap_or(list);
    Diagnostic::error("unknown-setting", format!("there is no setting `{}`", key.text)).at(&key.span).hint(hint)
}

const CONDITIONS: &[&str] = &["live_at_ttl", "factor"];
const ANY: &[&str] = &["minimum", "lifetime", "key_separates", "invalidates"];
const PRICES: &[&str] = &["read", "implicit_read", "write", "storage"];
const BLOCK_BOUNDARY: &[&str] =
    &["breakpoints", "lookback", "collapse_tool_runs", "minimum_per_breakpoint", "refresh_path"];
const BREAKPOINT_ONLY: &[&str] = &[
    "slots",
    "default_mode",
    "lookup_first",
    "lookup_latest",
    "lookup_endings",
    "dev_block_end_written",
    "mixed_billing",
    "refresh_path",
];
const LONGEST_PREFIX: &[&str] = &["block", "page", "interval", "hidden", "recomputed", "generated"];
const SLOTS: &[&str] = &["slots", "similarity"];
const PREFIX_UNITS: &[&str] = &["interval", "build_seconds", "generated"];
const EVERY: [&[&str]; 8] =
    [CONDITIONS, ANY, PRICES, BLOCK_BOUNDARY, BREAKPOINT_ONLY, LONGEST_PREFIX, SLOTS, PREFIX_UNITS];

/// The settings that a model has.
fn names(model: &Model) -> impl Iterator<Item = &'static str> {
    let mechanisms = model.rules.explicit.iter().chain(&model.rules.implicit);
    let own = mechanisms.flat_map(|mechanism| match &mechanism.family {
        CacheFamily::BlockBoundary(_) => vec![BLOCK_BOUNDARY],
        CacheFamily::BreakpointOnly(_) => vec![BREAKPOINT_ONLY],
        CacheFamily::LongestPrefix(LongestPrefix { slots: Some(_), .. }) => vec![LONGEST_PREFIX, SLOTS],
        CacheFamily::LongestPrefix(_) => vec![LONGEST_PREFIX],
        CacheFamily::PrefixUnits(_) => vec![PREFIX_UNITS],
        CacheFamily::WholeObject(_) => vec![],
    });
    let prices = model.prices.is_some().then_some(PRICES);
    let lists: Vec<&[&'static str]> = std::iter::once(ANY).chain(prices).chain(own).collect();
    lists.into_iter().flatten().copied()
}

/// Lays one setting over a model; `false` when the model has none of that name.
fn lay(model: &mut Model, name: &str, value: &Node, faults: &mut Faults) -> bool {
    if !names(model).any(|own| own == name) {
        return false;
    }
    match name {
        "key_separates" => set(&mut model.rules.key_separates, value, faults),
        "invalidates" => invalidates(&mut model.rules.invalidation, value, faults),
        _ => {}
    }
    if let Some(prices) = &mut model.prices {
        price(prices, name, value, faults);
    }
    let rules = &mut model.rules;
    for mechanism in rules.explicit.iter_mut().chain(&mut rules.implicit) {
        match (&mut mechanism.family, name) {
            (_, "minimum") => count(&mut mechanism.minimum, value, 0, faults),
            (_, "lifetime") => lifetime(&mut mechanism.lifetimes, value, faults),
            (CacheFamily::BlockBoundary(rules), _) => block_boundary(rules, name, value, faults),
            (CacheFamily::BreakpointOnly(rules), _) => breakpoint_only(rules, name, value, faults),
            (CacheFamily::LongestPrefix(rules), _) => longest_prefix(rules, name, value, faults),
            (CacheFamily::PrefixUnits(rules), _) => prefix_units(rules, name, value, faults),
            (CacheFamily::WholeObject(_), _) => {}
        }
    }
    true
}

fn block_boundary(rules: &mut BlockBoundary, name: &str, value: &Node, faults: &mut Faults) {
    match name {
        "breakpoints" => small(&mut rules.breakpoints, value, 0, faults),
        "lookback" => small(&mut rules.lookback, value, 0, faults),
        "collapse_tool_runs" => set(&mut rules.collapse_tool_runs, value, faults),
        "minimum_per_breakpoint" => set(&mut rules.minimum_per_breakpoint, value, faults),
        "refresh_path" => set(&mut rules.refresh_path, value, faults),
        _ => {}
    }
}

fn breakpoint_only(rules: &mut BreakpointOnly, name: &str, value: &Node, faults: &mut Faults) {
    match name {
        "slots" => small(&mut rules.slots, value, 0, faults),
        "default_mode" => set::<Mode>(&mut rules.default_mode, value, faults),
        "lookup_first" => small(&mut rules.lookup_first, value, 0, faults),
        "lookup_latest" => small(&mut rules.lookup_latest, value, 0, faults),
        "lookup_endings" => small(&mut rules.lookup_endings, value, 0, faults),
        "dev_block_end_written" => set(&mut rules.dev_block_end_written, value, faults),
        "mixed_billing" => set::<MixedBilling>(&mut rules.mixed_billing, value, faults),
        "refresh_path" => set(&mut rules.refresh_path, value, faults),
        _ => {}
    }
}

fn longest_prefix(rules: &mut LongestPrefix, name: &str, value: &Node, faults: &mut Faults) {
    match (name, &mut rules.slots) {
        ("block" | "page", _) => count(&mut rules.unit, value, 1, faults),
        ("interval", _) => interval(&mut rules.interval, value, faults),
        ("hidden", _) => count(&mut rules.hidden, value, 0, faults),
        ("recomputed", _) => count(&mut rules.recomputed, value, 0, faults),
        ("generated", _) => set(&mut rules.generated, value, faults),
        ("slots", Some(Slots { count, .. })) => small(count, value, 1, faults),
        ("similarity", Some(Slots { similarity, .. })) => set::<Share>(similarity, value, faults),
        _ => {}
    }
}

fn prefix_units(rules: &mut PrefixUnits, name: &str, value: &Node, faults: &mut Faults) {
    match name {
        "interval" => interval(&mut rules.interval, value, faults),
        "build_seconds" => count(&mut rules.build_seconds, value, 0, faults),
        "generated" => set(&mut rules.generated, value, faults),
        _ => {}
    }
}

/// Another expected lifetime for entries whose own is only expected, or not published (U10); how long
/// they can possibly live stays. Fixed and minimum lifetimes are named in requests and stay too.
fn lifetime(lifetimes: &mut Vec<Lifetime>, value: &Node, faults: &mut Faults) {
    let Some(ttl) = Ttl::decode(value, faults) else { return };
    if lifetimes.is_empty() {
        let unknown = Ttl { seconds: u32::MAX };
        lifetimes.push(Lifetime { ttl: unknown, expected: ttl, class: Class::BestEffort, refreshed_by_use: true });
    }
    for own in lifetimes.iter_mut().filter(|own| matches!(own.class, Class::Typical | Class::BestEffort)) {
        own.expected = ttl;
        own.ttl = if own.ttl.seconds < ttl.seconds { ttl } else { own.ttl };
    }
}

/// `invalidates: {effort: messages}` (U6).
fn invalidates(known: &mut Vec<Invalidation>, value: &Node, faults: &mut Faults) {
    let Some(table) = Table::<Lost>::decode(value, faults) else { return };
    for (setting, lost) in table.iter() {
        let from = match lost {
            Lost::Tools => Some(Tier::Tools),
            Lost::System => Some(Tier::System),
            Lost::Messages => Some(Tier::Messages),
            Lost::Nothing => None,
        };
        match known.iter_mut().find(|entry| entry.setting == setting.text) {
            Some(entry) => entry.from = from,
            None => known.push(Invalidation { setting: setting.text.clone(), from, default: None }),
        }
    }
}

/// Prices as multiples of the input price (`read`, `implicit_read`, `write`), or in dollars per
/// million token-hours (`storage`).
fn price(prices: &mut Prices, name: &str, value: &Node, faults: &mut Faults) {
    match name {
        "read" | "implicit_read" => {
            let Some(share) = Share::decode(value, faults) else { return };
            for rates in all_rates(prices) {
                let price = scaled(rates.input, share, value, faults);
                *(if name == "read" { &mut rates.read } else { &mut rates.implicit_read }) = price;
            }
        }
        "write" => {
            let wanted = match &value.value {
                Value::Map(_) => by_ttl(value, faults),
                _ => Share::decode(value, faults).map(|share| vec![(None, share)]),
            };
            for (ttl, share) in wanted.unwrap_or_default() {
                for rates in all_rates(prices) {
                    let Some(price) = scaled(rates.input, share, value, faults) else { continue };
                    match rates.write.iter_mut().find(|(own, _)| Some(*own) == ttl) {
                        Some((_, own)) => *own = price,
                        None => match ttl {
                            Some(ttl) => rates.write.push((ttl, price)),
                            None => rates.write.iter_mut().for_each(|(_, own)| *own = price),
                        },
                    }
                }
            }
        }
        "storage" => {
            let Some(usd) = Usd::decode(value, faults) else { return };
            prices.storage = Price::per_million(usd);
            if prices.storage.is_none() {
                expected("a price such as $1.00, at most nine decimals and 18 billion dollars", value, faults);
            }
        }
        _ => {}
    }
}

fn all_rates(prices: &mut Prices) -> impl Iterator<Item = &mut Rates> {
    std::iter::once(&mut prices.base).chain(prices.cliffs.iter_mut().map(|cliff| &mut cliff.rates))
}

/// `{5m: 1.25, 1h: 2}`.
fn by_ttl(value: &Node, faults: &mut Faults) -> Option<Vec<(Option<Ttl>, Share)>> {
    let table = Table::<Share>::decode(value, faults)?;
    let decoded = table.iter().map(|(key, share)| {
        let ttl = Ttl::parse(&key.text);
        if ttl.is_none() {
            let message = format!("expected a lifetime such as 5m, 1h or 24h, found `{}`", key.text);
            faults.push(Diagnostic::error("wrong-type", message).at(&key.span));
        }
        Some((Some(ttl?), *share))
    });
    decoded.collect()
}

/// A multiple of a price; unknown where the price is; a fault where it does not fit.
fn scaled(price: Option<Price>, share: Share, value: &Node, faults: &mut Faults) -> Option<Price> {
    let price = price?;
    let scaled = price.scaled(share);
    if scaled.is_none() {
        let message = format!("{share} of a price of {} nano-dollars is too large to count", price.nano);
        faults.push(Diagnostic::error("price-overflow", message).at(&value.span));
    }
    scaled
}

fn set<T: Decode>(place: &mut T, value: &Node, faults: &mut Faults) {
    if let Some(decoded) = T::decode(value, faults) {
        *place = decoded;
    }
}

fn count(place: &mut u64, value: &Node, least: u64, faults: &mut Faults) {
    match Spanned::<Count>::decode(value, faults) {
        Some(Spanned { value: Count(number), .. }) if number >= least => *place = number,
        Some(_) => expected(&format!("a count of at least {least}"), value, faults),
        None => {}
    }
}

fn small(place: &mut u32, value: &Node, least: u32, faults: &mut Faults) {
    let mut wide = u64::from(*place);
    count(&mut wide, value, u64::from(least), faults);
    match u32::try_from(wide) {
        Ok(number) => *place = number,
        Err(_) => expected("a smaller count", value, faults),
    }
}

fn interval(place: &mut Option<u64>, value: &Node, faults: &mut Faults) {
    let mut wanted = 1;
    match value.value {
        Value::Null => *place = None,
        _ => {
            count(&mut wanted, value, 1, faults);
            *place = Some(wanted);
        }
    }
}
