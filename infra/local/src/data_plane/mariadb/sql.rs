//! The statements we run. What varies is quoted, so that no name and no password is ever more than
//! that.

use crate::data_plane::servers::dbms::Master;

/// What the master user of Aurora may do that there is here: no reading and writing of files, no
/// shutdown, no changes of the server.
const RIGHTS: &str = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, \
     INDEX, ALTER, SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, \
     REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, \
     ALTER ROUTINE, CREATE USER, EVENT, TRIGGER";

/// Creates the master user and, unless its name is empty, the first database.
pub(super) fn create_master(master: &Master<'_>) -> String {
    let Master { user, password, database } = *master;
    let (name, password) = (account(user), literal(password));
    let mut sql = format!(
        "CREATE USER {name} IDENTIFIED BY {password};\n\
         GRANT {RIGHTS} ON *.* TO {name} WITH GRANT OPTION;\n"
    );
    if !database.is_empty() {
        sql.push_str(&format!("CREATE DATABASE IF NOT EXISTS {};\n", identifier(database)));
    }
    sql
}

/// Changes the password of a user.
pub(super) fn set_password(user: &str, password: &str) -> String {
    format!("ALTER USER {} IDENTIFIED BY {};\n", account(user), literal(password))
}

/// Gives a user a second password, beside its own. Not logged: no copy is to have it.
pub(super) fn lend_password(user: &str, password: &str) -> String {
    let (user, password) = (literal(user), literal(password));
    format!(
        "SET SESSION sql_log_bin = 0;
UPDATE mysql.global_priv SET Priv = JSON_SET(Priv, '$.auth_or', JSON_ARRAY(JSON_OBJECT(),
JSON_OBJECT('plugin', 'mysql_native_password', 'authentication_string', PASSWORD({password}))))
WHERE User = {user} AND Host = '%';
FLUSH PRIVILEGES;
"
    )
}

/// Takes back what [`lend_password`] has given, unless the user has got a new password meanwhile.
pub(super) fn take_password_back(user: &str, password: &str) -> String {
    let (user, password) = (literal(user), literal(password));
    format!(
        "SET SESSION sql_log_bin = 0;
UPDATE mysql.global_priv SET Priv = JSON_REMOVE(Priv, '$.auth_or')
WHERE User = {user} AND Host = '%'
AND JSON_VALUE(Priv, '$.auth_or[1].authentication_string') = PASSWORD({password});
FLUSH PRIVILEGES;
"
    )
}

fn account(user: &str) -> String {
    format!("{}@'%'", identifier(user))
}

fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_passwords_cannot_leave_their_quotes() {
        assert_eq!(identifier("a`; DROP"), "`a``; DROP`");
        assert_eq!(literal(r"it's \' $x"), r"'it''s \\'' $x'");
        let sql = set_password("o`x", "'; DROP TABLE t; --");
        assert_eq!(sql, "ALTER USER `o``x`@'%' IDENTIFIED BY '''; DROP TABLE t; --';\n");
    }

    #[test]
    fn a_cluster_without_a_first_database_gets_none() {
        let master = Master { user: "master", password: "x", database: "" };
        assert!(!create_master(&master).contains("DATABASE IF"));
        assert!(create_master(&Master { database: "o", ..master }).contains("EXISTS `o`;"));
    }
}
