//! PostgreSQL over TLS, the certificate verified against a CA.

use super::{Answers, Databases, Login};
use futures::future::{BoxFuture, Either, select};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A check may take this long: counting a large table takes minutes.
const STATEMENT_TIMEOUT: &str = "-c statement_timeout=1800000 -c default_transaction_read_only=on";

/// Real PostgreSQL databases.
#[derive(Debug, Clone)]
pub struct PostgresDatabases {
    ca_file: Option<PathBuf>,
}

impl PostgresDatabases {
    /// Databases whose certificates the CAs in `ca_file` (PEM) have signed.
    #[must_use]
    pub fn new(ca_file: Option<PathBuf>) -> Self {
        Self { ca_file }
    }

    fn tls(&self) -> Result<MakeRustlsConnect, String> {
        let file = self.ca_file.as_deref().ok_or(
            "no CA to verify the certificate with: set database_ca_file (for Amazon RDS: its global bundle)",
        )?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .with_root_certificates(roots(file)?)
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
    }
}

fn roots(file: &Path) -> Result<RootCertStore, String> {
    let wrong = |e: &dyn std::fmt::Display| format!("CA file {}: {e}", file.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|e| wrong(&e))? {
        roots.add(certificate.map_err(|e| wrong(&e))?).map_err(|e| wrong(&e))?;
    }
    if roots.is_empty() { Err(wrong(&"holds no certificate")) } else { Ok(roots) }
}

impl Databases for PostgresDatabases {
    fn ask<'a>(
        &'a self,
        login: &'a Login,
        queries: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Answers, String>> {
        Box::pin(async move {
            let mut config = Config::new();
            config
                .host(&login.host)
                .port(login.port)
                .dbname(&login.database)
                .user(&login.user)
                .password(login.password.as_str())
                .application_name("aurora-restore")
                .options(STATEMENT_TIMEOUT)
                .ssl_mode(SslMode::Require)
                .connect_timeout(CONNECT_TIMEOUT);
            let connected = config.connect(self.tls()?).await;
            let (mut client, connection) = connected.map_err(|e| chain(&e))?;
            let asking = Box::pin(ask_all(&mut client, queries));
            match select(asking, Box::pin(connection)).await {
                Either::Left((answers, _)) => answers,
                Either::Right((ended, _)) => {
                    Err(ended.err().map_or("the connection closed".into(), |e| chain(&e)))
                }
            }
        })
    }
}

async fn ask_all(client: &mut Client, queries: &[&str]) -> Result<Answers, String> {
    let mut answers = Vec::new();
    for query in queries {
        answers.push(match ask_one(client, query).await {
            Ok(row) => row.as_ref().map_or(Ok(Value::Null), first_value),
            Err(e) if says_nothing_of_the_data(&e) => return Err(chain(&e)),
            Err(e) => Err(chain(&e)),
        });
    }
    Ok(answers)
}

/// Errors of the server's state, not of the query: connection (08), rolled back (40), out of
/// resources (53), shut down or cancelled by an operator (57). Source: PostgreSQL, "Error Codes".
fn says_nothing_of_the_data(error: &tokio_postgres::Error) -> bool {
    let passing = ["08", "40", "53", "57P"];
    match error.code() {
        Some(state) => passing.iter().any(|class| state.code().starts_with(class)),
        None => error.is_closed(),
    }
}

/// One query in a read-only transaction of its own, which is rolled back. The extended protocol
/// takes one statement only, so a query cannot end the transaction and go on.
async fn ask_one(client: &mut Client, query: &str) -> Result<Option<Row>, tokio_postgres::Error> {
    let transaction = client.build_transaction().read_only(true).start().await?;
    Ok(transaction.query(query, &[]).await?.into_iter().next())
}

/// The first value of a row as JSON.
fn first_value(row: &Row) -> Result<Value, String> {
    let Some(column) = row.columns().first() else { return Ok(Value::Null) };
    let kind = column.type_().clone();
    let value = match kind {
        Type::BOOL => get::<bool>(row)?.map(Value::from),
        Type::INT2 => get::<i16>(row)?.map(Value::from),
        Type::INT4 => get::<i32>(row)?.map(Value::from),
        Type::INT8 => get::<i64>(row)?.map(Value::from),
        Type::FLOAT4 => get::<f32>(row)?.map(Value::from),
        Type::FLOAT8 => get::<f64>(row)?.map(Value::from),
        Type::NUMERIC => get::<Decimal>(row)?.and_then(|n| n.to_f64()).map(Value::from),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME => {
            get::<String>(row)?.map(Value::from)
        }
        other => return Err(format!("type {other} cannot be compared; cast it, e.g. ::text")),
    };
    Ok(value.unwrap_or(Value::Null))
}

fn get<'a, T: tokio_postgres::types::FromSql<'a>>(row: &'a Row) -> Result<Option<T>, String> {
    row.try_get::<_, Option<T>>(0).map_err(|e| chain(&e))
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    aurora_restore_shared::failure::chain(error)
}
