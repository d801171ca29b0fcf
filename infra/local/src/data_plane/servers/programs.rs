//! The database programs of this machine.

use super::dbms::Dbms;
use super::tools::Tools;
use crate::data_plane::Engine;
use crate::data_plane::mariadb::Mariadb;
use crate::data_plane::mariadb::programs::MariadbPrograms;
use crate::data_plane::postgres::Postgres;
use crate::data_plane::postgres::programs::PostgresPrograms;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What was found of each engine, or why it was not and how to install it.
#[derive(Debug, Clone)]
pub struct Programs {
    /// For Aurora PostgreSQL.
    pub postgres: Result<PostgresPrograms, String>,
    /// For Aurora MySQL.
    pub mariadb: Result<MariadbPrograms, String>,
}

impl Programs {
    /// Looks for all of them.
    #[must_use]
    pub fn find() -> Self {
        Self { postgres: PostgresPrograms::find(), mariadb: MariadbPrograms::find() }
    }

    /// Why there is nothing at all; none when there is something.
    #[must_use]
    pub fn nothing(&self) -> Option<String> {
        match (&self.postgres, &self.mariadb) {
            (Err(postgres), Err(mariadb)) => Some(format!("{postgres}; and {mariadb}")),
            _ => None,
        }
    }

    /// The systems that servers can be made of; none at all is an error.
    pub(super) fn systems(
        self,
        tools: &Arc<Tools>,
    ) -> Result<BTreeMap<Engine, Box<dyn Dbms>>, String> {
        if let Some(reason) = self.nothing() {
            return Err(reason);
        }
        let mut systems = BTreeMap::<Engine, Box<dyn Dbms>>::new();
        if let Ok(programs) = self.postgres {
            let postgres = Postgres::new(programs, Arc::clone(tools));
            systems.insert(Engine::Postgres, Box::new(postgres));
        }
        if let Ok(programs) = self.mariadb {
            let mariadb = Mariadb::new(programs, Arc::clone(tools));
            systems.insert(Engine::Mysql, Box::new(mariadb));
        }
        Ok(systems)
    }
}
