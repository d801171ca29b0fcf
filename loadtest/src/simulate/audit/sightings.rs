//! What was really seen: counts that show that faults were not in vain.

use serde::Serialize;

macro_rules! sightings {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counted facts of the record.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
        pub struct Sightings { $($(#[$doc])* pub $name: u64,)* }

        impl Sightings {
            /// All of them by name.
            #[must_use]
            pub fn all(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)*]
            }

            /// Adds those of another run.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

sightings! {
    /// Calls of ours that were looked at.
    calls,
    /// Claims that took effect.
    claims,
    /// Claims over a lease of a process that was gone.
    takeovers_of_dead,
    /// Claims over a lease of a process that still lives: it is a zombie now, or was slow.
    takeovers_of_living,
    /// Commits that took effect.
    commits,
    /// Renewals of a lease that took effect.
    renewals,
    /// Commits and renewals that were refused by their condition.
    fenced_writes,
    /// Claims that were refused although the job expected their wake-up: another had it.
    claim_races,
    /// Claims that were refused because the job expects another wake-up.
    stale_claims,
    /// Deletes and changes of visibility that were refused for their receipt.
    stale_receipts,
    /// Messages that were received again.
    redeliveries,
    /// Sends that were folded into an earlier one.
    deduplicated_sends,
    /// Effects on RDS by a process that did not hold its job any more.
    late_effects,
    /// Restores made anew because people had removed the first cluster.
    restores_after_loss,
    /// Jobs that had to wait for a slot.
    slot_waits,
    /// Snapshots that were copied.
    copies,
    /// Clusters that were opened after masking.
    openings,
    /// Restore sets of which something was decided.
    set_decisions,
    /// Pointers to failed jobs that were sent.
    letters,
    /// Messages that nobody could read, put into the dead-letter queue.
    buried,
    /// Failed jobs that were set going again.
    replays,
    /// Jobs that came to wait for a person.
    parkings,
    /// Jobs that went on, or failed, after they had waited for one.
    unparkings,
}
