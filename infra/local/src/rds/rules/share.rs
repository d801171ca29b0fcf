//! Which snapshot may be shared with whom, and who sees it then.

use crate::error::AwsError;
use crate::identity::is_account;
use crate::rds::errors::{
    invalid_db_cluster_snapshot_state, invalid_parameter_combination, invalid_parameter_value,
    shared_snapshot_quota_exceeded,
};
use crate::rds::model::Status;
use std::collections::BTreeSet;

/// Stands for every account: a public snapshot.
pub(in crate::rds) const EVERYBODY: &str = "all";
/// The most accounts one snapshot can be shared with.
const MOST_ACCOUNTS: usize = 20;

/// A snapshot whose sharing is about to change.
#[derive(Debug, Clone)]
pub(in crate::rds) struct Subject<'a> {
    /// Its name.
    pub(in crate::rds) identifier: &'a str,
    /// `manual`, `automated` or `awsbackup`.
    pub(in crate::rds) snapshot_type: &'a str,
    /// Its status.
    pub(in crate::rds) status: Status,
    /// Whether it is under a KMS key.
    pub(in crate::rds) encrypted: bool,
    /// Whether that key is the one that AWS manages for RDS.
    pub(in crate::rds) under_managed_key: bool,
    /// Accounts it is shared with now.
    pub(in crate::rds) shared_with: &'a BTreeSet<String>,
}

/// The accounts that a snapshot is shared with after a change, if it may be made.
pub(in crate::rds) fn may_share(
    subject: &Subject<'_>,
    add: &[String],
    remove: &[String],
) -> Result<BTreeSet<String>, AwsError> {
    for value in add.iter().chain(remove) {
        check_value(value)?;
    }
    let Subject { identifier, snapshot_type, status, .. } = subject;
    if *snapshot_type != "manual" {
        return Err(invalid_db_cluster_snapshot_state(format!(
            "The snapshot {identifier} is {snapshot_type}: only manual snapshots can be shared."
        )));
    }
    if *status != Status::Available {
        let status = status.as_str();
        return Err(invalid_db_cluster_snapshot_state(format!(
            "The snapshot {identifier} is not in available state: {status}"
        )));
    }
    if subject.under_managed_key && !add.is_empty() {
        return Err(invalid_db_cluster_snapshot_state(
            "Sharing snapshots encrypted with the default service key for RDS is currently not \
             supported.",
        ));
    }
    if subject.encrypted && add.iter().any(|value| value == EVERYBODY) {
        let text = "An encrypted snapshot can't be shared with all accounts.";
        return Err(invalid_parameter_combination(text));
    }
    let mut accounts = subject.shared_with.clone();
    accounts.extend(add.iter().cloned());
    accounts.retain(|account| !remove.contains(account));
    let named = accounts.iter().filter(|account| *account != EVERYBODY).count();
    if named > MOST_ACCOUNTS {
        return Err(shared_snapshot_quota_exceeded(MOST_ACCOUNTS));
    }
    Ok(accounts)
}

fn check_value(value: &str) -> Result<(), AwsError> {
    if is_account(value) || value == EVERYBODY {
        return Ok(());
    }
    Err(invalid_parameter_value(format!("Invalid account ID: {value}")))
}

/// Whether another account than the owner's may see, copy and restore a snapshot.
pub(in crate::rds) fn lets_in(shared_with: &BTreeSet<String>, account: &str) -> bool {
    shared_with.contains(EVERYBODY) || shared_with.contains(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(n: usize) -> Vec<String> {
        (0..n).map(|i| format!("{i:012}")).collect()
    }

    fn changed(
        subject: &Subject<'_>,
        add: &[String],
        remove: &[String],
    ) -> Result<Vec<String>, String> {
        may_share(subject, add, remove).map(|s| s.into_iter().collect()).map_err(|e| e.code)
    }

    #[test]
    fn sharing_follows_the_table() {
        let nobody = BTreeSet::new();
        let plain = Subject {
            identifier: "s",
            snapshot_type: "manual",
            status: Status::Available,
            encrypted: false,
            under_managed_key: false,
            shared_with: &nobody,
        };
        let encrypted = Subject { encrypted: true, ..plain.clone() };
        let managed = Subject { under_managed_key: true, ..encrypted.clone() };
        let automated = Subject { snapshot_type: "automated", ..plain.clone() };
        let backup = Subject { snapshot_type: "awsbackup", ..plain.clone() };
        let creating = Subject { status: Status::Creating, ..plain.clone() };
        let all = vec![EVERYBODY.to_owned()];
        let state = Err("InvalidDBClusterSnapshotStateFault");
        for (subject, add, expected) in [
            (&plain, accounts(1), Ok(accounts(1))),
            (&plain, all.clone(), Ok(all.clone())),
            (&plain, accounts(20), Ok(accounts(20))),
            (&plain, accounts(21), Err("SharedSnapshotQuotaExceeded")),
            (&plain, vec!["1".to_owned()], Err("InvalidParameterValue")),
            (&encrypted, accounts(2), Ok(accounts(2))),
            (&encrypted, all, Err("InvalidParameterCombination")),
            (&managed, accounts(1), state.clone()),
            (&automated, accounts(1), state.clone()),
            (&backup, accounts(1), state.clone()),
            (&creating, accounts(1), state),
        ] {
            let expected = expected.map_err(str::to_owned);
            assert_eq!(changed(subject, &add, &[]), expected, "{subject:?} {add:?}");
        }
    }

    #[test]
    fn accounts_come_and_go_in_one_change() {
        let before: BTreeSet<String> = accounts(20).into_iter().collect();
        let subject = Subject {
            identifier: "s",
            snapshot_type: "manual",
            status: Status::Available,
            encrypted: false,
            under_managed_key: false,
            shared_with: &before,
        };
        let after = may_share(&subject, &["999999999999".to_owned()], &accounts(1)).unwrap();
        assert_eq!(after.len(), 20);
        assert!(lets_in(&after, "999999999999") && !lets_in(&after, "000000000000"));
        assert!(lets_in(&BTreeSet::from([EVERYBODY.to_owned()]), "000000000000"));
    }
}
