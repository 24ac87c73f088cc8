//! Digests of segments and the chain that links them.
//!
//! The bytes that enter each digest are a published format (`docs/hash-format.md`) with golden
//! vectors; changing any of them is a new version tag. Two prompts share a provider's cache up to
//! the last link that they share.

use std::collections::HashMap;
use std::fmt;

use parking_lot::Mutex;
use rayon::prelude::*;

use crate::prompt::memo::Memo;
use crate::prompt::segment::{Kind, Part, Role, Segment, Tier, prefix_len};
use crate::syntax::source::ProjectPath;

/// The version that every printed digest carries.
pub const VERSION: &str = "cx1";

/// Domain tags: inputs of different kinds never have the same digest. They are documented in
/// `docs/hash-format.md` and never reused.
const SEGMENT_CONTEXT: &str = "contexture 2026-11-21 cx1 segment";
const CHAIN_CONTEXT: &str = "contexture 2026-11-21 cx1 chain";
const EMPTY_CONTEXT: &str = "contexture 2026-11-21 cx1 empty prefix";
const SETTINGS_CONTEXT: &str = "contexture 2026-11-21 cx1 settings";
const BUNDLE_CONTEXT: &str = "contexture 2026-11-21 cx1 bundle";
const CASES_CONTEXT: &str = "contexture 2026-11-30 cx1 cases";

/// The least number of segments for one parallel task.
const SEGMENTS_A_TASK: usize = 16;

/// 32 bytes of BLAKE3, printed as `cx1:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The raw bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The short form that reports print: `cx1:` and 12 digits.
    pub fn short(&self) -> String {
        self.to_string()[..VERSION.len() + 13].to_owned()
    }

    /// Reads the printed form: `cx1:` and 64 small hexadecimal digits, nothing else.
    pub fn parse(printed: &str) -> Option<Self> {
        let digits = printed.strip_prefix(VERSION)?.strip_prefix(':')?;
        let digest = Self(*blake3::Hash::from_hex(digits).ok()?.as_bytes());
        // `from_hex` accepts capitals; comparing with the printed form makes sure of one spelling.
        (digest.to_string() == printed).then_some(digest)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}:{}", blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

crate::syntax::decode::inline_schema!(text Digest);

impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The digest of each segment and of each prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// `D(1) … D(n)`, one a segment.
    pub digests: Vec<Digest>,
    /// `P(0) … P(n)`: the empty prefix, then the prefix that ends with each segment.
    pub prefixes: Vec<Digest>,
    /// How many segments come before the first input, history or region.
    pub prefix_len: usize,
}

impl Chain {
    /// `P(k)`, k the last segment before the first input or history.
    pub fn prefix(&self) -> Digest {
        self.prefixes[self.prefix_len]
    }

    /// `P(n)`: all segments.
    pub fn full(&self) -> Digest {
        self.prefixes[self.digests.len()]
    }
}

/// Digests of segments, by the file that each comes from and its id. A segment that equals the one of that name is not
/// hashed again: to compare is many times faster, and from commit to commit most segments are the same.
#[derive(Debug, Default)]
pub struct KnownDigests(Memo<(ProjectPath, String), (Tier, Vec<Part>, Digest)>);

impl KnownDigests {
    /// Drops what was not looked up since the last turn.
    pub fn turn(&self) {
        self.0.turn();
    }

    fn digest(&self, segment: &mut Segment, texts: &DistinctTexts) -> Digest {
        let path = segment.origin.path.as_ref().unwrap_or(segment.origin.block.path());
        let name = (path.clone(), segment.id.clone());
        match self.0.get(&name) {
            Some((tier, parts, digest)) if tier == segment.tier && parts == segment.parts => {
                segment.parts = texts.shared(digest, parts);
                digest
            }
            _ => {
                let digest = segment_digest(segment.tier, &segment.parts);
                segment.parts = texts.shared(digest, std::mem::take(&mut segment.parts));
                self.0.put(name, (segment.tier, segment.parts.clone(), digest));
                digest
            }
        }
    }
}

/// The texts of all prompts of one run, by digest: each is in memory once, however many prompts hold it.
#[derive(Debug, Default)]
pub struct DistinctTexts(Mutex<(HashMap<Digest, Vec<Part>>, u64)>);

impl DistinctTexts {
    /// How many bytes they hold together.
    pub fn bytes(&self) -> u64 {
        self.0.lock().1
    }

    /// The parts of that digest that came first.
    fn shared(&self, digest: Digest, parts: Vec<Part>) -> Vec<Part> {
        let mut texts = self.0.lock();
        let (known, bytes) = &mut *texts;
        if parts.iter().any(|part| part.region.is_some()) {
            // Of one source there may be several samples.
            *bytes += parts.iter().map(|part| part.text.len() as u64).sum::<u64>();
            return parts;
        }
        let shared = known.entry(digest).or_insert_with(|| {
            *bytes += parts.iter().map(|part| part.text.len() as u64).sum::<u64>();
            parts
        });
        shared.clone()
    }
}

