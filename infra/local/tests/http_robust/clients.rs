//! Clients that are wrong, slow, greedy or gone.

use crate::wire::{self, Open, code, form, json, open, open_with, status};
use aurora_restore_local::data_plane::{DataPlane, Progress, Ticket, Work};
use aurora_restore_local::server::Limits;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Limits that are soon reached.
fn tight() -> Limits {
    let soon = Duration::from_millis(100);
    Limits { connections: 2, head: soon, body: soon, unread: soon, ..Limits::default() }
}

#[tokio::test]
async fn bodies_that_are_not_of_their_protocol_get_errors_in_the_form_of_aws() {
    let open = open().await;
    let deep = "[".repeat(100_000);
    let huge = "1".repeat(400);
    for (name, body) in [
        ("no JSON", b"{x}".to_vec()),
        ("nothing", Vec::new()),
        ("no object", b"[1,2]".to_vec()),
        ("text", b"\"text\"".to_vec()),
        ("no UTF-8", b"{\"QueueName\":\"\xff\xfe\"}".to_vec()),
        ("deep", deep.into_bytes()),
        ("a form", b"Action=ListQueues&Version=2012-11-05".to_vec()),
        ("an absurd number", format!("{{\"MaxResults\":{huge}}}").into_bytes()),
    ] {
        for target in ["AmazonSQS.SendMessage", "DynamoDB_20120810.GetItem"] {
            let service = if target.starts_with("Amazon") { "sqs" } else { "dynamodb" };
            let answer = open.ask(&json(service, target, &body)).await;
            assert_eq!(status(&answer), 400, "{name} {answer}");
            assert!(answer.contains("\"__type\":\"com.amaz"), "{name} {answer}");
        }
    }
    for body in [&b"{\"Action\":\"DescribeDBClusters\"}"[..], b"", b"\xff\xfe=\xff&%zz&&=", b"&&&"]
    {
        let answer = open.ask(&form("rds", body)).await;
        assert_eq!(status(&answer), 400, "{answer}");
        assert!(code(&answer).starts_with("<Error><Type>Sender</Type><Code>"), "{answer}");
    }
}

