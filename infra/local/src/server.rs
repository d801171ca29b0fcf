//! Door 2: the local cloud over HTTP. One port for all services; the signature's scope tells which.

use crate::admin::{self, Pages};
use crate::cloud::{Cloud, ConnectionBroken};
use crate::error::AwsError;
use crate::transport::http_date;
use crate::wire::{WireRequest, WireResponse};
use crate::world;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The largest body accepted: twice the largest message.
const BODY_BYTES: usize = 2 * 1024 * 1024;

/// Serves a cloud on a listener until `stop` is ready. Connections end with it.
pub async fn serve(
    cloud: Cloud,
    listener: TcpListener,
    pages: Pages,
    stop: impl Future<Output = ()>,
) {
    let pages = Arc::new(pages);
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(cloud.clone(), Arc::clone(&pages), stream));
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

async fn connection(cloud: Cloud, pages: Arc<Pages>, stream: TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let service = service_fn(|request| answer(&cloud, &pages, request));
    let mut http = hyper::server::conn::http1::Builder::new();
    http.auto_date_header(false);
    if let Err(error) = http.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Answers one request. An error ends the connection without an answer.
async fn answer(
    cloud: &Cloud,
    pages: &Pages,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, ConnectionBroken> {
    let (parts, body) = request.into_parts();
    let mut request = read(&parts);
    // Known from the headers: refuse it without waiting for the bytes.
    if body.size_hint().lower() > BODY_BYTES as u64 {
        return Ok(write(too_large(&request), &http_date(cloud.now_ms())));
    }
    let response = match Limited::new(body, BODY_BYTES).collect().await {
        Ok(body) => {
            request.body = body.to_bytes();
            if request.path.starts_with(admin::ROOT) {
                admin::answer(cloud, pages, &request)
            } else {
                cloud.serve(component(&request), &request).await?
            }
        }
        Err(e) if e.is::<http_body_util::LengthLimitError>() => too_large(&request),
        // The client went away in the middle of its request.
        Err(_) => return Err(ConnectionBroken),
    };
    Ok(write(response, &http_date(cloud.now_ms())))
}

fn read(parts: &Parts) -> WireRequest {
    let path = parts.uri.path_and_query().map_or("/", |p| p.as_str());
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
    WireRequest {
        method: parts.method.to_string(),
        path: path.to_owned(),
        headers: headers.collect(),
        body: Bytes::new(),
    }
}

/// Who calls: the application name in the SDK's user agent (`app/<name>`).
fn component(request: &WireRequest) -> &str {
    let agents = ["x-amz-user-agent", "user-agent"].map(|name| request.header(name));
    let mut words = agents.into_iter().flat_map(|agent| agent.split(' '));
    words.find_map(|word| word.strip_prefix("app/")).unwrap_or("http")
}

fn too_large(request: &WireRequest) -> WireResponse {
    let text = format!("the local cloud accepts bodies of up to {BODY_BYTES} bytes");
    let error = AwsError::new("RequestEntityTooLarge", text).with_status(413);
    world::refusal(world::spoken(request), "none", &error)
}

fn write(response: WireResponse, date: &str) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(response.body));
    if let Ok(status) = response.status.try_into() {
        *answer.status_mut() = status;
    }
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(response.content_type));
    if let Ok(date) = date.try_into() {
        headers.insert(DATE, date);
    }
    for (name, value) in response.headers {
        if let Ok(value) = value.try_into() {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    answer
}
