//! `settings:` of a scenario: documented conflicts and overrides, by name.
//!
//! A setting is a field of the model's rules or prices; a scenario lays another value over the card's. The rules declare
//! their own, beside the card's keys; those that belong to no one rule are listed here. A name that no model has is a fault; one that only other models have is let
//! pass with a warning, so that one set of settings serves a comparison of models.

use crate::cost::rules::{
    CacheFamily, Class, Invalidation, Lifetime, Loses, Model, Price, Prices, Rates, Replace as _, Setting,
};
use crate::syntax::decode::{Decode, Table, expected};
use crate::syntax::diag::{Diagnostic, Faults, did_you_mean};
use crate::syntax::quantity::{Share, Ttl, Usd};
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
                conditions.live_at_ttl.replace(value, 0, faults);
                continue;
            }
            "factor" => {
                conditions.factor.replace(value, 0, faults);
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
    let conditions = CONDITIONS.iter().flat_map(|setting| setting.names).copied();
    let own: Vec<&str> = models.iter().flat_map(names).chain(conditions).collect();
    let every = || all_settings().flat_map(|(_, setting)| setting.names).copied();
    let list = format!("known settings: {}", own.join(", "));
    if every().any(|name| name == &*key.text) {
        let models: Vec<&str> = models.iter().map(|model| &*model.name).collect();
        let message = format!("`{}` has no effect on {}", key.text, models.join(" and "));
        return Diagnostic::warning("no-effect", message).at(&key.span).hint(list);
    }
    let hint = did_you_mean(&key.text, own.iter().copied().chain(every())).unwrap_or(list);
    Diagnostic::error("unknown-setting", format!("there is no setting `{}`", key.text)).at(&key.span).hint(hint)
}

const CONDITIONS: &[Setting] = &[
    Setting { names: &["live_at_ttl"], what: &["Whether an entry is read at exactly the age of its TTL."] },
    Setting { names: &["factor"], what: &["What every cost is multiplied by: batch, region (R7)."] },
];
const ANY: &[Setting] = &[
    Setting { names: &["minimum"], what: &["The shortest prefix that is cached, in tokens."] },
    Setting { names: &["lifetime"], what: &["How long an entry is expected to live whose TTL is no promise."] },
    Setting { names: &["key_separates"], what: &["Whether requests with different keys never share an entry."] },
    Setting { names: &["invalidates"], what: &["What a change of a request setting loses: `{effort: messages}`."] },
];
const PRICES: &[Setting] = &[
    Setting { names: &["read"], what: &["The price of reading, as a multiple of the input price."] },
    Setting { names: &["implicit_read"], what: &["The same for a hit that nobody asked for."] },
    Setting {
        names: &["write"],
        what: &["The price of writing: one multiple of the input price, or a map of them by TTL."],
    },
    Setting { names: &["storage"], what: &["Dollars for storing a million tokens of an object for an hour."] },
];

/// Every setting, with what has it: `all`, `prices`, a family of a card's cache rules, an engine.
pub fn all_settings() -> impl Iterator<Item = (&'static str, &'static Setting)> {
    let common = [("all", CONDITIONS), ("all", ANY), ("prices", PRICES)];
    let lists = common.into_iter().chain(CacheFamily::SETTINGS);
    lists.flat_map(|(owner, settings)| settings.iter().map(move |setting| (owner, setting)))
}

/// The settings that a model has.
fn names(model: &Model) -> impl Iterator<Item = &'static str> {
    let mechanisms = model.rules.explicit.iter().chain(&model.rules.implicit);
    let own = mechanisms.flat_map(|mechanism| mechanism.family.settings());
    let prices = model.prices.is_some().then_some(PRICES);
    ANY.iter().chain(prices.into_iter().flatten()).chain(own).flat_map(|setting| setting.names).copied()
}

/// Lays one setting over a model; `false` when the model has none of that name.
fn lay(model: &mut Model, name: &str, value: &Node, faults: &mut Faults) -> bool {
    if !names(model).any(|own| own == name) {
        return false;
    }
    match name {
        "key_separates" => model.rules.key_separates.replace(value, 0, faults),
        "invalidates" => invalidates(&mut model.rules.invalidation, value, faults),
        _ => {}
    }
    if let Some(prices) = &mut model.prices {
        price(prices, name, value, faults);
    }
    let rules = &mut model.rules;
    for mechanism in rules.explicit.iter_mut().chain(&mut rules.implicit) {
        match name {
            "minimum" => mechanism.minimum.replace(value, 0, faults),
            "lifetime" => lifetime(&mut mechanism.lifetimes, value, faults),
            _ => mechanism.family.set(name, value, faults),
        }
    }
    true
}

/// Another expected lifetime for entries whose own is only expected, or not published (U10); how long
/// they can possibly live stays. Fixed and minimum lifetimes are named in requests and stay too.
fn lifetime(lifetimes: &mut Vec<Lifetime>, value: &Node, faults: &mut Faults) {
    let Some(ttl) = Ttl::decode(value, faults) else { return };
    if lifetimes.is_empty() {
        let unknown = Ttl { seconds: u32::MAX };
        lifetimes.push(Lifetime { ttl: unknown, expected: ttl, class: Class::BestEffort, refreshed_by_use: true });
    }
    for own in lifetimes.iter_mut().filter(|own| !own.class.is_promised()) {
        own.expected = ttl;
        own.ttl = if own.ttl.seconds < ttl.seconds { ttl } else { own.ttl };
    }
}

/// `invalidates: {effort: messages}` (U6).
fn invalidates(known: &mut Vec<Invalidation>, value: &Node, faults: &mut Faults) {
    let Some(table) = Table::<Loses>::decode(value, faults) else { return };
    for (setting, loses) in table.iter() {
        match known.iter_mut().find(|entry| entry.setting == setting.text) {
            Some(entry) => entry.from = loses.tier(),
            None => known.push(Invalidation { setting: setting.text.clone(), from: loses.tier(), default: None }),
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
