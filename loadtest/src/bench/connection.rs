//! The leanest HTTP client there is: what it leaves of the machine is for the server.

use anyhow::{Context, ensure};
use aurora_restore_local::call::Service;
use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Stands in a body where each call writes its number, as wide as the number.
pub(super) const NUMBER: &str = "############";

/// A request, ready to be sent.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    bytes: Vec<u8>,
    number_at: Option<usize>,
}

impl Prepared {
    /// A call as an SDK would sign it, as far as the local cloud looks at signatures.
    pub(super) fn new(service: Service, account: &str, target: &str, body: &Value) -> Self {
        let (body, scope) = (body.to_string(), service.as_str());
        let text = format!(
            "POST / HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: app/bench\r\n\
             authorization: AWS4-HMAC-SHA256 Credential={account}/20261122/us-east-1/{scope}/\
             aws4_request, SignedHeaders=host, Signature=0\r\n\
             x-amz-target: {target}\r\ncontent-type: application/x-amz-json-1.0\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        Self { number_at: text.find(NUMBER), bytes: text.into_bytes() }
    }

    /// The bytes of a call of this number.
    fn numbered(&mut self, n: u64) -> &[u8] {
        if let Some(at) = self.number_at {
            let number = format!("{n:012}");
            self.bytes[at..at + NUMBER.len()].copy_from_slice(&number.as_bytes()[..NUMBER.len()]);
        }
        &self.bytes
    }
}

/// A connection that is kept alive.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: Vec::new() })
    }

    /// Calls, and waits for the whole answer. Anything but a success is an error.
    pub(super) async fn call(&mut self, request: &mut Prepared, n: u64) -> anyhow::Result<()> {
        self.stream.write_all(request.numbered(n)).await?;
        self.answer.clear();
        let head = loop {
            let read = self.stream.read_buf(&mut self.answer).await?;
            ensure!(read > 0, "the local cloud ended the connection");
            match Head::of(&self.answer)? {
                Some(head) if self.answer.len() >= head.whole => break head,
                _ => {}
            }
        };
        let text = || String::from_utf8_lossy(&self.answer).into_owned();
        ensure!(head.status == 200, "the local cloud refused a call: {}", text());
        Ok(())
    }
}

/// What must be known of an answer.
#[derive(Debug, PartialEq)]
struct Head {
    status: u16,
    /// Bytes of head and body.
    whole: usize,
}

impl Head {
    /// The head of an answer, once all of it is there.
    fn of(answer: &[u8]) -> anyhow::Result<Option<Self>> {
        let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let head = std::str::from_utf8(&answer[..end])?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let mut headers = lines.filter_map(|line| line.split_once(':'));
        let length = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length = length.and_then(|(_, value)| value.trim().parse::<usize>().ok());
        let (status, length) = status.zip(length).with_context(|| format!("answered {head:?}"))?;
        Ok(Some(Self { status, whole: end + 4 + length }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\ndate: x\r\n\r\n";
        let known = Head { status: 200, whole: head.len() + 2 };
        assert_eq!(Head::of(head).unwrap(), Some(known));
        assert_eq!(Head::of(&head[..20]).unwrap(), None);
        assert!(Head::of(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }

    #[test]
    fn the_number_of_a_call_keeps_its_length() {
        let body = json!({ "id": NUMBER });
        let mut prepared = Prepared::new(Service::Sqs, "111111111111", "AmazonSQS.X", &body);
        let before = prepared.bytes.len();
        let text = String::from_utf8(prepared.numbered(7).to_vec()).unwrap();
        assert!(
            text.ends_with(
                r#"content-length: 21

{"id":"000000000007"}"#
                    .replace('\n', "\r\n")
                    .as_str()
            ),
            "{text}"
        );
        assert_eq!(text.len(), before);
    }
}
