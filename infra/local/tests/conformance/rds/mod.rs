//! Amazon RDS for Aurora. API = API Reference, UG = Aurora User Guide.

pub(crate) mod clone;
pub(crate) mod credentials;
pub(crate) mod engines_kit;
pub(crate) mod instances;
pub(crate) mod mysql;
pub(crate) mod notices;
pub(crate) mod point_in_time;
pub(crate) mod rates;
pub(crate) mod rename;
pub(crate) mod statuses;
