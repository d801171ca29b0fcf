//! A cloud behind a port, and requests as bytes.

use aurora_restore_local::admin::Pages;
use aurora_restore_local::clock::SystemNow;
use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::data_plane::{DataPlane, NoData};
use aurora_restore_local::server::{Limits, serve_within};
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_local::world::World;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A cloud behind a port, until it is dropped.
pub(crate) struct Open {
    pub(crate) cloud: Cloud,
    pub(crate) address: SocketAddr,
    _server: JoinSet<()>,
}

pub(crate) async fn open() -> Open {
    open_with(Limits::default()).await
}

pub(crate) async fn open_with(limits: Limits) -> Open {
    Open::new(limits, Box::new(NoData)).await
}

impl Open {
    pub(crate) async fn new(limits: Limits, data_plane: Box<dyn DataPlane>) -> Self {
        let world = World::new(WorldSettings::default(), data_plane);
        let cloud = Cloud::new(world, Arc::new(SystemNow));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut server = JoinSet::new();
        let forever = std::future::pending();
        server.spawn(serve_within(limits, cloud.clone(), listener, Pages::default(), forever));
        Self { cloud, address, _server: server }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes on a connection of their own and reads until the server closes.
    pub(crate) async fn ask(&self, request: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request).await.unwrap();
        rest(&mut stream).await
    }

    /// The status of a plain call.
    pub(crate) async fn served(&self) -> u16 {
        status(&self.ask(&json("sqs", "AmazonSQS.ListQueues", b"{}")).await)
    }

    /// Creates the queue `q.fifo`.
    pub(crate) async fn queue(&self) {
        let body = br#"{"QueueName":"q.fifo","Attributes":{"FifoQueue":"true"}}"#;
        let created = self.ask(&json("sqs", "AmazonSQS.CreateQueue", body)).await;
        assert_eq!(status(&created), 200, "{created}");
    }

    /// Waits until exactly so many long polls are waiting.
    pub(crate) async fn until_parked(&self, calls: usize) {
        while self.cloud.parked() != calls {
            tokio::task::yield_now().await;
        }
    }
}

/// All that still comes on a connection.
pub(crate) async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of the first answer; 0 without one.
pub(crate) fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The error element of an XML answer.
pub(crate) fn code(answer: &str) -> &str {
    answer.find("<Error>").map_or("", |at| &answer[at..])
}

fn head(service: &str, more: &str) -> String {
    let scope = format!("111111111111/20270115/us-east-1/{service}/aws4_request");
    format!(
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         authorization: AWS4-HMAC-SHA256 Credential={scope}, Signature=0\r\n{more}\r\n\r\n"
    )
}

/// A call of a JSON service.
pub(crate) fn json(service: &str, target: &str, body: &[u8]) -> Vec<u8> {
    let n = body.len();
    let more = format!(
        "x-amz-target: {target}\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {n}"
    );
    [head(service, &more).as_bytes(), body].concat()
}

/// The same with a body in chunks, its length unknown.
pub(crate) fn chunked(service: &str, target: &str, body: &[u8]) -> Vec<u8> {
    let more = format!("x-amz-target: {target}\r\ntransfer-encoding: chunked");
    let mut request = head(service, &more).into_bytes();
    for chunk in body.chunks(60_000) {
        request.extend(format!("{:x}\r\n", chunk.len()).bytes());
        request.extend(chunk);
        request.extend(b"\r\n");
    }
    request.extend(b"0\r\n\r\n");
    request
}

/// A call of a query service.
pub(crate) fn form(service: &str, body: &[u8]) -> Vec<u8> {
    let n = body.len();
    let more = format!("content-type: application/x-www-form-urlencoded\r\ncontent-length: {n}");
    [head(service, &more).as_bytes(), body].concat()
}
