//! Settings of a worker, each default with its arithmetic.

use aurora_restore_shared::fault::Reader;
use aurora_restore_shared::ids::WorkerId;
use aurora_restore_shared::settings::{COMMON_FIELDS, Common};
use aurora_restore_shared::telemetry::LogFormat;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Settings of one worker process.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Settings that every process has.
    pub common: Common,
    /// Name of this worker; none: one is drawn.
    pub worker_id: Option<WorkerId>,
    /// Ticks at the same time. A tick mostly waits for AWS: 16 keep a small machine busy and hold
    /// less than 1 MiB each. At least 4 for each Region: a receive needs room for what it brings, and
    /// each of a Region's four queues has one under way. By default as many again do work.
    pub capacity: usize,
    /// How long a claim lasts without renewal. A dead worker's jobs are taken over after this time;
    /// a third of it is the pace of renewals, so two may fail.
    pub lease: Duration,
    /// How long one receive waits: within the drain time, so that no message is torn off.
    pub poll_wait_seconds: i32,
    /// How long a worker that is told to stop may take.
    pub drain: Duration,
    /// The observer's shortest and longest time between two looks.
    pub observe: (Duration, Duration),
    /// How long the dispatcher sleeps at the most: the delay of a job that became due meanwhile.
    pub dispatch_sleep: Duration,
    /// How long leadership lasts without renewal.
    pub leadership: Duration,
    /// Claims without a commit that make a job `poisoned`.
    pub max_claims: u32,
    /// How long AWS operations take in this place, compared with AWS: 1.0; below it for a local
    /// cloud that is sped up. Estimates and deadlines depend on it.
    pub duration_scale: f64,
    /// The CA that the certificates of databases are verified against (PEM).
    pub database_ca_file: Option<PathBuf>,
    /// Where `/healthz`, `/readyz` and `/metrics` are served; none: nowhere.
    pub listen: Option<SocketAddr>,
    /// How logs are written.
    pub log: LogFormat,
}

impl Settings {
    /// The defaults on top of common settings.
    #[must_use]
    pub fn defaults(common: Common) -> Self {
        Self {
            capacity: (8 * common.regions.len()).max(16),
            common,
            worker_id: None,
            lease: Duration::from_secs(60),
            poll_wait_seconds: 8,
            drain: Duration::from_secs(10),
            observe: (Duration::from_secs(15), Duration::from_secs(300)),
            dispatch_sleep: Duration::from_secs(5),
            leadership: Duration::from_secs(30),
            max_claims: 5,
            duration_scale: 1.0,
            database_ca_file: None,
            listen: None,
            log: LogFormat::Text,
        }
    }

    /// Reads them.
    pub fn read(r: &Reader<'_>) -> Option<Self> {
        r.object(&[&COMMON_FIELDS[..], &FIELDS[..]].concat())?;
        let defaults = Self::defaults(Common::read(r)?);
        let ms = |name: &str, low: i64, or: Duration| {
            let n = r.field(name).optional(|r| r.whole(low, 3_600_000));
            n.and_then(|n| u64::try_from(n).ok()).map_or(or, Duration::from_millis)
        };
        let fewest = i64::try_from(4 * defaults.common.regions.len()).unwrap_or(1000);
        let capacity = r.field("capacity").optional(|r| r.whole(fewest, 1000));
        let max_claims = r.field("max_claims").optional(|r| r.whole(1, 100));
        let poll_wait = r.field("poll_wait_seconds").optional(|r| r.whole(0, 20));
        let log = r.field("log").optional(|r| r.one_of(&LogFormat::ALL));
        let scale = r.field("duration_scale").optional(|r| r.number(0.0001, 10.0));
        let path = r.field("database_ca_file").optional(Reader::text).map(PathBuf::from);
        Some(Self {
            worker_id: r.field("worker_id").optional(Reader::parsed),
            capacity: capacity.and_then(|n| n.try_into().ok()).unwrap_or(defaults.capacity),
            lease: ms("lease_ms", 500, defaults.lease),
            poll_wait_seconds: poll_wait.and_then(|n| i32::try_from(n).ok()).unwrap_or(8),
            drain: ms("drain_ms", 0, defaults.drain),
            observe: (
                ms("observe_min_ms", 50, defaults.observe.0),
                ms("observe_max_ms", 50, defaults.observe.1),
            ),
            dispatch_sleep: ms("dispatch_sleep_ms", 50, defaults.dispatch_sleep),
            leadership: ms("leadership_ms", 500, defaults.leadership),
            max_claims: max_claims.and_then(|n| n.try_into().ok()).unwrap_or(5),
            duration_scale: scale.unwrap_or(1.0),
            database_ca_file: path,
            listen: r.field("listen").optional(Reader::parsed),
            log: log.unwrap_or(LogFormat::Text),
            ..defaults
        })
    }
}

const FIELDS: [&str; 14] = [
    "worker_id",
    "capacity",
    "lease_ms",
    "poll_wait_seconds",
    "drain_ms",
    "observe_min_ms",
    "observe_max_ms",
    "dispatch_sleep_ms",
    "leadership_ms",
    "max_claims",
    "duration_scale",
    "database_ca_file",
    "listen",
    "log",
];
