//! Dotted paths into a record: `label`, `data.question`, `turns.0.text`.
//!
//! A key may itself contain dots (CSV headings often do), so at every map the whole rest of the path is
//! tried as a key before its first part is.

use serde_json::{Map, Value};

/// The value at `path`.
pub(super) fn lookup<'a>(fields: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    in_map(fields, path, &mut Vec::new())
}

/// The keys and numbers, one a level, that lead to the value at `path`, as far as they lead.
pub(super) fn steps<'p>(fields: &Map<String, Value>, path: &'p str) -> Vec<&'p str> {
    let mut steps = Vec::new();
    in_map(fields, path, &mut steps);
    steps
}

/// The value at these steps.
pub(super) fn at<'a>(fields: &'a Map<String, Value>, steps: &[&str]) -> Option<&'a Value> {
    let (first, rest) = steps.split_first()?;
    rest.iter().try_fold(fields.get(*first)?, |value, step| match value {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        value => value.get(step),
    })
}

/// Takes the value at these steps out of `fields`, and every map that this leaves empty. A list on
/// the way is taken out as a whole, because its other items would change their numbers.
pub(super) fn remove(fields: &mut Map<String, Value>, steps: &[&str]) {
    let Some((first, rest)) = steps.split_first() else { return };
    if let Some(Value::Object(inner)) = fields.get_mut(*first)
        && !rest.is_empty()
    {
        remove(inner, rest);
        if !inner.is_empty() {
            return;
        }
    }
    fields.shift_remove(*first);
}

fn in_map<'a, 'p>(fields: &'a Map<String, Value>, path: &'p str, steps: &mut Vec<&'p str>) -> Option<&'a Value> {
    if let Some(value) = fields.get(path) {
        steps.push(path);
        return Some(value);
    }
    let (first, rest) = path.split_once('.')?;
    let value = fields.get(first)?;
    steps.push(first);
    in_value(value, rest, steps)
}

fn in_value<'a, 'p>(value: &'a Value, path: &'p str, steps: &mut Vec<&'p str>) -> Option<&'a Value> {
    match value {
        Value::Object(fields) => in_map(fields, path, steps),
        Value::Array(items) => {
            let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
            let item = items.get(first.parse::<usize>().ok()?)?;
            steps.push(first);
            rest.map_or(Some(item), |rest| in_value(item, rest, steps))
        }
        _ => None,
    }
}
