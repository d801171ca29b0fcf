//! An `HttpClient` that answers everything at once with an empty object: what the AWS SDK itself
//! costs, the ceiling of every in-process figure on this machine.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

/// Answers everything with `{}`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Empty;

impl HttpConnector for Empty {
    fn call(&self, _request: HttpRequest) -> HttpConnectorFuture {
        let status = StatusCode::try_from(200_u16);
        let response = status.map(|status| HttpResponse::new(status, SdkBody::from("{}")));
        let response = response.map_err(|e| ConnectorError::other(e.into(), None));
        HttpConnectorFuture::ready(response)
    }
}

impl HttpClient for Empty {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(*self)
    }
}
