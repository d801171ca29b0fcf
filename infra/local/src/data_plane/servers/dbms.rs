//! What is asked of a database management system: how its servers are made, run and copied.
//! Everything else (order of work, ports, folders, certificates, the end) is the same for all.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where one server lives.
#[derive(Debug, Clone)]
pub(in crate::data_plane) struct Site {
    /// The folder of the cluster: `data`, `base`, `archive`, `log`, `server.pem`, `server.key`.
    pub(in crate::data_plane) home: PathBuf,
    /// The folder of the Unix sockets.
    pub(in crate::data_plane) sockets: PathBuf,
    /// Its TCP port while it is open; names its socket always.
    pub(in crate::data_plane) port: u16,
}

impl Site {
    /// The folder of its data.
    pub(in crate::data_plane) fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    /// A copy of its data from when it was new, from which moments since then are restored.
    pub(in crate::data_plane) fn base(&self) -> PathBuf {
        self.home.join("base")
    }

    /// The folder of everything that was changed since [`Site::base`].
    pub(in crate::data_plane) fn archive(&self) -> PathBuf {
        self.home.join("archive")
    }

    /// The file it logs to.
    pub(in crate::data_plane) fn log(&self) -> PathBuf {
        self.home.join("log")
    }
}

/// Who a cluster belongs to, and its first database (none when empty).
#[derive(Debug, Clone, Copy)]
pub(in crate::data_plane) struct Master<'a> {
    pub(in crate::data_plane) user: &'a str,
    pub(in crate::data_plane) password: &'a str,
    pub(in crate::data_plane) database: &'a str,
}

/// Where the data of a new server is from.
#[derive(Debug)]
pub(in crate::data_plane) enum Origin<'a> {
    /// A fresh server, which gets a master user and a first database.
    Nothing {
        /// The files made by [`Dbms::make_template`].
        template: &'a Path,
        /// Who it is for.
        master: Master<'a>,
    },
    /// Files made by [`Dbms::back_up`].
    Files(&'a Path),
    /// A running server, as of now.
    Running(&'a Site),
    /// A running server, as of a moment.
    Past {
        /// The server.
        source: &'a Site,
        /// The moment.
        moment: Moment,
    },
}

/// A moment in the life of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::data_plane) enum Moment {
    /// When its base was taken.
    Base,
    /// Later, and past: milliseconds since the Unix epoch.
    At(i64),
    /// Now.
    Now,
}

/// One database management system. Every call blocks until its work is done; an error says what
/// the programs said.
pub(in crate::data_plane) trait Dbms: fmt::Debug + Send + Sync {
    /// Makes the files of a fresh server.
    fn make_template(&self, to: &Path) -> Result<(), String>;
    /// Fills a new site, whose folder is there, starts its server (for ourselves only), and keeps
    /// its base.
    fn make(&self, site: &Site, from: &Origin<'_>) -> Result<(), String>;
    /// Lets clients connect, or no longer.
    fn listen(&self, site: &Site, open: bool) -> Result<(), String>;
    /// Changes the password of the master user.
    fn set_password(&self, site: &Site, user: &str, password: &str) -> Result<(), String>;
    /// Runs statements in a database as the master user.
    fn run_sql(&self, site: &Site, user: &str, database: &str, sql: &str) -> Result<(), String>;
    /// Copies its data as of now into a new folder, while it runs.
    fn back_up(&self, site: &Site, to: &Path) -> Result<(), String>;
}
