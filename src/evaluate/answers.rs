//! Answers as they were received, one JSON line each, found again by the exact request.
//!
//! Each run appends to a file of its own, so that two runs or two branches never write the same one. A line is written
//! before a request is sent and another when its answer is there: what a killed run leaves says which requests may have
//! been billed without an answer. A run that ends takes the first kind away again.

mod batches;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use batches::{Collected, Submission, Submitted, Submitting, named};

use super::endpoint::{Attempt, Reading, Request, read, version};
use crate::prompt::bodies::Dialect;
use crate::syntax::diag::Diagnostic;
use crate::syntax::error::{Error, Failure};
use crate::syntax::quantity::Usd;
use crate::syntax::source::{ProjectPath, Source, Span};
use crate::tree::write::{self, Access, Disk, Handle};
use crate::tree::{ReadError, Tree};

/// Where answers are, unless `eval` names another folder.
pub const FOLDER: &str = ".contexture/answers";

/// What an answer is found by: the API and its version, the bytes of the request, and which of its repeats it is. Neither
/// a name nor an expectation is part of it, so that a changed label asks nothing again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AnswerKey {
    /// BLAKE3, in hexadecimal digits.
    pub request: Arc<str>,
    /// From 1.
    pub repeat: u32,
    /// Which look at the answers it belongs to: 1, and one more for each `--fresh`.
    pub look: u32,
}

/// The digest of a request: domain, API, version, path and body, each with its length.
pub fn request_digest(request: &Request) -> Arc<str> {
    let mut hasher = blake3::Hasher::new();
    let fields: [&[u8]; 4] = [
        request.dialect.as_str().as_bytes(),
        version(request.dialect).as_bytes(),
        request.path.as_bytes(),
        &request.body,
    ];
    hasher.update(b"contexture.answer/1\0");
    for field in fields {
        hasher.update(&(field.len() as u64).to_be_bytes()).update(field);
    }
    hasher.finalize().to_hex().as_str().into()
}

/// A recorded answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    /// The key.
    #[serde(flatten)]
    pub key: AnswerKey,
    /// The API that was asked.
    #[serde(with = "dialect_name")]
    pub dialect: Dialect,
    /// Its version.
    pub version: String,
    /// Scheme, host and port that answered.
    pub origin: String,
    /// The model that was asked, as the API calls it.
    pub model: String,
    /// When the answer came, RFC 3339 in UTC.
    pub at: String,
    /// From sending the request to the last byte of the answer; of a batch nobody knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// Whether it came out of a batch, which has prices of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub batch: bool,
    /// To the first token, where the answer was streamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<u64>,
    /// The server's own name of the exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The tries before it that came to nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Attempt>,
    /// The answer as it was received.
    pub answer: Value,
}

impl Record {
    /// What the answer says.
    ///
    /// # Errors
    /// When it is no answer of its API.
    pub fn reading(&self) -> Result<Reading, String> {
        read(self.dialect, &self.answer)
    }
}

/// A request that was sent, and may be billed whether its answer came or not.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// Its key.
    pub sent: AnswerKey,
    /// What it costs at most, in dollars; null where a price is not known.
    #[serde(with = "dollars")]
    pub most: Option<Usd>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Line {
    Answer(Box<Record>),
    Sent(Sent),
    Submitting(Submitting),
    Submitted(Submitted),
    Collected(Collected),
}

mod dialect_name {
    use super::{Deserialize, Dialect};

    pub fn serialize<S: serde::Serializer>(dialect: &Dialect, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(dialect.as_str())
    }

    pub fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Dialect, D::Error> {
        let name = String::deserialize(deserializer)?;
        let found = Dialect::ALL.into_iter().find(|dialect| dialect.as_str() == name);
        found.ok_or_else(|| serde::de::Error::custom("no dialect"))
    }
}

mod dollars {
    use super::{Deserialize, Usd};

    pub fn serialize<S: serde::Serializer>(amount: &Option<Usd>, serializer: S) -> Result<S::Ok, S::Error> {
        serde::Serialize::serialize(&amount.map(Usd::exact), serializer)
    }

    pub fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Usd>, D::Error> {
        let written = Option::<String>::deserialize(deserializer)?;
        let parse = |written: String| Usd::parse(&written).ok_or_else(|| serde::de::Error::custom("no amount"));
        written.map(parse).transpose()
    }
}

