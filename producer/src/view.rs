//! The JSON documents that programs read: stable shapes, described in `docs/cli.md`. Fields may be
//! added, never renamed or taken away within version 1.

mod details;
mod set;

pub use details::{DetailsView, EntryView, EventView, StepView, WaitView};
pub use set::{MemberView, SetView};

use crate::cost::{Cost, PriceTable};
use crate::plan_view::Preview;
use crate::progress::Progress;
use crate::standing::Standing;
use aurora_restore_shared::clock::{EpochMs, as_ms, timestamp};
use aurora_restore_shared::ids::RegionName;
use aurora_restore_shared::job::{FailedAt, JobState};
use aurora_restore_shared::plan::{Plan, StepCalls, StepName, calls, calls_later};
use aurora_restore_shared::request::{Request, SnapshotPick, Source};
use aurora_restore_shared::store::Spec;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// The status of a job whose submission was never completed.
pub const INCOMPLETE: &str = "incomplete";

/// A moment as it is printed: RFC 3339, UTC.
#[must_use]
pub fn moment(at_ms: EpochMs) -> String {
    timestamp(at_ms).to_string()
}

/// A length of time: `0.4s`, `42s`, `2m 05s`, `3h 07m`, `2d 04h`.
#[must_use]
pub fn span(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    match seconds {
        0..10 => format!("{}.{}s", seconds, ms.max(0) % 1000 / 100),
        10..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3_600..172_800 => format!("{}h {:02}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d {:02}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// A job, in short.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobView {
    /// Its id.
    pub id: String,
    /// `restore`, or the step of aftercare that it is: `retire_old`, `remove_copies`, `expire`, `give_up`.
    pub kind: &'static str,
    /// The restore set that it is a member of.
    pub set: Option<String>,
    /// Where it stands: a status, `parked`, or `incomplete`.
    pub status: &'static str,
    /// Its priority.
    pub priority: &'static str,
    /// Who asked for it.
    pub caller: String,
    /// What it restores, in words.
    pub source: String,
    /// The cluster it makes.
    pub target: TargetView,
    /// The step it is at.
    pub step: Option<&'static str>,
    /// Steps done.
    pub steps_done: usize,
    /// Steps in all.
    pub steps_all: usize,
    /// When it was accepted.
    pub created_at: String,
    /// When it ended.
    pub ended_at: Option<String>,
    /// When it was given up: it cannot be retried any more, and what it had made is removed.
    pub given_up_at: Option<String>,
    /// How long it has taken so far, or took.
    pub elapsed_ms: i64,
    /// Until what it waits for is expected; a guess.
    pub expected_remaining_ms: Option<i64>,
    /// Why it failed.
    pub failure: Option<FailureView>,
    /// What a person must mend before it goes on.
    pub parked: Option<FailureView>,
}

/// The cluster that a job makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TargetView {
    /// Its account.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// Its identifier.
    pub cluster: String,
}

/// Why a job failed, or what it needs a person for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailureView {
    /// The step, when it was one.
    pub step: Option<&'static str>,
    /// The code.
    pub code: &'static str,
    /// What happened.
    pub text: String,
    /// The page that says what to do.
    pub runbook: String,
}

impl FailureView {
    fn of(at: &FailedAt) -> Self {
        let code = at.failure.code.as_str();
        Self {
            step: at.step.map(StepName::as_str),
            code,
            text: at.failure.text.clone(),
            runbook: format!("docs/runbook/{code}.md"),
        }
    }
}

impl JobView {
    /// A job at a moment.
    #[must_use]
    pub fn of(spec: &Spec, state: Option<&JobState>, now_ms: EpochMs) -> Self {
        let request = &spec.request;
        let progress = state.map(|state| Progress::of(spec, state, now_ms));
        let all = || spec.step_names().len();
        let target = &request.target;
        Self {
            id: spec.id.to_string(),
            kind: spec.aftercare.as_ref().map_or("restore", |care| care.step.as_str()),
            set: spec.set.map(|member| member.set.to_string()),
            status: state.map_or(INCOMPLETE, |state| Standing::of(state).as_str()),
            priority: request.priority.as_str(),
            caller: request.caller_name().to_owned(),
            source: source_words(&request.source),
            target: TargetView {
                account: target.account.to_string(),
                region: target.region.to_string(),
                cluster: target.cluster.to_string(),
            },
            step: progress.as_ref().and_then(|p| p.step).map(StepName::as_str),
            steps_done: progress.as_ref().map_or(0, |p| p.done),
            steps_all: progress.as_ref().map_or_else(all, |p| p.all),
            created_at: moment(spec.created_at_ms),
            ended_at: state.and_then(|state| state.ended_at_ms).map(moment),
            given_up_at: state.and_then(|state| state.given_up_at_ms).map(moment),
            elapsed_ms: progress
                .as_ref()
                .map_or((now_ms - spec.created_at_ms).max(0), |p| p.elapsed_ms),
            expected_remaining_ms: progress.and_then(|p| p.remaining_ms),
            failure: state.and_then(|state| state.failed_at.as_ref()).map(FailureView::of),
            parked: state.and_then(|state| state.parked.as_ref()).map(FailureView::of),
        }
    }
}

