//! Transcripts of Claude Code: a line a content block, each repeating its request's usage, which grows.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};

use memchr::memmem;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::Value;

use super::fields::Fields;
use super::{Line, anthropic};
use crate::audit::record::{Millis, Record, StartIs};

/// What of a line is read; the text in it is passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    subtype: Option<Cow<'a, str>>,
    #[serde(borrow)]
    uuid: Option<Cow<'a, str>>,
    #[serde(borrow)]
    parent_uuid: Option<Cow<'a, str>>,
    #[serde(borrow)]
    timestamp: Option<Cow<'a, str>>,
    #[serde(borrow)]
    request_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    session_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    agent_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message: Option<Message<'a>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow)]
    stop_reason: Option<Cow<'a, str>>,
    usage: Option<Value>,
    diagnostics: Option<Value>,
    #[serde(default)]
    content: Blocks,
}

/// How many content blocks a message has; a text is one.
#[derive(Default, Clone, Copy)]
struct Blocks(u32);

impl<'de> Deserialize<'de> for Blocks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counter;
        impl<'de> Visitor<'de> for Counter {
            type Value = Blocks;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("content")
            }
            fn visit_str<E>(self, _: &str) -> Result<Blocks, E> {
                Ok(Blocks(1))
            }
            fn visit_unit<E>(self) -> Result<Blocks, E> {
                Ok(Blocks(1))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Blocks, A::Error> {
                let mut count = 0;
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Blocks(count))
            }
        }
        deserializer.deserialize_any(Counter)
    }
}

/// The request whose lines are being read.
struct Open {
    key: (String, Option<String>),
    record: Record,
    /// Whether its figures can be read.
    sound: bool,
}

/// What a transcript has said so far.
pub(super) struct Transcript {
    /// Whether its agent asks for a compaction's summary, with the prefix of the session.
    summarises: bool,
    hasher: RandomState,
    /// The time of the user's line that each line hangs from, by a hash of the line's uuid.
    users: HashMap<u64, Option<Millis>>,
    open: Option<Open>,
    /// Content blocks since the request before.
    added: u32,
    /// Those of the answer that is being read.
    own: u32,
    compacted: bool,
}

impl Transcript {
    pub fn new(name: &str) -> Self {
        Self {
            summarises: name.contains("agent-acompact-"),
            hasher: RandomState::new(),
            users: HashMap::new(),
            open: None,
            added: 0,
            own: 0,
            compacted: false,
        }
    }

    pub fn line(&mut self, bytes: &[u8], found: &mut Vec<Record>) -> Line {
        let Ok(entry) = serde_json::from_slice::<Entry<'_>>(bytes) else {
            return if serde_json::from_slice::<IgnoredAny>(bytes).is_ok() { Line::Foreign } else { Line::Malformed };
        };
        let Some(kind) = entry.kind.as_deref() else { return Line::Foreign };
        if entry.uuid.is_none() && entry.session_id.is_none() && memmem::find(bytes, b"\"usage\"").is_some() {
            return Line::Foreign;
        }
        let at = entry.timestamp.as_deref().and_then(Millis::parse);
        let above = entry.parent_uuid.as_deref().map(|uuid| self.hasher.hash_one(uuid));
        let hangs_from = above.and_then(|uuid| self.users.get(&uuid).copied().flatten());
        if let Some(uuid) = &entry.uuid {
            let user = if kind == "user" { at } else { hangs_from };
            self.users.insert(self.hasher.hash_one(&**uuid), user);
        }
        self.compacted |= entry.subtype.as_deref() == Some("compact_boundary");
        match (kind, &entry.message) {
            ("user", Some(message)) => self.added += message.content.0,
            ("assistant", Some(message)) => {
                let usage = message.usage.as_ref().filter(|_| message.model.as_deref() != Some("<synthetic>"));
                if let Some(usage) = usage {
                    return self.block(&entry, message, usage, (at, hangs_from), found);
                }
            }
            _ => {}
        }
        Line::Read
    }

    fn block(
        &mut self,
        entry: &Entry<'_>,
        message: &Message<'_>,
        usage: &Value,
        (at, start): (Option<Millis>, Option<Millis>),
        found: &mut Vec<Record>,
    ) -> Line {
        let text = |part: &Option<Cow<'_, str>>| part.as_deref().map(str::to_owned);
        // Gateways may leave the request's id out: then the message's is the key.
        let key = (message.id.as_deref().unwrap_or_default().to_owned(), text(&entry.request_id));
        if self.open.as_ref().is_none_or(|open| open.key != key) {
            self.end(found);
            let record = Record {
                start,
                start_is: start.map(|_| StartIs::Estimated),
                first_token: at,
                provider: Some("anthropic".to_owned()),
                message_id: text(&message.id),
                request_id: text(&entry.request_id),
                session: text(&entry.session_id),
                parent: text(&entry.agent_id),
                batch: Some(false),
                added: Some(self.added + self.own),
                compacted: std::mem::take(&mut self.compacted),
                summarises: self.summarises
                    || entry.agent_id.as_deref().is_some_and(|own| own.starts_with("acompact-")),
                ..Record::default()
            };
            (self.added, self.own) = (0, 0);
            self.open = Some(Open { key, record, sound: true });
        }
        self.own += message.content.0;
        let Some(open) = &mut self.open else { return Line::Read };
        let record = &mut open.record;
        record.end = at;
        record.model = text(&message.model);
        record.output_final = Some(message.stop_reason.is_some() || usage.get("iterations").is_some());
        let diagnostics = message.diagnostics.as_ref();
        record.reason = diagnostics.and_then(|own| Fields(own).text("cache_miss_reason/type"));
        record.input = None;
        open.sound = anthropic::usage(Fields(usage), record).is_ok();
        if open.sound { Line::Read } else { Line::Absurd }
    }

    /// The request that was being read.
    pub fn end(&mut self, found: &mut Vec<Record>) {
        found.extend(self.open.take().filter(|open| open.sound).map(|open| open.record));
    }
}
