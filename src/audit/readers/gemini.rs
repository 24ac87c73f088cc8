//! Gemini: thoughts stand beside the candidates, results of tools beside the prompt; an absent count is 0.

use super::fields::{Absurd, Fields, envelope};
use crate::audit::record::{Record, StartIs, Written};

/// A body of generateContent, bare or in an envelope.
pub(super) fn body(line: Fields<'_>, found: &mut Vec<Record>) -> Result<bool, Absurd> {
    let (body, _, mut record) = envelope(line);
    let Some(usage) = body.get("usageMetadata") else { return Ok(false) };
    let count = |key: &str| usage.tokens(key).map(|tokens| tokens.unwrap_or(0));
    if record.start.is_none() {
        record.start = body.time("createTime");
        record.start_is = record.start.map(|_| StartIs::Exact);
    }
    let thoughts = count("thoughtsTokenCount")?;
    found.push(Record {
        provider: Some("google".to_owned()),
        // Only Vertex says what kind of traffic it was.
        platform: Some(if usage.get("trafficType").is_some() { "vertex" } else { "google" }.to_owned()),
        model: body.text("modelVersion"),
        message_id: body.text("responseId"),
        input: Some(count("promptTokenCount")? + count("toolUsePromptTokenCount")?),
        read: Some(count("cachedContentTokenCount")?),
        write: Some(Written::default()),
        output: Some(count("candidatesTokenCount")? + thoughts),
        reasoning: Some(thoughts),
        tier: usage.text("trafficType"),
        batch: Some(false),
        output_final: Some(true),
        ..record
    });
    Ok(true)
}

/// An event of Gemini CLI's telemetry.
pub(super) fn telemetry(line: Fields<'_>, found: &mut Vec<Record>) -> Result<bool, Absurd> {
    let Some(event) = line.get("attributes") else { return Ok(false) };
    if event.text("event.name").as_deref() != Some("gemini_cli.api_response") {
        return Ok(true);
    }
    let end = event.time("event.timestamp");
    let duration = event.get("duration_ms").and_then(|duration| duration.0.as_f64());
    let start = end.zip(duration).map(|(end, millis)| end.plus(-(millis as i64)));
    let count = |key: &str| event.tokens(key).map(|tokens| tokens.unwrap_or(0));
    let thoughts = count("thoughts_token_count")?;
    found.push(Record {
        start,
        start_is: start.map(|_| StartIs::Exact),
        end,
        provider: Some("google".to_owned()),
        model: event.text("model"),
        input: Some(count("input_token_count")? + count("tool_token_count")?),
        read: Some(count("cached_content_token_count")?),
        write: Some(Written::default()),
        output: Some(count("output_token_count")? + thoughts),
        reasoning: Some(thoughts),
        session: event.text("session.id"),
        request_id: event.text("prompt_id"),
        user: event.text("user.email"),
        batch: Some(false),
        output_final: Some(true),
        ..Record::default()
    });
    Ok(true)
}
