//! OpenTelemetry spans by the GenAI conventions: `input_tokens` holds everything, by the convention.

use serde_json::{Map, Value};

use super::fields::{Absurd, Fields};
use crate::audit::record::{Millis, Record, StartIs, Status, Written};

const INPUT: [&str; 2] = ["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"];
const OUTPUT: [&str; 2] = ["gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"];
const READ: [&str; 4] = [
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.input_tokens.cached",
    "gen_ai.usage.details.cache_read_tokens",
];
const WRITTEN: [&str; 4] = [
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.input_tokens.cache_write",
    "gen_ai.usage.details.cache_write_tokens",
];
const REASONING: [&str; 3] =
    ["gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens", "gen_ai.usage.output_tokens.reasoning"];

/// A line of an OTLP/JSON file.
pub(super) fn spans(line: Fields<'_>, found: &mut Vec<Record>) -> Result<bool, Absurd> {
    let list = |fields: Fields<'_>, key: &str| match fields.0.get(key) {
        Some(Value::Array(items)) => items.clone(),
        _ => Vec::new(),
    };
    for resource in list(line, "resourceSpans") {
        for scope in list(Fields(&resource), "scopeSpans") {
            for span in list(Fields(&scope), "spans") {
                found.extend(self::span(Fields(&span))?);
            }
        }
    }
    Ok(line.get("resourceSpans").is_some())
}

fn span(span: Fields<'_>) -> Result<Option<Record>, Absurd> {
    let mut attributes = Map::new();
    for attribute in span.get("attributes").and_then(|list| list.0.as_array()).into_iter().flatten() {
        let value = attribute.get("value").and_then(Value::as_object).and_then(|value| value.values().next());
        if let (Some(key), Some(value)) = (attribute.get("key").and_then(Value::as_str), value) {
            attributes.insert(key.to_owned(), value.clone());
        }
    }
    let attributes = Value::Object(attributes);
    let own = Fields(&attributes);
    // Spans of agents hold the sums of their children.
    if !matches!(own.text("gen_ai.operation.name").as_deref(), Some("chat" | "generate_content" | "text_completion")) {
        return Ok(None);
    }
    let nanos = |key: &str| {
        let nanos = match span.get(key)?.0 {
            Value::String(digits) => digits.parse::<u64>().ok()?,
            other => other.as_u64()?,
        };
        i64::try_from(nanos / 1_000_000).ok().map(Millis)
    };
    let text = |names: &[&str]| names.iter().find_map(|name| own.text(name));
    let (input, read, written) = (own.first_tokens(&INPUT)?, own.first_tokens(&READ)?, own.first_tokens(&WRITTEN)?);
    // Impossible where the convention is followed: this sender leaves the cache out.
    let is_remainder = input.is_some_and(|input| input < read.unwrap_or(0) + written.unwrap_or(0));
    let start = nanos("startTimeUnixNano");
    let first = own.get("gen_ai.response.time_to_first_chunk").and_then(|seconds| seconds.0.as_f64());
    Ok(Some(Record {
        start,
        start_is: start.map(|_| StartIs::Exact),
        first_token: start.zip(first).map(|(start, seconds)| start.plus((seconds * 1000.0).round() as i64)),
        end: nanos("endTimeUnixNano"),
        provider: text(&["gen_ai.provider.name", "gen_ai.system"]),
        model: text(&["gen_ai.response.model", "gen_ai.request.model"]),
        input: input.filter(|_| !is_remainder),
        uncached: input.filter(|_| is_remainder),
        read,
        write: written.map(|tokens| {
            let mut written = Written::default();
            written.add(None, tokens);
            written
        }),
        output: own.first_tokens(&OUTPUT)?,
        reasoning: own.first_tokens(&REASONING)?,
        tier: text(&["openai.response.service_tier", "gen_ai.openai.response.service_tier"]),
        message_id: own.text("gen_ai.response.id"),
        request_id: span.text("spanId"),
        session: own.text("gen_ai.conversation.id"),
        parent: span.text("parentSpanId"),
        digest: own.text("contexture.digest"),
        output_final: Some(true),
        status: if own.get("error.type").is_some() { Status::Errored } else { Status::Ok },
        ..Record::default()
    }))
}
