//! Tool definitions as OpenAI's models read them: TypeScript declarations, not the JSON of the request.
//!
//! The form is published by those who asked the models for it; the tests hold it against counts of the API.

use std::fmt::Write as _;

use serde_json::Value as Json;

/// What stands before the first declaration and behind the last.
pub const AROUND: [&str; 2] = ["namespace functions {\n\n", "} // namespace functions"];

/// How deep a property may be whose description is still shown.
const DESCRIBED: usize = 2;

/// One tool's declaration, from the definition in a request: `name`, `description`, and a schema of its input.
pub fn declaration(tool: &Json) -> String {
    let tool = tool.get("function").unwrap_or(tool);
    let text = |key: &str| tool.get(key).and_then(Json::as_str).unwrap_or_default();
    let schema = ["input_schema", "parameters", "inputSchema"].iter().find_map(|key| tool.get(key));
    let mut written = String::new();
    describe(&mut written, text("description"));
    let name = text("name");
    match schema.map(|schema| properties(schema, 0)).filter(|properties| !properties.is_empty()) {
        // Writing to a string cannot fail.
        Some(properties) => _ = write!(written, "type {name} = (_: {{\n{properties}}}) => any;\n\n"),
        None => _ = write!(written, "type {name} = () => any;\n\n"),
    }
    written
}

fn describe(written: &mut String, description: &str) {
    if !description.is_empty() {
        _ = writeln!(written, "// {description}");
    }
}

/// The properties of an object, a line each.
fn properties(schema: &Json, depth: usize) -> String {
    let required: Vec<&str> =
        schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect();
    let mut written = String::new();
    for (name, property) in schema.get("properties").and_then(Json::as_object).into_iter().flatten() {
        if depth < DESCRIBED {
            describe(&mut written, property.get("description").and_then(Json::as_str).unwrap_or_default());
        }
        let optional = if required.contains(&&**name) { "" } else { "?" };
        _ = writeln!(written, "{name}{optional}: {},", kind(property, depth));
    }
    written
}

/// The type of a property.
fn kind(property: &Json, depth: usize) -> String {
    if let Some(choices) = property.get("enum").and_then(Json::as_array) {
        return choices.iter().map(Json::to_string).collect::<Vec<_>>().join(" | ");
    }
    match property.get("type").and_then(Json::as_str) {
        Some("integer" | "number") => "number".to_owned(),
        Some("array") => {
            format!("{}[]", property.get("items").map_or_else(|| "any".to_owned(), |items| kind(items, depth)))
        }
        Some("object") => match properties(property, depth + 1) {
            properties if properties.is_empty() => "object".to_owned(),
            properties => format!("{{\n{properties}}}"),
        },
        Some(other) => other.to_owned(),
        None => "any".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::tokens::Encoding;

    /// Counts of the API for GPT-3.5 and GPT-4, with the system message "You are a bot.": `usage.prompt_tokens`, as
    /// recorded by the tests of pamelafox/openai-messages-token-helper in 2024 (source `tool-counts` of the cards).
    #[test]
    fn the_estimate_is_what_the_api_counted_or_one_more() {
        let pairs: Vec<Json> = serde_json::from_str(include_str!("../../../tests/fixtures/tool-counts.json")).unwrap();
        assert_eq!(pairs.len(), 18);
        let tokens = |text: &str| Encoding::Cl100kBase.count(text);
        for pair in pairs {
            let declared = format!("{}{}{}", AROUND[0], declaration(&pair["tool"]), AROUND[1]);
            let choice = match pair["choice"].as_str().unwrap() {
                "none" => 1,
                "name" => 7 + tokens(pair["tool"]["name"].as_str().unwrap()),
                _ => 0,
            };
            let estimate = tokens(&declared) + 9 - 4 + choice + 4 + tokens("You are a bot.") + 3;
            let over = estimate - pair["counted"].as_u64().unwrap();
            assert!(over <= 1, "{over} over: {pair}");
        }
    }

    #[test]
    fn nested_types_and_what_has_no_type_are_written_out() {
        let tool = serde_json::json!({"name": "f", "input_schema": {"type": "object", "properties": {
            "a": {"type": "array", "items": {"type": "object", "properties": {"n": {"enum": [1, "x"]}}}},
            "b": {"type": "object"}, "c": {}}}});
        assert_eq!(
            declaration(&tool),
            "type f = (_: {\na?: {\nn?: 1 | \"x\",\n}[],\nb?: object,\nc?: any,\n}) => any;\n\n"
        );
        assert_eq!(declaration(&serde_json::json!({"name": "g"})), "type g = () => any;\n\n");
    }
}
