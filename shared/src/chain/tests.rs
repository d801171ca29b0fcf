//! Change any one thing of a job's trail, and it shows.

use super::*;
use crate::failure::{Failure, FailureCode};
use crate::ids::{JobId, Seq};
use crate::job::{Ending, FailedAt, How, Lease, StepState};
use crate::plan::StepName;
use crate::request::Request;
use proptest::prelude::*;
use proptest::sample::Index;

const START_MS: EpochMs = 1_795_305_600_000;
const MINUTE_MS: EpochMs = 60_000;

/// A job's records, as a reader of the table has them.
#[derive(Debug, Clone)]
struct Records {
    spec: Spec,
    plan: Option<Plan>,
    state: JobState,
    events: Vec<Event>,
}

impl Records {
    fn accepted() -> Self {
        let request = Request::parse(include_str!("../../../examples/drill.json")).unwrap();
        let spec = Spec {
            id: JobId::keyed("a", "b"),
            hash: request.hash(),
            request,
            submitted_by: "arn:aws:iam::111111111111:user/ops".into(),
            created_at_ms: START_MS,
            aftercare: None,
            set: None,
        };
        let state = spec.first_state(MINUTE_MS);
        Self { spec, plan: None, state, events: Vec::new() }
    }

    fn now_ms(&self) -> EpochMs {
        START_MS + i64::try_from(self.state.epoch.0).unwrap() * MINUTE_MS
    }

    fn verdict(&self) -> Chain {
        self.verdict_at(self.now_ms())
    }

    fn verdict_at(&self, now_ms: EpochMs) -> Chain {
        let Self { spec, plan, state, events } = self;
        verify(&Trail { spec, plan: plan.as_ref(), state, events }, now_ms)
    }

    fn claim(&self, seq: Seq, worker: &str) -> JobState {
        let now_ms = self.now_ms();
        let until_ms = now_ms + 1;
        let lease = Lease { owner: worker.parse().unwrap(), until_ms };
        let token = format!("t{}", self.state.epoch);
        self.state.claim(seq, &lease, &token, now_ms + 2 * MINUTE_MS).unwrap()
    }

    /// A worker claims the job and puts its event; a fenced one gets no further.
    fn tick(&mut self, worker: &str, note: &str, commits: bool, ending: Ending) {
        let claimed = self.claim(self.state.seq, worker);
        let mut entries = vec![entry(None, "waiting", note)];
        let (mut next, at_ms) = (claimed.clone(), self.now_ms());
        if self.plan.is_none() && commits {
            let plan = plan();
            let mut done = entry(Some(StepName::ResolveSource), "done", "pinned");
            done.details.insert(PLAN.into(), plan_hash(&plan));
            entries.push(done);
            let state = StepState { status: StepStatus::Done, ..StepState::started(at_ms) };
            let state = StepState { how: Some(How::Did), ..state };
            next.steps.insert(StepName::ResolveSource, state);
            next.plan_epoch = Some(claimed.epoch);
            self.plan = Some(plan);
        }
        match ending {
            Ending::Succeed => entries.push(entry(None, "ended", "succeeded")),
            Ending::Fail { .. } => entries.push(entry(None, "ended", "failed: check_failed")),
            _ => {}
        }
        let (of, prev) = (EventOf::Tick, claimed.chain.clone());
        let (job, epoch, worker) = (claimed.id, claimed.epoch, worker.to_owned());
        let event = Event { job, epoch, of, worker, at_ms, prev, entries };
        next.chain = Some(event.hash());
        self.state = if commits { next.commit(ending, at_ms) } else { claimed };
        self.events.push(event);
    }

    /// It fails, its letter is sent, and it is retried: once by somebody who is too late.
    fn fail_and_go_on(&mut self) {
        let failure = Failure::permanent(FailureCode::CheckFailed, "no rows");
        let failed_at = FailedAt { step: Some(StepName::VerifyRestore), failure };
        self.tick("w1", "fails", true, Ending::Fail { failed_at, due_at_ms: 9 });
        self.state = self.claim(self.state.seq, "w2").letter_sent();
        let (read, now_ms) = (self.state.clone(), self.now_ms());
        let next = || read.retry(now_ms, MINUTE_MS).unwrap();
        let (late, _) = retried(&read, next(), "arn:late", "", now_ms);
        let (event, next) = retried(&read, next(), "arn:ops", "mended", now_ms);
        self.events.extend([late, event]);
        self.state = next;
    }

