//! Batches: many requests in one order, answered within a day.
//!
//! Sources: `types/messages/batches` of anthropic 2.14.0, `types/batch*.py` of openai 3.57.0 and what these SDKs send. No
//! address of an answer is followed: what is read is the base URL and an id of checked characters.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::dialect::{self, Reading};
use super::fault::{self, words};
use super::pace::{MOST_PATIENCE, Size};
use super::{Endpoint, Exchange, Kind, Request};
use crate::prompt::bodies::Dialect;

/// What one batch takes.
#[derive(Debug)]
struct Limits {
    requests: usize,
    bytes: usize,
}

/// Anthropic: 100,000 requests or 256 MB (platform.claude.com/docs/en/build-with-claude/batch-processing). OpenAI: 50,000
/// requests and 200 MB (the documentation of `input_file_id` in `BatchCreateParams`). Seen on 2026-11-29.
fn limits(dialect: Dialect) -> Option<Limits> {
    match dialect {
        Dialect::Messages => Some(Limits { requests: 100_000, bytes: 256_000_000 }),
        Dialect::Chat | Dialect::Responses => Some(Limits { requests: 50_000, bytes: 200_000_000 }),
        Dialect::Generate | Dialect::Cached | Dialect::Converse => None,
    }
}

/// Whether requests of this dialect can be sent in batches.
pub fn takes_batches(dialect: Dialect) -> bool {
    limits(dialect).is_some()
}

/// The name of a batch or of a file, as the server gives it: letters, digits, `-` and `_`, so that it can stand in a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BatchId(String);

/// No vendor's id is longer.
const LONGEST_ID: usize = 128;

impl TryFrom<String> for BatchId {
    type Error = String;

    fn try_from(id: String) -> Result<Self, String> {
        let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let is_id = is_plain && !id.is_empty() && id.len() <= LONGEST_ID;
        if is_id { Ok(Self(id)) } else { Err("its id is none: letters, digits, `-` and `_`".to_owned()) }
    }
}

impl From<BatchId> for String {
    fn from(id: BatchId) -> Self {
        id.0
    }
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A batch, as its server describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Its name.
    pub id: BatchId,
    /// How far it is.
    pub state: State,
    /// When it ended, in seconds since 1970.
    pub ended: Option<i64>,
    /// Requests that are over.
    pub done: u64,
    /// Requests in all.
    pub of: u64,
    /// What the order for it was called, where the API knows such names.
    pub token: Option<String>,
    /// The paths of its results.
    results: Vec<String>,
}

/// How far a batch is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is worked on.
    Open,
    /// It is over, and these are the server's own words for how.
    Ended(String),
    /// It was refused as a whole.
    Failed(String),
}

/// An answer out of a batch.
#[derive(Debug, Clone)]
pub struct BatchAnswer {
    /// As it was received.
    pub json: Value,
    /// What it says.
    pub reading: Reading,
    /// The server's own name of the exchange.
    pub request_id: Option<String>,
}

/// The requests of one batch, in the form that the server takes them in.
#[derive(Debug)]
pub struct Pack {
    dialect: Dialect,
    most: Limits,
    /// The path of each of its requests.
    path: String,
    content: Vec<u8>,
    requests: usize,
}

/// The key of the metadata that a batch is found again by.
const TOKEN: &str = "contexture";

/// What tells the parts of a form apart. A line of the file begins with `{`, and JSON holds no line breaks, so that no part
/// holds it at the start of a line.
const BOUNDARY: &str = "contexture-batch-8f0c2a6e";

/// Bytes around the requests of a batch, at most.
const FRAME: usize = 1024;

impl Pack {
    /// An empty one, for requests such as this one; none for an API without batches.
    pub fn new(like: &Request) -> Option<Self> {
        let most = limits(like.dialect)?;
        Some(Self { dialect: like.dialect, most, path: like.path.clone(), content: Vec::new(), requests: 0 })
    }

