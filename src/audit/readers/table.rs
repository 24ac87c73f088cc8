//! A plain table in CSV: a row a request, its columns known by name.

use serde_json::{Map, Value};

use super::Line;
use super::fields::{Absurd, Fields};
use crate::audit::record::{Record, StartIs, Written};

/// Columns that say how much was written, with the lifetime.
const WRITES: [(&str, Option<&str>); 5] = [
    ("write_5m", Some("5m")),
    ("write_1h", Some("1h")),
    ("write_30m", Some("30m")),
    ("write_12h", Some("12h")),
    ("write", None),
];

/// Other names of columns that exports use.
const ALIASES: [(&str, &str); 13] = [
    ("time", "start"),
    ("timestamp", "start"),
    ("date", "start"),
    ("created_at", "start"),
    ("input_tokens", "input"),
    ("prompt_tokens", "input"),
    ("output_tokens", "output"),
    ("completion_tokens", "output"),
    ("cache_read_input_tokens", "read"),
    ("cached_tokens", "read"),
    ("cache_creation_input_tokens", "write"),
    ("session_id", "session"),
    ("service_tier", "tier"),
];

/// Whether a first line is the heading of such a table.
pub(super) fn is_heading(line: &[u8]) -> bool {
    let heading = std::str::from_utf8(line).map(columns).unwrap_or_default();
    heading.iter().any(|name| name == "model") && heading.iter().any(|name| name == "output")
}

/// The cells of a heading, each by the name that is known here.
fn columns(line: &str) -> Vec<String> {
    cells(line)
        .into_iter()
        .map(|cell| {
            let name = cell.trim().to_lowercase();
            ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, own)| (*own).to_owned())
        })
        .collect()
}

/// The cells of one row. A row is a line: figures and names hold no line breaks.
fn cells(line: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line.as_bytes());
    let row = reader.records().next().and_then(Result::ok).unwrap_or_default();
    row.iter().map(str::to_owned).collect()
}

/// What a table has said so far: its heading.
#[derive(Default)]
pub(super) struct Table {
    columns: Vec<String>,
}

impl Table {
    pub fn line(&mut self, bytes: &[u8], found: &mut Vec<Record>) -> Line {
        let Ok(line) = std::str::from_utf8(bytes) else { return Line::Malformed };
        if self.columns.is_empty() {
            self.columns = columns(line);
            return if is_heading(bytes) { Line::Read } else { Line::Foreign };
        }
        let cells = cells(line);
        if cells.len() != self.columns.len() {
            return Line::Malformed;
        }
        let row: Map<String, Value> = self
            .columns
            .iter()
            .cloned()
            .zip(cells)
            .filter(|(_, cell)| !cell.is_empty())
            .map(|(name, cell)| (name, Value::String(cell)))
            .collect();
        match record(Fields(&Value::Object(row))) {
            Ok(record) => {
                found.push(record);
                Line::Read
            }
            Err(Absurd) => Line::Absurd,
        }
    }
}

fn record(row: Fields<'_>) -> Result<Record, Absurd> {
    let (start, input) = (row.time("start"), row.tokens("input")?);
    let mut written = Written::default();
    let mut is_written = false;
    for (name, ttl) in WRITES {
        if let Some(tokens) = row.tokens(name)? {
            is_written = true;
            written.add(ttl, tokens);
        }
    }
    let uncached = row.tokens("uncached")?;
    Ok(Record {
        start,
        start_is: start.map(|_| StartIs::Exact),
        first_token: row.time("first_token"),
        end: row.time("end"),
        provider: row.text("provider"),
        platform: row.text("platform"),
        model: row.text("model"),
        input,
        uncached,
        read: row.tokens("read")?,
        write: is_written.then_some(written),
        output: row.tokens("output")?,
        reasoning: row.tokens("reasoning")?,
        tier: row.text("tier"),
        geo: row.text("geo"),
        batch: row.text("batch").map(|word| word == "true" || word == "1"),
        request_id: row.text("request_id"),
        message_id: row.text("message_id"),
        session: row.text("session"),
        parent: row.text("parent"),
        digest: row.text("digest"),
        user: row.text("user"),
        cache_key: row.text("cache_key"),
        reason: row.text("reason"),
        output_final: Some(true),
        ..Record::default()
    })
}