/// Links segments into a chain.
pub fn link(segments: &[Segment]) -> Chain {
    let digests = segments.par_iter().with_min_len(SEGMENTS_A_TASK);
    linked(segments, digests.map(|segment| segment_digest(segment.tier, &segment.parts)).collect())
}

/// [`link`], with the digests that earlier calls left. The segments have the texts that the run has already.
pub fn link_with(segments: &mut [Segment], known: &KnownDigests, texts: &DistinctTexts) -> Chain {
    let digests = segments.par_iter_mut().with_min_len(SEGMENTS_A_TASK);
    let digests = digests.map(|segment| known.digest(segment, texts)).collect();
    linked(segments, digests)
}

fn linked(segments: &[Segment], digests: Vec<Digest>) -> Chain {
    let mut prefixes = vec![empty_prefix()];
    prefixes.extend(digests.iter().scan(empty_prefix(), |prefix, digest| {
        *prefix = next(prefix, digest);
        Some(*prefix)
    }));
    Chain { digests, prefixes, prefix_len: prefix_len(segments) }
}

/// `P(0)`.
pub fn empty_prefix() -> Digest {
    Digest(blake3::derive_key(EMPTY_CONTEXT, b""))
}

/// `P(i)` from `P(i-1)` and `D(i)`.
fn next(prefix: &Digest, digest: &Digest) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key(CHAIN_CONTEXT);
    hasher.update(&prefix.0).update(&digest.0);
    Digest(hasher.finalize().into())
}

/// `D(i)`: the tier, then each part's role, kind and bytes, all length-prefixed.
pub fn segment_digest(tier: Tier, parts: &[Part]) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key(SEGMENT_CONTEXT);
    hasher.update(&[tier_byte(tier)]).update(&(parts.len() as u64).to_le_bytes());
    for part in parts {
        hasher.update(&[role_byte(part.role), kind_byte(part.kind)]);
        let text = part.identity();
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    Digest(hasher.finalize().into())
}

fn tier_byte(tier: Tier) -> u8 {
    match tier {
        Tier::Tools => 0,
        Tier::System => 1,
        Tier::Messages => 2,
    }
}

fn role_byte(role: Role) -> u8 {
    match role {
        Role::System => 0,
        Role::User => 1,
        Role::Assistant => 2,
    }
}

fn kind_byte(kind: Kind) -> u8 {
    match kind {
        Kind::Text => 0,
        Kind::Tool => 1,
        Kind::Input => 2,
        Kind::History => 3,
        Kind::Region => 4,
        Kind::ToolCall => 5,
        Kind::ToolResult => 6,
    }
}

/// The digest of model settings and the output schema, as one canonical JSON object
/// `{"schema": …, "settings": …}`.
pub fn settings_digest(
    settings: &serde_json::Value,
    schema: Option<&serde_json::Value>,
) -> Result<Digest, NotCanonical> {
    let object = serde_json::json!({"settings": settings, "schema": schema});
    let bytes = canonical_json(&object)?;
    Ok(Digest(blake3::derive_key(SETTINGS_CONTEXT, bytes.as_bytes())))
}

/// The digest of a bundle: of its record, which lists every other member with a digest of its own.
pub fn bundle_digest(record: &[u8]) -> Digest {
    Digest(blake3::derive_key(BUNDLE_CONTEXT, record))
}

/// The digest of a set of cases, as a JSON list that is sorted.
pub fn cases_digest(record: &[u8]) -> Digest {
    Digest(blake3::derive_key(CASES_CONTEXT, record))
}

/// A JSON value that RFC 8785 cannot represent.
#[derive(Debug, thiserror::Error)]
#[error("the number {0} has no exact canonical form (RFC 8785 numbers are IEEE doubles)")]
pub struct NotCanonical(pub String);

/// Canonical JSON (RFC 8785): sorted keys, no blanks, shortest numbers.
pub fn canonical_json(value: &serde_json::Value) -> Result<String, NotCanonical> {
    if let Some(number) = inexact_number(value) {
        return Err(NotCanonical(number));
    }
    serde_json_canonicalizer::to_string(value).map_err(|error| NotCanonical(error.to_string()))
}

/// The first whole number in `value` that a double cannot represent exactly.
fn inexact_number(value: &serde_json::Value) -> Option<String> {
    const LIMIT: u64 = 1 << 53;
    match value {
        serde_json::Value::Number(number) => {
            let magnitude = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            magnitude.filter(|magnitude| *magnitude > LIMIT).map(|_| number.to_string())
        }
        serde_json::Value::Array(items) => items.iter().find_map(inexact_number),
        serde_json::Value::Object(members) => members.values().find_map(inexact_number),
        _ => None,
    }
}