    /// Adds a request, unless the batch is full; an empty one takes any.
    pub fn add(&mut self, name: &str, request: &Request) -> bool {
        let (head, tail) = match self.dialect {
            Dialect::Messages => (format!("{{\"custom_id\":\"{name}\",\"params\":"), "},"),
            _ => {
                let url = &self.path;
                (format!("{{\"custom_id\":\"{name}\",\"method\":\"POST\",\"url\":\"/v1{url}\",\"body\":"), "}\n")
            }
        };
        let parts = [head.as_bytes(), &request.body, tail.as_bytes()];
        let bytes = self.content.len() + parts.iter().map(|part| part.len()).sum::<usize>();
        let is_full = self.requests >= self.most.requests || bytes + FRAME > self.most.bytes;
        if is_full && self.requests > 0 {
            return false;
        }
        parts.iter().for_each(|part| self.content.extend_from_slice(part));
        self.requests += 1;
        true
    }

    /// The order that makes a batch of them: of Anthropic's API with the requests in it, of OpenAI's with the file of them.
    pub fn order(self, file: Option<&BatchId>, token: &str) -> Request {
        let (path, body) = match file {
            None => {
                let requests = self.content.strip_suffix(b",").unwrap_or(&self.content);
                ("/v1/messages/batches", [b"{\"requests\":[", requests, b"]}"].concat())
            }
            Some(file) => {
                let order = json!({
                    "input_file_id": file.0,
                    "endpoint": format!("/v1{}", self.path),
                    "completion_window": "24h",
                    "metadata": { TOKEN: token },
                });
                ("/batches", order.to_string().into_bytes())
            }
        };
        Request { dialect: self.dialect, path: path.to_owned(), body, streams: false, kind: Kind::Order }
    }

    /// The request that uploads the file of an OpenAI batch.
    fn upload(&mut self) -> Request {
        let field = |name: &str| format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"");
        let head = format!(
            "{}\r\n\r\nbatch\r\n{}; filename=\"batch.jsonl\"\r\nContent-Type: application/jsonl\r\n\r\n",
            field("purpose"),
            field("file")
        );
        let mut body = std::mem::take(&mut self.content);
        body.splice(..0, head.into_bytes());
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        let kind = Kind::Form(format!("multipart/form-data; boundary={BOUNDARY}"));
        Request { dialect: self.dialect, path: "/files".to_owned(), body, streams: false, kind }
    }
}

fn get(dialect: Dialect, path: String) -> Request {
    Request { dialect, path, body: Vec::new(), streams: false, kind: Kind::Nothing }
}

fn folder(dialect: Dialect) -> &'static str {
    if dialect == Dialect::Messages { "/v1/messages/batches" } else { "/batches" }
}

impl Endpoint {
    fn fetch<R>(
        &self,
        request: &Request,
        read: impl Fn(Dialect, &Value) -> Result<R, String>,
    ) -> Exchange<(R, Option<Duration>)> {
        let came = self.exchange(request, Size::default(), read, &mut |_| Ok(()));
        came.map(|(json, read, came)| (read, came.headers.wait(&json)))
    }

    /// Uploads the requests where the API takes them as a file. Nothing is answered yet, and nothing billed.
    pub fn upload(&self, pack: &mut Pack) -> Exchange<Option<BatchId>> {
        if pack.dialect == Dialect::Messages {
            return Exchange::of(None);
        }
        self.fetch(&pack.upload(), |_, answer| id_at(answer, "id")).map(|(id, _)| Some(id))
    }

    /// Orders a batch, once: where the answer was lost, the server may have taken the order.
    pub fn submit(&self, order: &Request) -> Exchange<BatchId> {
        self.fetch(order, read_batch).map(|(batch, _)| batch.id)
    }

    /// How far a batch is, and when the server wants to be asked again.
    pub fn batch(&self, dialect: Dialect, id: &BatchId) -> Exchange<(Batch, Option<Duration>)> {
        let named = |_: Dialect, answer: &Value| {
            let batch = read_batch(dialect, answer)?;
            if batch.id == *id { Ok(batch) } else { Err("it is another batch".to_owned()) }
        };
        let came = self.fetch(&get(dialect, format!("{}/{id}", folder(dialect))), named);
        came.map(|(batch, wait)| (batch, wait.map(|wait| wait.min(MOST_PATIENCE))))
    }

