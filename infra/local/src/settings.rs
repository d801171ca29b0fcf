//! What can be set about a local cloud.

/// Settings of a [`crate::world::World`].
#[derive(Debug, Clone)]
pub struct WorldSettings {
    /// Seeds every random choice of the core (resource ids, latencies, durations, faults).
    pub seed: u64,
    /// How much faster than AWS long operations pass: 1.0 is AWS's own pace, 60.0 turns a
    /// 10-minute restore into 10 s.
    pub speed: f64,
    /// How far secondary indexes lag behind the base table, in milliseconds.
    pub index_lag_ms: i64,
    /// Shortest and longest time a call is on its way (both directions together), milliseconds of
    /// the door's clock. Zero for the HTTP server; a few for virtual time, so that calls interleave.
    pub latency_ms: (u64, u64),
    /// How many calls the meter keeps one by one (totals are kept of all): at least the last one,
    /// of which a witness is told.
    pub keep_calls: usize,
    /// The Region-default version of Aurora PostgreSQL that an omitted one really becomes.
    pub default_postgres_version: String,
    /// Whether a snapshot can be copied into another account and another Region in one call, as
    /// AWS allows since October 2025.
    pub one_step_copies: bool,
    /// Whether clusters get automated snapshots: one when they are created, then one every day.
    pub automated_snapshots: bool,
    /// The Region-default version of Aurora MySQL.
    pub default_mysql_version: String,
}

impl Default for WorldSettings {
    fn default() -> Self {
        Self {
            seed: 1,
            speed: 1.0,
            index_lag_ms: 0,
            latency_ms: (0, 0),
            keep_calls: 100_000,
            default_postgres_version: "16.6".into(),
            one_step_copies: true,
            automated_snapshots: false,
            default_mysql_version: "8.0.mysql_aurora.3.10.3".into(),
        }
    }
}
