//! Very many connections: the process, which has the test for itself, grows by nothing.

use crate::wire::{json, open, status};

const CONNECTIONS: usize = 10_000;

/// Open file handles of this process.
fn handles() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Memory of this process, KiB.
fn memory_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn ten_thousand_connections_one_after_the_other_leave_nothing_behind() {
    let open = open().await;
    let request = json("sqs", "AmazonSQS.ListQueues", b"{}");
    // What is allocated once is allocated after a tenth of them. The calls that are kept for the
    // pages are memory, too: so many that they do not count.
    open.cloud.world().meter = aurora_restore_local::meter::Meter::keeping(0);
    for _ in 0..CONNECTIONS / 10 {
        assert_eq!(status(&open.ask(&request).await), 200);
    }
    let (handles_before, kib_before) = (handles(), memory_kib());
    for n in 0..CONNECTIONS * 9 / 10 {
        let answer = open.ask(&request).await;
        assert_eq!(status(&answer), 200, "{n}: {answer}");
    }
    let (more_handles, more_kib) =
        (handles().saturating_sub(handles_before), memory_kib().saturating_sub(kib_before));
    assert!(more_handles <= 4, "{more_handles} more file handles");
    assert!(more_kib <= 4 * 1024, "{more_kib} KiB more memory");
}
