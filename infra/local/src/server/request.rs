//! One request: read, answered, written; whatever happens, with an answer if there can be one.

use super::body::Answer;
use super::limits::Limits;
use crate::admin::{self, Pages};
use crate::cloud::{Cloud, ConnectionBroken};
use crate::error::AwsError;
use crate::transport::http_date;
use crate::wire::{WireRequest, WireResponse};
use crate::world;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, DATE, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Incoming};
use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// What every connection has at hand.
pub(super) struct Door {
    pub(super) cloud: Cloud,
    pub(super) pages: Pages,
    pub(super) limits: Limits,
    /// Only this machine can reach the port.
    pub(super) loopback: bool,
}

/// The connection ends without an answer.
#[derive(Debug)]
pub(super) struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no answer (an injected fault, or the client is gone)")
    }
}

impl std::error::Error for Broken {}

impl Door {
    /// Answers one request. An error ends the connection without an answer.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Answer>, Broken> {
        let (parts, body) = request.into_parts();
        let mut request = read(&parts);
        match self.body(body).await {
            Ok(body) => request.body = body,
            Err(Some(error)) => return Ok(self.close(&request, &error)),
            // The client went away in the middle of its request.
            Err(None) => return Err(Broken),
        }
        if request.path.starts_with(admin::ROOT) {
            let response = admin::answer(&self.cloud, &self.pages, self.loopback, &request);
            return Ok(self.write(response));
        }
        match self.serve(&request).await {
            Ok(response) => Ok(self.write(response)),
            Err(ConnectionBroken::Midway(response)) => {
                let broken = Answer::broken(&response.body);
                Ok(self.write(response).map(|_| broken))
            }
            Err(ConnectionBroken::Unanswered | ConnectionBroken::Refused) => Err(Broken),
        }
    }

    /// Answers that there are too many connections.
    pub(super) async fn turn_away(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Answer>, Broken> {
        let n = self.limits.connections;
        let text = format!("the local cloud serves {n} connections at a time, and has them");
        let error = AwsError::new("ServiceUnavailable", text).with_status(503);
        Ok(self.close(&read(&request.into_parts().0), &error))
    }

    /// Reads a body within the limits; without an error to send, the client is gone.
    async fn body(&self, body: Incoming) -> Result<Bytes, Option<AwsError>> {
        let most = self.limits.body_bytes;
        // Known from the headers: refuse it without waiting for the bytes.
        if body.size_hint().lower() > most as u64 {
            return Err(Some(too_large(most)));
        }
        let reading = Limited::new(body, most).collect();
        match tokio::time::timeout(self.limits.body, reading).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(e)) if e.is::<http_body_util::LengthLimitError>() => Err(Some(too_large(most))),
            Ok(Err(e)) if is_malformed(&*e) => {
                let text = "the body of the request is not as its headers say";
                Err(Some(AwsError::new("MalformedHttpRequestException", text)))
            }
            Ok(Err(_)) => Err(None),
            Err(_) => {
                let seconds = self.limits.body.as_secs();
                let text = format!("the body of the request did not come within {seconds} s");
                Err(Some(AwsError::new("RequestTimeout", text).with_status(408)))
            }
        }
    }

    /// Has the cloud serve a request. What panics there is answered as AWS answers its own faults;
    /// the world goes on.
    async fn serve(&self, request: &WireRequest) -> Result<WireResponse, ConnectionBroken> {
        let mut serving = pin!(self.cloud.serve(component(request), request));
        let served =
            poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| serving.as_mut().poll(cx))) {
                Ok(Poll::Pending) => Poll::Pending,
                Ok(Poll::Ready(served)) => Poll::Ready(Some(served)),
                Err(_) => Poll::Ready(None),
            });
        served.await.unwrap_or_else(|| {
            tracing::error!(target = request.header("x-amz-target"), "a handler panicked");
            let text = "the local cloud has a defect: see its log";
            let error = AwsError::new("InternalFailure", text).with_status(500);
            Ok(refusal(request, &error))
        })
    }

    /// An answer after which the connection ends.
    fn close(&self, request: &WireRequest, error: &AwsError) -> Response<Answer> {
        let mut answer = self.write(refusal(request, error));
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        answer
    }

    fn write(&self, response: WireResponse) -> Response<Answer> {
        let mut answer = Response::new(Answer::whole(response.body));
        if let Ok(status) = response.status.try_into() {
            *answer.status_mut() = status;
        }
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(response.content_type));
        if let Ok(date) = http_date(self.cloud.now_ms()).try_into() {
            headers.insert(DATE, date);
        }
        for (name, value) in response.headers {
            if let Ok(value) = value.try_into() {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        answer
    }
}

fn refusal(request: &WireRequest, error: &AwsError) -> WireResponse {
    world::refusal(world::spoken(request), "none", error)
}

fn too_large(most: usize) -> AwsError {
    let text = format!("the local cloud accepts bodies of up to {most} bytes");
    AwsError::new("RequestEntityTooLarge", text).with_status(413)
}

/// Whether a body could not be read because it is no HTTP (and not because its sender is gone).
fn is_malformed(error: &(dyn std::error::Error + 'static)) -> bool {
    let Some(error) = error.downcast_ref::<hyper::Error>() else { return false };
    let source = std::error::Error::source(error).and_then(|e| e.downcast_ref::<std::io::Error>());
    error.is_parse()
        || source.is_some_and(|e| {
            use std::io::ErrorKind::{InvalidData, InvalidInput};
            matches!(e.kind(), InvalidData | InvalidInput)
        })
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
