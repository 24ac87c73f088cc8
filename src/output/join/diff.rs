//! Reports of `diff`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Joined, Name, Part, agreed, contexts, listed};
use crate::compare::review::{ModelTotal, Range, Via, joined};
use crate::syntax::error::Error;

/// What a context says only in the report of a shard: the name of its change, by which equal changes
/// are found.
const CHANGE: &str = "change";

/// What a report says only of a shard: the contexts that the change cannot reach. No part looked at
/// them, so all of them say the same number.
const UNTOUCHED: &str = "untouched";

pub(super) fn join(parts: &[Part]) -> Result<Joined, Error> {
    let mut report =
        agreed(parts, &["unchanged", "still_broken", "no_effect", "reach", "totals", "counts", "groups", "contexts"])?;
    report.shift_remove(UNTOUCHED);
    let mut compared = contexts(parts, "contexts")?;
    let mut changes: BTreeMap<String, Vec<Name>> = BTreeMap::new();
    for (name, context) in &mut compared {
        if let Some(Value::String(change)) = context.shift_remove(CHANGE) {
            changes.entry(change).or_default().push(name.clone());
        }
    }
    let is_broken = compared.values().any(|context| {
        let faults = context.get("faults").and_then(|faults| faults.get("head")).and_then(Value::as_array);
        faults.is_some_and(|faults| !faults.is_empty())
    });
    report.insert("unchanged".to_owned(), unchanged(parts)?.into());
    report.insert(
        "still_broken".to_owned(),
        parts.iter().map(|part| number(part, "still_broken")).sum::<Result<u64, Error>>()?.into(),
    );
    report.insert("totals".to_owned(), totals(parts)?);
    report.insert("counts".to_owned(), counts(parts)?.into());
    report.insert("no_effect".to_owned(), no_effect(parts)?.into());
    report.insert("reach".to_owned(), reach(parts, &compared)?);
    report.insert("groups".to_owned(), groups(changes, &compared));
    report.insert("contexts".to_owned(), listed(compared));
    Ok(Joined { report, is_broken, is_blocked: false })
}

fn number(part: &Part, key: &str) -> Result<u64, Error> {
    part.body.get(key).and_then(Value::as_u64).ok_or_else(|| part.lacks(key))
}

/// What all parts come to for each model.
fn totals(parts: &[Part]) -> Result<Value, Error> {
    let mut all: Vec<ModelTotal> = Vec::new();
    for part in parts {
        for total in part.list("totals")? {
            all.push(serde_json::from_value(total.clone()).map_err(|_| part.lacks("totals"))?);
        }
    }
    // Plain data, which serialises to memory without fail.
    Ok(serde_json::to_value(joined(all)).unwrap_or_default())
}

/// What all parts say that providers counted, by context.
fn counts(parts: &[Part]) -> Result<Vec<Value>, Error> {
    let mut all: Vec<Value> = Vec::new();
    for part in parts {
        all.extend(part.list("counts")?.iter().cloned());
    }
    let text = |count: &Value, key: &str| count.get(key).and_then(Value::as_str).map(str::to_owned);
    all.sort_by_key(|count| (text(count, "id"), text(count, "variant")));
    Ok(all)
}

/// Those that every part found equal, and those that no part had to look at.
fn unchanged(parts: &[Part]) -> Result<u64, Error> {
    let untouched = parts.first().map_or(Ok(0), |part| number(part, UNTOUCHED))?;
    parts.iter().map(|part| number(part, "unchanged")).sum::<Result<u64, Error>>().map(|sum| sum + untouched)
}

/// The files that have an effect in no part, in the order that all parts list them in.
fn no_effect(parts: &[Part]) -> Result<Vec<String>, Error> {
    let Some((first, others)) = parts.split_first() else { return Ok(Vec::new()) };
    let others = others.iter().map(|part| Ok(part.texts("no_effect")?.into_iter().collect::<BTreeSet<_>>()));
    let others: Vec<BTreeSet<&str>> = others.collect::<Result<_, Error>>()?;
    let everywhere = |path: &&str| others.iter().all(|paths| paths.contains(path));
    Ok(first.texts("no_effect")?.into_iter().filter(everywhere).map(str::to_owned).collect())
}

/// The contexts that each file reaches. The report writes a context as one text; they are in the order
/// of their names and variants.
fn reach(parts: &[Part], compared: &BTreeMap<Name, Map<String, Value>>) -> Result<Value, Error> {
    let places: BTreeMap<String, usize> =
        compared.keys().enumerate().map(|(place, name)| (written(name), place)).collect();
    let mut reach: BTreeMap<&str, BTreeSet<(Option<usize>, &str)>> = BTreeMap::new();
    for part in parts {
        for file in part.list("reach")? {
            let path = file.get("path").and_then(Value::as_str).ok_or_else(|| part.lacks("reach"))?;
            let contexts = file.get("contexts").and_then(Value::as_array).ok_or_else(|| part.lacks("reach"))?;
            let contexts = contexts.iter().filter_map(Value::as_str);
            reach.entry(path).or_default().extend(contexts.map(|id| (places.get(id).copied(), id)));
        }
    }
    let record = |(path, contexts): (&str, BTreeSet<(Option<usize>, &str)>)| {
        let contexts: Vec<&str> = contexts.into_iter().map(|(_, id)| id).collect();
        serde_json::json!({"path": path, "contexts": contexts})
    };
    Ok(reach.into_iter().map(record).collect())
}

/// The contexts that have the same change, groups of two or more, by their first context.
fn groups(changes: BTreeMap<String, Vec<Name>>, compared: &BTreeMap<Name, Map<String, Value>>) -> Value {
    let mut groups: Vec<Vec<Name>> = changes.into_values().filter(|names| names.len() > 1).collect();
    groups.sort();
    let record = |names: Vec<Name>| {
        let members = || names.iter().filter_map(|name| compared.get(name));
        let grown = |context: &Map<String, Value>| {
            let tokens = |side: &str| context.get("tokens")?.get(side)?.as_i64();
            tokens("head")?.checked_sub(tokens("base")?)
        };
        let causes = members().filter_map(|context| context.get("causes")?.as_array()).flatten();
        let causes: BTreeMap<(&str, Option<usize>), &Value> =
            causes.filter_map(|cause| Some((order(cause)?, cause))).collect();
        serde_json::json!({
            "count": names.len(),
            "contexts": names.iter().map(written).collect::<Vec<String>>(),
            "tokens": Range::of(members().filter_map(grown)),
            "causes": causes.into_values().collect::<Vec<&Value>>(),
        })
    };
    groups.into_iter().map(record).collect()
}

/// The place of a cause among others: by its file, then by its part.
fn order(cause: &Value) -> Option<(&str, Option<usize>)> {
    let parts = [Via::Fragment, Via::Template, Via::Example, Via::Extends, Via::Vars, Via::Prices, Via::Counts];
    let via = cause.get("via")?.as_str()?;
    Some((cause.get("path")?.as_str()?, parts.iter().position(|part| part.as_str() == via)))
}

/// A context as one text.
fn written((name, variant): &Name) -> String {
    match variant {
        Some(variant) => format!("{name}@{variant}"),
        None => name.clone(),
    }
}
