//! Requests that no SDK at hand makes, through both local doors.

use crate::bed::{ACCOUNT, Bed, REGION};
use crate::fact::Skip;
use aurora_restore_local::wire::WireRequest;
use aws_credential_types::Credentials;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request that is written by hand.
#[derive(Debug)]
pub(crate) struct Raw<'a> {
    /// The service, as in a credential scope.
    pub(crate) service: &'a str,
    /// The path.
    pub(crate) path: &'a str,
    /// Further headers, lower case.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub(crate) body: &'a [u8],
}

impl Bed {
    /// An AWS JSON request of an operation (`target`, e.g. `AWSEvents.PutRule`): the status and the
    /// members of the answer.
    pub(crate) async fn raw_call(
        &self,
        service: &str,
        target: &str,
        body: Value,
    ) -> Result<(u16, Value), Skip> {
        self.raw_call_as(&crate::bed::key_of(ACCOUNT), service, target, body).await
    }

    /// The same with other credentials.
    pub(crate) async fn raw_call_as(
        &self,
        key: &Credentials,
        service: &str,
        target: &str,
        body: Value,
    ) -> Result<(u16, Value), Skip> {
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
        let body = body.to_string();
        let raw = Raw { service, path: "/", headers: &headers, body: body.as_bytes() };
        let (status, answer) = self.raw(key, &raw).await?;
        Ok((status, serde_json::from_slice(&answer).unwrap()))
    }

    /// A request of the query protocol: the status and the XML of the answer.
    pub(crate) async fn raw_form(&self, service: &str, form: &str) -> Result<(u16, String), Skip> {
        let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        let raw = Raw { service, path: "/", headers: &headers, body: form.as_bytes() };
        let (status, answer) = self.raw(&crate::bed::key_of(ACCOUNT), &raw).await?;
        Ok((status, String::from_utf8(answer).unwrap()))
    }

    /// Any request: status and body of the answer.
    pub(crate) async fn raw(
        &self,
        key: &Credentials,
        raw: &Raw<'_>,
    ) -> Result<(u16, Vec<u8>), Skip> {
        let cloud = self.cloud()?;
        let (id, service) = (key.access_key_id(), raw.service);
        let signature = format!(
            "AWS4-HMAC-SHA256 Credential={id}/20270115/{REGION}/{service}/aws4_request, \
             SignedHeaders=host, Signature=none"
        );
        let mut headers = vec![("authorization".to_owned(), signature)];
        headers.extend(key.session_token().map(|t| ("x-amz-security-token".to_owned(), t.into())));
        headers.extend(raw.headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        if let Some(endpoint) = self.endpoint(service) {
            return Ok(over_http(endpoint, &headers, raw).await);
        }
        let request = WireRequest {
            method: "POST".into(),
            path: raw.path.to_owned(),
            headers: headers.into_iter().collect(),
            body: raw.body.to_vec().into(),
        };
        let response = cloud.serve("tests", &request).await.unwrap();
        Ok((response.status, response.body.to_vec()))
    }
}

async fn over_http(endpoint: &str, headers: &[(String, String)], raw: &Raw<'_>) -> (u16, Vec<u8>) {
    let address = endpoint.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut head =
        format!("POST {} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n", raw.path);
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", raw.body.len()));
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(raw.body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer[end + 4..].to_vec())
}
