//! Calls of tools and their results, as turns hold them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::segment::{Kind, Part, Role};

/// What the model asked a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// What its result names it by.
    pub id: String,
    /// The tool.
    pub name: String,
    /// A JSON object, as the model wrote it.
    pub arguments: String,
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolResult {
    /// The id of the call.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The answer; it may be empty.
    pub content: String,
}

impl ToolCall {
    /// The part that it is.
    pub fn part(&self) -> Part {
        Part::new(Role::Assistant, Kind::ToolCall, serde_json::to_string(self).unwrap_or_default())
    }

    /// The call that a part is.
    pub fn of(part: &Part) -> Option<Self> {
        serde_json::from_str(&part.text).ok().filter(|_| part.kind == Kind::ToolCall)
    }

    /// The arguments as JSON; an empty object where nothing is written.
    ///
    /// # Errors
    /// When they are no JSON object.
    pub fn input(&self) -> Result<Value, String> {
        match serde_json::from_str(&self.arguments) {
            _ if self.arguments.trim().is_empty() => Ok(Value::Object(serde_json::Map::new())),
            Ok(value @ Value::Object(_)) => Ok(value),
            Ok(_) => Err("they are another JSON value".to_owned()),
            Err(why) => Err(why.to_string()),
        }
    }
}

impl ToolResult {
    /// The part that it is.
    pub fn part(&self) -> Part {
        Part::new(Role::User, Kind::ToolResult, serde_json::to_string(self).unwrap_or_default())
    }

    /// The result that a part is.
    pub fn of(part: &Part) -> Option<Self> {
        serde_json::from_str(&part.text).ok().filter(|_| part.kind == Kind::ToolResult)
    }
}

/// A part's text as models are taken to read it. No vendor says how a call reads; this is how open models' templates
/// write it (Hermes, Qwen): `{"name": …, "arguments": …}`. Of a result it is the content.
pub fn as_read(part: &Part) -> Cow<'_, str> {
    match (ToolCall::of(part), ToolResult::of(part)) {
        (Some(ToolCall { name, arguments, .. }), _) => {
            format!("{{\"name\": {}, \"arguments\": {arguments}}}", Value::from(name)).into()
        }
        (_, Some(result)) => result.content.into(),
        _ => Cow::Borrowed(&*part.text),
    }
}

/// The least and the most that a call or a result may read as: its bare words, and all that the request says.
pub fn extremes(part: &Part) -> Option<(String, &str)> {
    let call = ToolCall::of(part).map(|call| call.name + &call.arguments);
    let least = call.or_else(|| Some(ToolResult::of(part)?.content))?;
    Some((least, &part.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_says_what_it_was_made_of() {
        let call = ToolCall { id: "c1".into(), name: "f\"".into(), arguments: "{\"a\": 1}".into() };
        let result = ToolResult { id: "c1".into(), name: "f".into(), content: "7\n".into() };
        let (asked, answered) = (call.part(), result.part());
        assert_eq!((ToolCall::of(&asked), ToolResult::of(&answered)), (Some(call), Some(result)));
        assert_eq!((ToolCall::of(&answered), ToolResult::of(&asked)), (None, None));
        assert_eq!(as_read(&asked), r#"{"name": "f\"", "arguments": {"a": 1}}"#);
        assert_eq!(as_read(&answered), "7\n");
        let text = Part::new(Role::User, Kind::Text, asked.text.clone());
        assert_eq!((as_read(&text), extremes(&text)), (Cow::Borrowed(&*asked.text), None));
        assert_eq!(extremes(&answered), Some(("7\n".to_owned(), r#"{"id":"c1","name":"f","content":"7\n"}"#)));
    }

    #[test]
    fn arguments_are_an_object() {
        let input = |arguments: &str| ToolCall { id: "".into(), name: "f".into(), arguments: arguments.into() }.input();
        assert_eq!(input(" ").map(|value| value.to_string()), Ok("{}".to_owned()));
        assert_eq!(input("{\"b\": 1, \"a\": 2}").map(|value| value.to_string()), Ok(r#"{"b":1,"a":2}"#.to_owned()));
        assert!(input("[]").is_err() && input("{\"a\": ").is_err() && input("7").is_err());
    }
}
