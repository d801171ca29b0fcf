//! Amazon RDS for Aurora. API = Amazon RDS API Reference, UG = Amazon Aurora User Guide.

pub(crate) mod copy;
pub(crate) mod encryption;
pub(crate) mod kinds;
pub(crate) mod share;
pub(crate) mod snapshots_kit;
