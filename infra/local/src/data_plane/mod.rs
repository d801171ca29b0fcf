//! Where the data of clusters and snapshots lives: nowhere, or in real database servers.
//!
//! The control plane ([`crate::rds`]) hands work over and asks later how it went; it never waits.
//! Clusters and snapshots are named by their immutable resource ids, so a rename is no work here.

pub mod mariadb;
pub mod postgres;
pub mod servers;

/// Where clients reach a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Host name, as in the certificate.
    pub address: String,
    /// TCP port.
    pub port: u16,
}

/// The database engine of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Engine {
    /// PostgreSQL, for Aurora PostgreSQL.
    Postgres,
    /// MySQL (as MariaDB speaks it), for Aurora MySQL.
    Mysql,
}

impl Engine {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
        }
    }
}

/// One piece of work. Whatever reads a cluster or snapshot finds the engine there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// An empty database server for a new cluster.
    CreateCluster {
        /// Resource id of the cluster.
        cluster: String,
        /// What runs in it.
        engine: Engine,
        /// Master user.
        user: String,
        /// Master password.
        password: String,
        /// First database.
        database: String,
    },
    /// SQL run in a database of a cluster as its master user, e.g. to fill it.
    RunSql {
        /// Resource id of the cluster.
        cluster: String,
        /// Master user: what the SQL makes belongs to it.
        user: String,
        /// The database.
        database: String,
        /// The statements.
        sql: String,
    },
    /// A consistent copy of a cluster's data as of now.
    Snapshot {
        /// Resource id of the cluster.
        cluster: String,
        /// Resource id of the snapshot.
        snapshot: String,
    },
    /// A new cluster from a snapshot's data.
    Restore {
        /// Resource id of the snapshot.
        snapshot: String,
        /// Resource id of the new cluster.
        cluster: String,
    },
    /// A snapshot of its own with the data of another: both may be dropped alone.
    CopySnapshot {
        /// Resource id of the snapshot that is copied.
        from: String,
        /// Resource id of the copy.
        to: String,
    },
    /// A new cluster with another one's data as of a moment.
    RestoreToTime {
        /// Resource id of the cluster the data is from.
        source: String,
        /// Resource id of the new cluster.
        cluster: String,
        /// The moment, milliseconds since the Unix epoch; `None` is now.
        to_ms: Option<i64>,
    },
    /// A new cluster with another one's data as of now, sharing storage where that is possible.
    Clone {
        /// Resource id of the cluster the data is from.
        source: String,
        /// Resource id of the new cluster.
        cluster: String,
    },
    /// The first instance is up: let clients connect.
    Open {
        /// Resource id of the cluster.
        cluster: String,
    },
    /// The last instance is gone: let nobody connect.
    Close {
        /// Resource id of the cluster.
        cluster: String,
    },
    /// A new password for the master user.
    SetPassword {
        /// Resource id of the cluster.
        cluster: String,
        /// Master user.
        user: String,
        /// The new password.
        password: String,
    },
    /// The cluster's data is no longer needed.
    DropCluster {
        /// Resource id of the cluster.
        cluster: String,
    },
    /// The snapshot's data is no longer needed.
    DropSnapshot {
        /// Resource id of the snapshot.
        snapshot: String,
    },
}

/// How a piece of work goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Not done yet.
    Pending,
    /// Done. For a cluster: where it will be reached.
    Done(Option<Endpoint>),
    /// Gave up, with the reason.
    Failed(String),
}

/// A ticket for a piece of work.
pub type Ticket = u64;

/// Something that keeps databases. Work on one cluster is done in the order it was handed over.
pub trait DataPlane: Send {
    /// Hands work over. Does not block.
    fn submit(&mut self, work: Work) -> Ticket;
    /// Asks how work goes. Does not block. A `Done` or `Failed` stays so.
    fn poll(&mut self, ticket: Ticket) -> Progress;
}

/// No data at all: everything is done at once, at made-up addresses. For tests of the control
/// plane, for the simulation, and for machines without database servers.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoData;

impl DataPlane for NoData {
    fn submit(&mut self, _work: Work) -> Ticket {
        0
    }

    fn poll(&mut self, _ticket: Ticket) -> Progress {
        Progress::Done(None)
    }
}
