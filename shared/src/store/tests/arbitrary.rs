//! Any job, any place in a slot: what stored shapes are made of.

use super::super::*;
use super::START_MS;
use crate::failure::{Failure, FailureKind};
use crate::ids::{Epoch, JobId, Seq};
use crate::job::{FailedAt, How, JobState, Lease, Status, StepState, StepStatus};
use crate::plan::StepName;
use crate::request::Priority;
use crate::watch::{Watch, WatchKind};
use proptest::prelude::*;
use std::collections::BTreeMap;

pub(super) fn job_ids() -> impl Strategy<Value = JobId> {
    any::<u128>().prop_map(|n| JobId(uuid::Uuid::from_u128(n)))
}

pub(super) fn priorities() -> impl Strategy<Value = Priority> {
    proptest::sample::select(Priority::ALL.map(|(_, p)| p).to_vec())
}

pub(super) fn leases() -> impl Strategy<Value = Lease> {
    ("[a-z0-9-]{1,20}", 0..i64::MAX / 4)
        .prop_map(|(owner, until_ms)| Lease { owner: owner.parse().unwrap(), until_ms })
}

pub(super) fn watches() -> impl Strategy<Value = Watch> {
    let kinds = WatchKind::ALL.to_vec();
    let id = "[a-z]{1,10}(:[a-z]{1,5})?(#[a-z])?";
    (proptest::sample::select(kinds), id, 0..i64::MAX / 4).prop_map(|(kind, id, at)| Watch {
        account: "111111111111".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        kind,
        id,
        want: "available".into(),
        expected_at_ms: at,
    })
}

pub(super) fn step_states() -> impl Strategy<Value = StepState> {
    let statuses = vec![StepStatus::Waiting, StepStatus::Done, StepStatus::Failed];
    let hows = vec![None, Some(How::Did), Some(How::FoundDone), Some(How::TookOver)];
    let parts = (
        proptest::sample::select(statuses),
        any::<u32>(),
        0..i64::MAX / 4,
        proptest::option::of(0..i64::MAX / 4),
        proptest::sample::select(hows),
    );
    parts.prop_map(|(status, attempts, since_ms, retrying_since_ms, how)| StepState {
        status,
        attempts,
        since_ms,
        retrying_since_ms,
        how,
    })
}

pub(super) fn failures() -> impl Strategy<Value = FailedAt> {
    let codes = crate::failure::FailureCode::ALL.to_vec();
    let steps = StepName::ALL.iter().copied().map(Some).chain([None]).collect::<Vec<_>>();
    let parts = (proptest::sample::select(codes), ".{0,40}", proptest::sample::select(steps));
    let kinds = [FailureKind::Permanent, FailureKind::NeedsPerson];
    (parts, proptest::sample::select(kinds.to_vec())).prop_map(|((code, text, step), kind)| {
        FailedAt { step, failure: Failure::new(kind, code, text) }
    })
}

prop_compose! {
    pub(super) fn job_states()(
        id in job_ids(),
        priority in priorities(),
        status in proptest::sample::select(Status::ALL.map(|(_, s)| s).to_vec()),
        numbers in (any::<u32>(), any::<u32>(), any::<u32>(), 0_u32..100),
        lease in proptest::option::of(leases()),
        token in proptest::option::of("[0-9a-f]{16}"),
        due_at_ms in proptest::option::of(0..i64::MAX / 4),
        watch in proptest::option::of(watches()),
        plan_epoch in proptest::option::of(any::<u32>()),
        steps in proptest::collection::btree_map(
            proptest::sample::select(StepName::ALL.to_vec()), step_states(), 0..7),
        outputs in proptest::collection::btree_map("[a-z_]{1,12}", ".{0,30}", 0..4),
        flags in (any::<bool>(), any::<bool>()),
        failed_at in proptest::option::of(failures()),
        parked in proptest::option::of(failures()),
        (ended_at_ms, given_up_at_ms) in (moments(), moments()),
        chain in proptest::option::of("[A-Za-z0-9_-]{43}"),
    ) -> JobState {
        JobState {
            id,
            region: "us-east-1".parse().unwrap(),
            priority,
            status,
            seq: Seq(numbers.0.into()),
            epoch: Epoch(numbers.1.into()),
            dispatches: numbers.2.into(),
            lease,
            token,
            due_at_ms,
            watch,
            plan_epoch: plan_epoch.map(|n| Epoch(n.into())),
            steps,
            outputs,
            holds_target: flags.0,
            claims: numbers.3,
            failed_at,
            parked,
            letter_pending: flags.1,
            chain,
            created_at_ms: START_MS,
            ended_at_ms,
            given_up_at_ms,
        }
    }
}

pub(super) fn moments() -> impl Strategy<Value = Option<i64>> {
    proptest::option::of(0..i64::MAX / 4)
}

pub(super) fn places() -> impl Strategy<Value = BTreeMap<JobId, Place>> {
    let place = (priorities(), 0..i64::MAX / 4, any::<u32>())
        .prop_map(|(priority, since_ms, n)| Place { priority, since_ms, epoch: Epoch(n.into()) });
    proptest::collection::btree_map(job_ids(), place, 0..5)
}
