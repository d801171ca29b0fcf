//! Facts about the data plane, with real database servers and their real clients.
//!
//! Needs PostgreSQL on the machine; `AURORA_RESTORE_SKIP_POSTGRES=1` skips its tests.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests, as in tests themselves"
)]

mod killed;
mod postgres;
mod postgres_many;
mod postgres_past;
mod rig;
mod seeded;
