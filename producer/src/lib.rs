//! The producer of aurora-restore: what submits restore jobs and asks about them.
//!
//! It writes a job's request and first state, sends the first wake-up, and reads what workers have
//! written since. It never calls RDS but to read (`plan`). The command line in `cli` is a thin
//! face of this library.

pub mod approve;
pub mod cost;
pub mod init;
pub mod operate;
pub mod plan_view;
pub mod progress;
pub mod query;
pub mod report;
pub mod set;
pub mod standing;
pub mod submit;
pub mod trouble;
pub mod view;
