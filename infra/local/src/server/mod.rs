//! Door 2: the local cloud over HTTP. One port for all services; the signature's scope tells which.
//!
//! A client that is slow, silent, greedy or gone costs a bounded amount ([`Limits`]) and is told
//! what it did wrong in the form of the service it speaks to, as far as it still listens.

mod body;
mod limits;
mod patient;
mod request;

pub use limits::Limits;

use crate::admin::Pages;
use crate::cloud::Cloud;
use body::Answer;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use patient::Patient;
use request::{Broken, Door};
use std::future::poll_fn;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// So many connections more are taken to be told that there are too many; others wait.
const TURNED_AWAY: usize = 64;
/// How long one that is turned away may take to ask.
const TURNED_AWAY_TIME: Duration = Duration::from_secs(5);
/// How long a client may take to notice that its connection has ended, and how much it may send
/// meanwhile. Without this pause what it has not read of the answer would be lost.
const FAREWELL_TIME: Duration = Duration::from_secs(2);
const FAREWELL_BYTES: usize = 64 * 1024 * 1024;

/// Serves a cloud on a listener until `stop` is ready. Connections end with it.
pub async fn serve(
    cloud: Cloud,
    listener: TcpListener,
    pages: Pages,
    stop: impl Future<Output = ()>,
) {
    serve_within(Limits::default(), cloud, listener, pages, stop).await;
}

/// The same within other limits than the usual ones.
pub async fn serve_within(
    limits: Limits,
    cloud: Cloud,
    listener: TcpListener,
    pages: Pages,
    stop: impl Future<Output = ()>,
) {
    let ip = listener.local_addr().map(|address| address.ip());
    let loopback = ip.as_ref().is_ok_and(IpAddr::is_loopback);
    let door = Arc::new(Door { cloud, pages, limits, loopback });
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let room = connections.len() < limits.connections + TURNED_AWAY;
        tokio::select! {
            () = &mut stop => return,
            accepted = listener.accept(), if room => match accepted {
                Ok((stream, _)) if connections.len() < limits.connections => {
                    connections.spawn(connection(Arc::clone(&door), stream));
                }
                Ok((stream, _)) => {
                    connections.spawn(turn_away(Arc::clone(&door), stream));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    // Out of file handles, most likely: let some connections end first.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            // Takes ended connections out of the set, so that it does not grow.
            Some(_) = connections.join_next() => {}
        }
    }
}

fn http(limits: &Limits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new());
    http.header_read_timeout(limits.head);
    http.max_buf_size(limits.head_bytes);
    http.auto_date_header(false);
    http
}

async fn connection(door: Arc<Door>, stream: TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let service = service_fn(|request| Box::pin(door.answer(request)));
    converse(http(&door.limits), &door.limits, stream, service).await;
}

/// Tells a client that there are too many.
async fn turn_away(door: Arc<Door>, stream: TcpStream) {
    let limits = Limits { head: TURNED_AWAY_TIME, ..door.limits };
    let mut http = http(&limits);
    http.keep_alive(false);
    let service = service_fn(|request| Box::pin(door.turn_away(request)));
    converse(http, &limits, stream, service).await;
}

/// Serves one connection to its end.
async fn converse<S>(http: http1::Builder, limits: &Limits, stream: TcpStream, service: S)
where
    S: Service<Request<Incoming>, Response = Response<Answer>, Error = Broken> + Unpin,
    S::Future: Unpin,
{
    let stream = TokioIo::new(Patient::new(stream, limits.unread));
    let mut connection = http.serve_connection(stream, service);
    let ended = poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
        // What a fault breaks, breaks at once; so does what nobody reads.
        if !error.is_parse() {
            return;
        }
    }
    farewell(connection.into_parts().io.into_inner().into_inner()).await;
}

/// Ends a connection so that its client gets all that was sent to it.
async fn farewell(mut stream: TcpStream) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut buffer = [0; 8 * 1024];
    let mut left = FAREWELL_BYTES;
    let drain = async {
        while let Ok(n @ 1..) = stream.read(&mut buffer).await {
            left = left.saturating_sub(n);
            if left == 0 {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(FAREWELL_TIME, drain).await;
}
