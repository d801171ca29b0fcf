//! The HTTP door: a real TCP port, a real HTTP client, the system clock.
#![expect(clippy::unwrap_used, reason = "a helper that fails, fails its test")]

use aurora_restore_local::admin::Pages;
use aurora_restore_local::clock::SystemNow;
use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::data_plane::NoData;
use aurora_restore_local::faults::{FaultKind, FaultRule};
use aurora_restore_local::server::serve;
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_local::world::World;
use aws_credential_types::Credentials;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::{AppName, BehaviorVersion, Region};
use aws_sdk_sqs::types::QueueAttributeName as Q;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

const ACCOUNT: &str = "111111111111";
const REGION: &str = "us-east-1";

/// A cloud behind a port, until it is dropped.
struct Door {
    cloud: Cloud,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    tasks: JoinSet<()>,
}

async fn open() -> Door {
    let world = World::new(WorldSettings::default(), Box::new(NoData));
    let cloud = Cloud::new(world, Arc::new(SystemNow));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let mut tasks = JoinSet::new();
    let pages = Pages { ca_pem: Some("the authority".into()) };
    tasks.spawn(serve(cloud.clone(), listener, pages, async {
        let _ = stopped.await;
    }));
    Door { cloud, address, stop: Some(stop), tasks }
}

impl Door {
    fn sqs(&self) -> aws_sdk_sqs::Client {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(format!("http://{}", self.address))
            .credentials_provider(Credentials::new(ACCOUNT, "local", None, None, "tests"))
            .app_name(AppName::new("worker-7").unwrap())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .retry_config(RetryConfig::disabled())
            .build();
        aws_sdk_sqs::Client::from_conf(config)
    }

    async fn queue(&self) -> String {
        let create = self.sqs().create_queue().queue_name("q.fifo");
        let create = create.attributes(Q::FifoQueue, "true");
        create.send().await.unwrap().queue_url.unwrap()
    }

    /// Sends raw bytes and reads until the server closes; answers the status line's code and body.
    async fn raw(&self, request: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).unwrap_or_default();
        (status.to_owned(), body.to_owned())
    }

    async fn page(&self, method: &str, path: &str, body: &str) -> (String, Value) {
        let n = body.len();
        let head = "host: localhost\r\nconnection: close";
        let request = format!("{method} {path} HTTP/1.1\r\n{head}\r\ncontent-length: {n}\r\n\r\n");
        let (status, body) = self.raw(&(request + body)).await;
        (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }
}

#[tokio::test]
async fn the_sdk_sends_receives_and_deletes_over_http() {
    let door = open().await;
    let (sqs, url) = (door.sqs(), door.queue().await);
    assert_eq!(url, format!("http://{}/{}/q.fifo", door.address, ACCOUNT));
    let send = sqs.send_message().queue_url(&url).message_body("x <&> \u{1F980}");
    send.message_group_id("a").message_deduplication_id("d").send().await.unwrap();
    let got = sqs.receive_message().queue_url(&url).send().await.unwrap().messages.unwrap();
    assert_eq!(got[0].body(), Some("x <&> \u{1F980}"));
    let delete = sqs.delete_message().queue_url(&url);
    delete.receipt_handle(got[0].receipt_handle().unwrap()).send().await.unwrap();
}

#[tokio::test]
async fn an_error_over_http_is_parsed_by_the_sdk() {
    let door = open().await;
    let e = door.sqs().get_queue_url().queue_name("none.fifo").send().await.unwrap_err();
    assert!(e.into_service_error().is_queue_does_not_exist());
}

#[tokio::test]
async fn a_long_poll_over_http_is_woken_by_a_send() {
    let door = open().await;
    let (sqs, url) = (door.sqs(), door.queue().await);
    let wait = sqs.receive_message().queue_url(&url).wait_time_seconds(20).send();
    let send = async {
        let send = sqs.send_message().queue_url(&url).message_body("x").message_group_id("a");
        send.message_deduplication_id("d").send().await.unwrap();
    };
    let (got, ()) = tokio::join!(wait, send);
    assert_eq!(got.unwrap().messages().len(), 1);
}

#[tokio::test]
async fn the_component_of_a_call_comes_from_the_user_agent() {
    let door = open().await;
    door.queue().await;
    let components: Vec<_> =
        door.cloud.world().meter.recent().map(|c| c.component.clone()).collect();
    assert_eq!(components, ["worker-7"]);
}