/// Everything that is recorded in one tree.
#[derive(Debug, Default)]
pub struct Answers {
    found: HashMap<AnswerKey, Arc<Record>>,
    looks: HashMap<Arc<str>, u32>,
    /// Requests that may have been billed and have no answer, in the order of the files.
    pub lost: Vec<Sent>,
    /// Batches that were submitted, or may have been, and are not collected.
    pub open: Vec<Submission>,
    in_batch: HashMap<AnswerKey, bool>,
    batches: batches::Read,
    /// What there is to say of lines that are no records.
    pub warnings: Vec<Diagnostic>,
}

impl Answers {
    /// Reads the files `*.jsonl` of a folder. Of two answers with one key the first counts: that of the earlier run.
    ///
    /// # Errors
    /// When the tree cannot be read.
    pub fn read(tree: &dyn Tree, folder: &ProjectPath) -> Result<Self, Failure> {
        let mut answers = Self::default();
        for path in tree.list(folder)?.iter().filter(|path| path.as_str().ends_with(".jsonl")) {
            match tree.read(path) {
                Ok(blob) => answers.add(path, &blob.bytes),
                Err(ReadError::World(error)) => return Err(error.into()),
                Err(fault) => {
                    let message = format!("answers cannot be read: {fault}");
                    answers.warnings.push(Diagnostic::warning("broken-answers", message).in_file(path));
                }
            }
        }
        answers.open = std::mem::take(&mut answers.batches).open();
        for submission in &answers.open {
            let unanswered = submission.order.keys.iter().filter(|key| !answers.found.contains_key(key));
            answers.in_batch.extend(unanswered.map(|key| (key.clone(), !submission.ids.is_empty())));
        }
        Ok(answers)
    }

    fn add(&mut self, path: &ProjectPath, bytes: &[u8]) {
        let (mut sent, mut source) = (Vec::new(), None);
        let mut start = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (from, is_whole) = (start, line.ends_with(b"\n"));
            start += line.len();
            match serde_json::from_slice(line) {
                Ok(Line::Answer(record)) => self.take(*record),
                Ok(Line::Sent(one)) => sent.push(one),
                Ok(Line::Submitting(order)) => self.batches.submitting(order, path),
                Ok(Line::Submitted(submitted)) => self.batches.submitted(submitted),
                Ok(Line::Collected(collected)) => self.batches.collected(collected),
                Err(_) if line.trim_ascii().is_empty() => {}
                Err(error) => {
                    let what = if is_whole { "is no recorded answer" } else { "was not written to its end" };
                    let message = format!("this line {what}, so it is left out and asked again: {error}");
                    let warning = Diagnostic::warning("broken-answers", message);
                    let source = source
                        .get_or_insert_with(|| Source::new(path.clone(), String::from_utf8_lossy(bytes).into_owned()));
                    let end = from + line.trim_ascii_end().len();
                    self.warnings.push(match std::str::from_utf8(bytes) {
                        Ok(_) => warning.at(&Span::new(source, from, end.max(from))),
                        Err(_) => warning.in_file(path),
                    });
                }
            }
        }
        self.lost.extend(sent.into_iter().filter(|one| !self.found.contains_key(&one.sent)));
    }

    fn take(&mut self, record: Record) {
        let looks = self.looks.entry(record.key.request.clone()).or_default();
        *looks = record.key.look.max(*looks);
        self.found.entry(record.key.clone()).or_insert_with(|| Arc::new(record));
    }

    /// Says how many requests of earlier runs may have been billed without an answer.
    pub fn cut_off(&self) -> Option<String> {
        let sum = self.lost.iter().try_fold(Usd::ZERO, |sum, sent| sum.plus(sent.most?));
        let most = sum.map_or("at a price that is not known".to_owned(), |sum| format!("${} at most", sum.rounded(4)));
        let what = "calls of earlier runs were cut off before their answer was recorded, and may have been billed";
        (!self.lost.is_empty()).then(|| format!("{} {what}, {most}", self.lost.len()))
    }

    /// Whether an answer is in a batch, and if so, whether that one is sure to have been submitted.
    pub fn in_batch(&self, key: &AnswerKey) -> Option<bool> {
        self.in_batch.get(key).copied()
    }

    /// The latest look that a batch is open for at any of these requests; 0 where there is none.
    pub fn look_in_batch(&self, requests: &HashSet<&str>) -> u32 {
        let own = self.in_batch.keys().filter(|key| requests.contains(&*key.request));
        own.map(|key| key.look).max().unwrap_or_default()
    }

    /// Says which answers are in batches.
    pub fn uncollected(&self) -> impl Iterator<Item = String> {
        self.open.iter().map(|submission| {
            let missing = submission.order.keys.iter().filter(|key| !self.found.contains_key(key)).count();
            submission.said(missing)
        })
    }

    /// The latest look at the answers of a request; 0 where there is none.
    pub fn looks(&self, request: &str) -> u32 {
        self.looks.get(request).copied().unwrap_or_default()
    }

    /// A recorded answer.
    pub fn get(&self, key: &AnswerKey) -> Option<&Arc<Record>> {
        self.found.get(key)
    }
}

