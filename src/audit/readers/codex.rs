//! Rollouts of Codex: totals that grow, shown again and again, and replayed by forks.

use memchr::memmem;

use super::fields::{Absurd, Fields};
use super::{Line, slim};
use crate::audit::record::{Millis, Record, Written};

/// What the totals are made of: input, of it read, of it written, output, of it reasoning.
const PARTS: [&str; 5] =
    ["input_tokens", "cached_input_tokens", "cache_write_input_tokens", "output_tokens", "reasoning_output_tokens"];

/// A fork writes its parent's events at once, before its own first turn.
const REPLAY_MILLIS: i64 = 1000;

/// What a rollout has said so far.
#[derive(Default)]
pub(super) struct Rollout {
    model: Option<String>,
    session: Option<String>,
    parent: Option<String>,
    born: Option<Millis>,
    replays: bool,
    totals: Option<[u64; 5]>,
}

impl Rollout {
    pub fn line(&mut self, bytes: &[u8], found: &mut Vec<Record>) -> Line {
        let says = |word: &str| memmem::find(bytes, word.as_bytes()).is_some();
        if !says("\"payload\"") && says("usage") {
            return Line::Foreign;
        }
        if !(says("token_count") || says("session_meta") || says("turn_context")) {
            return if bytes.trim_ascii_end().ends_with(b"}") { Line::Read } else { Line::Malformed };
        }
        let Ok(value) = slim::parse(bytes) else { return Line::Malformed };
        if value.get("payload").is_none() {
            return Line::Foreign;
        }
        match self.event(Fields(&value)) {
            Ok(record) => {
                found.extend(record);
                Line::Read
            }
            Err(Absurd) => Line::Absurd,
        }
    }

    fn event(&mut self, line: Fields<'_>) -> Result<Option<Record>, Absurd> {
        let Some(payload) = line.get("payload") else { return Ok(None) };
        let at = line.time("timestamp");
        match line.text("type").as_deref() {
            Some("session_meta") if self.session.is_none() => {
                self.session = payload.text("id");
                self.parent = payload.text("forked_from_id").or_else(|| payload.text("parent_thread_id"));
                (self.born, self.replays) = (at, self.parent.is_some());
            }
            Some("turn_context") => self.model = payload.text("model").or(self.model.take()),
            Some("event_msg") if payload.text("type").as_deref() == Some("token_count") => {
                return match payload.get("info") {
                    Some(info) => self.totals(info, at),
                    None => Ok(None),
                };
            }
            _ => {}
        }
        Ok(None)
    }

    fn totals(&mut self, info: Fields<'_>, at: Option<Millis>) -> Result<Option<Record>, Absurd> {
        let parts = |key: &str| -> Result<[u64; 5], Absurd> {
            let mut parts = [0; 5];
            for (part, name) in parts.iter_mut().zip(PARTS) {
                *part = info.tokens(&format!("{key}/{name}"))?.unwrap_or(0);
            }
            Ok(parts)
        };
        let now = parts("total_token_usage")?;
        let before = self.totals.replace(now);
        // All 0 but the total: the window is full, and nothing was called.
        if now == [0; 5] || before == Some(now) {
            return Ok(None);
        }
        if self.replays && at.zip(self.born).is_some_and(|(at, born)| at.0 - born.0 < REPLAY_MILLIS) {
            return Ok(None);
        }
        self.replays = false;
        let difference = before.and_then(|before| {
            let mut parts = [0; 5];
            for ((part, now), before) in parts.iter_mut().zip(now).zip(before) {
                *part = now.checked_sub(before)?;
            }
            Some(parts)
        });
        let [input, read, written, output, reasoning] = match difference {
            Some(difference) => difference,
            None => parts("last_token_usage")?,
        };
        let says_writes = info.get("total_token_usage/cache_write_input_tokens").is_some();
        // A fork shows the totals of its parent again.
        let scope = self.parent.as_ref().or(self.session.as_ref());
        Ok(Some(Record {
            same: scope.map(|scope| format!("{scope} {now:?}")),
            end: at,
            provider: Some("openai".to_owned()),
            model: self.model.clone(),
            input: Some(input),
            read: Some(read),
            write: says_writes.then(|| {
                let mut write = Written::default();
                write.add(Some("30m"), written);
                write
            }),
            output: Some(output),
            reasoning: Some(reasoning),
            session: self.session.clone(),
            parent: self.parent.clone(),
            batch: Some(false),
            output_final: Some(true),
            ..Record::default()
        }))
    }
}
