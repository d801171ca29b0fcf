//! Seed files: what a local cloud has from its first moment on. Everything is checked before
//! anything is made: a file with a fault changes nothing.

mod apply;
mod fault;
mod file;
mod moment;
mod scene;
mod shape;

pub use apply::Report;
pub use fault::SeedFault;
pub use file::{
    AccessKeySeed, ClusterSeed, DataSeed, EncryptionSeed, InstanceSeed, KeySeed,
    ParameterGroupSeed, QuotaSeed, RateLimitSeed, RoleSeed, SecretSeed, SeedFile, ServerlessSeed,
    SnapshotKind, SnapshotSeed, SubnetGroupSeed, TrustSeed,
};

pub(crate) use fault::{Faults, nearest};
pub(crate) use moment::moment;
pub(crate) use scene::Scene;

use serde_json::Value;
use shape::Shape;

/// The JSON Schema of seed files.
#[must_use]
pub fn schema() -> Value {
    schemars::schema_for!(SeedFile).to_value()
}

impl SeedFile {
    /// Reads a seed file.
    ///
    /// # Errors
    /// Every fault of its shape: unknown and missing fields, wrong types, words nobody knows.
    pub fn read(value: &Value) -> Result<Self, Vec<SeedFault>> {
        let mut faults = Faults::default();
        let root = schema();
        Shape { root: &root, faults: &mut faults }.check(&root, value, "");
        faults.verdict()?;
        serde_json::from_value(value.clone()).map_err(|e| {
            let (problem, fix) = (e.to_string(), "must be as the schema says".to_owned());
            vec![SeedFault { path: String::new(), problem, fix }]
        })
    }
}

#[cfg(test)]
mod tests;
