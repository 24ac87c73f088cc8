//! The one room that opens connections: a request body to a model's API, and its answer back.
//!
//! Keys and addresses come from the environment and the command line. A key is in the header of a request and nowhere
//! else: whatever a server sends back is searched for it before anybody sees it. Faults of the way are tried again as the
//! server asks; an answer never is, whatever it says.

mod address;
mod batch;
mod counting;
mod dialect;
mod fault;
mod hints;
mod pace;
mod wire;

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::prompt::bodies::Dialect;

pub use address::{Address, Environment, Key, is_asked};
pub use batch::{Batch, BatchAnswer, BatchId, Pack, Page, Pass, State, takes_batches};
pub use counting::count_request;
pub use dialect::{Reading, answer_limit, read, version};
use pace::MOST_PATIENCE;
pub use pace::{Pace, Size};

/// A request, as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The API.
    pub dialect: Dialect,
    /// The path below the base URL.
    pub path: String,
    /// The body.
    pub body: Vec<u8>,
    /// Whether the answer comes as a stream.
    pub streams: bool,
    /// What the body is.
    pub kind: Kind,
}

/// What the body of a request is, and how often it may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// JSON.
    Json,
    /// JSON that orders something: it is sent again only where no try can have arrived.
    Order,
    /// A form with a file, of this type.
    Form(String),
    /// There is none: something is read.
    Nothing,
}

impl Request {
    /// The request for a body. As a stream only where the time to the first token is asked for: it is another request.
    pub fn new(dialect: Dialect, model: &str, body: &Value, streams: bool) -> Self {
        let body = if streams { dialect::streamed(dialect, body.clone()) } else { body.clone() };
        Self {
            dialect,
            path: dialect::path(dialect, model, streams),
            body: body.to_string().into_bytes(),
            streams,
            kind: Kind::Json,
        }
    }
}

/// A server, and how it is asked.
#[derive(Debug)]
pub struct Endpoint {
    address: Address,
    wire: wire::Wire,
    pace: Pace,
}

/// What came of a request in the end.
#[derive(Debug)]
pub struct Exchange<T> {
    /// The answer, or what the last try said.
    pub result: Result<T, String>,
    /// The tries before that came to nothing, and the last one too where there is no answer.
    pub faults: Vec<Attempt>,
    /// Whether every other request will meet the same fault.
    pub is_final: bool,
}

impl<T> Exchange<T> {
    /// What came without a fault.
    fn of(result: T) -> Self {
        Self { result: Ok(result), faults: Vec::new(), is_final: false }
    }

    /// The same with what `of` makes of the answer.
    fn map<R>(self, of: impl FnOnce(T) -> R) -> Exchange<R> {
        Exchange { result: self.result.map(of), faults: self.faults, is_final: self.is_final }
    }
}

/// What whoever pays for a request hears.
#[derive(Debug, Clone, Copy)]
pub enum Try {
    /// One is about to be made, unless it is refused.
    Begins,
    /// It came to nothing, and may be charged all the same.
    Lost,
}

/// A try that came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// What happened.
    pub what: String,
    /// The status, where one came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Whether it may be charged although it came to nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_be_billed: bool,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Received {
    /// As it was received; of a stream, the answer that it comes to.
    pub json: Value,
    /// What it says.
    pub reading: Reading,
    /// The server's own name of the exchange.
    pub request_id: Option<String>,
    /// From sending the request to the last byte.
    pub latency: Duration,
    /// To the first token, of a stream.
    pub first_token: Option<Duration>,
}

/// Says why a try may not be made.
type Payer<'a> = &'a mut dyn FnMut(Try) -> Result<(), String>;

/// What one try came to, and what the server says is left of its limits.
type Tried<T> = (Result<T, fault::Fault>, Vec<hints::Remaining>);

/// Further tries of a request whose answer was lost, each of which may be charged as well.
pub const MAX_BILLED_RETRIES: u64 = 2;

/// Bytes of a stream in which the first text is looked for.
const MOST_BEFORE_TEXT: usize = 1024 * 1024;

/// Tries of one request in all.
const MAX_TRIES: usize = 8;

/// Tries that do not reach the server, as the vendors' SDKs have it: whoever has not started it hears so soon.
const MAX_UNREACHED: usize = 3;

impl Endpoint {
    /// A server that is asked at most so many things at once, each until its deadline.
    pub fn new(address: Address, deadline: Duration, at_once: usize) -> Self {
        Self { address, wire: wire::Wire::new(deadline), pace: Pace::new(at_once) }
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.address.origin
    }

    /// What is waited for, and how long still.
    pub fn waits_for(&self) -> Option<(Duration, String)> {
        self.pace.waits_for()
    }

    /// Asks, again where it is worth it.
    pub fn ask(&self, request: &Request, size: Size, payer: Payer<'_>) -> Exchange<Received> {
        let came = self.exchange(request, size, dialect::read, payer);
        came.map(|(json, reading, came)| self.received(json, reading, &came))
    }

    /// Has the tokens of a request counted, again where it is worth it.
    pub fn count(&self, request: &Request) -> Exchange<u64> {
        self.exchange(request, Size::default(), counting::read_count, &mut |_| Ok(())).map(|(_, tokens, _)| tokens)
    }