/// A source in words.
#[must_use]
pub fn source_words(source: &Source) -> String {
    let (account, region) = (source.account(), source.region());
    let what = match source {
        Source::Snapshot(snapshot) => match snapshot.pick() {
            Some(SnapshotPick::Exactly(id)) => format!("snapshot {id}"),
            Some(SnapshotPick::Latest { cluster, before: None }) => {
                format!("latest snapshot of {cluster}")
            }
            Some(SnapshotPick::Latest { cluster, before: Some(before) }) => {
                format!("latest snapshot of {cluster} before {before}")
            }
            None => "a snapshot".into(),
        },
        Source::PointInTime(point) => format!("{} at {}", point.cluster, point.to),
        Source::Clone(cluster) => format!("clone of {}", cluster.cluster),
    };
    format!("{what} in {account} {region}")
}

/// What a restore would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanView {
    /// The plan, as it is stored with a job.
    #[serde(flatten)]
    pub plan: Plan,
    /// How long each step usually takes, milliseconds.
    pub usual_ms: BTreeMap<&'static str, i64>,
    /// When each step usually begins, milliseconds from the start.
    pub begins_ms: BTreeMap<&'static str, i64>,
    /// How long it usually takes in all, milliseconds.
    pub usual_total_ms: i64,
    /// What each step calls of AWS.
    pub calls: Vec<StepCalls>,
    /// What is called hours or days later.
    pub calls_later: Vec<StepCalls>,
    /// What it costs on AWS.
    pub cost: Cost,
    /// What it takes of the account's quotas.
    pub quotas: QuotaView,
    /// The slots it holds while it works.
    pub slots: Vec<String>,
    /// What it renames or deletes of what is there, and when.
    pub destroys: Vec<String>,
    /// How long what it has made is kept if it fails and nobody retries it.
    pub given_up_after: String,
}

/// What a restore takes of an account's quotas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct QuotaView {
    /// DB clusters.
    pub clusters: usize,
    /// DB instances.
    pub instances: usize,
}

impl PlanView {
    /// What a restore of a request would do; `home` is the Region of the table.
    #[must_use]
    pub fn of(request: &Request, preview: Preview, home: &RegionName, prices: &PriceTable) -> Self {
        let in_ms = |times: &BTreeMap<StepName, Duration>| {
            times.iter().map(|(name, time)| (name.as_str(), as_ms(*time))).collect()
        };
        Self {
            usual_ms: in_ms(&preview.usual),
            begins_ms: in_ms(&preview.begins),
            usual_total_ms: as_ms(preview.total),
            calls: calls(request, &preview.plan),
            calls_later: calls_later(request, &preview.plan),
            cost: Cost::of(request, &preview.plan, home, prices),
            quotas: QuotaView { clusters: 1, instances: preview.plan.instance_count() },
            slots: slots(request, &preview.plan),
            destroys: destroys(request, &preview.plan),
            given_up_after: request.keep.failed_words(),
            plan: preview.plan,
        }
    }
}

/// The limited things that a restore holds while it works.
fn slots(request: &Request, plan: &Plan) -> Vec<String> {
    let target = &request.target;
    let name = format!("target {} {} {}", target.account, target.region, target.cluster);
    let hops = [&plan.path.shareable, &plan.path.copy].into_iter().flatten();
    let copies = hops.map(|hop| format!("copy {} {}", hop.account, hop.region));
    std::iter::once(name).chain(copies).collect()
}

/// What is renamed or deleted of what is there, and when.
fn destroys(request: &Request, plan: &Plan) -> Vec<String> {
    let target = &request.target.cluster;
    let old = plan.replaces.as_ref().map(|old| {
        let (id, kept) = (&old.resource_id, request.keep.replaced_words());
        format!(
            "cluster {target} ({id}): renamed when the new one is verified, deleted {kept} after"
        )
    });
    let restored = request.keep.restored.as_ref();
    let restored = restored.map(|kept| format!("the restored cluster itself, {kept} after"));
    old.into_iter().chain(restored).collect()
}
