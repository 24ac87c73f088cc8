//! OpenAI and those that speak its dialect: `prompt_tokens` is everything.

use super::Format;
use super::fields::{Absurd, Fields, envelope};
use crate::audit::record::{Record, StartIs, Status, Written};

/// What a `usage` object says, by the names of Chat Completions or of Responses.
fn usage(usage: Fields<'_>, record: &mut Record) -> Result<(), Absurd> {
    record.input = usage.first_tokens(&["prompt_tokens", "input_tokens"])?;
    record.output = usage.first_tokens(&["completion_tokens", "output_tokens"])?;
    let reasoning = ["completion_tokens_details/reasoning_tokens", "output_tokens_details/reasoning_tokens"];
    record.reasoning = usage.first_tokens(&reasoning)?;
    let Some(details) = usage.get("prompt_tokens_details").or_else(|| usage.get("input_tokens_details")) else {
        return Ok(());
    };
    record.read = details.tokens("cached_tokens")?;
    let mut written = Written::default();
    let total = details.tokens("cache_write_tokens")?;
    match details.get("cache_write_tokens_details") {
        Some(split) => {
            for ttl in ["30m", "12h"] {
                written.add(Some(ttl), split.tokens(&format!("ttl_{ttl}_tokens"))?.unwrap_or(0));
            }
            record.write = Some(written);
        }
        None => {
            // The field is not there: whether anything was written is unknown.
            record.write = total.map(|total| {
                written.add(Some("30m"), total);
                written
            });
        }
    }
    Ok(())
}

/// A body, bare or in an envelope.
pub(super) fn body(format: Format, line: Fields<'_>, found: &mut Vec<Record>) -> Result<bool, Absurd> {
    let (body, request, mut record) = envelope(line);
    record.cache_key = request.text("prompt_cache_key");
    let answer = answer(format, body, record)?;
    let is_one = answer.is_some();
    found.extend(answer);
    Ok(is_one)
}

/// A result of a batch.
pub(super) fn batch(line: Fields<'_>, found: &mut Vec<Record>) -> Result<bool, Absurd> {
    let own = Record { request_id: line.text("custom_id"), batch: Some(true), ..Record::default() };
    let body = line.get("response/body").filter(|_| {
        line.get("error").is_none() && line.get("response/status_code").is_some_and(|code| code.0.as_u64() == Some(200))
    });
    let Some(body) = body else {
        let openai = Some("openai".to_owned());
        found.push(Record { provider: openai.clone(), platform: openai, status: Status::Errored, ..own });
        return Ok(true);
    };
    let record = answer(Format::OpenAiChat, body, own)?;
    // The day of a batch's answer is the day of its price; when it was sent is not known.
    found.extend(record.map(|record| Record { day: record.start, start: None, start_is: None, ..record }));
    Ok(true)
}

fn answer(format: Format, body: Fields<'_>, mut record: Record) -> Result<Option<Record>, Absurd> {
    let Some(used) = body.get("usage") else { return Ok(None) };
    if record.start.is_none() {
        record.start = body.time("created").or_else(|| body.time("created_at"));
        record.start_is = record.start.map(|_| StartIs::Second);
    }
    record.end = record.end.or_else(|| body.time("completed_at"));
    let platform = match format {
        Format::DeepSeek => "deepseek",
        Format::Xai => "xai",
        Format::Vllm => "vllm",
        _ => "openai",
    };
    usage(used, &mut record)?;
    match format {
        Format::DeepSeek => {
            record.read = used.tokens("prompt_cache_hit_tokens")?;
            record.uncached = used.tokens("prompt_cache_miss_tokens")?;
            record.write = Some(Written::default());
        }
        Format::Xai => {
            let beside = used.tokens("total_tokens")?.zip(record.input).zip(record.output).zip(record.reasoning);
            if let Some((((total, input), output), reasoning)) = beside
                && total == input + output + reasoning
            {
                record.output = Some(output + reasoning);
            }
            record.write = Some(Written::default());
        }
        Format::Vllm => record.write = Some(Written::default()),
        _ => {}
    }
    let missed = body.text("prompt_cache_diagnostics/type").as_deref() == Some("cache_miss");
    Ok(Some(Record {
        provider: Some(platform.to_owned()),
        platform: Some(platform.to_owned()),
        model: body.text("model"),
        message_id: body.text("id"),
        tier: body.text("service_tier"),
        cache_key: body.text("prompt_cache_key").or(record.cache_key),
        digest: record.digest.or_else(|| body.text("metadata/contexture_digest")),
        session: record.session.or_else(|| body.text("conversation/id")),
        reason: body.text("prompt_cache_diagnostics/reason").filter(|_| missed),
        batch: record.batch.or(Some(false)),
        output_final: Some(true),
        ..record
    }))
}
