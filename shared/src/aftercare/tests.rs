//! What is to go when a failed job is given up.

use super::*;
use crate::failure::{Failure, FailureCode};
use crate::job::{Ending, FailedAt, StepState};
use crate::plan::Hop;

const HOUR_MS: EpochMs = 3_600_000;
const DAY_MS: EpochMs = 24 * HOUR_MS;

/// A job of the drill with this more of a request, and a plan of one step, `ends`, beyond the usual.
fn stage(more: &str, ends: Option<StepName>, swaps: bool) -> (Spec, Plan) {
    let drill = include_str!("../../../examples/drill.json").trim_end().trim_end_matches('}');
    let drill = drill.replace(r#""keep": { "restored": "2h" }"#, more);
    let request = Request::parse(&format!("{drill}}}")).unwrap();
    let (id, hash) = (JobId::keyed("a", "b"), request.hash());
    let (submitted_by, created_at_ms) = (String::new(), 0);
    let spec = Spec { id, request, hash, submitted_by, created_at_ms, aftercare: None, set: None };
    let step = |name| PlannedStep { name, after: Vec::new(), behind: Vec::new() };
    let mut plan = nothing(&spec, StepName::RestoreCluster).plan();
    plan.steps.extend(ends.map(step));
    let old = || Standing { resource_id: "cluster-OLD".into(), ..Standing::default() };
    plan.replaces = swaps.then(old);
    (spec, plan)
}

/// The job as it fails at noon of its second day, these steps begun and the first ones done.
fn failed(spec: &Spec, done: &[StepName], begun: &[StepName]) -> JobState {
    let mut job = spec.first_state(0);
    for step in done {
        job.steps.insert(*step, StepState { status: StepStatus::Done, ..StepState::started(0) });
    }
    job.steps.extend(begun.iter().map(|step| (*step, StepState::started(0))));
    job.outputs.insert(RESOURCE_ID.into(), "cluster-NEW".into());
    let failure = Failure::permanent(FailureCode::CheckFailed, "x");
    let failed_at = FailedAt { step: None, failure };
    job.commit(Ending::Fail { failed_at, due_at_ms: 0 }, 12 * HOUR_MS)
}

/// The immutable id and the two names of the cluster that goes, and how long it is kept.
fn goes(given_up: Option<Aftercare>) -> Option<(String, String, String, EpochMs)> {
    let care = given_up?;
    let kept_ms = care.not_before_ms - care.failed_at_ms?;
    let Leaving { name, last_name, resource_id } = care.cluster?;
    Some((resource_id?, name.to_string(), last_name.to_string(), kept_ms))
}

#[test]
fn a_job_that_has_made_nothing_has_nothing_to_give_up() {
    let (spec, mut plan) = stage(r#""keep": {}"#, None, false);
    let (account, region) = ("111111111111".parse().unwrap(), "eu-west-1".parse().unwrap());
    plan.path.copy = Some(Hop { account, region, key: None });
    let failed = failed(&spec, &[StepName::ResolveSource], &[StepName::CheckTarget]);
    assert_eq!(of_failed(&spec, &plan, &failed), None);
}

#[test]
fn the_cluster_of_a_failed_job_goes_under_a_name_that_is_never_used_again() {
    use StepName as S;
    let id = JobId::keyed("a", "b").short();
    let gone = ("orders-drill".to_owned(), format!("orders-drill-gone-{id}"));
    let (beside, old) = (format!("orders-drill-new-{id}"), format!("orders-drill-old-{id}"));
    let same = |name: &String| (name.clone(), name.clone());
    let (none, short) = (r#""keep": {}"#, r#""keep": { "failed": "2h" }"#);
    let away = r#""keep": { "restored": "1h" }"#;
    let made = [S::RestoreCluster].as_slice();
    let proven = [S::RestoreCluster, S::VerifyRestore].as_slice();
    let swapped = [S::RestoreCluster, S::VerifyRestore, S::SwapIn].as_slice();
    let new = |names: (String, String), kept_ms| Some(("cluster-NEW", names, kept_ms));
    let of_old = Some(("cluster-OLD", same(&old), 7 * DAY_MS));
    for (more, ends, swaps, done, begun, expected) in [
        (none, None, false, made, S::CreateInstances, new(gone.clone(), 7 * DAY_MS)),
        (short, None, false, made, S::VerifyRestore, new(gone.clone(), 2 * HOUR_MS)),
        // Whoever restores to a free name may use it from the proof on, or once it is opened.
        (short, None, false, proven, S::Notify, None),
        (away, None, false, proven, S::Notify, new(gone.clone(), 7 * DAY_MS)),
        (short, Some(S::OpenAccess), false, proven, S::RestoreCluster, new(gone, 2 * HOUR_MS)),
        (short, Some(S::OpenAccess), false, proven, S::OpenAccess, None),
        // A swap: until it is done the new one goes, from then on the old one.
        (short, Some(S::SwapIn), true, proven, S::SwapIn, new(same(&beside), 2 * HOUR_MS)),
        (none, Some(S::SwapIn), true, swapped, S::Notify, of_old),
        (
            short,
            Some(S::SwapIn),
            true,
            swapped,
            S::Notify,
            Some(("cluster-OLD", same(&old), DAY_MS)),
        ),
    ] {
        let (spec, plan) = stage(more, ends, swaps);
        let failed = failed(&spec, done, &[begun]);
        let expected = expected.map(|(id, (name, last), ms)| (id.to_owned(), name, last, ms));
        assert_eq!(goes(of_failed(&spec, &plan, &failed)), expected, "{more} {done:?} {begun}");
    }
}

#[test]
fn each_failure_of_a_job_is_given_up_by_a_job_of_its_own() {
    let (spec, plan) = stage(r#""keep": {}"#, None, false);
    let first = failed(&spec, &[StepName::RestoreCluster], &[]);
    let second = JobState { ended_at_ms: Some(DAY_MS), ..first.clone() };
    let ids = [&first, &first, &second].map(|job| of_failed(&spec, &plan, job).unwrap().id());
    assert!(ids[0] == ids[1] && ids[1] != ids[2], "{ids:?}");
}

#[test]
fn a_member_of_a_set_that_has_not_joined_it_goes_although_it_is_verified() {
    let (spec, plan) = stage(r#""keep": {}"#, Some(StepName::JoinSet), false);
    let verified = [StepName::RestoreCluster, StepName::VerifyRestore];
    let left = failed(&spec, &verified, &[StepName::JoinSet]);
    assert_eq!(goes(of_failed(&spec, &plan, &left)).unwrap().0, "cluster-NEW");
    let joined = failed(&spec, &[StepName::RestoreCluster, StepName::JoinSet], &[]);
    assert_eq!(goes(of_failed(&spec, &plan, &joined)), None, "somebody may use it already");
}
