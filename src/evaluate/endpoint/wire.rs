//! One request over the network. This file alone opens connections.

use std::io::Read as _;
use std::time::{Duration, Instant};

use ureq::http::{Request, Response};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, Error, Timeout};

use super::hints::Headers;
use crate::syntax::limits::{MAX_ANSWER_BYTES, MAX_ANSWER_HEAD_BYTES, MAX_RESULTS_BYTES};

/// The client: no redirects, no proxy of the environment, no cookies, the roots that were built in.
#[derive(Debug, Clone)]
pub struct Wire {
    agent: Agent,
}

/// What is sent.
#[derive(Debug)]
pub struct Sent<'a> {
    /// Where to.
    pub url: &'a str,
    /// Who asks, and in which version.
    pub headers: &'a [(&'static str, String)],
    /// The type of the body and the body; without one it is a GET.
    pub body: Option<(&'a str, &'a [u8])>,
}

/// What came back, whatever its status.
#[derive(Debug)]
pub struct Came {
    /// The status.
    pub status: u16,
    /// Those of the headers that are looked at.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
    /// From sending the request to the last byte.
    pub elapsed: Duration,
    /// To the first byte after which `is_first` was true.
    pub first: Option<Duration>,
}

/// Why nothing came back, or not all of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Lost {
    /// What happened.
    pub what: String,
    /// Whether the server can have got the request, and charge for it.
    pub may_be_billed: bool,
    /// Whether it is worth another try.
    pub retry: bool,
}

impl Wire {
    /// A client that waits this long for one answer, from the name of the host to its last byte.
    pub fn new(deadline: Duration) -> Self {
        let config = Agent::config_builder()
            .max_redirects(0)
            .proxy(None)
            .http_status_as_error(false)
            .timeout_global(Some(deadline))
            .timeout_connect(Some(deadline.min(Duration::from_secs(30))))
            .max_response_header_size(MAX_ANSWER_HEAD_BYTES)
            .tls_config(TlsConfig::builder().root_certs(RootCerts::WebPki).build())
            .user_agent(concat!("contexture/", env!("CARGO_PKG_VERSION")))
            .accept("application/json")
            .build();
        Self { agent: config.into() }
    }

    /// Sends a request and reads its answer. `is_first` sees what has come so far of it, and says whether its text has begun.
    ///
    /// # Errors
    /// When no whole answer came.
    pub fn send(&self, sent: &Sent<'_>, is_first: &dyn Fn(&[u8]) -> bool) -> Result<Came, Lost> {
        let started = Instant::now();
        let mut response = self.open(sent)?;
        let mut came = came(&response);
        read(&mut response, MAX_ANSWER_BYTES as u64, |bytes| {
            came.body.extend_from_slice(bytes);
            if came.first.is_none() && is_first(&came.body) {
                came.first = Some(started.elapsed());
            }
            Ok(())
        })?;
        came.elapsed = started.elapsed();
        Ok(came)
    }

    /// Sends a request and reads its answer line by line, never whole; an answer that is no 200 as its body.
    ///
    /// # Errors
    /// When no whole answer came.
    pub fn lines(&self, sent: &Sent<'_>, each: &mut dyn FnMut(&[u8])) -> Result<Came, Lost> {
        let mut response = self.open(sent)?;
        let mut came = came(&response);
        let is_refused = came.status != 200;
        let limit = if is_refused { MAX_ANSWER_BYTES as u64 } else { MAX_RESULTS_BYTES };
        let mut line = Vec::new();
        read(&mut response, limit, |bytes| {
            for part in bytes.split_inclusive(|byte| *byte == b'\n') {
                line.extend_from_slice(part);
                if line.len() > MAX_ANSWER_BYTES {
                    let what = format!("a line is longer than {MAX_ANSWER_BYTES} bytes; that is the limit");
                    return Err(Lost { what, may_be_billed: false, retry: false });
                }
                if part.ends_with(b"\n") && !is_refused {
                    each(&line);
                    line.clear();
                }
            }
            Ok(())
        })?;
        if is_refused {
            came.body = line;
        } else if !line.is_empty() {
            each(&line);
        }
        Ok(came)
    }

    fn open(&self, sent: &Sent<'_>) -> Result<Response<Body>, Lost> {
        let method = if sent.body.is_some() { "POST" } else { "GET" };
        let mut request = Request::builder().method(method).uri(sent.url);
        for (name, value) in sent.headers {
            request = request.header(*name, value);
        }
        let came = match sent.body {
            Some((kind, body)) => {
                request.header("content-type", kind).body(body).map(|request| self.agent.run(request))
            }
            None => request.body(()).map(|request| self.agent.run(request)),
        };
        came.map_err(Error::from).and_then(|came| came).map_err(|error| lost(&error))
    }
}

/// The head of an answer.
fn came(response: &Response<Body>) -> Came {
    Came {
        status: response.status().as_u16(),
        headers: Headers::of(response.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()))),
        body: Vec::new(),
        elapsed: Duration::ZERO,
        first: None,
    }
}

/// Reads a body to its end, or to a limit.
fn read(
    response: &mut Response<Body>,
    limit: u64,
    mut each: impl FnMut(&[u8]) -> Result<(), Lost>,
) -> Result<(), Lost> {
    let mut reader = response.body_mut().with_config().limit(limit).reader();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => each(buffer.get(..read).unwrap_or_default())?,
            Err(error) => return Err(lost(&Error::from(error))),
        }
    }
}

/// What an error of the client's means.
fn lost(error: &Error) -> Lost {
    use std::io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};
    let unsent = match error {
        Error::HostNotFound | Error::ConnectionFailed | Error::Tls(_) | Error::Rustls(_) | Error::BadUri(_) => true,
        Error::Timeout(timeout) => matches!(timeout, Timeout::Resolve | Timeout::Connect),
        Error::Io(error) => matches!(error.kind(), ConnectionRefused | HostUnreachable | NetworkUnreachable),
        _ => false,
    };
    let (what, retry) = match error {
        Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            ("the server cannot be reached in time".to_owned(), true)
        }
        Error::Timeout(_) => ("there was no whole answer in time".to_owned(), true),
        Error::HostNotFound => ("no server has that name".to_owned(), true),
        Error::ConnectionFailed => ("the server cannot be reached".to_owned(), true),
        Error::BodyExceedsLimit(limit) => {
            (format!("the answer is longer than {limit} bytes; that is the limit"), false)
        }
        Error::Tls(_) | Error::Rustls(_) => (format!("the connection is not secure: {error}"), false),
        Error::Io(error) => (format!("the connection broke: {error}"), true),
        other => (format!("the connection broke: {other}"), true),
    };
    Lost { what, may_be_billed: !unsent, retry }
}
