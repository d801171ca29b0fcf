//! Real databases over TLS, the certificate verified against one authority and no other.

use super::{Answers, Databases, Engine, Granted, Login, Masked, NewUser, mysql, postgres};
use aurora_restore_shared::failure::Failure;
use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::request::Script;
use futures::future::BoxFuture;
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a connection may take to be made.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A check may take this long: counting a large table takes minutes.
pub(super) const ASK_TIMEOUT: Duration = Duration::from_secs(1800);

/// A masking script may take this long: rewriting a large table takes hours.
pub(super) const CHANGE_TIMEOUT: Duration = Duration::from_secs(6 * 3600);

/// How long one waits for what another session holds, such as the lock of a script that runs.
pub(super) const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// Real PostgreSQL and MySQL databases.
#[derive(Debug, Clone)]
pub struct SqlDatabases {
    authority: Authority,
}

impl SqlDatabases {
    /// Databases whose certificates the CAs in `ca_file` (PEM) have signed.
    #[must_use]
    pub fn new(ca_file: Option<PathBuf>) -> Self {
        Self { authority: Authority(ca_file) }
    }
}

/// Who must have signed the certificates of databases.
#[derive(Debug, Clone)]
pub(super) struct Authority(Option<PathBuf>);

impl Authority {
    /// Its file (PEM).
    pub(super) fn file(&self) -> Result<&Path, String> {
        self.0.as_deref().ok_or_else(|| {
            "no CA to verify the certificate with: set database_ca_file (for Amazon RDS: its global bundle)"
                .to_owned()
        })
    }

    /// Its certificates: at least one.
    pub(super) fn roots(&self) -> Result<RootCertStore, String> {
        let file = self.file()?;
        let wrong = |e: &dyn Display| format!("CA file {}: {e}", file.display());
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(file).map_err(|e| wrong(&e))? {
            roots.add(certificate.map_err(|e| wrong(&e))?).map_err(|e| wrong(&e))?;
        }
        if roots.is_empty() { Err(wrong(&"holds no certificate")) } else { Ok(roots) }
    }
}

impl Databases for SqlDatabases {
    fn ask<'a>(
        &'a self,
        login: &'a Login,
        queries: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Answers, Failure>> {
        match login.engine {
            Engine::Postgres => Box::pin(postgres::ask(&self.authority, login, queries)),
            Engine::Mysql => Box::pin(mysql::ask(&self.authority, login, queries)),
        }
    }

    fn mask<'a>(
        &'a self,
        login: &'a Login,
        job: JobId,
        scripts: &'a [Script],
    ) -> BoxFuture<'a, Result<Vec<Masked>, Failure>> {
        match login.engine {
            Engine::Postgres => Box::pin(postgres::mask(&self.authority, login, job, scripts)),
            Engine::Mysql => Box::pin(mysql::mask(&self.authority, login, job, scripts)),
        }
    }

    fn grant<'a>(
        &'a self,
        login: &'a Login,
        users: &'a [NewUser<'a>],
    ) -> BoxFuture<'a, Result<Vec<Granted>, Failure>> {
        match login.engine {
            Engine::Postgres => Box::pin(postgres::grant(&self.authority, login, users)),
            Engine::Mysql => Box::pin(mysql::grant(&self.authority, login, users)),
        }
    }

    fn connect_as<'a>(&'a self, login: &'a Login) -> BoxFuture<'a, Result<(), Failure>> {
        match login.engine {
            Engine::Postgres => Box::pin(postgres::connect_as(&self.authority, login)),
            Engine::Mysql => Box::pin(mysql::connect_as(&self.authority, login)),
        }
    }
}
