//! LiteLLM: one schema over every vendor, with `prompt_tokens` made inclusive, and a cache of its own.

use serde_json::Value;

use super::fields::{Absurd, Fields};
use crate::audit::record::{Record, StartIs, Status, Written};

/// The standard logging payload, or a row of the spend logs, whose `metadata` and `request_tags` are texts of JSON.
pub(super) fn payload(line: Fields<'_>, found: &mut Vec<Record>) -> Result<bool, Absurd> {
    if line.get("startTime").is_none() || line.get("model").is_none() {
        return Ok(false);
    }
    let (metadata, tags) = (line.nested("metadata"), line.nested("request_tags"));
    let metadata = Fields(&metadata);
    let none = Value::Null;
    let usage =
        metadata.get("usage_object").or_else(|| metadata.get("additional_usage_values")).unwrap_or(Fields(&none));
    let written = usage.first_tokens(&[
        "prompt_tokens_details/cache_write_tokens",
        "prompt_tokens_details/cache_creation_tokens",
        "cache_creation_input_tokens",
    ])?;
    let tag = || tags.as_array()?.iter().find_map(|tag| tag.as_str()?.strip_prefix("contexture_digest:"));
    let start = line.time("startTime");
    let is_own_cache = match line.0.get("cache_hit") {
        Some(Value::Bool(hit)) => *hit,
        Some(Value::String(hit)) => hit.eq_ignore_ascii_case("true"),
        _ => false,
    };
    found.push(Record {
        start,
        start_is: start.map(|_| StartIs::Exact),
        first_token: line.time("completionStartTime"),
        end: line.time("endTime"),
        provider: line.text("custom_llm_provider"),
        model: line.text("model"),
        input: line.tokens("prompt_tokens")?,
        output: line.tokens("completion_tokens")?,
        read: usage.first_tokens(&["prompt_tokens_details/cached_tokens", "cache_read_input_tokens"])?,
        write: written.map(|total| divided(usage, total)).transpose()?,
        reasoning: usage.tokens("completion_tokens_details/reasoning_tokens")?,
        tier: usage.text("service_tier"),
        geo: usage.text("inference_geo"),
        request_id: line.text("litellm_call_id"),
        message_id: line.text("id").or_else(|| line.text("request_id")),
        session: line.text("session_id"),
        digest: metadata.text("spend_logs_metadata/contexture_digest").or_else(|| tag().map(str::to_owned)),
        user: line.text("end_user"),
        output_final: Some(true),
        status: match line.text("status").as_deref() {
            _ if is_own_cache => Status::Replayed,
            None | Some("success") => Status::Ok,
            Some(_) => Status::Errored,
        },
        ..Record::default()
    });
    Ok(true)
}

/// Writes by lifetime, where the parts are all of them.
fn divided(usage: Fields<'_>, total: u64) -> Result<Written, Absurd> {
    let mut parts = Written::default();
    for ttl in ["5m", "30m", "1h", "12h"] {
        let path = format!("prompt_tokens_details/cache_creation_token_details/ephemeral_{ttl}_input_tokens");
        parts.add(Some(ttl), usage.tokens(&path)?.unwrap_or(0));
    }
    if parts.total() != total {
        parts = Written::default();
        parts.add(None, total);
    }
    Ok(parts)
}
