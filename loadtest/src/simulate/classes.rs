//! The classes of faults, each with a name, a sentence and a counter.

use super::knobs::Profile;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

macro_rules! classes {
    ($($(#[doc = $says:literal])+ $class:ident => $name:literal, $least:ident;)+) => {
        /// A class of faults.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum FaultClass {
            $($(#[doc = $says])+ $class,)+
        }

        impl FaultClass {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$class,)+];

            /// The name, as printed.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$class => $name,)+
                }
            }

            /// What it is, in a sentence.
            #[must_use]
            pub fn says(self) -> &'static str {
                match self {
                    $(Self::$class => concat!($($says),+),)+
                }
            }

            /// Whether it strikes only where there is another account.
            #[must_use]
            pub fn is_abroad(self) -> bool {
                matches!(
                    self,
                    Self::SessionEnded | Self::RoleDenied | Self::KeyDisabled | Self::Unshared
                )
            }

            /// The calmest profile that has it.
            #[must_use]
            pub fn least(self) -> Profile {
                match self {
                    $(Self::$class => Profile::$least,)+
                }
            }
        }
    };
}

classes! {
    /// A worker dies before a request leaves it.
    CrashBeforeSend => "crash_before_send", Normal;
    /// A worker dies after a request had its effect, before the answer.
    CrashAfterEffect => "crash_after_effect", Normal;
    /// A worker dies right after an answer.
    CrashAfterAnswer => "crash_after_answer", Normal;
    /// A worker dies whatever it does.
    CrashAnywhere => "crash_anywhere", Normal;
    /// A submitter dies in the middle of a submission, and its caller submits again.
    SubmitterCrash => "submitter_crash", Normal;
    /// A request is submitted twice at the same time.
    DoubleSubmit => "double_submit", Normal;
    /// A worker is frozen for 1–10 leases and goes on.
    Zombie => "zombie", Normal;
    /// A worker is told to stop (SIGTERM).
    Sigterm => "sigterm", Calm;
    /// A worker that is told to stop does not end within its drain time, and is killed.
    DrainDeadline => "drain_deadline", Calm;
    /// A request has its effect, its answer is lost.
    LostResponse => "lost_response", Normal;
    /// A request is lost.
    LostRequest => "lost_request", Normal;
    /// A connection breaks in the middle of an answer.
    ConnectionReset => "connection_reset", Normal;
    /// A write is applied long after its sender gave it up.
    LateRequest => "late_request", Normal;
    /// A message is delivered twice.
    DuplicateDelivery => "duplicate_delivery", Calm;
    /// Messages of different groups change places.
    Reorder => "reorder", Calm;
    /// A receive brings nothing although there is something.
    EmptyReceive => "empty_receive", Calm;
    /// A message is never delivered.
    LostMessage => "lost_message", Normal;
    /// All queues are purged.
    Purge => "purge", Normal;
    /// A queue is deleted, and made again.
    QueueDeleted => "queue_deleted", Normal;
    /// A message that nobody can read.
    UnreadableMessage => "unreadable_message", Normal;
    /// A message of a version that nobody knows.
    UnknownVersion => "unknown_version", Normal;
    /// 2–8 wake-ups of one job at once, in different groups.
    WakeUpRace => "wake_up_race", Normal;
    /// Some entries of a batch fail.
    PartialBatch => "partial_batch", Normal;
    /// A service throttles everybody for a while.
    Throttling => "throttling", Normal;
    /// Services answer with internal errors.
    InternalError => "internal_error", Normal;
    /// The indexes lag behind by 1–60 s.
    IndexLag => "index_lag", Calm;
    /// A describe does not show yet what was just created.
    DescribeLag => "describe_lag", Normal;
    /// The Region does not answer at all for a while.
    RegionOutage => "region_outage", Hostile;
    /// The Region answers late (100 times) and with 5 % errors for a while.
    GreyFailure => "grey_failure", Hostile;
    /// One worker does not reach one service for a while.
    CutOff => "cut_off", Normal;
    /// A worker's clock is wrong by up to 15 minutes.
    ClockSkew => "clock_skew", Normal;
    /// A worker's clock jumps by up to 15 minutes.
    ClockJump => "clock_jump", Normal;
    /// Credentials are expired for a while.
    ExpiredCredentials => "expired_credentials", Hostile;
    /// Permission is denied for a while.
    AccessDenied => "access_denied", Hostile;
    /// Sessions in another account are over before their time.
    SessionEnded => "session_ended", Hostile;
    /// The role in another account denies, for a while.
    RoleDenied => "role_denied", Hostile;
    /// The key of a copy cannot be used, for a while.
    KeyDisabled => "key_disabled", Hostile;
    /// Somebody takes the share of the snapshot back.
    Unshared => "unshared", Hostile;
    /// An RDS operation takes many times longer.
    SlowOperation => "slow_operation", Normal;
    /// An RDS operation never ends.
    Stuck => "stuck", Hostile;
    /// An RDS operation ends in `failed`.
    Failed => "failed", Hostile;
    /// A restore ends in `incompatible-restore`.
    IncompatibleRestore => "incompatible_restore", Hostile;
    /// RDS has no capacity.
    CapacityShortage => "capacity_shortage", Hostile;
    /// A cluster shows a status that nobody has heard of.
    UnknownStatus => "unknown_status", Normal;
    /// A stranger takes the target's name.
    StrangerTakesName => "stranger_takes_name", Hostile;
    /// Somebody deletes the snapshot.
    SourceDeleted => "source_deleted", Hostile;
    /// Somebody takes the tags off a restored cluster.
    TagsRemoved => "tags_removed", Hostile;
    /// Somebody renames a restored cluster.
    HumanRenames => "human_renames", Hostile;
    /// Somebody deletes a restored cluster's instance.
    HumanDeletes => "human_deletes", Hostile;
    /// A request that ends every worker that takes it.
    WorkerKillingRequest => "worker_killing_request", Hostile;
    /// A record of a newer release, with a status that this one does not know.
    NewerRecord => "newer_record", Hostile;
    /// The whole fleet is down for longer than SQS keeps messages (14 days).
    RetentionPassed => "retention_passed", Hostile;
    /// The whole fleet is down for longer than SQS remembers deduplication ids (5 minutes).
    DedupWindowPassed => "dedup_window_passed", Hostile;
    /// An operator retries a failed job.
    OperatorRetry => "operator_retry", Hostile;
    /// SQS itself moves the dead letters back (StartMessageMoveTask).
    NativeRedrive => "native_redrive", Hostile;
}

/// How often each class has struck.
pub type Counts = BTreeMap<FaultClass, u64>;

/// Counts faults; all clones count together.
#[derive(Debug, Clone, Default)]
pub struct Counter {
    counts: Arc<Mutex<Counts>>,
    without: Arc<BTreeSet<FaultClass>>,
}

impl Counter {
    /// A counter for a run in which some classes do not strike.
    #[must_use]
    pub fn without(classes: BTreeSet<FaultClass>) -> Self {
        Self { counts: Arc::default(), without: Arc::new(classes) }
    }

    /// Whether a class may strike.
    #[must_use]
    pub fn may(&self, class: FaultClass) -> bool {
        !self.without.contains(&class)
    }

    /// One more.
    pub fn add(&self, class: FaultClass) {
        self.add_many(class, 1);
    }

    /// So many more.
    pub fn add_many(&self, class: FaultClass, n: u64) {
        if n > 0 {
            *self.inner().entry(class).or_default() += n;
        }
    }

    /// All counts so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.inner().clone()
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
