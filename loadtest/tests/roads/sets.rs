//! Restore sets: one moment, verified together, swapped together or not at all.

use super::{HOUR, HUB, merge, resource_id, standing};
use aurora_restore_loadtest::sim::Sim;
use aurora_restore_local::faults::{FaultKind, FaultRule};
use aurora_restore_producer::operate::{RetryError, retry};
use aurora_restore_producer::set::{SetSubmission, abandon_set, show_set, submit_set};
use aurora_restore_shared::failure::FailureCode;
use aurora_restore_shared::ids::{JobId, SetId};
use aurora_restore_shared::job::{JobState, Status};
use aurora_restore_shared::plan::StepName;
use aurora_restore_shared::set::{Decision, RestoreSet, Tally};
use aurora_restore_shared::settings::Account;
use aurora_restore_shared::store::{Event, EventEntry};
use serde_json::{Value, json};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// The targets of most sets here.
const PAIR: [&str; 2] = ["orders-staging", "payments-staging"];

fn member(target: &str, more: &Value) -> Value {
    let mut value = json!({
        "source": {"point_in_time": {"account": HUB, "region": "us-east-1", "cluster": "orders-prod"}},
        "target": {
            "account": HUB, "region": "us-east-1", "cluster": target, "if_exists": "swap",
            "instances": [{"class": "db.r6g.large"}],
        },
        "keep": {"replaced": "1h"},
    });
    merge(&mut value, more.clone());
    value
}

/// A set of these targets; the first has something more to it.
fn set(targets: &[&str], more_of_first: Value, more: Value) -> RestoreSet {
    let of = |n: usize| if n == 0 { more_of_first.clone() } else { json!({}) };
    let members = targets.iter().enumerate().map(|(n, target)| member(target, &of(n)));
    let mut value = json!({"version": 1, "caller": "tests", "idempotency_key": "nightly"});
    value["members"] = members.collect();
    merge(&mut value, more);
    RestoreSet::parse(&value.to_string()).unwrap_or_else(|faults| panic!("{faults}"))
}

/// A check that fails.
fn unproven() -> Value {
    json!({"verify": {"checks": [
        {"name": "none", "sql": "SELECT count(*) FROM orders", "expect": {"equals": 7}},
    ]}})
}

async fn submit(sim: &Sim, set: &RestoreSet) -> (SetId, Vec<JobId>) {
    let SetSubmission { spec, jobs } = submit_set(&sim.env("submitter"), set).await.unwrap();
    (spec.id, jobs.iter().map(|job| job.id).collect())
}

/// The pair is there already; the immutable ids.
async fn standing_pair(sim: &Sim) -> [Option<String>; 2] {
    let [first, second] = PAIR.map(|name| standing(sim, name));
    [first.await, second.await]
}

async fn pair(sim: &Sim) -> [Option<String>; 2] {
    let [first, second] = PAIR.map(|name| resource_id(sim, HUB, "us-east-1", name));
    [first.await, second.await]
}

async fn tally(sim: &Sim, set: SetId) -> Tally {
    show_set(&sim.env("reader"), set).await.unwrap().unwrap().tally.unwrap()
}

fn codes(states: &[JobState]) -> Vec<Option<FailureCode>> {
    states.iter().map(|s| s.failed_at.as_ref().map(|at| at.failure.code)).collect()
}

/// AWS does not take it, now or later.
fn refusal() -> FaultKind {
    FaultKind::Refuse { code: "InvalidParameterCombination".into(), status: 400 }
}

/// Waits until a member is verified; from then on every rename of its cluster meets this.
async fn hold_back_its_swap(sim: &Sim, job: JobId, fault: FaultKind) {
    until(sim, job, |s| s.steps.contains_key(&StepName::JoinSet)).await;
    let resource = Some(sim.clusters_of(job).remove(0));
    let operation = Some("ModifyDBCluster".into());
    let rule = FaultRule { operation, resource, ..FaultRule::always(fault) };
    sim.cloud.world().faults.add(rule);
}

async fn first_to_fail(sim: &Sim, jobs: &[JobId]) -> JobId {
    for _ in 0..10_000 {
        for job in jobs {
            let state = sim.state(*job).await.unwrap();
            if state.status == Status::Failed && !state.letter_pending {
                return *job;
            }
        }
        sim.pass(Duration::from_secs(5)).await;
    }
    panic!("none has failed");
}

async fn until(sim: &Sim, job: JobId, is_so: impl Fn(&JobState) -> bool) {
    for _ in 0..10_000 {
        if is_so(&sim.state(job).await.unwrap()) {
            return;
        }
        sim.pass(Duration::from_secs(5)).await;
    }
    panic!("never: {:?}", sim.state(job).await);
}

