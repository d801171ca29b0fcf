//! `create_instances`: wants the planned instances, the writer first, all available. A restore
//! makes none.

use super::restore_cluster::restored_cluster;
use crate::rds::{self, Instance, Wanted};
use crate::step::{Outcome, StepContext, StepResult, Waiting, done, request_ids};
use aurora_restore_shared::estimate::Operation;
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::ids::{ClusterId, JobId};
use aurora_restore_shared::job::How;
use aurora_restore_shared::plan::Plan;
use aurora_restore_shared::watch::{StatusClass, WatchKind, classify_status};

pub(super) async fn run(cx: StepContext<'_>) -> StepResult {
    let rds = rds::target(&cx).await?;
    let wanted = wanted(cx.plan()?, &cx.spec.request.target.cluster, cx.spec.id);
    let there = rds::instances(&rds, &cx).await?;
    let missing = decide(&wanted, &there)?;
    if !missing.is_empty() {
        // Instances are made in the restored cluster only, never in one that took its name since.
        restored_cluster(&rds::find_cluster(&rds, &cx).await?, &cx)?;
    }
    let mut ids = Vec::new();
    for instance in &missing {
        ids.extend(rds::create_instance(&rds, &cx, instance).await?);
    }
    let ready = missing.is_empty() && there.iter().all(|i| i.status == "available");
    if ready {
        let note = format!("{} instances are available", wanted.len());
        return Ok(done(How::Did, note).into());
    }
    let note = format!("{} of {} instances were still to be created", missing.len(), wanted.len());
    let wait = cx.wait_for(WatchKind::Members, Operation::CreateInstances, &note);
    let (begun, details) = (!missing.is_empty(), request_ids(ids));
    Ok(Outcome::WaitFor(Waiting { begun, details, ..wait }))
}

/// The instances of a plan. Their names derive from the job, so that a repeat finds them again and
/// no name is used twice.
fn wanted(plan: &Plan, cluster: &ClusterId, job: JobId) -> Vec<Wanted> {
    let stem: String = cluster.as_str().chars().take(48).collect();
    let stem = stem.trim_end_matches('-').to_owned();
    let each = plan.instances.iter().flat_map(|spec| (0..spec.count).map(move |_| spec));
    let wanted = each.enumerate().map(|(n, spec)| Wanted {
        id: format!("{stem}-{}-{}", job.short(), n + 1),
        class: spec.class.clone(),
        zone: spec.zone.clone(),
        tier: spec.promotion_tier,
    });
    wanted.collect()
}

/// Which instances are missing; a failure when one is broken.
fn decide(wanted: &[Wanted], there: &[Instance]) -> Result<Vec<Wanted>, Failure> {
    let broken = |i: &&Instance| classify_status(&i.status, "available") == StatusClass::Broken;
    if let Some(instance) = there.iter().find(broken) {
        let code = match instance.status.as_str() {
            "insufficient-capacity" => FailureCode::CapacityShort,
            _ => FailureCode::ResourceFailed,
        };
        let text = format!("instance {} ended in status {}", instance.id, instance.status);
        return Err(Failure::permanent(code, text));
    }
    let is_there = |w: &&Wanted| there.iter().any(|i| i.id == w.id);
    Ok(wanted.iter().filter(|w| !is_there(w)).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(id: &str, status: &str) -> Instance {
        Instance { id: id.into(), status: status.into() }
    }

    fn two() -> Vec<Wanted> {
        let one = |id: &str| Wanted { id: id.into(), class: "c".into(), zone: None, tier: None };
        vec![one("a-1"), one("a-2")]
    }

    #[test]
    fn only_what_is_missing_is_created() {
        assert_eq!(decide(&two(), &[]).unwrap(), two());
        let missing = decide(&two(), &[instance("a-1", "creating")]).unwrap();
        assert_eq!(missing, two()[1..]);
    }

    #[test]
    fn a_broken_instance_is_a_failure() {
        let failed = decide(&two(), &[instance("a-1", "incompatible-restore")]).unwrap_err();
        assert_eq!(failed.code, FailureCode::ResourceFailed);
        let short = decide(&two(), &[instance("a-1", "insufficient-capacity")]).unwrap_err();
        assert_eq!(short.code, FailureCode::CapacityShort);
    }

    #[test]
    fn names_fit_the_63_characters_of_rds_and_derive_from_the_job() {
        let cluster: ClusterId = format!("a{}", "b".repeat(62)).parse().unwrap();
        let plan: Plan = serde_json::from_value(serde_json::json!({
            "steps": [], "instances": [{"class": "x", "count": 2}, {"class": "y"}], "why": [],
            "settings": {}, "facts": {"snapshot_arn": "", "snapshot_id": "", "created_at": "",
                "engine": "", "engine_version": "", "allocated_gib": 1, "master_user": ""}
        }))
        .unwrap();
        let job = JobId::keyed("a", "b");
        let wanted = wanted(&plan, &cluster, job);
        assert_eq!(wanted.len(), 3);
        assert!(wanted.iter().all(|w| w.id.len() <= 63 && w.id.contains(&job.short())));
        assert_eq!(wanted[2].class, "y");
    }
}
