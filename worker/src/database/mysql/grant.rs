//! Users and their grants. MySQL commits each statement by itself: each is idempotent. Names are
//! quoted by the server; a password is never sent, only what the server keeps of it, so that no log
//! of the server can hold it.

use super::{connect, leave, lock, sorted};
use crate::database::sql::Authority;
use crate::database::trouble::refuse_master;
use crate::database::{Granted, Hidden, Login, NewUser};
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::request::{Grant, On, Privilege};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error};
use sha1::{Digest, Sha1};

const CREATE: &str = "SELECT CONCAT('CREATE USER IF NOT EXISTS ', QUOTE(?), '@''%'' \
     IDENTIFIED WITH mysql_native_password AS ', QUOTE(?))";

const ALTER: &str = "SELECT CONCAT('ALTER USER ', QUOTE(?), '@''%'' \
     IDENTIFIED WITH mysql_native_password AS ', QUOTE(?))";

/// On all of a database. There, a name is a pattern unless the server revokes partially.
const GRANT_ALL: &str = "SELECT CONCAT('GRANT ', ?, ' ON `', REPLACE(REPLACE(?, '`', '``'), '_', ?), \
     '`.* TO ', QUOTE(?), '@''%''')";

const GRANT_ONE: &str = "SELECT CONCAT('GRANT ', ?, ' ON `', REPLACE(?, '`', '``'), '`.`', \
     REPLACE(?, '`', '``'), '` TO ', QUOTE(?), '@''%''')";

pub(in crate::database) async fn grant(
    authority: &Authority,
    login: &Login,
    users: &[NewUser<'_>],
) -> Result<Vec<Granted>, Failure> {
    refuse_master(login, users)?;
    // Before anybody is given anything.
    users.iter().flat_map(|new| &new.user.grants).try_for_each(|g| words(g).map(drop))?;
    let mut conn = connect(authority, login).await?;
    lock(&mut conn, "aurora-restore grant", "preparing the users").await?;
    let literal = has_literal_names(&mut conn).await;
    let literal = literal.map_err(|e| refused(&e, "preparing the users"))?;
    let mut granted = Vec::new();
    for new in users {
        let name = &new.user.name;
        let made = make_user(&mut conn, name.as_str(), &new.password).await;
        let is_new = made.map_err(|e| refused(&e, &format!("user \"{name}\"")))?;
        for grant in &new.user.grants {
            let statement = statement(&mut conn, login, name.as_str(), grant, literal).await?;
            let given = conn.query_drop(statement).await;
            given.map_err(|e| refused(&e, &format!("user \"{name}\": {grant}")))?;
        }
        granted.push(Granted { user: name.to_string(), is_new });
    }
    leave(conn).await;
    Ok(granted)
}

fn refused(error: &Error, doing: &str) -> Failure {
    sorted(error, FailureCode::GrantFailed, doing)
}

/// Whether `_` in the name of a database means itself (`partial_revokes`, since MySQL 8.0.16).
async fn has_literal_names(conn: &mut Conn) -> Result<bool, Error> {
    let row: Option<(String, String)> =
        conn.query_first("SHOW VARIABLES LIKE 'partial_revokes'").await?;
    Ok(row.is_some_and(|(_, value)| value == "ON"))
}

/// Whether the user was made now; in any case it can log in with the password.
async fn make_user(conn: &mut Conn, name: &str, password: &Hidden) -> Result<bool, Error> {
    let kept = kept_password(password);
    run(conn, CREATE, (name, &kept)).await?;
    let is_new = conn.get_warnings() == 0;
    run(conn, ALTER, (name, &kept)).await?;
    Ok(is_new)
}

/// What the server keeps of a password (`mysql_native_password`, which every Aurora MySQL has).
fn kept_password(password: &Hidden) -> String {
    let twice = Sha1::digest(Sha1::digest(password.as_str().as_bytes()));
    twice.iter().fold("*".to_owned(), |text, byte| text + &format!("{byte:02X}"))
}

async fn run(conn: &mut Conn, make: &str, texts: (&str, &str)) -> Result<(), Error> {
    let statement: Option<String> = conn.exec_first(make, texts).await?;
    conn.query_drop(statement.unwrap_or_default()).await
}

async fn statement(
    conn: &mut Conn,
    login: &Login,
    user: &str,
    grant: &Grant,
    literal: bool,
) -> Result<String, Failure> {
    let privileges = words(grant)?;
    let made: Result<Option<String>, Error> = match grant.on() {
        On::Table { schema, table } => {
            let schema = schema.as_ref().map_or(login.database.as_str(), |s| s.as_str());
            conn.exec_first(GRANT_ONE, (privileges, schema, table.as_str(), user)).await
        }
        On::Database(name)
        | On::Schema(name)
        | On::AllTables(name)
        | On::AllSequences(name)
        | On::AllFunctions(name) => {
            let underscore = if literal { "_" } else { "\\_" };
            conn.exec_first(GRANT_ALL, (privileges, name.as_str(), underscore, user)).await
        }
    };
    let made = made.map_err(|e| refused(&e, &format!("user \"{user}\": {grant}")))?;
    Ok(made.unwrap_or_default())
}

/// The privileges in words of MySQL.
fn words(grant: &Grant) -> Result<String, Failure> {
    let each = grant.privileges().iter().map(|privilege| {
        word(*privilege, grant.on()).ok_or_else(|| {
            let text = format!("{grant}: MySQL has no word for {}", privilege.as_str());
            Failure::permanent(FailureCode::GrantFailed, text)
        })
    });
    Ok(each.collect::<Result<Vec<_>, _>>()?.join(", "))
}

fn word(privilege: Privilege, on: &On) -> Option<&'static str> {
    use Privilege as P;
    match (on, privilege) {
        (On::AllSequences(_), _) | (_, P::Connect | P::Truncate | P::Usage) => None,
        (On::AllFunctions(_), _) => Some("EXECUTE"),
        (On::AllTables(_) | On::Table { .. }, P::All) => {
            Some("SELECT, INSERT, UPDATE, DELETE, REFERENCES, TRIGGER")
        }
        (_, P::Temporary) => Some("CREATE TEMPORARY TABLES"),
        (_, other) => Some(other.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_password_is_what_mysql_computes() {
        // SELECT PASSWORD('password'), in MySQL before 8.0.
        let kept = kept_password(&Hidden::new("password"));
        assert_eq!(kept, "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19");
    }

    #[test]
    fn privileges_get_the_words_of_mysql_or_are_refused() {
        let said = |text: &str| words(&text.parse().unwrap()).map_err(|f| f.code);
        let refused = Err(FailureCode::GrantFailed);
        assert_eq!(said("SELECT, INSERT ON TABLE t").unwrap(), "SELECT, INSERT");
        assert_eq!(said("TEMPORARY ON DATABASE o").unwrap(), "CREATE TEMPORARY TABLES");
        assert_eq!(said("ALL PRIVILEGES ON DATABASE o").unwrap(), "ALL PRIVILEGES");
        assert!(said("ALL PRIVILEGES ON TABLE t").unwrap().starts_with("SELECT, INSERT"));
        assert_eq!(said("ALL PRIVILEGES ON ALL FUNCTIONS IN SCHEMA o").unwrap(), "EXECUTE");
        for text in [
            "CONNECT ON DATABASE o",
            "USAGE ON SCHEMA o",
            "SELECT, TRUNCATE ON TABLE t",
            "SELECT ON ALL SEQUENCES IN SCHEMA o",
        ] {
            assert_eq!(said(text), refused, "{text}");
        }
    }
}
