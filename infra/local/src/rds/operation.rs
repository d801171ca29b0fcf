//! States, and the long operations that lead from one to another.

use crate::data_plane::Ticket;

/// The state something is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Comes into being.
    Creating,
    /// An instance on its last steps.
    ConfiguringEnhancedMonitoring,
    /// A snapshot that becomes a copy of another.
    Copying,
    /// Can be used.
    Available,
    /// Settings change.
    Modifying,
    /// The engine version changes.
    Upgrading,
    /// The master password changes.
    ResettingMasterCredentials,
    /// The name changes.
    Renaming,
    /// On the way to a stop.
    Stopping,
    /// Stopped.
    Stopped,
    /// On the way from a stop.
    Starting,
    /// On the way out.
    Deleting,
    /// Came to nothing.
    Failed,
    /// Came to nothing, another way.
    IncompatibleRestore,
    /// Its key is lost, and so is its data.
    InaccessibleEncryptionCredentials,
    /// Its key cannot be used: once it can, a start brings it back.
    InaccessibleEncryptionCredentialsRecoverable,
    /// The writer changes.
    FailingOver,
    /// An instance restarts.
    Rebooting,
    /// There is no capacity for it.
    InsufficientCapacity,
    /// It cannot start with its parameters.
    IncompatibleParameters,
}

impl Status {
    /// The status as AWS words it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Creating => "creating",
            Status::ConfiguringEnhancedMonitoring => "configuring-enhanced-monitoring",
            Status::Copying => "copying",
            Status::Available => "available",
            Status::Modifying => "modifying",
            Status::Upgrading => "upgrading",
            Status::ResettingMasterCredentials => "resetting-master-credentials",
            Status::Renaming => "renaming",
            Status::Stopping => "stopping",
            Status::Stopped => "stopped",
            Status::Starting => "starting",
            Status::Deleting => "deleting",
            Status::Failed => "failed",
            Status::IncompatibleRestore => "incompatible-restore",
            Status::InaccessibleEncryptionCredentials => "inaccessible-encryption-credentials",
            Status::InaccessibleEncryptionCredentialsRecoverable => {
                "inaccessible-encryption-credentials-recoverable"
            }
            Status::FailingOver => "failing-over",
            Status::Rebooting => "rebooting",
            Status::InsufficientCapacity => "insufficient-capacity",
            Status::IncompatibleParameters => "incompatible-parameters",
        }
    }

    /// Whether something in it is of no use, and never will be by itself.
    #[must_use]
    pub fn is_failure(self) -> bool {
        matches!(
            self,
            Status::Failed
                | Status::IncompatibleRestore
                | Status::InsufficientCapacity
                | Status::IncompatibleParameters
                | Status::InaccessibleEncryptionCredentials
                | Status::InaccessibleEncryptionCredentialsRecoverable
        )
    }
}

/// What is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It comes into being.
    Create,
    /// It becomes a copy of another.
    Copy,
    /// Its settings change.
    Modify,
    /// Its engine version changes.
    Upgrade {
        /// The version it gets.
        version: String,
        /// The parameter group it gets.
        parameter_group: String,
    },
    /// Its master password changes.
    ResetPassword {
        /// The password it gets.
        password: String,
    },
    /// Its name changes.
    Rename {
        /// The name it gets.
        to: String,
    },
    /// It stops.
    Stop,
    /// It starts.
    Start,
    /// It goes.
    Delete,
    /// Another instance becomes the writer of a cluster.
    FailOver {
        /// The instance.
        to: String,
    },
    /// An instance gets another class.
    ChangeClass {
        /// The class it gets.
        class: String,
    },
    /// An instance restarts.
    Reboot,
}

impl Change {
    /// The status while it lasts.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            Change::Create => Status::Creating,
            Change::Copy => Status::Copying,
            Change::Modify | Change::ChangeClass { .. } => Status::Modifying,
            Change::Upgrade { .. } => Status::Upgrading,
            Change::ResetPassword { .. } => Status::ResettingMasterCredentials,
            Change::Rename { .. } => Status::Renaming,
            Change::Stop => Status::Stopping,
            Change::Start => Status::Starting,
            Change::Delete => Status::Deleting,
            Change::FailOver { .. } => Status::FailingOver,
            Change::Reboot => Status::Rebooting,
        }
    }
}

/// A status that is shown instead of the one something really is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The status: any text.
    pub status: String,
    /// Until when.
    pub until_ms: i64,
}

/// A long operation under way.
#[derive(Debug, Clone)]
pub struct Operation {
    /// What is under way.
    pub change: Change,
    /// Since when.
    pub started_ms: i64,
    /// When it is done at the earliest.
    pub due_ms: i64,
    /// The work on the data that must be done, too.
    pub ticket: Option<Ticket>,
    /// The work on the data that must be done before that.
    pub first: Vec<Ticket>,
    /// The status it ends in, when it does not end well.
    pub ends_in: Option<Status>,
    /// A status it shows at first.
    pub shows: Option<Shown>,
}

/// The status that descriptions tell at a moment.
pub(super) fn status_at(status: Status, operation: Option<&Operation>, now_ms: i64) -> &str {
    let shown = operation.and_then(|op| op.shows.as_ref()).filter(|s| now_ms < s.until_ms);
    shown.map_or(status.as_str(), |s| &s.status)
}
