//! Langfuse: buckets by names of the sender's choice, which should not overlap; `total` tells where they do.

use super::fields::{Absurd, Fields};
use crate::audit::record::{Record, StartIs, Status, Written};

const READ: [&str; 4] = ["input_cache_read", "input_cached_tokens", "cache_read_input_tokens", "input_cached"];
const WRITTEN: [&str; 3] = ["input_cache_creation", "input_cache_write", "cache_creation_input_tokens"];

/// A row of the export of observations.
pub(super) fn observation(line: Fields<'_>, found: &mut Vec<Record>) -> Result<bool, Absurd> {
    if !matches!(line.text("type").as_deref(), Some("GENERATION" | "EMBEDDING")) {
        return Ok(true);
    }
    let usage = line.nested("usage_details");
    let usage = Fields(&usage);
    let (input, output, total) = (usage.tokens("input")?, usage.tokens("output")?, usage.tokens("total")?);
    let read = usage.first_tokens(&READ)?;
    let reasoning = usage.first_tokens(&["output_reasoning_tokens", "reasoning_tokens"])?;
    let split = [("5m", usage.tokens("input_cache_creation_5m")?), ("1h", usage.tokens("input_cache_creation_1h")?)];
    let mut written = Written::default();
    let write = if split.iter().any(|(_, tokens)| tokens.is_some()) {
        split.iter().for_each(|(ttl, tokens)| written.add(Some(ttl), tokens.unwrap_or(0)));
        Some(written)
    } else {
        usage.first_tokens(&WRITTEN)?.map(|tokens| {
            written.add(None, tokens);
            written
        })
    };
    let parts = read.unwrap_or(0) + write.as_ref().map_or(0, Written::total);
    let start = line.time("start_time");
    let metadata = line.nested("metadata");
    let mut record = Record {
        start,
        start_is: start.map(|_| StartIs::Exact),
        first_token: line.time("completion_start_time"),
        end: line.time("end_time"),
        model: line.text("provided_model_name"),
        read,
        write,
        output,
        reasoning,
        request_id: line.text("id"),
        session: line.text("session_id"),
        parent: line.text("parent_observation_id"),
        user: line.text("user_id"),
        digest: Fields(&metadata).text("contexture_digest"),
        output_final: Some(true),
        status: if line.text("level").as_deref() == Some("ERROR") { Status::Errored } else { Status::Ok },
        ..Record::default()
    };
    match (input, output, total) {
        _ if parts == 0 => record.input = input,
        (Some(input), Some(output), Some(total)) => {
            for outputs in [output, output + reasoning.unwrap_or(0)] {
                if total == input + parts + outputs {
                    (record.uncached, record.input, record.output) = (Some(input), None, Some(outputs));
                } else if total == input + outputs {
                    (record.input, record.uncached, record.output) = (Some(input), None, Some(outputs));
                }
            }
        }
        _ => {}
    }
    found.push(record);
    Ok(true)
}
