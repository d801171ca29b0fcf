//! What people, operators and strangers may do, by profile.

use crate::simulate::classes::FaultClass;
use crate::simulate::knobs::Profile;

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meddling {
    /// All queues are purged.
    Purge,
    /// A queue is deleted, and made again a minute later.
    DeleteQueue,
    /// A message that nobody can read.
    Junk,
    /// A message of a version that nobody knows.
    NewerMessage,
    /// Several wake-ups of one job at once, in different groups.
    Race,
    /// Messages are lost.
    LoseMessages,
    /// A record of a newer release.
    NewerRecord,
    /// Failed jobs are retried, and parked ones woken.
    Retry,
    /// SQS itself moves the dead letters back.
    Redrive,
    /// A stranger makes a cluster of the target's name.
    TakeName,
    /// Somebody deletes the snapshot.
    DeleteSource,
    /// Somebody takes the tags off a restored cluster.
    RemoveTags,
    /// Somebody renames a restored cluster.
    Rename,
    /// Somebody deletes an instance of a restored cluster.
    DeleteInstance,
    /// A restored cluster shows a status that nobody has heard of.
    ShowStatus,
    /// Somebody takes the share of the snapshot back.
    Unshare,
}

const NORMAL: [Meddling; 7] = [
    Meddling::Purge,
    Meddling::DeleteQueue,
    Meddling::Junk,
    Meddling::NewerMessage,
    Meddling::Race,
    Meddling::LoseMessages,
    Meddling::ShowStatus,
];

const HOSTILE: [Meddling; 8] = [
    Meddling::NewerRecord,
    Meddling::Retry,
    Meddling::Redrive,
    Meddling::TakeName,
    Meddling::DeleteSource,
    Meddling::RemoveTags,
    Meddling::Rename,
    Meddling::DeleteInstance,
];

impl Meddling {
    /// Draws one that a profile has.
    #[must_use]
    pub fn draw(rng: &mut fastrand::Rng, profile: Profile) -> Self {
        let all = NORMAL.iter().chain(HOSTILE.iter().filter(|_| profile == Profile::Hostile));
        let all: Vec<Self> = all.copied().collect();
        all[rng.usize(..all.len())]
    }
}

impl Meddling {
    /// Its class of faults.
    #[must_use]
    pub fn class(self) -> FaultClass {
        match self {
            Self::Purge => FaultClass::Purge,
            Self::DeleteQueue => FaultClass::QueueDeleted,
            Self::Junk => FaultClass::UnreadableMessage,
            Self::NewerMessage => FaultClass::UnknownVersion,
            Self::Race => FaultClass::WakeUpRace,
            Self::LoseMessages => FaultClass::LostMessage,
            Self::NewerRecord => FaultClass::NewerRecord,
            Self::Retry => FaultClass::OperatorRetry,
            Self::Redrive => FaultClass::NativeRedrive,
            Self::TakeName => FaultClass::StrangerTakesName,
            Self::DeleteSource => FaultClass::SourceDeleted,
            Self::RemoveTags => FaultClass::TagsRemoved,
            Self::Rename => FaultClass::HumanRenames,
            Self::DeleteInstance => FaultClass::HumanDeletes,
            Self::ShowStatus => FaultClass::UnknownStatus,
            Self::Unshare => FaultClass::Unshared,
        }
    }

    /// Whether it is about the cluster of an order: people meddle at home.
    #[must_use]
    pub fn is_about_cluster(self) -> bool {
        matches!(self, Self::TakeName | Self::RemoveTags | Self::Rename | Self::DeleteInstance)
    }
}
