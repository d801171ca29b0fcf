//! Door 1: an in-process `HttpClient` for the AWS SDK.
//!
//! The real SDK clients — signing, retries, timeouts, error parsing — run against the core in one
//! thread, with tokio's clock paused or not.

use crate::cloud::{Cloud, ConnectionBroken};
use crate::wire::{WireRequest, WireResponse};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use futures::future::BoxFuture;
use http_body_util::BodyExt;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An answer on its way back through a network.
pub type Carried<'a> = BoxFuture<'a, Result<WireResponse, ConnectionBroken>>;

/// What lies between a component and the cloud: a network that may do with a request what networks
/// do. It is given the whole request before anything is awaited.
pub trait Network: Send + Sync + std::fmt::Debug {
    /// Brings a request of a component to the cloud, and the answer back.
    ///
    /// # Errors
    /// [`ConnectionBroken`] when no whole answer arrives.
    fn carry<'a>(
        &'a self,
        cloud: &'a Cloud,
        component: &'a str,
        request: WireRequest,
    ) -> Carried<'a>;
}

/// The network that does nothing: every request arrives, and so does every answer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Direct;

impl Network for Direct {
    fn carry<'a>(
        &'a self,
        cloud: &'a Cloud,
        component: &'a str,
        request: WireRequest,
    ) -> Carried<'a> {
        Box::pin(async move { cloud.serve(component, &request).await })
    }
}

/// The door of one component: every call through it is recorded under the component's name.
#[derive(Debug, Clone)]
pub struct LocalTransport {
    cloud: Cloud,
    component: Arc<str>,
    network: Arc<dyn Network>,
}

impl LocalTransport {
    /// A door into a cloud for a component.
    #[must_use]
    pub fn new(cloud: Cloud, component: &str) -> Self {
        Self::through(cloud, component, Arc::new(Direct))
    }

    /// A door into a cloud for a component, behind a network.
    #[must_use]
    pub fn through(cloud: Cloud, component: &str, network: Arc<dyn Network>) -> Self {
        Self { cloud, component: component.into(), network }
    }

    async fn answer(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = read(request).await?;
        let response = self.network.carry(&self.cloud, &self.component, request).await;
        let response = response.map_err(broken)?;
        write(response, &http_date(self.cloud.now_ms()))
    }
}

/// A broken connection as a real connector tells of it.
fn broken(broken: ConnectionBroken) -> ConnectorError {
    use std::io::{Error, ErrorKind};
    let kind = match broken {
        ConnectionBroken::Refused => ErrorKind::ConnectionRefused,
        ConnectionBroken::Unanswered | ConnectionBroken::Midway(_) => ErrorKind::ConnectionReset,
    };
    ConnectorError::io(Box::new(Error::new(kind, broken.to_string())))
}

impl HttpConnector for LocalTransport {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().answer(request))
    }
}

impl HttpClient for LocalTransport {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// Reads a request to its end. This must come before anything else is awaited, and through the
/// stream (a look at the bytes behind it does not count): the SDK's stalled-stream protection
/// gives up on a body that nobody reads.
async fn read(mut request: HttpRequest) -> Result<WireRequest, ConnectorError> {
    let body = request.take_body().collect().await.map_err(ConnectorError::user)?.to_bytes();
    let (host, path) = host_and_path(request.uri());
    let headers = request.headers().iter_bytes();
    let headers = headers.map(|(k, v)| (k.to_ascii_lowercase(), text(v)));
    let host = ("host".to_owned(), host.to_owned());
    Ok(WireRequest {
        method: request.method().to_owned(),
        path: path.to_owned(),
        headers: headers.chain([host]).collect::<BTreeMap<_, _>>(),
        body,
    })
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

/// The host, and the path with the query, of an absolute address.
fn host_and_path(uri: &str) -> (&str, &str) {
    let after_scheme = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let host_ends = after_scheme.find(['/', '?']).unwrap_or(after_scheme.len());
    let (host, path) = after_scheme.split_at(host_ends);
    (host, if path.is_empty() { "/" } else { path })
}

fn write(response: WireResponse, date: &str) -> Result<HttpResponse, ConnectorError> {
    let refused = |e| ConnectorError::other(Box::new(e), None);
    let status = StatusCode::try_from(response.status).map_err(refused)?;
    let mut answer = HttpResponse::new(status, SdkBody::from(response.body));
    let headers = answer.headers_mut();
    headers.try_insert("content-type", response.content_type).map_err(refused)?;
    headers.try_insert("date", date.to_owned()).map_err(refused)?;
    for (name, value) in response.headers {
        headers.try_insert(name, value).map_err(refused)?;
    }
    Ok(answer)
}

/// A moment as an HTTP `Date` header writes it.
pub(crate) fn http_date(now_ms: i64) -> String {
    let moment = jiff::Timestamp::from_millisecond(now_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
    printer.timestamp_to_rfc9110_string(&moment).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{host_and_path, http_date};

    #[test]
    fn a_date_header_is_written_as_rfc_9110_says() {
        assert_eq!(http_date(1_800_000_000_000), "Fri, 15 Jan 2027 08:00:00 GMT");
    }

    #[test]
    fn the_path_of_an_address_keeps_its_query() {
        let aws = "https://sqs.us-east-1.amazonaws.com";
        let host = "sqs.us-east-1.amazonaws.com";
        assert_eq!(host_and_path(&format!("{aws}/a?b=c")), (host, "/a?b=c"));
        assert_eq!(host_and_path(aws), (host, "/"));
    }
}
