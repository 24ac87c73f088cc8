//! Anthropic's Messages API: `input_tokens` is the remainder, and the three inputs add up.

use super::fields::{Absurd, Fields, envelope};
use crate::audit::record::{Record, Status, Written};

/// What a `usage` object says of tokens, tier and region.
pub(super) fn usage(usage: Fields<'_>, record: &mut Record) -> Result<(), Absurd> {
    let total = usage.tokens("cache_creation_input_tokens")?;
    record.uncached = usage.tokens("input_tokens")?;
    record.read = usage.tokens("cache_read_input_tokens")?;
    record.write = match (usage.get("cache_creation"), total) {
        (Some(split), _) => {
            let mut written = Written::default();
            written.add(Some("5m"), split.tokens("ephemeral_5m_input_tokens")?.unwrap_or(0));
            written.add(Some("1h"), split.tokens("ephemeral_1h_input_tokens")?.unwrap_or(0));
            // A gateway may drop the split of what it counts.
            written.add(None, total.unwrap_or(0).saturating_sub(written.total()));
            Some(written)
        }
        (None, Some(total)) => {
            let mut written = Written::default();
            written.add(None, total);
            Some(written)
        }
        (None, None) => None,
    };
    if record.read.is_none() && record.write.is_none() && record.uncached.is_some() {
        // Caching is not in the answer at all.
        (record.read, record.write) = (Some(0), Some(Written::default()));
    }
    record.output = usage.tokens("output_tokens")?;
    record.reasoning = usage.tokens("output_tokens_details/thinking_tokens")?;
    record.tier = usage.text("service_tier");
    record.geo = usage.text("inference_geo").filter(|geo| geo != "not_available");
    record.speed = usage.text("speed");
    record.server_tools = usage.tokens("server_tool_use/web_search_requests")?.unwrap_or(0);
    Ok(())
}

/// A body, bare or in an envelope.
pub(super) fn body(line: Fields<'_>, found: &mut Vec<Record>) -> Result<bool, Absurd> {
    let (body, request, record) = envelope(line);
    message(body, Record { user: request.text("metadata/user_id"), ..record }, found)
}

/// A result of a batch.
pub(super) fn batch(line: Fields<'_>, found: &mut Vec<Record>) -> Result<bool, Absurd> {
    let own = Record { request_id: line.text("custom_id"), batch: Some(true), ..Record::default() };
    let status = match line.text("result/type").as_deref() {
        Some("succeeded") => {
            return match line.get("result/message") {
                Some(body) => message(body, own, found),
                None => Ok(false),
            };
        }
        Some("expired") => Status::Expired,
        Some("canceled") => Status::Canceled,
        _ => Status::Errored,
    };
    found.push(Record { status, ..anthropic(own) });
    Ok(true)
}

fn anthropic(record: Record) -> Record {
    Record { provider: Some("anthropic".to_owned()), platform: Some("anthropic".to_owned()), ..record }
}

fn message(body: Fields<'_>, own: Record, found: &mut Vec<Record>) -> Result<bool, Absurd> {
    let Some(usage) = body.get("usage").filter(|_| body.text("type").as_deref() == Some("message")) else {
        return Ok(false);
    };
    let mut record = Record {
        model: body.text("model"),
        message_id: body.text("id"),
        reason: body.text("diagnostics/cache_miss_reason/type"),
        batch: own.batch.or(Some(false)),
        output_final: Some(true),
        ..anthropic(own)
    };
    self::usage(usage, &mut record)?;
    let steps = usage.get("iterations").and_then(|steps| steps.0.as_array()).map_or(&[][..], Vec::as_slice);
    let template = record.clone();
    found.push(record);
    for (number, step) in steps.iter().map(Fields).enumerate() {
        // These two kinds are not in the totals above them; `message` is.
        if !matches!(step.text("type").as_deref(), Some("compaction" | "advisor_message")) {
            continue;
        }
        let mut own = template.clone();
        self::usage(step, &mut own)?;
        own.model = step.text("model").or(own.model);
        own.message_id = own.message_id.map(|id| format!("{id}#{number}"));
        (own.tier, own.geo, own.speed) = (template.tier.clone(), template.geo.clone(), template.speed.clone());
        (own.reason, own.server_tools, own.input) = (None, 0, None);
        found.push(own);
    }
    Ok(true)
}
