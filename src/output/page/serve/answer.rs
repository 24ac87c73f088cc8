//! Answers: their texts, and the headers that every one of them carries.

use std::convert::Infallible;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

use super::door::Refusal;
use crate::output::page;
use crate::output::record::DiagnosticRecord;
use crate::output::report::watch::faults;
use crate::syntax::error::Failure;
use crate::text::lint::secret::masked_json;

/// What an answer is made of.
pub(super) type Body = BoxBody<Bytes, Infallible>;

/// For the browser: load nothing but our own files, stand in no other page, be read by none, keep
/// nothing, tell nobody where you were.
const HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// A whole answer.
pub(super) struct Answer {
    status: StatusCode,
    content_type: &'static str,
    text: Bytes,
}

impl Answer {
    /// A value.
    pub(super) fn json(text: Bytes) -> Self {
        Self { status: StatusCode::OK, content_type: "application/json", text }
    }

    /// A file of the app, by its name.
    pub(super) fn file(name: &str) -> Self {
        match page::assets().into_iter().find(|asset| asset.name == name) {
            Some(asset) => Self { status: StatusCode::OK, content_type: asset.content_type, text: asset.text.into() },
            None => Refusal::Absent.into(),
        }
    }

    /// There is no room for more.
    pub(super) fn busy() -> Self {
        Self::words(StatusCode::SERVICE_UNAVAILABLE, "Too many pages are open. Close some, and load this one again.\n")
    }

    fn words(status: StatusCode, words: &'static str) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", text: Bytes::from_static(words.as_bytes()) }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Host => Self::words(StatusCode::FORBIDDEN, "This server answers to its own address only.\n"),
            Refusal::Origin => Self::words(StatusCode::FORBIDDEN, "This server answers to its own page only.\n"),
            Refusal::Method => Self::words(StatusCode::METHOD_NOT_ALLOWED, "Nothing can be changed here.\n"),
            Refusal::Absent => Self::words(
                StatusCode::NOT_FOUND,
                "There is nothing here. `contexture watch --serve` prints the address of the page.\n",
            ),
            Refusal::Question => Self::words(StatusCode::BAD_REQUEST, "That cannot be asked.\n"),
        }
    }
}

/// A question that was understood and has no answer: `{"diagnostics": […]}` says why.
impl From<Failure> for Answer {
    fn from(failure: Failure) -> Self {
        let text = serde_json::json!({ "diagnostics": DiagnosticRecord::all(&faults(&failure)) }).to_string();
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, ..Self::json(masked_json(&text).into_owned().into()) }
    }
}

impl From<Answer> for Response<Body> {
    fn from(answer: Answer) -> Self {
        let mut response = with_headers(answer.content_type, Full::new(answer.text).boxed());
        *response.status_mut() = answer.status;
        if !answer.status.is_success() {
            // Who was refused once has to come anew.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if answer.status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
        }
        response
    }
}

/// An answer with the headers of every answer.
pub(super) fn with_headers(content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
