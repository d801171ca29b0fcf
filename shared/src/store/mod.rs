//! DynamoDB: one table, one file per stored shape. Single-item conditional writes only.
//!
//! A failed condition means "maybe mine": the SDK repeats a call whose response was lost, and the
//! repeat then fails its own condition. Every write here asks for the item that stood in the way
//! (`ALL_OLD`) and knows its own work again.

mod approval;
mod event;
mod indexes;
mod item;
mod lease;
mod list;
mod plan;
mod set;
mod share;
mod slots;
mod spec;
mod state;
mod state_codec;
mod table;
mod versioned;

pub use approval::Approval;
pub use event::{Event, EventEntry, EventOf, KEEP_EVENTS_MS};
pub use indexes::{DueJob, WatchedJob};
pub use item::Unreadable;
pub use lease::Leadership;
pub use list::JobSummary;
pub use share::{Entered, Left, Share, share_name};
pub use slots::{Acquired, Claimant, Place, Slots, target_slot};
pub use spec::{Accepted, Spec};
pub use state::{ClaimOutcome, CommitOutcome};
pub use table::TableReport;

use crate::failure::{Failure, FailureCode};
use aws_sdk_dynamodb::Client;

/// The table, through one client.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
}

impl Store {
    /// A store on a table.
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// The name of the table.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }
}

/// What the store may answer with.
pub type StoreResult<T> = Result<T, StoreError>;

/// A call on the store that did not do its work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The table is missing: run `aurora-restore init`.
    #[error(
        "there is no table {table:?} in this account and Region; run `aurora-restore init` first (or set the table name)"
    )]
    NoTable {
        /// The table.
        table: String,
    },
    /// AWS refused or did not answer.
    #[error(transparent)]
    Aws(#[from] Failure),
    /// An item is there but cannot be read by this release.
    #[error("{0}")]
    Unreadable(#[from] Unreadable),
}

impl StoreError {
    /// The same as a failure, for the record of a job.
    #[must_use]
    pub fn into_failure(self) -> Failure {
        match self {
            Self::Aws(failure) => failure,
            Self::NoTable { .. } => {
                Failure::transient(FailureCode::AwsUnavailable, self.to_string())
            }
            Self::Unreadable(e) => Failure::permanent(FailureCode::RecordUnreadable, e.to_string()),
        }
    }
}

/// A request that could not even be built.
fn item_error(error: &aws_sdk_dynamodb::error::BuildError) -> StoreError {
    Failure::permanent(FailureCode::RefusedByAws, format!("building a request: {error}")).into()
}

/// Turns an SDK error of a call on `store` into a [`StoreError`].
macro_rules! store_error {
    ($store:expr, $doing:expr) => {
        |e| {
            if crate::failure::wire_code(&e) == Some("ResourceNotFoundException") {
                crate::store::StoreError::NoTable { table: $store.table.clone() }
            } else {
                crate::store::StoreError::Aws(crate::failure::Failure::from_sdk($doing, &e))
            }
        }
    };
}
use store_error;

#[cfg(test)]
mod tests;
