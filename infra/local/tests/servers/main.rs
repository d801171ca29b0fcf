//! Facts about the data plane, with real database servers and their real clients.
//!
//! Needs PostgreSQL and MariaDB on the machine; `AURORA_RESTORE_SKIP_POSTGRES=1` and
//! `AURORA_RESTORE_SKIP_MARIADB=1` skip their tests.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests, as in tests themselves"
)]

mod killed;
mod mariadb;
mod mariadb_past;
mod mariadb_rig;
mod postgres;
mod postgres_many;
mod postgres_past;
mod rig;
mod seeded;
