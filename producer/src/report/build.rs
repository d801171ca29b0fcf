//! A report from the records of a job: pure.

use super::found::{self, Trail};
use super::{
    AccessPart, ChainPart, CheckPart, CheckVerdict, EvidenceReport, FORMAT_VERSION, FailurePart,
    JobPart, Outcome, SourcePart, TargetPart, Times, UserPart, Verdict, stages,
};
use crate::query::JobDetails;
use crate::view::{moment, source_words, span};
use aurora_restore_shared::aftercare::RESOURCE_ID;
use aurora_restore_shared::chain::{self, Chain};
use aurora_restore_shared::clock::EpochMs;
use aurora_restore_shared::job::{FailedAt, JobState, Status};
use aurora_restore_shared::plan::{Plan, StepName};
use aurora_restore_shared::request::{IfExists, Master, Request, Source};
use aurora_restore_shared::store::Spec;
use jiff::Timestamp;
use serde_json::Value;

pub(super) fn report(details: &JobDetails, state: &JobState, now_ms: EpochMs) -> EvidenceReport {
    let JobDetails { spec, plan, events, .. } = details;
    let plan = plan.as_ref();
    let verified = chain::verify(&chain::Trail { spec, plan, state, events }, now_ms);
    let trail = Trail::of(state, events, &verified);
    let request = &spec.request;
    let chain = chain_part(spec, state, verified);
    let source = source(spec, plan, state);
    let checks = found::checks(&trail, &request.verify.checks);
    let times = times(spec, state, &trail, now_ms);
    EvidenceReport {
        format_version: FORMAT_VERSION,
        generated_at: moment(now_ms),
        generated_by: format!("aurora-restore {}", env!("CARGO_PKG_VERSION")),
        verdict: verdict(request, state, &source, &checks, &times, &chain),
        job: job(spec, state, &trail),
        source,
        target: target(request, plan, state),
        times,
        stages: stages::stages(spec, plan, state, &trail, now_ms),
        checks,
        also_verified: found::also_verified(&trail),
        settings: found::settings(&trail, request.verify.compare_settings),
        access: access(request),
        masking: request.mask.as_ref().map(|mask| found::masking(&trail, mask)),
        old_cluster: found::old_cluster(&trail, &state.outputs),
        aws_requests: found::aws_requests(&trail),
        chain,
        events: trail.event_parts(),
        request: shown(request),
    }
}

fn outcome(state: &JobState) -> Outcome {
    match state.status {
        Status::Succeeded => Outcome::Succeeded,
        // While its letter is being sent, a failed job is held by a worker once more.
        Status::Failed => Outcome::Failed,
        _ if state.failed_at.is_some() => Outcome::Failed,
        _ => Outcome::Unfinished,
    }
}

fn verdict(
    request: &Request,
    state: &JobState,
    source: &SourcePart,
    checks: &[CheckPart],
    times: &Times,
    chain: &ChainPart,
) -> Verdict {
    let outcome = outcome(state);
    let cluster = &request.target.cluster;
    let elapsed = span(times.elapsed_ms);
    let told = match (outcome, &state.failed_at) {
        (Outcome::Succeeded, _) => format!("{cluster} was restored and verified in {elapsed}."),
        (Outcome::Failed, Some(at)) => {
            let step = at.step.map_or_else(String::new, |step| format!(" at {step}"));
            format!("The restore of {cluster} failed{step} after {elapsed}: {}.", at.failure.code)
        }
        (Outcome::Failed, None) => format!("The restore of {cluster} failed after {elapsed}."),
        (Outcome::Unfinished, _) => {
            format!(
                "The restore of {cluster} has not ended: this is how it stands after {elapsed}."
            )
        }
    };
    let mut said = vec![told];
    if let (Some(as_of), Some(age)) = (&source.data_as_of, source.rpo_at_acceptance_seconds) {
        let age = span(age.saturating_mul(1000));
        said.push(format!("The data is of {as_of}, {age} old when the job was accepted."));
    }
    let passed = checks.iter().filter(|check| check.verdict == CheckVerdict::Passed).count();
    said.push(match checks.len() {
        0 => "No SQL check was asked for.".into(),
        all => format!("{passed} of {all} checks passed."),
    });
    said.push(chain.summary.clone());
    let records_intact = !chain.chain.is_broken();
    Verdict { outcome, records_intact, summary: said.join(" ") }
}

fn job(spec: &Spec, state: &JobState, trail: &Trail<'_>) -> JobPart {
    let request = &spec.request;
    JobPart {
        id: spec.id.to_string(),
        status: state.status.as_str().into(),
        priority: request.priority.as_str().into(),
        caller: request.caller_name().into(),
        submitted_by: spec.submitted_by.clone(),
        accepted_at: moment(spec.created_at_ms),
        ended_at: state.ended_at_ms.map(moment),
        idempotency_key: request.idempotency_key.clone(),
        labels: request.labels.clone(),
        request_sha256: spec.hash.clone(),
        failure: state.failed_at.as_ref().map(failure),
        set_going_again: found::set_going_again(trail),
    }
}

fn failure(at: &FailedAt) -> FailurePart {
    let code = at.failure.code.as_str();
    FailurePart {
        step: at.step.map(|step| step.to_string()),
        code: code.into(),
        text: at.failure.text.clone(),
        aws_request_id: at.failure.request_id.clone(),
        runbook: format!("docs/runbook/{code}.md"),
    }
}