    /// The batches of whoever has the key, the latest first, from behind one of them.
    pub fn batches(&self, dialect: Dialect, after: Option<&BatchId>) -> Exchange<Page> {
        let cursor = if dialect == Dialect::Messages { "after_id" } else { "after" };
        let after = after.map(|id| format!("&{cursor}={id}")).unwrap_or_default();
        let read = |_: Dialect, answer: &Value| {
            let all = answer.get("data").and_then(Value::as_array).ok_or("it has no `data`")?;
            // One that cannot be read is somebody else's: ours has what it needs.
            let batches: Vec<Batch> = all.iter().filter_map(|one| read_batch(dialect, one).ok()).collect();
            Ok((batches, answer.get("has_more").and_then(Value::as_bool).unwrap_or_default()))
        };
        let came = self.fetch(&get(dialect, format!("{}?limit=100{after}", folder(dialect))), read);
        came.map(|((batches, has_more), wait)| Page { batches, has_more, wait })
    }

    /// Reads the results of a batch, file by file and line by line. A file whose connection breaks is read anew.
    pub fn results(&self, dialect: Dialect, batch: &Batch, each: &mut dyn FnMut(Pass, Line)) -> Exchange<()> {
        for (file, path) in batch.results.iter().enumerate() {
            let mut attempt = 0;
            let mut once = |sent: &super::wire::Sent<'_>| {
                attempt += 1;
                let came = self.wire.lines(sent, &mut |line| {
                    if !line.trim_ascii().is_empty() {
                        each(Pass { file, attempt }, self.result(dialect, line));
                    }
                });
                (fault::arrived(came).map(drop), Vec::new())
            };
            let request = get(dialect, path.clone());
            let came = self.tries(&request, Size::default(), &mut once, &mut |_| Ok(()));
            if came.result.is_err() {
                return came;
            }
        }
        Exchange::of(())
    }

    fn result(&self, dialect: Dialect, line: &[u8]) -> Line {
        let (name, result) = read_result(dialect, line)?;
        let answer = result.map_err(|why| self.address.redact(&why)).and_then(|(json, request_id)| {
            let reading = dialect::read(dialect, &json).map_err(|why| {
                self.address.redact(&format!(
                    "what came is no answer of the `{}` API: {}",
                    dialect.as_str(),
                    words(&why)
                ))
            })?;
            let (json, reading) = self.redacted(json, reading);
            Ok(BatchAnswer { json, reading, request_id: request_id.map(|id| self.address.redact(&id)) })
        });
        Ok((name, answer))
    }
}

/// A line of results: the name of a request, and its answer or why there is none.
pub type Line = Result<(String, Result<BatchAnswer, String>), String>;

/// Where a line of results is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    /// Which file of the batch's.
    pub file: usize,
    /// How many times it was begun so far.
    pub attempt: usize,
}

/// Batches, as a server lists them.
#[derive(Debug)]
pub struct Page {
    /// Some of them.
    pub batches: Vec<Batch>,
    /// Whether there are more behind.
    pub has_more: bool,
    /// When the server wants to be asked again.
    pub wait: Option<Duration>,
}

fn id_at(value: &Value, key: &str) -> Result<BatchId, String> {
    let id = value.get(key).and_then(Value::as_str).ok_or_else(|| format!("it has no `{key}`"))?;
    BatchId::try_from(id.to_owned())
}

/// A moment as either API writes it: RFC 3339, or seconds since 1970.
fn moment(value: Option<&Value>) -> Option<i64> {
    let value = value?;
    value.as_i64().or_else(|| Some(value.as_str()?.parse::<Timestamp>().ok()?.as_second()))
}

