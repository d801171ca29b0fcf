//! The one place where the text of an AWS error is read: `SnapshotQuotaExceeded` stands for two
//! quotas. A copy too many at once is over when another one ends; a snapshot too many stays so until
//! somebody deletes one.

use super::{FailureCode, FailureKind};

/// The wire code with two meanings.
const WIRE: &str = "SnapshotQuotaExceeded";

/// How AWS begins when too many copies are in progress: "Cannot copy more than 5 snapshots".
const COPIES: &str = "Cannot copy more than";

/// The other meaning of an error, where its text says so. A text that nobody knows is left to the
/// table: a person looks, and nothing is lost if it was a copy after all, because a job that waits
/// for a person looks again by itself.
pub(super) fn read(wire: &str, text: &str) -> Option<(FailureKind, FailureCode)> {
    let is_about_copies = wire == WIRE && text.starts_with(COPIES);
    is_about_copies.then_some((FailureKind::Quota, FailureCode::CopySlots))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::sort;

    #[test]
    fn a_copy_too_many_waits_for_a_slot_and_a_snapshot_too_many_for_a_person() {
        let slot = (FailureKind::Quota, FailureCode::CopySlots);
        let person = (FailureKind::NeedsPerson, FailureCode::SnapshotQuota);
        let texts = [
            ("Cannot copy more than 5 snapshots", slot),
            ("Cannot copy more than 20 snapshots at a time", slot),
            ("Cannot create more than 100 manual snapshots", person),
            ("You have reached a limit.", person),
            ("no message", person),
        ];
        for (text, sorted) in texts {
            assert_eq!(sort(WIRE, text), sorted, "{text}");
        }
    }

    #[test]
    fn the_text_of_no_other_code_is_read() {
        let text = "Cannot copy more than 5 snapshots";
        let sorted = sort("InstanceQuotaExceeded", text);
        assert_eq!(sorted, (FailureKind::Quota, FailureCode::QuotaExceeded));
    }
}