#[tokio::test(start_paused = true)]
async fn all_members_are_restored_to_one_moment_and_swapped_together() {
    let sim = Sim::prepared(1).await.unwrap();
    let worker = sim.start("w1");
    let old = standing_pair(&sim).await;
    let (id, jobs) = submit(&sim, &set(&PAIR, json!({}), json!({}))).await;
    sim.until_succeeded(&jobs, 5 * HOUR).await.unwrap();
    let new = pair(&sim).await;
    assert!(new.iter().all(Option::is_some) && new[0] != old[0] && new[1] != old[1], "{new:?}");
    let details = show_set(&sim.env("reader"), id).await.unwrap().unwrap();
    assert!(matches!(details.tally.unwrap().decision, Decision::Done { .. }));
    let store = sim.env("reader").store();
    let mut moments = Vec::new();
    for job in &jobs {
        let state = sim.state(*job).await.unwrap();
        let (_, plan) = store.load_spec_and_plan(*job, state.plan_epoch).await.unwrap();
        moments.push(plan.unwrap().facts.created_at);
    }
    assert_eq!(moments, vec![details.spec.moment.to_string(); 2]);
    // What was replaced goes when its time is over, and not before all are swapped.
    sim.pass(4 * HOUR).await;
    assert_eq!(pair(&sim).await, new);
    let left = sim.cloud.world().rds.clusters().count();
    assert_eq!(left, 3, "the source and the pair");
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_opened_or_swapped_when_one_member_is_not_verified_in_time() {
    let sim = Sim::prepared(2).await.unwrap();
    let worker = sim.start("w1");
    let old = standing_pair(&sim).await;
    let submitted = set(&PAIR, unproven(), json!({"complete_within": "3h"}));
    let (id, jobs) = submit(&sim, &submitted).await;
    sim.until_ended(&jobs[..1], 2 * HOUR).await.unwrap();
    assert_eq!(sim.state(jobs[1]).await.unwrap().status, Status::Waiting);
    let states = sim.until_ended(&jobs, 4 * HOUR).await.unwrap();
    assert_eq!(codes(&states), [Some(FailureCode::CheckFailed), Some(FailureCode::SetAbandoned)]);
    assert_eq!(pair(&sim).await, old);
    assert!(matches!(tally(&sim, id).await.decision, Decision::Abandoned { .. }));
    let ended = states[1].ended_at_ms.unwrap() - states[1].created_at_ms;
    assert!((3 * 3_600_000..3 * 3_600_000 + 60_000).contains(&ended), "at its deadline: {ended}");
    let refused = retry(&sim.env("operator"), jobs[1]).await;
    assert_eq!(refused, Err(RetryError::SetAbandoned(jobs[1])));
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_member_that_is_retried_in_time_completes_the_set() {
    let sim = Sim::prepared(3).await.unwrap();
    let worker = sim.start("w1");
    let old = standing_pair(&sim).await;
    let refused = refusal();
    sim.cloud.world().faults.add(FaultRule::on("CreateDBInstance", refused, 1));
    let (_, jobs) = submit(&sim, &set(&PAIR, json!({}), json!({}))).await;
    let failed = first_to_fail(&sim, &jobs).await;
    assert_eq!(pair(&sim).await, old);
    sim.pass(HOUR).await;
    retry(&sim.env("operator"), failed).await.unwrap();
    sim.until_succeeded(&jobs, 2 * HOUR).await.unwrap();
    let new = pair(&sim).await;
    assert!(new[0] != old[0] && new[1] != old[1]);
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn members_that_are_swapped_go_back_when_another_cannot_be() {
    let sim = Sim::prepared(4).await.unwrap();
    let worker = sim.start("w1");
    let old = standing_pair(&sim).await;
    let (id, jobs) = submit(&sim, &set(&PAIR, json!({}), json!({}))).await;
    // The first member's new cluster cannot be renamed any more.
    hold_back_its_swap(&sim, jobs[0], refusal()).await;
    let states = sim.until_ended(&jobs, 5 * HOUR).await.unwrap();
    assert_eq!(codes(&states), [Some(FailureCode::SwapFailed), Some(FailureCode::SetAbandoned)]);
    assert_eq!(pair(&sim).await, old);
    let Decision::Back { why, .. } = tally(&sim, id).await.decision else { panic!("it goes back") };
    assert!(why.contains(&jobs[0].to_string()), "{why}");
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn all_go_back_when_one_member_does_not_come_up_within_the_hour() {
    let sim = Sim::prepared(5).await.unwrap();
    let worker = sim.start("w1");
    let old = standing_pair(&sim).await;
    let (id, jobs) = submit(&sim, &set(&PAIR, json!({}), json!({}))).await;
    hold_back_its_swap(&sim, jobs[0], FaultKind::Throttle).await;
    until(&sim, jobs[1], |s| s.steps.contains_key(&StepName::SwapIn)).await;
    sim.pass(30 * MINUTE).await;
    let halfway = pair(&sim).await;
    assert!(halfway[1] != old[1], "the second is swapped");
    let states = sim.until_ended(&jobs, 5 * HOUR).await.unwrap();
    assert!(states.iter().all(|s| s.status == Status::Failed), "{:?}", codes(&states));
    assert_eq!(pair(&sim).await, old);
    assert!(matches!(tally(&sim, id).await.decision, Decision::Back { .. }));
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_set_that_is_called_off_swaps_nothing_and_its_members_stop_at_once() {
    let sim = Sim::prepared(6).await.unwrap();
    let worker = sim.start("w1");
    let old = standing_pair(&sim).await;
    let (id, jobs) = submit(&sim, &set(&PAIR, unproven(), json!({}))).await;
    until(&sim, jobs[0], |s| s.status == Status::Failed).await;
    until(&sim, jobs[1], |s| s.steps.contains_key(&StepName::JoinSet)).await;
    sim.pass(HOUR).await;
    let decided = abandon_set(&sim.env("operator"), id, "wrong moment").await.unwrap();
    let why = decided.why_not().unwrap();
    assert!(why.starts_with("called off by ") && why.ends_with(": wrong moment"), "{why}");
    let states = sim.until_ended(&jobs, MINUTE).await.unwrap();
    assert_eq!(codes(&states)[1], Some(FailureCode::SetAbandoned));
    assert_eq!(pair(&sim).await, old);
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_member_with_a_free_name_is_opened_only_when_the_others_are_swapped() {
    let mut sim = Sim::prepared(7).await.unwrap();
    let worker = sim.start("w1");
    standing_pair(&sim).await;
    worker.drain().await;
    sim.settle(|common| {
        let groups = [("us-east-1".parse().unwrap(), vec!["sg-0closed".to_owned()])];
        let hub = Account { closed_security_groups: groups.into(), ..Account::default() };
        common.accounts.insert(HUB.parse().unwrap(), hub);
    });
    let worker = sim.start("w2");
    let masked = json!({
        "target": {"if_exists": "refuse", "security_groups": ["sg-1"]},
        "keep": null,
        "access": {"open_after_masking": true},
        "mask": aurora_restore_loadtest::sim::masking(),
    });
    let submitted = set(&["reports-staging", "orders-staging"], masked, json!({}));
    let (_, jobs) = submit(&sim, &submitted).await;
    sim.until_succeeded(&jobs, 5 * HOUR).await.unwrap();
    let events = sim.env("reader").store();
    let [fresh, swapped] = [jobs[0], jobs[1]].map(|job| events.events(job));
    let done = |events: Vec<Event>, step: StepName| {
        let mut entries = events.into_iter().flat_map(|event| event.entries);
        let is_it = |e: &EventEntry| e.step.as_deref() == Some(step.as_str()) && e.what == "done";
        entries.find(is_it).unwrap().at_ms
    };
    let swapped = done(swapped.await.unwrap(), StepName::SwapIn);
    assert!(done(fresh.await.unwrap(), StepName::OpenAccess) > swapped - 60_000);
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_set_that_is_submitted_again_is_the_same_one_at_the_same_moment() {
    let sim = Sim::prepared(8).await.unwrap();
    let submitted = set(&PAIR, json!({}), json!({}));
    let env = sim.env("submitter");
    let first = submit_set(&env, &submitted).await.unwrap();
    sim.pass(HOUR).await;
    let again = submit_set(&env, &submitted).await.unwrap();
    assert_eq!(again.spec, first.spec);
    assert!(again.jobs.iter().all(|job| job.existed) && !first.jobs[0].existed);
    let another = set(&PAIR, json!({}), json!({"complete_within": "1h"}));
    let refused = submit_set(&env, &another).await.unwrap_err();
    assert!(refused.to_string().contains("is in use"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn every_fault_of_every_member_is_told_before_anything_is_stored() {
    let sim = Sim::prepared(9).await.unwrap();
    let nowhere = json!({"source": {"point_in_time": {"cluster": "not-there"}}});
    let refused = submit_set(&sim.env("submitter"), &set(&PAIR, nowhere, json!({}))).await;
    let text = refused.unwrap_err().to_string();
    assert!(text.starts_with("members[0].source.point_in_time.cluster"), "{text}");
    let strange = json!({"target": {"account": "999999999999"}});
    let refused = submit_set(&sim.env("submitter"), &set(&PAIR, strange, json!({}))).await;
    let text = refused.unwrap_err().to_string();
    assert!(text.starts_with("members[0].target.account"), "{text}");
    assert_eq!(
        sim.cloud.world().dynamodb.item(
            HUB,
            "us-east-1",
            &sim.common().table,
            (&format!("set#{}", SetId::keyed("tests", "nightly")), "set"),
        ),
        None
    );
}
