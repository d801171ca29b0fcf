//! Users and their grants, in one transaction. Names are quoted by the server; a password is never
//! sent, only its SCRAM-SHA-256 verifier, so that no log of the server can hold it.

use super::{Session, beside, connect, sorted};
use crate::database::sql::Authority;
use crate::database::trouble::refuse_master;
use crate::database::{Granted, Login, NewUser};
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::request::{Grant, On, Privilege};
use postgres_protocol::password::scram_sha_256;
use tokio_postgres::{Client, Error, Transaction};

/// Two workers that change one role at the same time get in each other's way.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended('aurora-restore grant', 0))";

const IS_THERE: &str = "SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1)";

/// A statement of fixed words, with names (`%I`) and texts (`%L`) put in and quoted by the server.
const FORMAT: &str = "SELECT format($1::text, VARIADIC $2::text[])";

pub(in crate::database) async fn grant(
    authority: &Authority,
    login: &Login,
    users: &[NewUser<'_>],
) -> Result<Vec<Granted>, Failure> {
    refuse_master(login, users)?;
    let (mut client, connection) = connect(authority, login, Session::Changing).await?;
    beside(login, connection, grant_all(&mut client, users)).await
}

async fn grant_all(client: &mut Client, users: &[NewUser<'_>]) -> Result<Vec<Granted>, Failure> {
    let failed = |e: Error| sorted(&e, FailureCode::GrantFailed, "preparing the users");
    let transaction = client.build_transaction().read_only(false).start().await.map_err(failed)?;
    transaction.execute(LOCK, &[]).await.map_err(failed)?;
    let mut granted = Vec::new();
    for new in users {
        let name = &new.user.name;
        let doing = format!("user \"{name}\"");
        let made = make_role(&transaction, new).await;
        let is_new = made.map_err(|e| sorted(&e, FailureCode::GrantFailed, &doing))?;
        for grant in &new.user.grants {
            let given = give(&transaction, name.as_str(), grant).await;
            let doing = format!("user \"{name}\": {grant}");
            given.map_err(|e| sorted(&e, FailureCode::GrantFailed, &doing))?;
        }
        granted.push(Granted { user: name.to_string(), is_new });
    }
    transaction.commit().await.map_err(failed)?;
    Ok(granted)
}

/// Whether the role was made now; in any case it can log in with the password.
async fn make_role(transaction: &Transaction<'_>, new: &NewUser<'_>) -> Result<bool, Error> {
    let name = new.user.name.as_str();
    let is_there: bool = transaction.query_one(IS_THERE, &[&name]).await?.get(0);
    let template = if is_there {
        "ALTER ROLE %I WITH LOGIN PASSWORD %L"
    } else {
        "CREATE ROLE %I WITH LOGIN PASSWORD %L"
    };
    let verifier = scram_sha_256(new.password.as_str().as_bytes());
    run(transaction, template, &[name, &verifier]).await?;
    Ok(!is_there)
}

async fn give(transaction: &Transaction<'_>, user: &str, grant: &Grant) -> Result<(), Error> {
    let (on, mut names) = object(grant.on());
    let words: Vec<&str> = grant.privileges().iter().copied().map(Privilege::as_str).collect();
    names.push(user);
    run(transaction, &format!("GRANT {} ON {on} TO %I", words.join(", ")), &names).await
}

/// The words for an object, and the names that belong into them.
fn object(on: &On) -> (&'static str, Vec<&str>) {
    match on {
        On::Database(name) => ("DATABASE %I", vec![name.as_str()]),
        On::Schema(name) => ("SCHEMA %I", vec![name.as_str()]),
        On::AllTables(schema) => ("ALL TABLES IN SCHEMA %I", vec![schema.as_str()]),
        On::AllSequences(schema) => ("ALL SEQUENCES IN SCHEMA %I", vec![schema.as_str()]),
        On::AllFunctions(schema) => ("ALL FUNCTIONS IN SCHEMA %I", vec![schema.as_str()]),
        On::Table { schema: Some(schema), table } => {
            ("TABLE %I.%I", vec![schema.as_str(), table.as_str()])
        }
        On::Table { schema: None, table } => ("TABLE %I", vec![table.as_str()]),
    }
}

async fn run(transaction: &Transaction<'_>, template: &str, texts: &[&str]) -> Result<(), Error> {
    let statement: String = transaction.query_one(FORMAT, &[&template, &texts]).await?.get(0);
    transaction.batch_execute(&statement).await
}