/// Reads what a server says of a batch.
fn read_batch(dialect: Dialect, batch: &Value) -> Result<Batch, String> {
    let id = id_at(batch, "id")?;
    let count =
        |name: &str| batch.pointer(&format!("/request_counts/{name}")).and_then(Value::as_u64).unwrap_or_default();
    let sum = |names: &[&str]| names.iter().map(|name| count(name)).fold(0, u64::saturating_add);
    if dialect == Dialect::Messages {
        let status = batch.get("processing_status").and_then(Value::as_str).ok_or("it has no `processing_status`")?;
        let done = sum(&["succeeded", "errored", "canceled", "expired"]);
        let results = format!("/v1/messages/batches/{id}/results");
        return Ok(Batch {
            state: if status == "ended" { State::Ended(status.to_owned()) } else { State::Open },
            ended: moment(batch.get("ended_at")),
            done,
            of: done.saturating_add(count("processing")),
            token: None,
            results: vec![results],
            id,
        });
    }
    let status = batch.get("status").and_then(Value::as_str).ok_or("it has no `status`")?;
    let ended = ["completed", "expired", "cancelled"].contains(&status);
    let state = match status {
        "failed" => {
            let errors = batch.pointer("/errors/data").and_then(Value::as_array).into_iter().flatten();
            let said: Vec<String> =
                errors.filter_map(|error| error.get("message")?.as_str().map(words)).take(3).collect();
            State::Failed(if said.is_empty() { "no reason is given".to_owned() } else { said.join("; ") })
        }
        _ if ended => State::Ended(status.to_owned()),
        _ => State::Open,
    };
    let mut results = Vec::new();
    for key in ["output_file_id", "error_file_id"] {
        if batch.get(key).is_some_and(Value::is_string) {
            results.push(format!("/files/{}/content", id_at(batch, key)?));
        }
    }
    let times = ["completed_at", "expired_at", "cancelled_at"];
    Ok(Batch {
        id,
        state,
        ended: times.iter().find_map(|key| moment(batch.get(key))),
        done: sum(&["completed", "failed"]),
        of: count("total"),
        token: batch.pointer(&format!("/metadata/{TOKEN}")).and_then(Value::as_str).map(str::to_owned),
        results,
    })
}

/// The same, as it was received.
type RawLine = (String, Result<(Value, Option<String>), String>);