    /// The places of the events on the chain.
    fn committed(&self) -> Vec<usize> {
        let hashes = links(&self.events, self.state.chain.as_deref()).hashes();
        (0..self.events.len()).filter(|n| hashes.contains(&self.events[*n].hash())).collect()
    }
}

fn entry(step: Option<StepName>, what: &str, note: &str) -> EventEntry {
    EventEntry {
        step: step.map(|step| step.to_string()),
        what: what.into(),
        at_ms: START_MS,
        took_ms: Some(7),
        note: note.into(),
        details: BTreeMap::from([("aws_request_id".into(), format!("r-{note}"))]),
    }
}

fn plan() -> Plan {
    serde_json::from_value(serde_json::json!({
        "steps": [], "instances": [{"class": "db.r6g.large"}], "why": [],
        "settings": {}, "facts": {"snapshot_arn": "", "snapshot_id": "", "created_at": "",
            "engine": "", "engine_version": "", "allocated_gib": 1, "master_user": ""}
    }))
    .unwrap()
}

/// A whole life: ticks of which some are fenced, a failure with a retry somewhere, an end.
fn life(ticks: &[(String, bool)], fails_at: usize) -> Records {
    let mut records = Records::accepted();
    for (n, (note, commits)) in ticks.iter().enumerate() {
        if n == fails_at {
            records.fail_and_go_on();
        }
        records.tick("w1", note, *commits, Ending::WaitUntil { due_at_ms: START_MS });
    }
    records.tick("w3", "end", true, Ending::Succeed);
    records
}

fn lives() -> impl Strategy<Value = Records> {
    let ticks = proptest::collection::vec(("[a-z<&|]{0,8}", any::<bool>()), 1..8);
    (ticks, 0_usize..9).prop_map(|(ticks, fails_at)| life(&ticks, fails_at))
}

/// A change of one thing of one event.
fn change(event: &mut Event, which: usize) {
    let at_ms = &mut event.at_ms;
    match which {
        0 => event.worker.push('x'),
        1 => *at_ms += 1,
        2 => event.prev = Some("x".repeat(43)),
        3 => event.prev = None,
        4 => event.epoch = Epoch(event.epoch.0 + 100),
        5 => event.job = JobId::keyed("another", "job"),
        6 => event.entries[0].note.push('x'),
        7 => event.entries[0].what = "done".into(),
        8 => event.entries[0].at_ms += 1,
        9 => event.entries[0].took_ms = event.entries[0].took_ms.xor(Some(1)),
        10 => event.entries[0].step = Some("notify".into()),
        11 => _ = event.entries[0].details.insert("aws_request_id".into(), "r-other".into()),
        12 => _ = event.entries.pop(),
        13 => event.entries.push(entry(None, "done", "added")),
        _ => {
            let other = [EventOf::Tick, EventOf::Operator].into_iter().find(|of| *of != event.of);
            event.of = other.unwrap();
        }
    }
}

