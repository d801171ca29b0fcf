//! Temporary credentials.

use super::{Identity, Session};
use std::sync::Arc;

/// How long a session that is over is remembered, so that its key is refused as expired and not as
/// unknown.
const REMEMBERED_MS: i64 = 24 * 3_600_000;

/// What a caller needs to act as a session.
pub(crate) struct Credentials {
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
    pub(crate) token: String,
}

impl Credentials {
    /// New ones, from a random source.
    pub(crate) fn fresh(rng: &mut fastrand::Rng) -> Self {
        let mut text = |length| (0..length).map(|_| rng.alphanumeric()).collect::<String>();
        Self {
            access_key: format!("ASIA{}", text(16).to_uppercase()),
            secret_key: text(40),
            token: text(160),
        }
    }
}

impl Identity {
    /// Begins a session under an access key id.
    pub(crate) fn begin(&mut self, access_key: &str, session: Session, now_ms: i64) {
        self.sessions.retain(|_, old| old.expires_ms + REMEMBERED_MS > now_ms);
        self.sessions.insert(access_key.to_owned(), Arc::new(session));
    }
}
