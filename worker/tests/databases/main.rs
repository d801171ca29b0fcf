//! Masking, users and questions on real servers, over TLS: PostgreSQL, and MariaDB in the place of
//! MySQL.
#![expect(clippy::unwrap_used, reason = "a helper that fails, fails its test")]

mod mariadb_grant;
mod mariadb_mask;
mod postgres_grant;
mod postgres_mask;
mod rig;
