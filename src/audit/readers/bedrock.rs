//! Bedrock's Converse: the remainder, and writes divided by lifetime; the answer has neither model nor time.

use super::fields::{Absurd, Fields, envelope};
use crate::audit::record::{Record, Written};

/// A body, bare or in an envelope.
pub(super) fn body(line: Fields<'_>, found: &mut Vec<Record>) -> Result<bool, Absurd> {
    let (body, request, mut record) = envelope(line);
    let Some(usage) = body.get("usage") else { return Ok(false) };
    let total = usage.tokens("cacheWriteInputTokens")?;
    let mut written = Written::default();
    for part in usage.get("cacheDetails").and_then(|parts| parts.0.as_array()).into_iter().flatten() {
        written.add(Fields(part).text("ttl").as_deref(), Fields(part).tokens("inputTokens")?.unwrap_or(0));
    }
    written.add(None, total.unwrap_or(0).saturating_sub(written.total()));
    let model = request.text("modelId");
    if record.end.is_none() {
        let latency = body.get("metrics/latencyMs").and_then(|millis| millis.0.as_i64());
        record.end = record.start.zip(latency).map(|(start, millis)| start.plus(millis));
    }
    found.push(Record {
        provider: model.as_ref().filter(|model| model.contains("anthropic")).map(|_| "anthropic".to_owned()),
        platform: Some("bedrock".to_owned()),
        model,
        request_id: body.text("ResponseMetadata/RequestId"),
        uncached: usage.tokens("inputTokens")?,
        read: usage.tokens("cacheReadInputTokens")?,
        write: (total.is_some() || !written.0.is_empty()).then_some(written),
        output: usage.tokens("outputTokens")?,
        tier: body.text("serviceTier/type"),
        batch: Some(false),
        output_final: Some(true),
        ..record
    });
    Ok(true)
}
