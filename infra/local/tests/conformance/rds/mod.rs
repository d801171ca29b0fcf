//! Amazon RDS for Aurora. API = API Reference, UG = Aurora User Guide.
//! Amazon RDS for Aurora. API = Amazon RDS API Reference, UG = Amazon Aurora User Guide.
pub(crate) mod clone;
pub(crate) mod copy;
pub(crate) mod credentials;
pub(crate) mod deleting;
pub(crate) mod encryption;
pub(crate) mod engines_kit;
pub(crate) mod groups;
pub(crate) mod instances;
pub(crate) mod kinds;
pub(crate) mod kit;
pub(crate) mod mysql;
pub(crate) mod notices;
pub(crate) mod passages;
pub(crate) mod planned;
pub(crate) mod point_in_time;
pub(crate) mod quotas;
pub(crate) mod rates;
pub(crate) mod reading;
pub(crate) mod refusals;
pub(crate) mod rename;
pub(crate) mod restoring;
pub(crate) mod share;
pub(crate) mod snapshots_kit;
pub(crate) mod statuses;
pub(crate) mod wire_codes;
