//! Webhooks: signed messages to HTTPS addresses, by the rules of Standard Webhooks
//! (<https://www.standardwebhooks.com>), and the guard of what is never called.

mod guard;

use crate::settings::WebhookSettings;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use guard::Guard;
use std::error::Error;
use std::time::Duration;
use url::{Host, Url};

/// A receiver may take so long to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A call and its answer go through here. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Webhooks(Option<SharedHttpConnector>);

/// A message to be.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    /// Its id, the same at each attempt: a receiver that knows it has had it before.
    pub id: &'a str,
    /// When it is sent, seconds since 1970: receivers refuse what is older than a few minutes.
    pub at_s: i64,
    /// JSON.
    pub body: &'a str,
    /// What it is signed with.
    pub key: &'a [u8],
}

impl Webhooks {
    /// To the real outside: TLS, and the guard.
    ///
    /// # Errors
    /// When the file with the CA cannot be read, or holds no certificate.
    pub fn real(settings: &WebhookSettings) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let mut trusted = TrustStore::default();
        if let Some(file) = &settings.ca_file {
            let pem = std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
            trusted = trusted.with_pem_certificate(pem);
        }
        let tls = TlsContext::builder().with_trust_store(trusted).build()?;
        let connector = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring));
        let guard = Guard { private_addresses: settings.private_addresses };
        let connector = connector.tls_context(tls).build_with_resolver(guard);
        Ok(Self(Some(SharedHttpConnector::new(connector))))
    }

    /// To wherever this connector leads: for tests and the simulation.
    #[must_use]
    pub fn through(connector: impl HttpConnector + 'static) -> Self {
        Self(Some(SharedHttpConnector::new(connector)))
    }

    /// Sends a message; answers with the status. Redirects are not followed.
    ///
    /// # Errors
    /// In words, when no answer arrives: the host has no address that may be called, does not
    /// answer in time, or has another certificate.
    pub async fn post(&self, address: &Url, message: &Message<'_>) -> Result<u16, String> {
        let connector = self.0.as_ref().ok_or("this process tells no webhooks")?;
        let request = request(address, message).map_err(|e| words(e.as_ref()))?;
        let answer = tokio::time::timeout(PATIENCE, connector.call(request)).await;
        let answer = answer.map_err(|_| format!("no answer within {} s", PATIENCE.as_secs()))?;
        answer.map(|answer| answer.status().as_u16()).map_err(|e| words(&e))
    }
}

fn request(
    address: &Url,
    message: &Message<'_>,
) -> Result<HttpRequest, Box<dyn Error + Send + Sync>> {
    let mut request = HttpRequest::new(SdkBody::from(message.body));
    request.set_method("POST")?;
    request.set_uri(address.as_str())?;
    let headers = request.headers_mut();
    headers.insert("content-type", "application/json");
    headers.insert("content-length", message.body.len().to_string());
    headers.insert("user-agent", "aurora-restore");
    headers.insert("webhook-id", message.id.to_owned());
    headers.insert("webhook-timestamp", message.at_s.to_string());
    headers.insert("webhook-signature", signature(message));
    Ok(request)
}

/// The signature of a message: HMAC-SHA256 over its id, its time and its body.
#[must_use]
pub fn signature(message: &Message<'_>) -> String {
    let Message { id, at_s, body, key } = message;
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key);
    let tag = ring::hmac::sign(&key, format!("{id}.{at_s}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag))
}

/// The key in a secret: base64 after `whsec_`, as Standard Webhooks writes them, else the whole text.
/// `None`: too short to be one.
#[must_use]
pub fn key_of(secret: &str) -> Option<Vec<u8>> {
    let key = match secret.strip_prefix("whsec_") {
        Some(encoded) => STANDARD.decode(encoded).ok()?,
        None => secret.as_bytes().to_vec(),
    };
    // Standard Webhooks: between 24 and 64 bytes.
    (key.len() >= 24).then_some(key)
}

/// Reads the address of a receiver.
///
/// # Errors
/// What is wrong with it.
pub fn address(text: &str) -> Result<Url, &'static str> {
    let url: Url = text.parse().map_err(|_| "is no URL")?;
    match url.host() {
        _ if url.scheme() != "https" => Err("is not https"),
        Some(Host::Domain(_)) if !url.username().is_empty() || url.password().is_some() => {
            Err("has a name or a password in it")
        }
        Some(Host::Domain(_)) => Ok(url),
        _ => Err("has no host name (an address in digits is none)"),
    }
}

/// An error with everything behind it.
fn words(error: &(dyn Error + 'static)) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        said = format!("{said}: {error}");
        cause = error.source();
    }
    said
}

#[cfg(test)]
mod tests;
