//! What a client may take of the server: connections, bytes, time.

use std::time::Duration;

/// The bounds of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections served at a time. One more is answered with `ServiceUnavailable` (503).
    pub connections: usize,
    /// The largest body, bytes: twice the largest message. A larger one is answered with 413.
    pub body_bytes: usize,
    /// The largest request head, bytes. A larger one is answered with 431.
    pub head_bytes: usize,
    /// How long a head may take, from the moment the connection is idle: so an idle connection
    /// ends then, too.
    pub head: Duration,
    /// How long a body may take.
    pub body: Duration,
    /// How long a client may leave an answer unread.
    pub unread: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4_000,
            body_bytes: 2 * 1024 * 1024,
            head_bytes: 64 * 1024,
            head: Duration::from_mins(1),
            body: Duration::from_mins(1),
            unread: Duration::from_mins(1),
        }
    }
}