proptest! {
    #[test]
    fn an_untouched_trail_is_whole(records in lives()) {
        let committed = records.committed().len();
        let uncommitted = records.events.len() - committed;
        prop_assert_eq!(records.verdict(), Chain::Whole { events: committed, uncommitted });
    }

    #[test]
    fn the_order_in_which_events_are_read_does_not_matter(mut records in lives()) {
        let before = records.verdict();
        records.events.reverse();
        prop_assert_eq!(records.verdict(), before);
    }

    #[test]
    fn any_change_of_a_committed_event_breaks_it(
        records in lives(), at in any::<Index>(), which in 0_usize..15,
    ) {
        let committed = records.committed();
        let mut changed = records;
        change(&mut changed.events[*at.get(&committed)], which);
        prop_assert!(changed.verdict().is_broken(), "{which}: {:?}", changed.verdict());
    }

    #[test]
    fn a_removed_event_breaks_it(mut records in lives(), at in any::<Index>()) {
        let committed = records.committed();
        records.events.remove(*at.get(&committed));
        prop_assert!(records.verdict().is_broken());
    }

    #[test]
    fn a_tail_that_is_cut_off_breaks_it(mut records in lives(), keep in any::<Index>()) {
        records.events.truncate(keep.index(records.events.len()));
        prop_assert!(records.verdict().is_broken());
    }

    /// Without the state's word: the state is put back to an earlier end of the chain, too.
    #[test]
    fn a_state_that_is_put_back_says_what_no_event_says(mut records in lives()) {
        let last = records.events.pop().unwrap();
        records.state.chain = last.prev;
        prop_assert!(records.verdict().is_broken());
    }

    #[test]
    fn two_events_that_change_places_break_it(
        mut records in lives(), a in any::<Index>(), b in any::<Index>(),
    ) {
        let committed = records.committed();
        let (a, b) = (*a.get(&committed), *b.get(&committed));
        prop_assume!(a != b);
        let (first, second) = (records.events[a].place(), records.events[b].place());
        (records.events[a].epoch, records.events[a].of) = second;
        (records.events[b].epoch, records.events[b].of) = first;
        prop_assert!(records.verdict().is_broken());
    }

    /// An added event never stands among the committed ones; where it could be that of a fenced
    /// tick, it is counted as one.
    #[test]
    fn an_added_event_never_counts_as_committed(
        mut records in lives(), like in any::<Index>(), epoch in 0_u64..40, knows in any::<bool>(),
    ) {
        let before = records.verdict();
        let mut added = like.get(&records.events).clone();
        added.epoch = Epoch(epoch);
        added.worker = "forger".into();
        if !knows {
            added.prev = Some("x".repeat(43));
        }
        records.events.push(added);
        let Chain::Whole { events, uncommitted } = before else { panic!("{before:?}") };
        let after = records.verdict();
        let counted = Chain::Whole { events, uncommitted: uncommitted + 1 };
        prop_assert!(after.is_broken() || (knows && after == counted), "{after:?}");
    }

    #[test]
    fn another_request_submitter_time_or_plan_breaks_it(mut records in lives(), which in 0..5) {
        match which {
            0 => records.spec.request.labels = [("a".into(), "b".into())].into(),
            1 => {
                records.spec.request.labels = [("a".into(), "b".into())].into();
                records.spec.hash = records.spec.request.hash();
            }
            2 => records.spec.submitted_by.push('x'),
            3 => records.spec.created_at_ms += 1,
            _ => records.plan.as_mut().unwrap().facts.snapshot_id.push('x'),
        }
        prop_assert!(records.verdict().is_broken());
    }
}

#[test]
fn a_state_that_says_more_than_the_events_breaks_it() {
    let whole = life(&[("a".into(), true)], 9);
    assert!(!whole.verdict().is_broken());
    let mut done = whole.clone();
    let state = StepState { status: StepStatus::Done, ..StepState::started(1) };
    done.state.steps.insert(StepName::VerifyRestore, state);
    let failed = JobState { status: Status::Failed, ..whole.state.clone() };
    let failed = Records { state: failed, ..whole.clone() };
    let planless = Records { plan: None, ..whole.clone() };
    let headless = JobState { chain: None, ..whole.state.clone() };
    let headless = Records { state: headless, ..whole };
    for (records, at) in
        [(done, "state"), (failed, "state"), (planless, "plan"), (headless, "head")]
    {
        let Chain::Broken { at: place, .. } = records.verdict() else { panic!("{at}") };
        assert_eq!(place, at);
    }
}

#[test]
fn a_job_of_a_release_without_a_chain_is_told_as_such() {
    let mut records = Records::accepted();
    records.state.chain = None;
    assert_eq!(records.verdict(), Chain::Absent);
}

#[test]
fn what_is_old_enough_to_be_gone_is_no_tampering_and_what_is_there_is_judged_still() {
    let mut records = life(&[("a".into(), true), ("b".into(), true)], 9);
    records.events.remove(0);
    assert!(records.verdict().is_broken());
    let late = START_MS + KEEP_EVENTS_MS;
    let oldest_at_ms = Some(records.events[0].at_ms);
    let expired = Chain::Expired { events: 2, uncommitted: 0, oldest_at_ms };
    assert_eq!(records.verdict_at(late), expired);
    let all_gone = Records { events: Vec::new(), ..records.clone() };
    let none = Chain::Expired { events: 0, uncommitted: 0, oldest_at_ms: None };
    assert_eq!(all_gone.verdict_at(late), none);
    let mut added = records.events[0].clone();
    added.epoch = Epoch(99);
    records.events.push(added);
    assert!(records.verdict_at(late).is_broken());
}
