//! Amazon RDS for Aurora. API = Amazon RDS API Reference, UG = Amazon Aurora User Guide.

pub(crate) mod copy;
pub(crate) mod deleting;
pub(crate) mod encryption;
pub(crate) mod groups;
pub(crate) mod kinds;
pub(crate) mod kit;
pub(crate) mod passages;
pub(crate) mod planned;
pub(crate) mod quotas;
pub(crate) mod reading;
pub(crate) mod refusals;
pub(crate) mod restoring;
pub(crate) mod share;
pub(crate) mod snapshots_kit;
pub(crate) mod wire_codes;
