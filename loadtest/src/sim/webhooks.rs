//! Those who are told by webhook, simulated: they keep what they got, and answer as they are told to.

use aurora_restore_shared::webhook::Webhooks;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A message that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Where to.
    pub address: String,
    /// Its headers.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: String,
}

/// All receivers. Cheap to clone; all clones are the same receivers.
#[derive(Debug, Clone, Default)]
pub struct Inbox(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    told: Vec<Told>,
    answers: VecDeque<u16>,
}

impl Inbox {
    /// What has arrived, in order.
    #[must_use]
    pub fn told(&self) -> Vec<Told> {
        self.inner().told.clone()
    }

    /// The next message is answered with this status, and only then with 200 again.
    pub fn answer_once(&self, status: u16) {
        self.inner().answers.push_back(status);
    }

    /// The way to it.
    #[must_use]
    pub fn webhooks(&self) -> Webhooks {
        Webhooks::through(self.clone())
    }

    fn take(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers = request.headers().iter();
        let told = Told {
            address: request.uri().to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: text(request.body().bytes().unwrap_or_default()),
        };
        let mut inner = self.inner();
        inner.told.push(told);
        let status = inner.answers.pop_front().unwrap_or(200);
        let status = StatusCode::try_from(status).map_err(|e| ConnectorError::user(e.into()))?;
        Ok(HttpResponse::new(status, SdkBody::empty()))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpConnector for Inbox {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(self.take(&request))
    }
}
