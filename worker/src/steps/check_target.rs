//! `check_target`: wants the target's name free (or the cluster ours already), its groups in place
//! and room in the quotas: checked before hours are spent.

use crate::rds::{self, Found};
use crate::sets::{self, Agreed};
use crate::step::{StepContext, StepResult, done};
use aurora_restore_shared::failure::{Failure, FailureCode, FailureKind};
use aurora_restore_shared::job::How;
use aurora_restore_shared::plan::Plan;
use aurora_restore_shared::store::StoreError;

/// What is there.
struct Observed {
    cluster: Found,
    missing_groups: Vec<String>,
    quotas: rds::Quotas,
}

pub(super) async fn run(cx: StepContext<'_>) -> StepResult {
    let plan = cx.plan()?;
    // Nothing is made for a set that was called off.
    if let Agreed::No(failure) = sets::may_swap(&cx).await? {
        return Err(failure);
    }
    let rds = rds::target(&cx).await?;
    let settings = &plan.settings.cluster;
    let (cluster, missing_groups, quotas) = tokio::try_join!(
        rds::find_cluster(&rds, &cx),
        rds::missing_groups(
            &rds,
            settings.subnet_group.as_deref(),
            settings.parameter_group.as_deref()
        ),
        rds::quotas(&rds),
    )?;
    decide(plan, &Observed { cluster, missing_groups, quotas })?;
    check_approval(&cx, plan).await?;
    Ok(done(How::Did, "name, groups and quotas are fine").into())
}

/// A swap onto a protected target needs that somebody else has agreed; until then the job is parked.
async fn check_approval(cx: &StepContext<'_>, plan: &Plan) -> Result<(), Failure> {
    let (Some(rule), Some(_)) = (&plan.facts.site.protected_by, &plan.replaces) else {
        return Ok(());
    };
    let approval = cx.worker.store.approval(cx.spec.id).await;
    if approval.map_err(StoreError::into_failure)?.is_some() {
        return Ok(());
    }
    let text = format!(
        "{} is protected ({rule}): somebody else than {} must run `aurora-restore approve {}`",
        cx.spec.request.target.cluster, cx.spec.submitted_by, cx.spec.id
    );
    Err(Failure::new(FailureKind::NeedsPerson, FailureCode::ApprovalNeeded, text))
}

fn decide(plan: &Plan, observed: &Observed) -> Result<(), Failure> {
    if !observed.missing_groups.is_empty() {
        let text = format!("missing in the target Region: {}", observed.missing_groups.join(", "));
        return Err(Failure::permanent(FailureCode::SettingNotFound, text));
    }
    match &observed.cluster {
        Found::Stranger(why) => Err(rds::name_taken(why)),
        Found::Ours(_) => Ok(()),
        Found::Nothing => check_room(plan, &observed.quotas),
    }
}

fn check_room(plan: &Plan, quotas: &rds::Quotas) -> Result<(), Failure> {
    let needs =
        [("clusters", 1, quotas.clusters), ("instances", plan.instance_count(), quotas.instances)];
    for (what, needed, quota) in needs {
        if let Some((used, most)) = quota
            && used + needed as i64 > most
        {
            let text = format!(
                "{used} of {most} {what} are used and {needed} more are needed: delete some, or ask AWS for a higher quota"
            );
            return Err(Failure::new(FailureKind::Quota, FailureCode::QuotaExceeded, text));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(cluster: Found, used: i64) -> Observed {
        let quotas = rds::Quotas { clusters: Some((used, 40)), instances: Some((0, 40)) };
        Observed { cluster, missing_groups: Vec::new(), quotas }
    }

    fn plan() -> Plan {
        serde_json::from_value(serde_json::json!({
            "steps": [], "instances": [{"class": "db.r6g.large"}], "why": [],
            "settings": {}, "facts": {"snapshot_arn": "", "snapshot_id": "", "created_at": "",
                "engine": "", "engine_version": "", "allocated_gib": 1, "master_user": ""}
        }))
        .unwrap()
    }

    #[test]
    fn a_strangers_cluster_is_refused_and_never_adopted() {
        let refused = decide(&plan(), &observed(Found::Stranger("no tag".into()), 0)).unwrap_err();
        assert_eq!(refused.code, FailureCode::TargetNameTaken);
        assert_eq!(refused.kind, FailureKind::Permanent);
    }

    #[test]
    fn a_full_quota_waits_and_fails_nothing() {
        let full = decide(&plan(), &observed(Found::Nothing, 40)).unwrap_err();
        assert_eq!((full.kind, full.code), (FailureKind::Quota, FailureCode::QuotaExceeded));
        assert!(decide(&plan(), &observed(Found::Nothing, 39)).is_ok());
    }

    #[test]
    fn a_missing_group_fails_before_anything_is_restored() {
        let missing = vec!["subnet group \"x\"".into()];
        let observed = Observed { missing_groups: missing, ..observed(Found::Nothing, 0) };
        assert_eq!(decide(&plan(), &observed).unwrap_err().code, FailureCode::SettingNotFound);
    }
}
