//! llama.cpp's server: what was computed anew, and what its cache served.

use super::fields::{Absurd, Fields, envelope};
use crate::audit::record::{Record, StartIs, Written};

/// A body with `timings`, bare or in an envelope.
pub(super) fn body(line: Fields<'_>, found: &mut Vec<Record>) -> Result<bool, Absurd> {
    let (body, _, mut record) = envelope(line);
    let Some(timings) = body.get("timings") else { return Ok(false) };
    if record.start.is_none() {
        record.start = body.time("created");
        record.start_is = record.start.map(|_| StartIs::Second);
    }
    found.push(Record {
        provider: Some("llamacpp".to_owned()),
        platform: Some("llamacpp".to_owned()),
        model: body.text("model"),
        message_id: body.text("id"),
        uncached: timings.tokens("prompt_n")?,
        read: timings.tokens("cache_n")?,
        write: Some(Written::default()),
        output: timings.tokens("predicted_n")?,
        batch: Some(false),
        output_final: Some(true),
        ..record
    });
    Ok(true)
}
