//! The page, served to a browser on this machine: the only sockets.
//!
//! ```text
//! connection ──door──▶ Route | Refusal      who asks, and for which of a few fixed names
//! Route     ──site──▶ text                  the app's files, the page's value, a diff, a history
//! text       ──answer──▶ response            with the headers that every answer carries
//! ```
//!
//! Prompts are nobody else's business, and any web page and any user of this machine can try to ask. So
//! the socket is bound to the loopback address alone; a request must name this very host and port, come
//! from no other origin, and know the token of this run, which only the one who started it was told.
//! No name is ever turned into a path of the disk. `docs/watch.md` lists what holds.
//!
//! The server has a thread of its own, and on it a runtime with no other: a page that asks for much
//! keeps no build waiting.

mod answer;
mod door;
mod events;
mod site;

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio_io_timeout::TimeoutStream;

use crate::pipeline::watch::Round;
use crate::syntax::error::Error;
use crate::syntax::limits::{MAX_CONNECTIONS, MAX_REQUEST_BYTES, MAX_STREAMS};
use answer::Answer;
use door::{Door, Route};
pub use site::Project;
use site::{Shown, Site};

/// How long the head of a request may take, from the moment that one is waited for: so idle
/// connections end too.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a reader may take nothing of an answer.
const STALL_TIMEOUT: Duration = Duration::from_secs(5);

/// A running server. It ends when it is dropped.
pub struct Server {
    door: Arc<Door>,
    rounds: watch::Sender<Option<Arc<Shown>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves `project` on this port of the loopback address; 0 is any free one.
    ///
    /// # Errors
    /// When the port is taken or not allowed, and when the system gives no socket or no random bytes.
    pub fn start(port: u16, project: Project) -> Result<Self, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| not_bound(port, &error))?;
        let socket = |error| Error::file("cannot serve on", format!("port {port}"), error);
        listener.set_nonblocking(true).map_err(socket)?;
        let address = listener.local_addr().map_err(socket)?;
        let door = Arc::new(Door::new(address).map_err(socket)?);
        let runtime =
            Builder::new_current_thread().enable_io().enable_time().max_blocking_threads(2).build().map_err(socket)?;
        let (rounds, shown) = watch::channel(None);
        let (stop, stopped) = oneshot::channel();
        let site = Arc::new(Site::new(project, shown));
        let own_door = door.clone();
        let thread = std::thread::Builder::new().name("serve".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, own_door, site) => {}
                    _ = stopped => {}
                }
            });
            // A diff that is being worked out is nobody's any more.
            runtime.shutdown_background();
        });
        let thread = thread.map_err(socket)?;
        Ok(Self { door, rounds, stop: Some(stop), thread: Some(thread) })
    }

    /// The address of the page, token included.
    pub fn address(&self) -> String {
        self.door.address()
    }

    /// Shows this round from now on, and tells every page that is open.
    pub fn show(&self, round: Arc<Round>) {
        self.rounds.send_replace(Some(Arc::new(Shown::new(round))));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing left to say.
            let _ = thread.join();
        }
    }
}

/// Why there is no socket, with a cure where there is one.
fn not_bound(port: u16, error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::AddrInUse => Error::usage(
            format!("port {port} is in use"),
            "name another one with `--port`, or leave it out for any that is free",
        ),
        io::ErrorKind::PermissionDenied => Error::usage(
            format!("the system does not allow port {port}"),
            "name one above 1023 with `--port`, or leave it out for any that is free",
        ),
        _ => {
            Error::usage(format!("port {port} cannot be served on: {error}"), "leave `--port` out for any that is free")
        }
    }
}

/// Takes connections in, as many as there is room for, for ever.
async fn accept(listener: TcpListener, door: Arc<Door>, site: Arc<Site>) {
    // The listener is a plain socket that does not block; nothing else can be wrong with it.
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let (room, streams) = (Arc::new(Semaphore::new(MAX_CONNECTIONS)), Arc::new(Semaphore::new(MAX_STREAMS)));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let served = serve(stream, door.clone(), site.clone(), streams.clone(), permit);
                tokio::spawn(served);
            }
            // The other side is gone again, or there are no more files to open: the next may do.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Answers what one connection asks, until it ends or stalls.
async fn serve(
    stream: TcpStream,
    door: Arc<Door>,
    site: Arc<Site>,
    streams: Arc<Semaphore>,
    _permit: OwnedSemaphorePermit,
) {
    // An event is a few bytes and must not wait for more.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(STALL_TIMEOUT));
    let service = service_fn(|request: Request<Incoming>| {
        let (door, site, streams) = (door.clone(), site.clone(), streams.clone());
        async move { Ok::<_, Infallible>(answer(&request, &door, site, streams).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(MAX_REQUEST_BYTES);
    // A connection that breaks off or breaks the protocol concerns nobody else.
    let _ = http.serve_connection(TokioIo::new(Box::pin(stream)), service).await;
}

async fn answer(
    request: &Request<Incoming>,
    door: &Door,
    site: Arc<Site>,
    streams: Arc<Semaphore>,
) -> Response<answer::Body> {
    let wanted = match door.wanted(request) {
        Ok(wanted) => wanted,
        Err(refusal) => return Answer::from(refusal).into(),
    };
    match wanted {
        Route::Events { last } => match streams.try_acquire_owned() {
            Ok(permit) => events::stream(site.rounds(), last, permit),
            Err(_) => Answer::busy().into(),
        },
        Route::File(file) => Answer::file(file).into(),
        Route::Value => site.shown(|shown| Some(shown.json())).await.into(),
        Route::Detail { number } => site.shown(move |shown| shown.detail(number)).await.into(),
        Route::Body { number, model } => site.shown(move |shown| shown.body(number, model)).await.into(),
        Route::Texts => site.shown(|shown| Some(shown.texts())).await.into(),
        Route::Difference { base } => site.difference(base).await.into(),
        Route::History { context } => site.history(context).await.into(),
    }
}

/// The loopback address and this port, as it stands in `Host`.
fn authority(address: SocketAddr) -> [String; 2] {
    [format!("127.0.0.1:{}", address.port()), format!("localhost:{}", address.port())]
}
