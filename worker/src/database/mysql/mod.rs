//! MySQL over TLS.

mod ask;
mod grant;
mod mask;
mod script;

pub(super) use ask::ask;
pub(super) use grant::grant;
pub(super) use mask::mask;

use super::Login;
use super::sql::{Authority, CONNECT_TIMEOUT, LOCK_TIMEOUT};
use super::trouble::{locked, not_connected, passing, without_values};
use aurora_restore_shared::failure::{Failure, FailureCode, chain};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, OptsBuilder, ServerError, SslOpts};
use std::time::Duration;

/// A connection is known to be dead after a minute or so.
const KEEPALIVE: Duration = Duration::from_secs(30);

async fn connect(authority: &Authority, login: &Login) -> Result<Conn, Failure> {
    let trouble = |why: &str| not_connected(login, why);
    // The driver reads the file itself, and is less particular about what is in it.
    authority.roots().map_err(|why| trouble(&why))?;
    let file = authority.file().map_err(|why| trouble(&why))?;
    let tls = SslOpts::default()
        .with_root_certs(vec![file.to_owned().into()])
        .with_disable_built_in_roots(true);
    let database = Some(&login.database).filter(|name| !name.is_empty());
    let options = OptsBuilder::default()
        .ip_or_hostname(&login.host)
        .tcp_port(login.port)
        .user(Some(&login.user))
        .pass(Some(login.password.as_str()))
        .db_name(database)
        .ssl_opts(tls)
        .prefer_socket(false)
        .tcp_keepalive(Some(KEEPALIVE))
        // A worker that is frozen between two statements must not hold its locks for ever.
        .init(vec!["SET SESSION wait_timeout = 60"]);
    match tokio::time::timeout(CONNECT_TIMEOUT, Conn::new(options)).await {
        Ok(connected) => connected.map_err(|e| trouble(&words(&e))),
        Err(_) => Err(trouble("no answer in time")),
    }
}

/// Says goodbye. The work is done: an error now changes nothing.
async fn leave(conn: Conn) {
    if let Err(e) = conn.disconnect().await {
        tracing::debug!("leaving a MySQL server: {}", words(&e));
    }
}

/// Connects, and leaves again.
pub(super) async fn connect_as(authority: &Authority, login: &Login) -> Result<(), Failure> {
    let mut conn = connect(authority, login).await?;
    conn.ping().await.map_err(|e| not_connected(login, &words(&e)))?;
    leave(conn).await;
    Ok(())
}

/// Takes a lock by name, for as long as the session lives.
async fn lock(conn: &mut Conn, name: &str, doing: &str) -> Result<(), Failure> {
    let taken: Result<Option<Option<i64>>, Error> =
        conn.exec_first("SELECT GET_LOCK(?, ?)", (name, LOCK_TIMEOUT.as_secs())).await;
    match taken.map_err(|e| passing(doing, &words(&e)))?.flatten() {
        Some(1) => Ok(()),
        _ => Err(locked(doing)),
    }
}

/// Errors of the server's state, not of the statement: too many connections (1040), shutting down
/// (1053), out of memory (1037, 1041), waited too long for a row (1205), deadlock (1213), session
/// ended by an operator (1927 in MariaDB, 3169 in MySQL) or for want of words (4031), read-only
/// after a failover (1290, 1836). Source: MySQL, "Server Error Message Reference".
const PASSING: [u16; 11] = [1037, 1040, 1041, 1053, 1205, 1213, 1290, 1836, 1927, 3169, 4031];

fn says_nothing_of_the_data(error: &Error) -> bool {
    match error {
        Error::Server(ServerError { code, .. }) => PASSING.contains(code),
        Error::Io(_) => true,
        Error::Driver(e) => matches!(e, mysql_async::DriverError::ConnectionClosed),
        Error::Other(_) | Error::Url(_) => false,
    }
}

/// What an error of a change means: passing by itself, or for good.
fn sorted(error: &Error, code: FailureCode, doing: &str) -> Failure {
    if says_nothing_of_the_data(error) {
        passing(doing, &words(error))
    } else {
        Failure::permanent(code, format!("{doing}: {}", words(error)))
    }
}

/// An error in words: number, SQLSTATE, message. Syntax errors and errors of access quote
/// statements and names; others may quote data, so they end at the first quote.
fn words(error: &Error) -> String {
    let Error::Server(ServerError { code, message, state }) = error else { return chain(error) };
    let quotes_names = ["28000", "42000", "42S"].iter().any(|class| state.starts_with(class));
    let message = if quotes_names { message.clone() } else { without_values(message) };
    format!("{message} (error {code}, SQLSTATE {state})")
}
