//! Arbitrary bytes in place of a request.

use crate::wire::{json, open, rest, status};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use tokio::io::AsyncWriteExt;
use tokio::runtime::Runtime;

/// What a head is made of.
const PIECES: [&str; 26] = [
    "POST ",
    "GET ",
    "/",
    "/_local/status",
    "/_local/faults/9999999999999999999999",
    "http://x/y?z",
    " HTTP/1.1",
    " HTTP/1.0",
    "\r\n",
    "\n",
    "\r\n\r\n",
    "host: ",
    "host: [::1",
    "origin: ",
    "content-length: ",
    "content-length: 18446744073709551616",
    "transfer-encoding: chunked",
    "expect: 100-continue",
    "connection: upgrade",
    "upgrade: h2c",
    "authorization: AWS4-HMAC-SHA256 Credential=111111111111/d/r/sqs/aws4_request",
    "x-amz-target: AmazonSQS.",
    "content-type: application/x-www-form-urlencoded",
    "7",
    "{}",
    ": ",
];

fn head() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop_oneof![
        4 => select(&PIECES[..]).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..20),
    ];
    vec(pieces, 0..24).prop_map(|pieces| pieces.concat())
}

#[test]
fn arbitrary_bytes_get_an_answer_or_the_end_of_the_connection() {
    let runtime = Runtime::new().unwrap();
    let open = runtime.block_on(open());
    let config = Config { cases: 400, rng_seed: RngSeed::Fixed(7), ..Config::default() };
    let config = Config { failure_persistence: None, ..config };
    let sent = TestRunner::new(config).run(&head(), |head| {
        let answer = runtime.block_on(async {
            let mut stream = open.connect().await;
            let _ = stream.write_all(&head).await;
            let _ = stream.shutdown().await;
            rest(&mut stream).await
        });
        let is_answer = answer.starts_with("HTTP/1.");
        prop_assert!(answer.is_empty() || is_answer, "{}", answer);
        prop_assert!(status(&answer) != 500, "{}", answer);
        Ok(())
    });
    sent.unwrap();
    let request = json("sqs", "AmazonSQS.ListQueues", b"{}");
    assert_eq!(status(&runtime.block_on(open.ask(&request))), 200);
}