    fn exchange<R>(
        &self,
        request: &Request,
        size: Size,
        read: impl Fn(Dialect, &Value) -> Result<R, String>,
        payer: Payer<'_>,
    ) -> Exchange<(Value, R, wire::Came)> {
        let has_text = |so_far: &[u8]| {
            let whole = so_far.len() < MOST_BEFORE_TEXT && request.streams;
            let text = Some(so_far).filter(|_| whole).and_then(|so_far| std::str::from_utf8(so_far).ok());
            let events = text.and_then(|text| fault::events(text.rsplit_once("\n\n")?.0)).unwrap_or_default();
            events.iter().any(|event| dialect::delta(request.dialect, event).is_some())
        };
        let mut once = |sent: &wire::Sent<'_>| {
            let came = self.wire.send(sent, &has_text);
            let remaining = came.as_ref().map(|came| came.headers.remaining()).unwrap_or_default();
            (fault::answer(request.dialect, request.streams, came, &read), remaining)
        };
        self.tries(request, size, &mut once, payer)
    }

    /// Sends a request until it is answered, as long as another try is worth it.
    fn tries<T>(
        &self,
        request: &Request,
        size: Size,
        once: &mut dyn FnMut(&wire::Sent<'_>) -> Tried<T>,
        payer: Payer<'_>,
    ) -> Exchange<T> {
        let url = format!("{}{}", self.address.base, request.path);
        let headers = dialect::headers(request.dialect, self.address.key.as_ref());
        let body = match &request.kind {
            Kind::Json | Kind::Order => Some(("application/json", request.body.as_slice())),
            Kind::Form(kind) => Some((kind.as_str(), request.body.as_slice())),
            Kind::Nothing => None,
        };
        let sent = wire::Sent { url: &url, headers: &headers, body };
        let (mut faults, mut billed, mut unreached) = (Vec::new(), 0, 0);
        loop {
            self.pace.start(size);
            if let Err(why) = payer(Try::Begins) {
                self.pace.end(false, None, Vec::new());
                return Exchange { result: Err(why), faults, is_final: false };
            }
            let (result, remaining) = once(&sent);
            let fault = match result {
                Ok(answer) => {
                    self.pace.end(false, None, remaining);
                    return Exchange { result: Ok(answer), faults, is_final: false };
                }
                Err(fault) => fault,
            };
            self.pace.end(fault.is_busy, fault.wait, remaining);
            if fault.may_be_billed {
                billed += 1;
                // What is lost is lost: nobody can refuse it.
                let _ = payer(Try::Lost);
            } else if fault.status.is_none() {
                unreached += 1;
            }
            let what = self.address.redact(&fault.what);
            let attempt = Attempt { what: what.clone(), status: fault.status, may_be_billed: fault.may_be_billed };
            let is_ordered = request.kind == Kind::Order && attempt.may_have_arrived();
            faults.push(attempt);
            let patience = fault.wait.is_none_or(|wait| wait <= MOST_PATIENCE);
            let is_enough = billed > MAX_BILLED_RETRIES || unreached >= MAX_UNREACHED || faults.len() >= MAX_TRIES;
            if !fault.retry || !patience || is_enough || is_ordered {
                let what = match fault.wait.filter(|_| !patience) {
                    Some(wait) => format!("{what}; it asks to wait {} s, which is too long", wait.as_secs()),
                    None => what,
                };
                return Exchange { result: Err(what), faults, is_final: fault.is_final };
            }
            std::thread::sleep(fault.wait.unwrap_or_else(|| backoff(faults.len())));
        }
    }

    fn received(&self, json: Value, reading: Reading, came: &wire::Came) -> Received {
        let (json, reading) = self.redacted(json, reading);
        let request_id = came.headers.request_id().map(|id| self.address.redact(id));
        Received { json, reading, request_id, latency: came.elapsed, first_token: came.first }
    }

    /// An answer without the key: a server that answers with what it was given is as good a place for it to leak as any.
    fn redacted(&self, json: Value, reading: Reading) -> (Value, Reading) {
        let text = json.to_string();
        let redacted = self.address.redact(&text);
        if redacted == text {
            return (json, reading);
        }
        let (text, model) = (self.address.redact(&reading.text), self.address.redact(&reading.model));
        (serde_json::from_str(&redacted).unwrap_or_default(), Reading { text, model, ..reading })
    }
}

impl Attempt {
    /// Whether the server may have done what it was asked all the same.
    pub fn may_have_arrived(&self) -> bool {
        self.may_be_billed || self.status.is_some_and(|status| status >= 500)
    }
}

/// How long to wait before the next try where the server does not say: 0.5 s, doubled each time up to 8 s, less up to a
/// quarter, so that those who failed together do not come back together. As the vendors' SDKs have it.
fn backoff(tries: usize) -> Duration {
    let whole = Duration::from_millis(500 << tries.saturating_sub(1).min(4));
    let mut random = RandomState::new().build_hasher();
    random.write_u32(Instant::now().elapsed().subsec_nanos());
    whole.mul_f64(1.0 - 0.25 * (random.finish() >> 11) as f64 / (1u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_eight_seconds_less_a_quarter() {
        for (tries, most) in [(1, 500), (2, 1000), (3, 2000), (5, 8000), (50, 8000)] {
            for _ in 0..50 {
                let wait = backoff(tries);
                assert!(wait <= Duration::from_millis(most) && wait >= Duration::from_millis(most * 3 / 4), "{wait:?}");
            }
        }
    }
}
