//! Reports of `diff`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Joined, Name, Part, agreed, contexts, listed};
use crate::syntax::error::Error;

/// What a context says only in the report of a shard: the name of its change, by which equal changes
/// are found.
const CHANGE: &str = "change";

/// What a report says only of a shard: the contexts that the change cannot reach. No part looked at
/// them, so all of them say the same number.
const UNTOUCHED: &str = "untouched";

pub(super) fn join(parts: &[Part]) -> Result<Joined, Error> {
    let mut report = agreed(parts, &["unchanged", "no_effect", "reach", "groups", "contexts"])?;
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
    report.insert("no_effect".to_owned(), no_effect(parts)?.into());
    report.insert("reach".to_owned(), reach(parts, &compared)?);
    report.insert("groups".to_owned(), groups(changes, &compared));
    report.insert("contexts".to_owned(), listed(compared));
    Ok(Joined { report, is_broken, is_blocked: false })
}

/// Those that every part found equal, and those that no part had to look at.
fn unchanged(parts: &[Part]) -> Result<u64, Error> {
    let number = |part: &Part, key: &str| part.body.get(key).and_then(Value::as_u64).ok_or_else(|| part.lacks(key));
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
        let first = compared.get(names.first()?)?;
        let tokens = |side: &str| first.get("tokens")?.get(side)?.as_i64();
        let contexts: Vec<String> = names.iter().map(written).collect();
        Some(serde_json::json!({
            "count": names.len(),
            "contexts": contexts,
            "tokens": tokens("head")?.checked_sub(tokens("base")?)?,
            "causes": first.get("causes")?,
        }))
    };
    groups.into_iter().filter_map(record).collect()
}

/// A context as one text.
fn written((name, variant): &Name) -> String {
    match variant {
        Some(variant) => format!("{name}@{variant}"),
        None => name.clone(),
    }
}
