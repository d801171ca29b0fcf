//! Bugs between accounts: copies, shares, and who is let in on a cluster.

use super::call::Call;
use super::effects::tagless;
use super::network::{Course, Memory};
use super::{Bug, Invariant, bug};
use crate::sim::two_accounts::HUB;

/// All of them.
pub(super) const BUGS: &[Bug] = &[
    bug("open_at_restore", "A cluster has its real security groups from the start.", MASKED)
        .before(open_at_restore),
    bug("open_before_masking", "A cluster is opened when its password is set.", MASKED)
        .before(open_with_password),
    bug("share_with_strangers", "The snapshot is shared with another account.", OWN)
        .before(|call, _| shared(call, "ValuesToAdd", "999999999999")),
    bug("share_stays", "The share of the snapshot is not taken back.", DECLARED)
        .before(|call, _| shared(call, "ValuesToRemove", HUB)),
    bug("copy_untagged", "A snapshot is copied without the tag of its job.", OWN)
        .before(|call, _| tagless(call, "CopyDBClusterSnapshot")),
    bug("copies_by_guess", "What is removed is the snapshot, and not its copy.", DESTROYS)
        .before(remove_another),
];

const MASKED: &[Invariant] = &[Invariant::MaskedBeforeOpened];
const OWN: &[Invariant] = &[Invariant::OnlyOwnResources];
const DECLARED: &[Invariant] = &[Invariant::OnlyTheDeclaredResult];
const DESTROYS: &[Invariant] = &[Invariant::NothingIsDestroyed];

const GROUP: &str = "VpcSecurityGroupIds.VpcSecurityGroupId.1";

/// The group that the target has in the end.
const REAL: &str = "sg-0aa11bb22cc33dd44";

fn open_at_restore(call: &mut Call, _: &mut Memory) -> Course {
    if call.operation == "RestoreDBClusterFromSnapshot" {
        call.set_param(GROUP, REAL);
    }
    Course::Goes
}

fn open_with_password(call: &mut Call, _: &mut Memory) -> Course {
    if call.param("MasterUserPassword").is_empty() {
        return Course::Goes;
    }
    let cluster = call.param("DBClusterIdentifier").to_owned();
    let form =
        [("DBClusterIdentifier", cluster.as_str()), (GROUP, REAL), ("ApplyImmediately", "true")];
    Course::GoesAfter(vec![call.another_form("ModifyDBCluster", &form)])
}

/// Whom a share is about.
fn shared(call: &mut Call, list: &str, account: &str) -> Course {
    call.set_param(&format!("{list}.AttributeValue.1"), account);
    Course::Goes
}

fn remove_another(call: &mut Call, _: &mut Memory) -> Course {
    if call.operation == "DeleteDBClusterSnapshot" {
        call.set_param("DBClusterSnapshotIdentifier", "orders-prod-nightly");
    }
    Course::Goes
}