#[tokio::test]
async fn unknown_operations_and_callers_are_refused() {
    let open = open().await;
    let unknown = open.ask(&json("sqs", "AmazonSQS.MakeTea", b"{}")).await;
    assert!(unknown.contains("UnknownOperationException"), "{unknown}");
    let unknown = open.ask(&form("rds", b"Action=MakeTea")).await;
    assert!(unknown.contains("<Code>InvalidAction</Code>"), "{unknown}");
    for broken in [
        "",
        "Basic dXNlcjpwYXNz",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=",
        "AWS4-HMAC-SHA256 Credential=111111111111/20270115",
        "AWS4-HMAC-SHA256 Credential=////,",
        "AWS4-HMAC-SHA256 Credential=111111111111/20270115/us-east-1/s3/aws4_request",
        "AWS4-HMAC-SHA256 Credential=nobody/20270115/us-east-1/sqs/aws4_request",
    ] {
        let request = format!(
            "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: {broken}\r\n\
             x-amz-target: AmazonSQS.ListQueues\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        let answer = open.ask(request.as_bytes()).await;
        assert!([400, 403].contains(&status(&answer)), "{broken}: {answer}");
        assert!(answer.contains("\"__type\""), "{broken}: {answer}");
    }
}

#[tokio::test]
async fn a_body_of_2_mib_is_for_the_service_to_judge_and_one_byte_more_is_not_taken() {
    let open = open().await;
    let limit = Limits::default().body_bytes;
    let head = b"{\"QueueUrl\":\"http://x/111111111111/none.fifo\",\"MessageBody\":\"";
    let mut body = head.to_vec();
    body.resize(limit - 2, b'x');
    body.extend(b"\"}");
    let judged = open.ask(&json("sqs", "AmazonSQS.SendMessage", &body)).await;
    assert!(judged.contains("QueueDoesNotExist"), "{judged}");
    body.insert(head.len(), b'x');
    // All of it is sent before the answer is read: the answer must get through all the same.
    let refused = open.ask(&json("sqs", "AmazonSQS.SendMessage", &body)).await;
    assert_eq!(status(&refused), 413, "{refused}");
    assert!(refused.contains("RequestEntityTooLarge"), "{refused}");
    let chunked = wire::chunked("sqs", "AmazonSQS.SendMessage", &body);
    assert_eq!(status(&open.ask(&chunked).await), 413);
}

#[tokio::test]
async fn a_chunked_body_is_read_and_a_broken_one_is_refused() {
    let open = open().await;
    let chunked = wire::chunked("sqs", "AmazonSQS.ListQueues", b"{}");
    assert_eq!(status(&open.ask(&chunked).await), 200);
    let broken = String::from_utf8(chunked).unwrap().replace("\r\n2\r\n", "\r\nzz\r\n");
    let answer = open.ask(broken.as_bytes()).await;
    assert_eq!(status(&answer), 400, "{answer}");
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_go_on_or_not() {
    let open = open().await;
    let head = |n: usize| {
        let head = String::from_utf8(json("sqs", "AmazonSQS.ListQueues", b"")).unwrap();
        let length = format!("expect: 100-continue\r\ncontent-length: {n}");
        head.replace("content-length: 0", &length)
    };
    let mut stream = open.connect().await;
    stream.write_all(head(2).as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"{}").await.unwrap();
    assert_eq!(status(&wire::rest(&mut stream).await), 200);
    let too_much = open.ask(head(3 * 1024 * 1024).as_bytes()).await;
    assert_eq!(status(&too_much), 413, "{too_much}");
}

#[tokio::test]
async fn old_clients_and_pipelined_requests_are_served() {
    let open = open().await;
    let request = String::from_utf8(json("sqs", "AmazonSQS.ListQueues", b"{}")).unwrap();
    let old = request.replace("HTTP/1.1", "HTTP/1.0");
    assert_eq!(status(&open.ask(old.as_bytes()).await), 200);
    let keep = request.replace("connection: close\r\n", "");
    let three = open.ask(format!("{keep}{keep}{request}").as_bytes()).await;
    assert_eq!(three.matches("HTTP/1.1 200 OK").count(), 3, "{three}");
}

#[tokio::test]
async fn heads_that_are_too_large_or_no_heads_are_refused() {
    let open = open().await;
    let with = |more: String| format!("POST / HTTP/1.1\r\nhost: x\r\n{more}\r\n");
    let long = open.ask(with(format!("x-long: {}\r\n", "x".repeat(300_000))).as_bytes()).await;
    assert_eq!(status(&long), 431, "{long}");
    let many: String = (0..1_000).map(|n| format!("x-{n}: x\r\n")).collect();
    assert_eq!(status(&open.ask(with(many).as_bytes()).await), 431);
    for no_head in ["\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "a b c d\r\n\r\n"]
    {
        assert_eq!(status(&open.ask(no_head.as_bytes()).await), 400, "{no_head:?}");
    }
    let twice = with("authorization: x\r\nauthorization: y\r\nconnection: close\r\n".into());
    assert_eq!(status(&open.ask(twice.as_bytes()).await), 403);
    let contradiction = with("content-length: 1\r\ncontent-length: 2\r\n".into());
    assert_eq!(status(&open.ask(contradiction.as_bytes()).await), 400);
}

#[tokio::test]
async fn a_head_or_body_that_does_not_come_ends_the_connection() {
    let open = open_with(tight()).await;
    let mut idle = open.connect().await;
    assert_eq!(wire::rest(&mut idle).await, "");
    let mut half = open.connect().await;
    half.write_all(b"POST / HTTP/1.1\r\nhost:").await.unwrap();
    wire::rest(&mut half).await;
    let request = json("sqs", "AmazonSQS.ListQueues", b"{}");
    let mut slow = open.connect().await;
    slow.write_all(&request[..request.len() - 1]).await.unwrap();
    let answer = wire::rest(&mut slow).await;
    assert_eq!(status(&answer), 408, "{answer}");
    assert!(answer.contains("RequestTimeout"), "{answer}");
    assert_eq!(open.served().await, 200);
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let open = open_with(Limits { head: Duration::from_secs(60), ..tight() }).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = open.connect().await;
        stream.write_all(b"POST / HTTP/1.1\r\n").await.unwrap();
        held.push(stream);
    }
    let answer = open.ask(&json("sqs", "AmazonSQS.ListQueues", b"{}")).await;
    assert_eq!(status(&answer), 503, "{answer}");
    assert!(answer.contains("ServiceUnavailable"), "{answer}");
    drop(held);
    while open.served().await == 503 {}
    assert_eq!(open.served().await, 200);
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answers_is_let_go() {
    let open = open_with(tight()).await;
    let request = String::from_utf8(json("sqs", "AmazonSQS.ListQueues", b"{}")).unwrap();
    let keep = request.replace("connection: close\r\n", "");
    let mut greedy = open.connect().await;
    // Answers pile up until the server can neither write nor wants to read.
    while greedy.write_all(keep.repeat(100).as_bytes()).await.is_ok() {}
    assert_eq!(open.served().await, 200);
}

#[tokio::test]
async fn a_long_poll_whose_client_is_gone_is_dropped() {
    let open = open().await;
    open.queue().await;
    let body = b"{\"QueueUrl\":\"http://x/111111111111/q.fifo\",\"WaitTimeSeconds\":20}";
    let request = json("sqs", "AmazonSQS.ReceiveMessage", body);
    for cut in [request.len() / 2, request.len() - 1, request.len()] {
        let mut stream = open.connect().await;
        stream.write_all(&request[..cut]).await.unwrap();
        if cut == request.len() {
            open.until_parked(1).await;
        }
        drop(stream);
    }
    open.until_parked(0).await;
    assert_eq!(open.served().await, 200);
}

/// A data plane with a defect.
#[derive(Debug)]
struct Defect;

impl DataPlane for Defect {
    fn submit(&mut self, _work: Work) -> Ticket {
        panic!("a defect of the data plane");
    }

    fn poll(&mut self, _ticket: Ticket) -> Progress {
        Progress::Pending
    }
}

#[tokio::test]
async fn a_panic_is_answered_as_an_internal_failure_and_the_server_goes_on() {
    let open = Open::new(Limits::default(), Box::new(Defect)).await;
    let create = b"Action=CreateDBCluster&DBClusterIdentifier=x&Engine=aurora-postgresql&\
                   MasterUsername=postgres&MasterUserPassword=correct-horse";
    let answer = open.ask(&form("rds", create)).await;
    assert_eq!(status(&answer), 500, "{answer}");
    assert!(answer.contains("<Code>InternalFailure</Code>"), "{answer}");
    assert_eq!(open.served().await, 200);
}

#[tokio::test]
async fn the_pages_are_not_for_a_browser_from_elsewhere() {
    let open = open().await;
    let page = |headers: &str| {
        format!("DELETE /_local/faults HTTP/1.1\r\n{headers}connection: close\r\n\r\n")
    };
    for (headers, expected) in [
        ("host: localhost:4566\r\n", 200),
        ("host: 127.0.0.1\r\n", 200),
        ("host: rebound.example:4566\r\n", 403),
        ("host: localhost\r\norigin: http://localhost:3000\r\n", 403),
        ("host: localhost\r\norigin: null\r\n", 403),
    ] {
        let answer = open.ask(page(headers).as_bytes()).await;
        assert_eq!(status(&answer), expected, "{headers}");
    }
}
