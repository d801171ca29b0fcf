//! The words and rules that producers and workers of aurora-restore both speak.
//!
//! This crate knows what a request, a job, a plan, a wake-up and a stored item are, and how each is
//! written to DynamoDB and SQS. It holds no behaviour of either side: it knows step *names*, never
//! what a step does.

pub mod aftercare;
pub mod chain;
pub mod clock;
pub mod entropy;
pub mod environment;
pub mod estimate;
pub mod facts;
pub mod failure;
pub mod fault;
pub mod ids;
pub mod job;
pub mod message;
pub mod plan;
pub mod queue;
pub mod request;
pub mod retry;
pub mod set;
pub mod settings;
pub mod store;
pub mod telemetry;
pub mod watch;
pub mod webhook;
