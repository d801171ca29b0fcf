//! Aurora PostgreSQL.

use super::{Description, Major, Names, minor, preferred};
use crate::data_plane::Engine;

pub(super) const POSTGRESQL: Description = Description {
    engine: Engine::Postgres,
    name: "aurora-postgresql",
    title: "Aurora PostgreSQL",
    license: "postgresql-license",
    port: 5432,
    log_types: &["postgresql", "instance", "iam-db-auth-error"],
    users: Names { longest: 63, reserved: &["admin", "rdsadmin"] },
    databases: Names { longest: 63, reserved: &["rdsadmin", "template0", "template1"] },
    longest_password: 99,
    first_database: "postgres",
    backtracks: false,
    majors: &[
        Major { name: "14", minors: &[minor("14.12"), preferred("14.15"), minor("14.18")] },
        Major { name: "15", minors: &[minor("15.7"), preferred("15.10"), minor("15.13")] },
        Major {
            name: "16",
            minors: &[minor("16.4"), preferred("16.6"), minor("16.8"), minor("16.9")],
        },
        Major { name: "17", minors: &[preferred("17.4"), minor("17.5")] },
    ],
};