/// The moment whose data is restored: of a snapshot when it was made; of a point in time the one that
/// was pinned with the plan, be it the latest; of a clone, when the restore began.
fn data_as_of(spec: &Spec, plan: Option<&Plan>, state: &JobState) -> Option<EpochMs> {
    let parsed = |text: &str| text.parse().ok().map(Timestamp::as_millisecond);
    let begun = || state.steps.get(&StepName::RestoreCluster).map(|step| step.since_ms);
    match &spec.request.source {
        Source::Snapshot(_) => parsed(&plan?.facts.created_at),
        Source::PointInTime(point) => parsed(plan.map_or(&point.to, |plan| &plan.facts.created_at)),
        Source::Clone(_) => begun(),
    }
}

fn source(spec: &Spec, plan: Option<&Plan>, state: &JobState) -> SourcePart {
    let asked = &spec.request.source;
    let as_of = data_as_of(spec, plan, state);
    let age_at = |at_ms: EpochMs| as_of.map(|as_of| (at_ms - as_of) / 1000);
    let facts = plan.map(|plan| &plan.facts);
    let said = |text: &String| (!text.is_empty()).then(|| text.clone());
    SourcePart {
        asked_for: source_words(asked),
        account: asked.account().to_string(),
        region: asked.region().to_string(),
        arn: facts.and_then(|facts| said(&facts.snapshot_arn)),
        id: facts.and_then(|facts| said(&facts.snapshot_id)),
        engine: facts.map(|facts| format!("{} {}", facts.engine, facts.engine_version)),
        size_gib: facts.map(|facts| facts.allocated_gib),
        data_as_of: as_of.map(moment),
        rpo_at_acceptance_seconds: age_at(spec.created_at_ms),
        rpo_at_end_seconds: state.ended_at_ms.and_then(age_at),
    }
}

fn target(request: &Request, plan: Option<&Plan>, state: &JobState) -> TargetPart {
    let target = &request.target;
    TargetPart {
        account: target.account.to_string(),
        region: target.region.to_string(),
        cluster: target.cluster.to_string(),
        resource_id: state.outputs.get(RESOURCE_ID).cloned(),
        if_exists: match target.if_exists {
            IfExists::Refuse => "refuse".into(),
            IfExists::Swap => "swap".into(),
        },
        instances: plan.map(Plan::instance_count),
        why: plan.map(|plan| plan.why.clone()).unwrap_or_default(),
    }
}

fn times(spec: &Spec, state: &JobState, trail: &Trail<'_>, now_ms: EpochMs) -> Times {
    let accepted = spec.created_at_ms;
    let since = |at: Option<EpochMs>| at.map(|at| at - accepted);
    let (taken, ended) = (trail.taken_ms(), state.ended_at_ms);
    let verified = trail.done_ms(StepName::VerifyRestore);
    Times {
        accepted_at: moment(accepted),
        taken_at: taken.map(moment),
        verified_at: verified.map(moment),
        ended_at: ended.map(moment),
        queued_ms: since(taken),
        rto_to_verified_ms: since(verified),
        rto_to_end_ms: since(ended),
        elapsed_ms: ended.unwrap_or(now_ms) - accepted,
    }
}

fn access(request: &Request) -> AccessPart {
    let access = &request.access;
    let master = match request.master() {
        None => "as in the source".into(),
        Some(Master::Managed) => "made and rotated by RDS in Secrets Manager".into(),
        Some(Master::Secret(name)) => format!("from secret {name}"),
    };
    let user = |user: &aurora_restore_shared::request::User| UserPart {
        name: user.name.to_string(),
        secret: user.secret.clone(),
        grants: user.grants.iter().map(ToString::to_string).collect(),
    };
    let users = access.users.iter().map(user).collect();
    AccessPart { master, users, open_after_masking: access.open_after_masking }
}

/// The request without what an address may hold behind its `?`.
fn shown(request: &Request) -> Value {
    let mut shown = serde_json::to_value(request).unwrap_or_default();
    let receivers = shown.get_mut("notify").and_then(Value::as_array_mut);
    for receiver in receivers.into_iter().flatten() {
        if let Some(Value::String(address)) = receiver.get_mut("webhook")
            && let Some((place, _)) = address.split_once('?')
        {
            *address = format!("{place}?(left out)");
        }
    }
    shown
}

fn chain_part(spec: &Spec, state: &JobState, chain: Chain) -> ChainPart {
    let also = |uncommitted: usize| match uncommitted {
        0 => String::new(),
        1 => "; one more is of a tick that could not commit".into(),
        n => format!("; {n} more are of ticks that could not commit"),
    };
    let summary = match &chain {
        Chain::Whole { events, uncommitted } => {
            let also = also(*uncommitted);
            format!("Its records are whole: {events} events, unchanged since the request{also}.")
        }
        Chain::Expired { events, uncommitted, oldest_at_ms } => {
            let also = also(*uncommitted);
            let before = oldest_at_ms.map_or_else(|| "all".into(), moment);
            format!(
                "Events before {before} are gone, as events are after 400 days; the {events} that are there are unchanged{also}."
            )
        }
        Chain::Absent => "It was accepted by a release that kept no hash chain.".into(),
        Chain::Broken { at, why } => format!("TAMPERING SHOWS: {at}: {why}."),
    };
    ChainPart { chain, head: state.chain.clone(), genesis: chain::genesis(spec), summary }
}
