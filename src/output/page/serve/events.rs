//! Server-sent events: one for each build that settles, with the build's number as its id.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::unfold;
use http_body_util::StreamBody;
use http_body_util::combinators::BoxBody;
use hyper::Response;
use hyper::body::{Bytes, Frame};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;

use super::answer::{Body, with_headers};
use super::site::Shown;

/// A stream says something at least so often, so that one whose reader is gone ends.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A stream and what was said on it.
struct Stream {
    rounds: watch::Receiver<Option<Arc<Shown>>>,
    /// The number of the last build that the page was told of.
    told: Option<u64>,
    is_begun: bool,
    _permit: OwnedSemaphorePermit,
}

/// Tells of every build after `last`, and of the last one alone where there were several meanwhile.
/// Without `last` the page is new, and fetches what there is by itself.
pub(super) fn stream(
    rounds: watch::Receiver<Option<Arc<Shown>>>,
    last: Option<u64>,
    permit: OwnedSemaphorePermit,
) -> Response<Body> {
    let stream = Stream { rounds, told: last, is_begun: false, _permit: permit };
    let said = unfold(stream, |mut stream| async move {
        let said = stream.next().await?;
        Some((Ok::<_, Infallible>(Frame::data(said)), stream))
    });
    with_headers("text/event-stream", BoxBody::new(StreamBody::new(said)))
}

impl Stream {
    /// What to say next; `None` when the server ends.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.is_begun {
            self.is_begun = true;
            let seq = self.seq();
            self.told = self.told.or(seq);
            // The browser remembers the id, though nothing happens yet.
            let id = self.told.map_or_else(String::new, |told| format!("id: {told}\n"));
            return Some(format!("retry: 1000\n{id}\n").into());
        }
        loop {
            if let Some(seq) = self.seq().filter(|seq| Some(*seq) != self.told) {
                self.told = Some(seq);
                return Some(format!("id: {seq}\nevent: build\ndata: {{\"seq\":{seq}}}\n\n").into());
            }
            match timeout(KEEP_ALIVE, self.rounds.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_) => return Some(Bytes::from_static(b":\n\n")),
            }
        }
    }

    fn seq(&mut self) -> Option<u64> {
        self.rounds.borrow_and_update().as_ref().map(|shown| shown.seq())
    }
}