/// Writes what a run is answered.
pub struct Recorder<'a> {
    disk: &'a dyn Disk,
    path: PathBuf,
    open: Mutex<Option<Open>>,
}

struct Open {
    file: Box<dyn Handle>,
    /// The lines of answers.
    answers: String,
    /// Those of requests that are under way, or were lost.
    sent: BTreeMap<AnswerKey, String>,
    /// Those of batches that are not collected, each by its token.
    batches: BTreeMap<String, String>,
}

impl<'a> Recorder<'a> {
    /// A recorder for one run, into a file that is made with its first line. `name` is a name that no other run has.
    pub fn new(disk: &'a dyn Disk, folder: &Path, name: &str) -> Self {
        Self { disk, path: folder.join(name).with_extension("jsonl"), open: Mutex::new(None) }
    }

    /// Notes that a request is about to be sent.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn sent(&self, key: &AnswerKey, most: Option<Usd>) -> Result<(), Error> {
        let line = self.append(&Sent { sent: key.clone(), most })?;
        self.open.lock().iter_mut().for_each(|open| drop(open.sent.insert(key.clone(), line.clone())));
        Ok(())
    }

    /// Records an answer.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn answer(&self, record: &Record) -> Result<(), Error> {
        let line = self.append(record)?;
        self.open.lock().iter_mut().for_each(|open| open.answers.push_str(&line));
        self.over(&record.key);
        Ok(())
    }

    /// Notes that a request is over, and that nothing without an answer can be billed for it.
    pub fn over(&self, key: &AnswerKey) {
        self.open.lock().iter_mut().for_each(|open| drop(open.sent.remove(key)));
    }

    /// Notes that a batch is about to be submitted.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn submitting(&self, order: &Submitting) -> Result<(), Error> {
        self.of_batch(&order.submitting, order)
    }

    /// Notes as what a batch was submitted.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn submitted(&self, submitted: &Submitted) -> Result<(), Error> {
        self.of_batch(&submitted.submitted, submitted)
    }

    fn of_batch(&self, token: &str, line: &impl Serialize) -> Result<(), Error> {
        let line = self.append(line)?;
        let mut open = self.open.lock();
        open.iter_mut().for_each(|open| open.batches.entry(token.to_owned()).or_default().push_str(&line));
        Ok(())
    }

    /// Notes that nothing more comes of a batch. One of an earlier run stays in that run's file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn collected(&self, token: &str, of_earlier_run: bool) -> Result<(), Error> {
        let line = self.append(&Collected { collected: token.to_owned() })?;
        for open in self.open.lock().iter_mut() {
            open.batches.remove(token);
            if of_earlier_run {
                open.answers.push_str(&line);
            }
        }
        Ok(())
    }

    fn append(&self, line: &impl Serialize) -> Result<String, Error> {
        let mut line = serde_json::to_string(line).unwrap_or_default();
        line.push('\n');
        self.write(line.as_bytes()).map_err(|error| Error::file("cannot write", &self.path, error))?;
        Ok(line)
    }

    fn write(&self, line: &[u8]) -> io::Result<()> {
        let mut open = self.open.lock();
        if open.is_none() {
            write::make_folders(self.disk, self.path.parent().unwrap_or(Path::new(".")))?;
            let file = self.disk.make_file(&self.path, Access::Usual)?;
            *open = Some(Open { file, answers: String::new(), sent: BTreeMap::new(), batches: BTreeMap::new() });
        }
        // One call, so that a kill leaves the whole line or none of it; what is torn all the same is known by its end.
        open.iter_mut().try_for_each(|open| open.file.write_all(line))
    }

    /// Ends the run: the file then holds its answers, the requests that may be billed and have none, and open batches.
    ///
    /// # Errors
    /// When it cannot be written; then it holds more lines than it needs.
    pub fn end(self) -> Result<(), Error> {
        let Some(open) = self.open.into_inner() else { return Ok(()) };
        drop(open.file);
        let unfinished = open.sent.into_values().chain(open.batches.into_values());
        let text: String = std::iter::once(open.answers).chain(unfinished).collect();
        let ended = if text.is_empty() {
            self.disk.remove_file(&self.path)
        } else {
            write::file(self.disk, &self.path, text.as_bytes())
        };
        ended.map_err(|error| Error::file("cannot write", &self.path, error))
    }
}

/// Eight digits that no other run has.
pub fn unlike() -> String {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    format!("{:08x}", hasher.finish() as u32)
}
