//! `anthropic.transform_schema` (anthropic 2.14.0): a schema as Claude takes it, the rest said in descriptions. Beyond
//! it, a list of types stays one, `definitions` are read as `$defs` are, and what only names the schema is left out.

use serde_json::{Map, Value, json};

use super::misfits::{Misfit, has_type};

const FORMATS: [&str; 10] =
    ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

/// The schema as Claude takes it, or what of it cannot be written that way.
pub(super) fn transform(schema: &Value, pointer: &str) -> Result<Value, Misfit> {
    let Some(members) = schema.as_object() else { return Err(Misfit::new(pointer, "a schema that is no map")) };
    let mut left = members.clone();
    let mut strict = Map::new();
    for key in ["$schema", "$id", "$comment"] {
        left.shift_remove(key);
    }
    for key in ["$defs", "definitions"] {
        if let Some(Value::Object(definitions)) = left.shift_remove(key) {
            strict.insert(key.to_owned(), each(&definitions, &format!("{pointer}/{key}"))?.into());
        }
    }
    if let Some(reference) = left.shift_remove("$ref") {
        strict.insert("$ref".to_owned(), reference);
        return Ok(strict.into());
    }
    let kind = left.shift_remove("type");
    let unions = ["anyOf", "oneOf", "allOf"].map(|key| (key, left.shift_remove(key)));
    if left
        .get("enum")
        .and_then(Value::as_array)
        .is_some_and(|values| !values.is_empty() && values.iter().all(is_plain))
    {
        strict.extend(left.shift_remove_entry("enum"));
    }
    if left.get("const").is_some_and(is_plain) {
        strict.extend(left.shift_remove_entry("const"));
    }
    let has_values = !strict.is_empty() && (strict.contains_key("enum") || strict.contains_key("const"));
    let mut parts = unions.iter().filter_map(|(key, parts)| Some((*key, parts.as_ref()?.as_array()?)));
    if let Some((key, parts)) = parts.next() {
        let part = |(index, part): (usize, &Value)| transform(part, &format!("{pointer}/{key}/{index}"));
        let parts: Result<Vec<_>, _> = parts.iter().enumerate().map(part).collect();
        strict.insert(if key == "allOf" { key } else { "anyOf" }.to_owned(), parts?.into());
    } else if !has_values {
        let Some(kind) = kind.clone() else { return Err(Misfit::new(pointer, "a schema without a type")) };
        strict.insert("type".to_owned(), kind);
    }
    for key in ["description", "title"] {
        strict.extend(left.shift_remove_entry(key));
    }
    let kind: Map<String, Value> =
        kind.filter(|_| !has_values).map(|kind| ("type".to_owned(), kind)).into_iter().collect();
    if has_type(&kind, "object") {
        let properties = left.shift_remove("properties");
        let properties = properties.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
        strict.insert("properties".to_owned(), each(&properties, &format!("{pointer}/properties"))?.into());
        left.shift_remove("additionalProperties");
        strict.insert("additionalProperties".to_owned(), json!(false));
        strict.extend(left.shift_remove_entry("required"));
    }
    if has_type(&kind, "string")
        && let Some((key, format)) = left.shift_remove_entry("format")
    {
        let is_known = format.as_str().is_some_and(|format| FORMATS.contains(&format));
        if is_known { &mut strict } else { &mut left }.insert(key, format);
    }
    if has_type(&kind, "array") {
        if let Some(items) = left.shift_remove("items") {
            strict.insert("items".to_owned(), transform(&items, &format!("{pointer}/items"))?);
        }
        if let Some((key, least)) = left.shift_remove_entry("minItems") {
            let is_known = [json!(0), json!(1)].contains(&least);
            if is_known { &mut strict } else { &mut left }.insert(key, least);
        }
    }
    if !left.is_empty() {
        let rest: Vec<String> = left.iter().map(|(key, value)| format!("{key}: {}", text(value))).collect();
        let before = strict.get("description").and_then(Value::as_str).map(|before| format!("{before}\n\n"));
        let description = format!("{}{{{}}}", before.unwrap_or_default(), rest.join(", "));
        strict.insert("description".to_owned(), description.into());
    }
    Ok(strict.into())
}

fn each(schemas: &Map<String, Value>, pointer: &str) -> Result<Map<String, Value>, Misfit> {
    let one = |(name, schema): (&String, &Value)| Ok((name.clone(), transform(schema, &format!("{pointer}/{name}"))?));
    schemas.iter().map(one).collect()
}

fn is_plain(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

/// A value as Python prints it.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => printed(value),
    }
}

fn printed(value: &Value) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => {
            let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
            let mut quoted = String::from(quote);
            for character in text.chars() {
                match character {
                    '\\' => quoted.push_str("\\\\"),
                    '\n' => quoted.push_str("\\n"),
                    '\r' => quoted.push_str("\\r"),
                    '\t' => quoted.push_str("\\t"),
                    character if character == quote => quoted.extend(['\\', quote]),
                    character => quoted.push(character),
                }
            }
            quoted.push(quote);
            quoted
        }
        Value::Array(items) => format!("[{}]", list(items.iter().map(printed).collect())),
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| format!("{}: {}", printed(&json!(key)), printed(value));
            format!("{{{}}}", list(members.iter().map(member).collect()))
        }
    }
}
