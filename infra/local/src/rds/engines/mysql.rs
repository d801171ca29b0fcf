//! Aurora MySQL: version 3, compatible with MySQL 8.0. Version 2 (MySQL 5.7) is past its end of
//! life and not on offer.

use super::{Description, Major, Names, minor, preferred};
use crate::data_plane::Engine;

pub(super) const MYSQL: Description = Description {
    engine: Engine::Mysql,
    name: "aurora-mysql",
    title: "Aurora MySQL",
    license: "general-public-license",
    port: 3306,
    log_types: &["audit", "error", "general", "slowquery", "instance", "iam-db-auth-error"],
    users: Names { longest: 16, reserved: &["rdsadmin", "rdsrepladmin"] },
    databases: Names {
        longest: 64,
        reserved: &["information_schema", "mysql", "performance_schema", "sys"],
    },
    longest_password: 41,
    first_database: "mysql",
    backtracks: true,
    majors: &[Major {
        name: "8.0",
        minors: &[
            minor("8.0.mysql_aurora.3.04.0"),
            minor("8.0.mysql_aurora.3.04.1"),
            minor("8.0.mysql_aurora.3.04.2"),
            minor("8.0.mysql_aurora.3.04.3"),
            minor("8.0.mysql_aurora.3.04.4"),
            minor("8.0.mysql_aurora.3.08.0"),
            minor("8.0.mysql_aurora.3.08.1"),
            minor("8.0.mysql_aurora.3.08.2"),
            minor("8.0.mysql_aurora.3.09.0"),
            minor("8.0.mysql_aurora.3.10.0"),
            minor("8.0.mysql_aurora.3.10.1"),
            preferred("8.0.mysql_aurora.3.10.3"),
        ],
    }],
};
