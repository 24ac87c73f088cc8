//! Calls of tools and their results, as the messages of a record have them.

use serde_json::{Map, Value};

use super::{NAME_IT, TurnReader, has_text, kind};
use crate::prompt::calls::{ToolCall, ToolResult};
use crate::prompt::segment::{Part, Role};
use crate::text::examples::Turn;

const CALL: &str = "a call is `{id, type: function, function: {name, arguments}}`, its arguments a JSON object";

/// What a list of messages came to so far.
#[derive(Default)]
pub(super) struct Said {
    pub(super) turns: Vec<Turn>,
    /// Calls of tools without a result.
    pub(super) open: Vec<ToolCall>,
    /// How many tools were called.
    called: usize,
}

impl Said {
    pub(super) fn push(&mut self, Part { role, kind, text, .. }: Part) {
        self.turns.push(Turn { role, kind, text });
    }
}

impl TurnReader<'_, '_, '_> {
    /// The calls of tools that a message makes, each with the keys that lead to it.
    pub(super) fn calls(
        &mut self,
        place: &[&str],
        message: &mut Map<String, Value>,
        role: Role,
    ) -> Option<Vec<(Vec<String>, Value)>> {
        let mut calls = Vec::new();
        match message.shift_remove("tool_calls") {
            Some(Value::Array(all)) => {
                let path = |number: usize| vec!["tool_calls".to_owned(), number.to_string()];
                calls.extend(all.into_iter().enumerate().map(|(number, call)| (path(number), call)));
            }
            Some(other) if has_text(&other) => {
                let message = format!("`tool_calls` is a list, this one is {}", kind(&other));
                return self.refuse(&[place, &["tool_calls"]].concat(), "tool-turn", message, CALL);
            }
            _ => {}
        }
        let old = message.shift_remove("function_call").filter(has_text);
        calls.extend(old.map(|call| (vec!["function_call".to_owned()], call)));
        if let (Role::User, Some((key, _))) = (role, calls.first()) {
            let message = "a message of the role \"user\" calls a tool";
            let place: Vec<&str> = place.iter().copied().chain(key.first().map(|key| &**key)).collect();
            return self.refuse(&place, "tool-turn", message, "calls are the assistant's");
        }
        Some(calls)
    }

    /// A call of a tool: `{id, function: {name, arguments}}`, or `{name, arguments}`.
    pub(super) fn call(&mut self, message: &[&str], inside: &[&str], call: Value, said: &mut Said) -> Option<()> {
        let place = [message, inside].concat();
        let kind = call.get("type").and_then(Value::as_str).unwrap_or("function");
        if kind != "function" {
            return self.refuse(&place, "tool-turn", format!("the call is of the type {kind:?}"), CALL);
        }
        let function = call.get("function").unwrap_or(&call);
        let Some(name) = function.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()) else {
            return self.refuse(&place, "tool-turn", "the call has no `name`", CALL);
        };
        let arguments = match function.get("arguments") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => "{}".to_owned(),
            // Within a text there is nothing of the file to spell them by.
            Some(value) if inside.is_empty() => value.to_string(),
            Some(_) => {
                let function = call.get("function").map(|_| "function");
                let steps: Vec<&str> = place.iter().copied().chain(function).chain(["arguments"]).collect();
                (self.spell)(&steps, self.report)
            }
        };
        said.called += 1;
        let id = call.get("id").and_then(Value::as_str).map_or_else(|| format!("call_{}", said.called), str::to_owned);
        let call = ToolCall { id, name: name.to_owned(), arguments };
        if let Err(why) = call.input() {
            let message = format!("the arguments of the call of `{name}` are no JSON object: {why}");
            return self.refuse(&place, "tool-turn", message, CALL);
        }
        said.push(call.part());
        said.open.push(call);
        Some(())
    }

    /// The result of the call that a message names, or of the first that has none yet.
    pub(super) fn result(
        &mut self,
        place: &[&str],
        mut message: Map<String, Value>,
        content: String,
        said: &mut Said,
    ) -> Option<()> {
        let mut own = |key: &str| message.shift_remove(key).and_then(|value| value.as_str().map(str::to_owned));
        let (id, name) = (own("tool_call_id"), own("name"));
        for (key, _) in message.iter().filter(|(_, value)| has_text(value)) {
            self.say_unsent(&[place, &[key]].concat(), key, "a message", NAME_IT);
        }
        let is_named = |call: &ToolCall| match (&id, &name) {
            (Some(id), _) => call.id == *id,
            (None, Some(name)) => call.name == *name,
            (None, None) => true,
        };
        let Some(at) = said.open.iter().position(is_named) else {
            let of = id.or(name).map_or_else(String::new, |name| format!(" `{name}`"));
            let message = format!("the result answers no call{of} before it");
            return self.refuse(place, "tool-turn", message, "a result comes behind the message with its call");
        };
        let ToolCall { id, name, .. } = said.open.remove(at);
        said.push(ToolResult { id, name, content }.part());
        Some(())
    }
}