/// Reads a line of results.
fn read_result(dialect: Dialect, line: &[u8]) -> Result<RawLine, String> {
    let mut line: Value = serde_json::from_slice(line).map_err(|_| match line.trim_ascii_start().first() {
        Some(b'<') => "a page of HTML where a result should be".to_owned(),
        _ => "a line that is no whole JSON".to_owned(),
    })?;
    let name = line.get("custom_id").and_then(Value::as_str).ok_or("a line without `custom_id`")?.to_owned();
    let said = |value: &Value, pointers: &[&str]| {
        pointers.iter().find_map(|pointer| value.pointer(pointer)?.as_str().map(words))
    };
    if dialect == Dialect::Messages {
        let kind = line.pointer("/result/type").and_then(Value::as_str).ok_or("a result without `type`")?;
        let result = match kind {
            "succeeded" => Ok((line.pointer_mut("/result/message").map(Value::take).unwrap_or_default(), None)),
            "expired" => Err("it expired before it was answered".to_owned()),
            "canceled" => Err("it was canceled before it was answered".to_owned()),
            _ => {
                let own = said(&line, &["/result/error/error/message", "/result/error/message"]);
                Err(format!("the server answered with an error: {}", own.as_deref().unwrap_or("no reason is given")))
            }
        };
        return Ok((name, result));
    }
    let status = line.pointer("/response/status_code").and_then(Value::as_u64);
    let request_id = line.pointer("/response/request_id").and_then(Value::as_str).map(words);
    let result = match (status, line.get("error").filter(|error| !error.is_null())) {
        (Some(200), None) => Ok((line.pointer_mut("/response/body").map(Value::take).unwrap_or_default(), request_id)),
        (status, _) => {
            let own = said(&line, &["/error/message", "/response/body/error/message"]);
            let own = own.as_deref().unwrap_or("no reason is given");
            let is_expired = line.pointer("/error/code").and_then(Value::as_str) == Some("batch_expired");
            Err(match (is_expired, status) {
                (true, _) => "it expired before it was answered".to_owned(),
                (_, Some(status)) => format!("the server answered {status}: {own}"),
                (_, None) => format!("the server answered with an error: {own}"),
            })
        }
    };
    Ok((name, result))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(dialect: Dialect, text: &str) -> Request {
        Request::new(dialect, "m", &json!({ "model": "m", "text": text }), false)
    }

    /// Every way to fill batches of at most so many requests and bytes: each is within both, and no smaller one would do.
    #[test]
    fn a_batch_takes_what_fits_and_never_more() {
        for dialect in [Dialect::Messages, Dialect::Chat, Dialect::Responses] {
            for (requests, bytes) in [(1, 10_000), (3, 10_000), (100, 1_600), (100, 2_000), (4, 2_000), (100, 10)] {
                let mut sizes = Vec::new();
                let mut all = (0..40).map(|at| request(dialect, &"x".repeat(at * 37 % 90))).peekable();
                while let Some(first) = all.peek() {
                    let mut pack = Pack::new(first).expect("an API with batches");
                    pack.most = Limits { requests, bytes };
                    while all.peek().is_some_and(|one| pack.add("name", one)) {
                        all.next();
                    }
                    let next = all.peek().map(|one| one.body.len());
                    let count = pack.requests;
                    let is_file = dialect != Dialect::Messages;
                    let sent = if is_file { pack.upload() } else { pack.order(None, "token") };
                    let is_within = count <= requests && sent.body.len() <= bytes;
                    assert!(is_within || count == 1, "{count} requests in {} bytes", sent.body.len());
                    // What is around a request: its name, and a path.
                    let more = next.map(|next| sent.body.len() + next + 100 + FRAME);
                    let is_full = more.is_none_or(|more| count == requests || more > bytes);
                    assert!(is_full, "{count} requests in {} bytes, and {next:?} would fit", sent.body.len());
                    sizes.push(count);
                }
                assert_eq!(sizes.iter().sum::<usize>(), 40, "{sizes:?}");
            }
        }
        assert!(Pack::new(&request(Dialect::Generate, "")).is_none());
    }

    #[test]
    fn an_id_is_no_path_and_no_query() {
        for id in ["batch_0", "msgbatch_01HkcTjaV5uDC8jWR4ZsDV8d", "file-abc"] {
            assert_eq!(BatchId::try_from(id.to_owned()).map(String::from).as_deref(), Ok(id));
        }
        let long = "x".repeat(LONGEST_ID + 1);
        for id in ["", "..", "a/b", "a?b", "a#b", "a%2fb", "a b", "a\n", "a.b", "\u{e4}", &long] {
            assert!(BatchId::try_from(id.to_owned()).is_err(), "{id:?}");
        }
    }

    /// What either API says of a batch, state by state; a state that is not known is one that is not over.
    #[test]
    fn states_are_read_as_the_apis_have_them() {
        let messages =
            |status: &str| json!({"id": "m", "ended_at": "2026-11-29T10:00:00Z", "processing_status": status});
        let openai =
            |status: &str| json!({"id": "b", "completed_at": 1_795_946_400, "status": status, "output_file_id": "f-1"});
        let is_over = |dialect, batch: &Value| match read_batch(dialect, batch).expect("a batch").state {
            State::Open => None,
            State::Ended(_) => Some(true),
            State::Failed(_) => Some(false),
        };
        for (status, over) in [("in_progress", None), ("canceling", None), ("ended", Some(true)), ("archived", None)] {
            assert_eq!(is_over(Dialect::Messages, &messages(status)), over, "{status}");
        }
        for (status, over) in [
            ("validating", None),
            ("in_progress", None),
            ("finalizing", None),
            ("cancelling", None),
            ("completed", Some(true)),
            ("expired", Some(true)),
            ("cancelled", Some(true)),
            ("failed", Some(false)),
            ("resting", None),
        ] {
            assert_eq!(is_over(Dialect::Chat, &openai(status)), over, "{status}");
        }
        let read = read_batch(Dialect::Messages, &messages("ended")).expect("a batch");
        assert_eq!(
            (read.ended, read.results.as_slice()),
            (Some(1_795_946_400), &["/v1/messages/batches/m/results".to_owned()][..])
        );
        let read = read_batch(Dialect::Responses, &openai("completed")).expect("a batch");
        assert_eq!(
            (read.ended, read.results.as_slice()),
            (Some(1_795_946_400), &["/files/f-1/content".to_owned()][..])
        );
        for missing in ["id", "status", "processing_status"] {
            for (dialect, mut batch) in [(Dialect::Messages, messages("ended")), (Dialect::Chat, openai("failed"))] {
                if batch.as_object_mut().expect("a map").remove(missing).is_some() {
                    assert!(read_batch(dialect, &batch).is_err(), "{missing}");
                }
            }
        }
    }
}
