//! PostgreSQL over TLS.

mod ask;
mod grant;
mod mask;

pub(super) use ask::ask;
pub(super) use grant::grant;
pub(super) use mask::mask;

use super::Login;
use super::sql::{ASK_TIMEOUT, Authority, CHANGE_TIMEOUT, CONNECT_TIMEOUT, LOCK_TIMEOUT};
use super::trouble::{locked, not_connected, passing, without_values};
use aurora_restore_shared::failure::{Failure, FailureCode};
use futures::future::{Either, select};
use rustls::ClientConfig;
use std::error::Error as _;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::{DbError, ErrorPosition};
use tokio_postgres::{Client, Config, Error};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A connection is known to be dead after a minute or so.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// What a session is for.
#[derive(Debug, Clone, Copy)]
enum Session {
    Reading,
    Changing,
}

impl Session {
    fn options(self) -> String {
        let (ask, change) = (ASK_TIMEOUT.as_millis(), CHANGE_TIMEOUT.as_millis());
        let lock = LOCK_TIMEOUT.as_millis();
        match self {
            Self::Reading => {
                format!("-c statement_timeout={ask} -c default_transaction_read_only=on")
            }
            // A worker that is frozen between two statements must not hold its locks for ever.
            Self::Changing => format!(
                "-c statement_timeout={change} -c lock_timeout={lock} \
                 -c idle_in_transaction_session_timeout=60000 -c default_transaction_read_only=off"
            ),
        }
    }
}

fn tls(authority: &Authority) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_root_certificates(authority.roots()?)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// A client, and the connection, which must be polled beside its work.
async fn connect(
    authority: &Authority,
    login: &Login,
    session: Session,
) -> Result<(Client, impl Future<Output = Result<(), Error>> + use<>), Failure> {
    let mut config = Config::new();
    config
        .host(&login.host)
        .port(login.port)
        .dbname(&login.database)
        .user(&login.user)
        .password(login.password.as_str())
        .application_name("aurora-restore")
        .options(session.options())
        .ssl_mode(SslMode::Require)
        .keepalives_idle(KEEPALIVE)
        .connect_timeout(CONNECT_TIMEOUT);
    let tls = tls(authority).map_err(|why| not_connected(login, &why))?;
    let connected = config.connect(tls).await;
    connected.map_err(|e| not_connected(login, &words(&e)))
}

/// Does the work on a connection while that lasts.
async fn beside<T>(
    login: &Login,
    connection: impl Future<Output = Result<(), Error>>,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    match select(pin!(work), pin!(connection)).await {
        Either::Left((done, _)) => done,
        Either::Right((ended, _)) => {
            let why = ended.err().map_or("the connection closed".into(), |e| words(&e));
            Err(not_connected(login, &why))
        }
    }
}

/// Connects, and leaves again.
pub(super) async fn connect_as(authority: &Authority, login: &Login) -> Result<(), Failure> {
    let (client, connection) = connect(authority, login, Session::Reading).await?;
    let hello =
        async { client.batch_execute("").await.map_err(|e| not_connected(login, &words(&e))) };
    beside(login, connection, hello).await
}

/// Errors of the server's state, not of the statement: connection (08), rolled back (40), out of
/// resources (53), shut down or cancelled by an operator (57P). Source: PostgreSQL, "Error Codes".
fn says_nothing_of_the_data(error: &Error) -> bool {
    let classes = ["08", "40", "53", "57P"];
    match error.code() {
        Some(state) => classes.iter().any(|class| state.code().starts_with(class)),
        None => error.is_closed() || error.source().is_some_and(|cause| cause.is::<io::Error>()),
    }
}

/// What an error of a change means: passing by itself, waiting for another session, or for good.
fn sorted(error: &Error, code: FailureCode, doing: &str) -> Failure {
    const LOCK_NOT_AVAILABLE: &str = "55P03";
    if says_nothing_of_the_data(error) {
        passing(doing, &words(error))
    } else if error.code().is_some_and(|state| state.code() == LOCK_NOT_AVAILABLE) {
        locked(doing)
    } else {
        Failure::permanent(code, format!("{doing}: {}", words(error)))
    }
}

/// An error in words: SQLSTATE, message, position. Never the details, which hold rows; nor what the
/// messages of class 22 ("data exception") quote.
fn words(error: &Error) -> String {
    let Some(db) = error.as_db_error() else {
        return aurora_restore_shared::failure::chain(error);
    };
    let state = db.code().code();
    let message = if state.starts_with("22") {
        without_values(db.message())
    } else {
        db.message().to_owned()
    };
    format!("{message} (SQLSTATE {state}{})", place(db))
}

fn place(error: &DbError) -> String {
    match error.position() {
        Some(ErrorPosition::Original(at) | ErrorPosition::Internal { position: at, .. }) => {
            format!(", at character {at}")
        }
        None => String::new(),
    }
}