#[tokio::test]
async fn a_lost_response_really_breaks_the_connection() {
    let door = open().await;
    let (sqs, url) = (door.sqs(), door.queue().await);
    door.cloud.world().faults.add(FaultRule::on("PurgeQueue", FaultKind::LostResponse, 1));
    let e = sqs.purge_queue().queue_url(&url).send().await.unwrap_err();
    assert!(e.as_service_error().is_none(), "{e:?}");
    let purged = door.cloud.world().meter.recent().any(|c| c.operation == "PurgeQueue");
    assert!(purged);
}

#[tokio::test]
async fn requests_that_are_no_calls_get_errors_in_the_form_of_aws() {
    let door = open().await;
    let (status, body) = door.page("GET", "/", "").await;
    assert_eq!(
        (status.as_str(), &body["message"]),
        ("403", &json!("Request is missing Authentication Token"))
    );
    let form = "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\
                content-type: application/x-www-form-urlencoded\r\n\r\n";
    let (status, body) = door.raw(form).await;
    assert_eq!(status, "403");
    assert!(body.contains("<Code>MissingAuthenticationToken</Code>"), "{body}");
    let signed = "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 3\r\n\
                  x-amz-target: AmazonSQS.ListQueues\r\n\
                  authorization: AWS4-HMAC-SHA256 Credential=111111111111/d/r/sqs/aws4_request\r\n\r\n";
    let (status, body) = door.raw(&format!("{signed}{{x}}")).await;
    assert_eq!(status, "400");
    assert!(body.contains("SerializationException"), "{body}");
    assert_eq!(door.raw("no http at all\r\n\r\n").await.0, "400");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let door = open().await;
    let n = 3 * 1024 * 1024;
    let head = format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {n}\r\n\r\n");
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

#[tokio::test]
async fn the_local_pages_show_queues_calls_and_totals() {
    let door = open().await;
    let (sqs, url) = (door.sqs(), door.queue().await);
    let send = sqs.send_message().queue_url(&url).message_body("x").message_group_id("a");
    send.message_deduplication_id("d").send().await.unwrap();
    assert_eq!(door.page("GET", "/_local/health", "").await.1, json!({ "status": "ok" }));
    let status = door.page("GET", "/_local/status", "").await.1;
    assert_eq!(status["queues"][0]["name"], "q.fifo");
    assert_eq!(status["queues"][0]["visible"], 1);
    let requests = door.page("GET", "/_local/requests", "").await.1;
    let sent = &requests["operations"][1];
    assert_eq!((&sent["operation"], &sent["calls"]), (&json!("SendMessage"), &json!(1)));
    let calls = door.page("GET", "/_local/calls?after=1", "").await.1;
    assert_eq!(calls["calls"].as_array().map(Vec::len), Some(1));
    assert_eq!(calls["calls"][0]["resource"], "q.fifo/a");
    assert_eq!(door.page("GET", "/_local/ca.pem", "").await.1, "the authority");
    assert_eq!(door.page("GET", "/_local/nothing", "").await.0, "404");
}

#[tokio::test]
async fn faults_are_added_listed_and_cleared_over_http() {
    let door = open().await;
    let rule = r#"{"fault":{"kind":"throttle"},"rate":1.0,"service":"sqs"}"#;
    let added = door.page("POST", "/_local/faults", rule).await;
    assert_eq!((added.0.as_str(), &added.1["rules"][0]["service"]), ("200", &json!("sqs")));
    let create = door.sqs().create_queue().queue_name("q.fifo").attributes(Q::FifoQueue, "true");
    let e = create.send().await.unwrap_err().into_service_error();
    assert!(e.is_request_throttled());
    assert_eq!(door.page("GET", "/_local/faults", "").await.1["rules"][0]["fired"], 1);
    let cleared = door.page("DELETE", "/_local/faults", "").await.1;
    assert_eq!(cleared["rules"].as_array().map(Vec::len), Some(0));
    door.queue().await;
    assert_eq!(door.page("POST", "/_local/faults", "{}").await.0, "400");
}

#[tokio::test]
async fn the_server_and_its_connections_end_when_told_to() {
    let mut door = open().await;
    let mut idle = TcpStream::connect(door.address).await.unwrap();
    door.page("GET", "/_local/health", "").await;
    door.stop.take().unwrap().send(()).unwrap();
    door.tasks.join_next().await.unwrap().unwrap();
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap_or(0), 0);
    assert!(TcpStream::connect(door.address).await.is_err());
}
