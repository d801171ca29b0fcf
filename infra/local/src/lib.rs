//! The local cloud: a deterministic stand-in for the AWS services that a restore fleet calls.
//!
//! One core, two doors. The core ([`world::World`]) is pure, synchronous and deterministic: a
//! request and a moment go in, a response comes out; no sleeping, no system time, no OS randomness.
//! Door 1 ([`transport`]) is an in-process `HttpClient` for the real AWS SDK; door 2 ([`server`])
//! is the same core over HTTP. Nothing in here knows aurora-restore: a stand-in that shared code
//! with the fleet would share its bugs.

pub mod admin;
pub mod call;
pub mod clock;
pub mod cloud;
pub mod cloudwatch;
pub mod data_plane;
pub mod dynamodb;
pub mod error;
pub mod events;
pub mod faults;
mod gzip;
pub mod identity;
pub mod kms;
pub mod meter;
mod moment;
pub mod operations;
pub mod params;
pub mod rates;
pub mod rds;
pub mod secrets;
pub mod seed;
pub mod server;
pub mod settings;
pub mod sns;
pub mod sqs;
pub mod sts;
pub mod transport;
pub mod wire;
pub mod witness;
pub mod world;
pub mod xml;
