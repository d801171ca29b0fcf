//! The database programs of this machine.

use super::dbms::Dbms;
use super::tools::Tools;
use crate::data_plane::Engine;
use crate::data_plane::postgres::Postgres;
use crate::data_plane::postgres::programs::PostgresPrograms;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What was found of each engine, or why it was not and how to install it.
#[derive(Debug, Clone)]
pub struct Programs {
    /// For Aurora PostgreSQL.
    pub postgres: Result<PostgresPrograms, String>,
}

impl Programs {
    /// Looks for all of them.
    #[must_use]
    pub fn find() -> Self {
        Self { postgres: PostgresPrograms::find() }
    }

    /// The systems that servers can be made of; none at all is an error.
    pub(super) fn systems(
        self,
        tools: &Arc<Tools>,
    ) -> Result<BTreeMap<Engine, Box<dyn Dbms>>, String> {
        let mut systems = BTreeMap::<Engine, Box<dyn Dbms>>::new();
        let postgres = Postgres::new(self.postgres?, Arc::clone(tools));
        systems.insert(Engine::Postgres, Box::new(postgres));
        Ok(systems)
    }
}
