//! The client of the pages under `/_local/` of a running local cloud.

use super::trouble::Trouble;
use anyhow::{Context, anyhow};
use bytes::Bytes;
use clap::{Args, ValueEnum};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the local cloud is, and how it is shown.
#[derive(Debug, Args)]
pub(super) struct Remote {
    /// The endpoint of the running local cloud.
    #[arg(
        long,
        env = "AURORA_RESTORE_LOCAL_ENDPOINT",
        default_value = "http://127.0.0.1:4566",
        value_name = "URL",
        global = true
    )]
    endpoint: String,
    /// How to print: tables for people, one JSON document for programs.
    #[arg(long, value_enum, default_value_t = Output::Table, global = true)]
    pub(super) output: Output,
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// Tables for people.
    Table,
    /// One JSON document.
    Json,
}

/// A client of one local cloud.
#[derive(Debug)]
pub(super) struct Client {
    endpoint: String,
    authority: String,
    runtime: tokio::runtime::Runtime,
}

/// Why there is no answer.
enum Failure {
    /// No connection.
    Unreachable(String),
    /// A connection, and no page of a local cloud.
    Strange(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Strange(error)
    }
}

impl Client {
    /// A client of the local cloud that was named.
    pub(super) fn new(remote: &Remote) -> Result<Self, Trouble> {
        let authority = authority(&remote.endpoint).map_err(|text| {
            Trouble::BadFlags(vec![format!("--endpoint is {:?}, {text}", remote.endpoint)])
        })?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { endpoint: remote.endpoint.clone(), authority, runtime })
    }

    /// Gets a page, e.g. `status`.
    pub(super) fn get(&self, page: &str) -> Result<Value, Trouble> {
        self.ask(Method::GET, page, Bytes::new())
    }

    /// Sends a document to a page.
    pub(super) fn post(&self, page: &str, document: &Value) -> Result<Value, Trouble> {
        self.ask(Method::POST, page, document.to_string().into())
    }

    /// Deletes what a page is about.
    pub(super) fn delete(&self, page: &str) -> Result<Value, Trouble> {
        self.ask(Method::DELETE, page, Bytes::new())
    }

    /// Lets some time pass.
    pub(super) fn pause(&self, time: Duration) {
        self.runtime.block_on(async { tokio::time::sleep(time).await });
    }

    fn ask(&self, method: Method, page: &str, body: Bytes) -> Result<Value, Trouble> {
        let asking =
            async { tokio::time::timeout(PATIENCE, self.exchange(method, page, body)).await };
        let no_answer =
            |reason: String| Trouble::NoAnswer { endpoint: self.endpoint.clone(), reason };
        let (status, body) = match self.runtime.block_on(asking) {
            Ok(Ok(answer)) => answer,
            Ok(Err(Failure::Unreachable(reason))) => return Err(no_answer(reason)),
            Ok(Err(Failure::Strange(e))) => return Err(Trouble::Other(e)),
            Err(_) => return Err(no_answer(format!("no answer within {} s", PATIENCE.as_secs()))),
        };
        let answer = serde_json::from_slice(&body)
            .with_context(|| format!("what answers at {} is no local cloud", self.endpoint))?;
        judge(status, answer)
    }

    async fn exchange(
        &self,
        method: Method,
        page: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), Failure> {
        let stream = TcpStream::connect(&self.authority).await;
        let stream = stream.map_err(|e| Failure::Unreachable(e.to_string()))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(anyhow::Error::from)?;
        let request = Request::builder()
            .method(method)
            .uri(format!("/_local/{page}"))
            .header("host", &self.authority)
            .header("connection", "close")
            .header("content-type", "application/json")
            .body(Full::new(body))
            .map_err(anyhow::Error::from)?;
        let answer = async move {
            let answer = sender.send_request(request).await?;
            let status = answer.status();
            Ok::<_, hyper::Error>((status, answer.into_body().collect().await?.to_bytes()))
        };
        let (answer, _) = tokio::join!(answer, connection);
        Ok(answer.with_context(|| format!("no answer of {}", self.endpoint))?)
    }
}

/// The host and port of an endpoint.
fn authority(endpoint: &str) -> Result<String, &'static str> {
    let wanted = "must be like http://127.0.0.1:4566";
    let uri: Uri = endpoint.parse().map_err(|_| wanted)?;
    let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http")).ok_or(wanted)?;
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() || authority.as_str().contains('@')
    {
        return Err(wanted);
    }
    Ok(format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(80)))
}

/// The document of an answer, or what it complains of.
fn judge(status: StatusCode, answer: Value) -> Result<Value, Trouble> {
    if status.is_success() {
        return Ok(answer);
    }
    let problems = answer["problems"].as_array().into_iter().flatten();
    let problems: Vec<_> = problems.filter_map(Value::as_str).map(str::to_owned).collect();
    if !problems.is_empty() {
        return Err(Trouble::BadFlags(problems));
    }
    let nothing = json!("no reason given");
    let message = answer.get("message").unwrap_or(&nothing);
    let message = message.as_str().map_or_else(|| message.to_string(), str::to_owned);
    Err(Trouble::Other(anyhow!("{message} (HTTP {})", status.as_u16())))
}

#[cfg(test)]
mod tests {
    use super::authority;

    #[test]
    fn an_endpoint_is_a_plain_http_address() {
        assert_eq!(authority("http://127.0.0.1:4566").unwrap(), "127.0.0.1:4566");
        assert_eq!(authority("http://localhost/").unwrap(), "localhost:80");
        assert_eq!(authority("http://[::1]:9").unwrap(), "[::1]:9");
        for bad in ["", "127.0.0.1:4566", "https://x", "http://", "http://x/y", "http://u@x", "a b"]
        {
            assert!(authority(bad).is_err(), "{bad}");
        }
    }
}
