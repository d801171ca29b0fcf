//! The fleet as a state machine: every action that anybody can take, or that can befall anybody, at
//! any moment. A worker that is frozen is one that takes no action while time passes.

use crate::job::{Claim, Ending, Job, Lease};
use crate::properties;
use crate::records::{self, Records};
use crate::state::{
    Commit, DueJob, INTERVAL, LEASE, Late, MAX_CLAIMS, SAFETY, State, Time, Worker, bit, name,
};
use crate::table::{CommitOutcome, Planted};
use stateright::{Model, Property};

/// How far the model is explored, and what can go wrong. Within the bounds everything is looked at,
/// with any number of crashes, freezes, lost and repeated messages.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The latest moment, in leases.
    pub now: Time,
    /// The most claims.
    pub epoch: u8,
    /// The last wake-up number.
    pub seq: u8,
    /// The most sends of one wake-up.
    pub dispatches: u8,
    /// Whether writes can be late, and their answers lost: one at a time, any number in all.
    pub is_network_bad: bool,
}

/// The model: one job, its fleet, and what is checked of it.
#[derive(Debug, Clone)]
pub struct Fleet {
    /// Ticks that can run at once.
    pub workers: usize,
    /// Whether one worker process runs them all, so that they differ in their tokens only.
    pub is_one_process: bool,
    pub bounds: Bounds,
    pub planted: Option<Planted>,
    /// Where there is one, the records that are reached are noted here, and nothing is checked.
    pub records: Option<Records>,
}

/// What becomes of a conditional write of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrives, and its answer, too.
    Answered,
    /// It arrives, and the worker dies before it does what comes next: before it sends a wake-up or
    /// a dead letter, before it deletes the message.
    LastWord,
    /// It arrives, but its answer does not.
    AnswerLost,
    /// It does not arrive for a long time, perhaps never.
    Delayed,
}

/// What happens next. Numbers are those of workers, then of wake-ups. Names are those of the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    TimePasses,
    /// A message is lost.
    Lose(u8),
    /// A worker receives a message, and claims the job. When it is not claimed by that, it deletes
    /// the message. When it has failed before, it sends the dead letter.
    ReceiveAndClaim(usize, u8, Fate),
    Renew(usize, Fate),
    /// A worker ends its tick. Then it sends the wake-up or the dead letter, where the ending has
    /// one, and deletes the message.
    Commit(usize, Ending, Fate),
    /// The SDK sends again what has got no answer.
    SendAgain(usize, Fate),
    /// A late write arrives.
    LateArrives,
    LateLost,
    Crash(usize),
    /// The dispatcher reads the index, and sends the wake-up. An index that lags could only add a
    /// wake-up that the queue may hold anyway.
    DueJobsAndSend,
    MoveDue,
    DispatcherCrash,
    /// The observer (or who has given back a slot) wakes the job, and dies before it sends.
    Wake,
    WakeAndSend,
    /// An operator sets a failed job going again, and dies before the wake-up is sent.
    Retry,
}

impl Model for Fleet {
    type State = State;
    type Action = Action;

    /// The producer has put the state; it has sent the wake-up, or died before.
    fn init_states(&self) -> Vec<State> {
        let unsent = State::with(Job::accepted(INTERVAL), 0, self.workers);
        let mut sent = unsent.clone();
        sent.send_for(&unsent.job);
        vec![sent, unsent]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.push(Action::TimePasses);
        actions.extend(state.queue.seqs().map(Action::Lose));
        let fates = self.fates(state.late.is_none() && !state.awaits_an_answer());
        for (w, worker) in state.workers.iter().enumerate() {
            worker_actions(state, w, worker, fates, actions);
            if let Worker::Committing(commit) = worker {
                // That a dead letter was sent is written by a call of its own.
                let is_first = commit.claimed.failed && state.late.is_none();
                let fates = self.fates(is_first).iter();
                actions.extend(fates.map(|fate| Action::SendAgain(w, *fate)));
            }
        }
        if state.late.is_some() {
            actions.push(Action::LateArrives);
            // While its sender still tries, that it never arrives is no different from that it does
            // not arrive yet.
            if !state.awaits_an_answer() {
                actions.push(Action::LateLost);
            }
        }
        match state.dispatcher {
            Some(_) => actions.extend([Action::MoveDue, Action::DispatcherCrash]),
            None if state.job.due_at.is_some_and(|due| due <= state.now) => {
                actions.push(Action::DueJobsAndSend);
            }
            None => {}
        }
        if state.job.wake(Some(state.job.seq), 0).is_some() {
            actions.extend([Action::Wake, Action::WakeAndSend]);
        }
        if state.job.retry(0).is_some() {
            actions.push(Action::Retry);
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        self.step(&mut next, action);
        if !self.is_one_process {
            next.put_in_order();
        }
        (next != *state).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        match self.records {
            Some(_) => records::properties(),
            None => properties::of_the_protocol(self.bounds.is_network_bad),
        }
    }

    fn within_boundary(&self, state: &State) -> bool {
        let Bounds { now, epoch, seq, dispatches, .. } = self.bounds;
        state.now <= now
            && state.job.epoch <= epoch
            && state.job.seq <= seq
            && state.job.dispatches <= dispatches
    }
}

fn worker_actions(
    state: &State,
    w: usize,
    worker: &Worker,
    fates: &[Fate],
    actions: &mut Vec<Action>,
) {
    match worker {
        // One idle worker is as good as another.
        Worker::Idle if w > 0 && state.workers[w - 1] == Worker::Idle => return,
        Worker::Idle => {
            let each = |seq| fates.iter().map(move |fate| Action::ReceiveAndClaim(w, seq, *fate));
            actions.extend(state.queue.seqs().flat_map(each));
            return;
        }
        Worker::Committing(_) => {}
        Worker::Claiming(_) => {
            let fates = [Fate::Answered, Fate::LastWord];
            actions.extend(fates.map(|fate| Action::SendAgain(w, fate)));
        }
        Worker::Working(claimed) => {
            actions.push(Action::Renew(w, Fate::Answered));
            if fates.contains(&Fate::Delayed) {
                actions.push(Action::Renew(w, Fate::Delayed));
            }
            let each = |e: &Ending| {
                let ending = *e;
                fates.iter().map(move |fate| Action::Commit(w, ending, *fate))
            };
            actions.extend(endings(claimed).iter().flat_map(each));
        }
    }
    actions.push(Action::Crash(w));
}

/// How a tick of this job may end: a job that keeps killing its workers ends as poisoned. A wait
/// for a resource differs from one for a time by nothing but the observer, who may come at any moment.
fn endings(claimed: &Job) -> &'static [Ending] {
    if claimed.claims > MAX_CLAIMS {
        return &[Ending::Fail];
    }
    &[
        Ending::WaitUntil,
        Ending::Park,
        Ending::Again,
        Ending::HandBack,
        Ending::Succeed,
        Ending::Fail,
    ]
}

impl Fleet {
    /// So many workers, of one process each.
    pub fn of(workers: usize, bounds: Bounds) -> Self {
        Self { workers, is_one_process: false, bounds, planted: None, records: None }
    }

    /// What can become of a write, where the network may be bad to it or not.
    fn fates(&self, may_be_bad: bool) -> &'static [Fate] {
        if self.bounds.is_network_bad && may_be_bad {
            return &[Fate::Answered, Fate::LastWord, Fate::AnswerLost, Fate::Delayed];
        }
        &[Fate::Answered, Fate::LastWord]
    }

    fn step(&self, state: &mut State, action: Action) {
        match action {
            Action::TimePasses => state.now += 1,
            Action::Lose(seq) => state.queue.delete(seq),
            Action::ReceiveAndClaim(w, seq, fate) => {
                let owner = if self.is_one_process { 0 } else { name(w) };
                let lease = Lease { owner, until: state.now + LEASE };
                let claim = Claim { seq, lease, token: state.fresh_token(), now: state.now };
                state.workers[w] = self.claim(state, claim, fate);
            }
            Action::Renew(w, fate) => state.workers[w] = renew(state, state.workers[w], fate),
            Action::Commit(w, ending, fate) => {
                let Worker::Working(claimed) = state.workers[w] else { unreachable!("{action:?}") };
                let next = claimed.commit(ending, state.now + INTERVAL);
                let sends = matches!(ending, Ending::Again | Ending::HandBack);
                state.workers[w] = self.commit(state, w, Commit { claimed, next, sends }, fate);
            }
            Action::SendAgain(w, fate) => {
                state.workers[w] = match state.workers[w] {
                    Worker::Claiming(claim) => self.claim(state, claim, fate),
                    Worker::Committing(commit) => self.commit(state, w, commit, fate),
                    worker => worker,
                }
            }
            Action::LateArrives => {
                if let Some(late) = state.late.take() {
                    state.late_arrives(late, self.planted);
                }
            }
            Action::LateLost => state.late = None,
            Action::Crash(w) => state.workers[w] = Worker::Idle,
            Action::DueJobsAndSend => state.dispatcher = dispatch(state),
            Action::MoveDue => self.move_due(state),
            Action::DispatcherCrash => state.dispatcher = None,
            Action::Wake | Action::WakeAndSend => {
                let woken = state.job.wake(Some(state.job.seq), state.now + INTERVAL);
                let Some(woken) = woken else { return };
                state.write(woken);
                if action == Action::WakeAndSend {
                    state.send_for(&woken);
                }
            }
            Action::Retry => {
                let next = state.job.retry(state.now + INTERVAL);
                next.into_iter().for_each(|next| state.write(next));
            }
        }
    }

    fn claim(&self, state: &mut State, claim: Claim, fate: Fate) -> Worker {
        if fate == Fate::Delayed {
            state.late = Some(Late::Claim(claim));
            return Worker::Claiming(claim);
        }
        match state.claim(claim, self.planted) {
            _ if fate == Fate::LastWord => Worker::Idle,
            // Whose refusal gets lost is where it was; that its claim is old, `Delayed` has.
            Err(_) if fate == Fate::AnswerLost => Worker::Idle,
            Ok(_) if fate == Fate::AnswerLost => Worker::Claiming(claim),
            Ok(claimed) if claimed.failed => self.send_letter(state, claimed),
            Ok(claimed) => Worker::Working(remembered(claimed)),
            Err(_) => {
                state.queue.delete(claim.seq);
                Worker::Idle
            }
        }
    }

    fn commit(&self, state: &mut State, w: usize, commit: Commit, fate: Fate) -> Worker {
        let unanswered = state.workers[w];
        if fate == Fate::Delayed {
            state.late = Some(Late::Commit(commit));
            return Worker::Committing(commit);
        }
        let outcome = state.commit(commit, self.planted);
        match outcome {
            _ if fate == Fate::LastWord => return Worker::Idle,
            CommitOutcome::Stored if fate == Fate::AnswerLost => return Worker::Committing(commit),
            CommitOutcome::Fenced if fate == Fate::AnswerLost => return unanswered,
            CommitOutcome::Stored if commit.next.letter_pending => {
                return self.send_letter(state, commit.next);
            }
            CommitOutcome::Stored if commit.sends => state.send_for(&commit.next),
            CommitOutcome::Stored | CommitOutcome::Fenced => {}
        }
        state.queue.delete(commit.claimed.seq);
        Worker::Idle
    }

    /// The dead letter is sent, under the wake-up number as deduplication id; that it was is to be
    /// written.
    fn send_letter(&self, state: &mut State, failed: Job) -> Worker {
        if self.planted != Some(Planted::LetterForgotten) {
            state.ghost.letters |= bit(failed.seq);
        }
        let claimed = remembered(failed);
        Worker::Committing(Commit { claimed, next: claimed.letter_sent(), sends: false })
    }

    fn move_due(&self, state: &mut State) {
        let Some(mut read) = state.dispatcher.take() else { return };
        if self.planted == Some(Planted::MoveIgnoresDue) {
            read.due_at = state.job.due_at.unwrap_or(read.due_at);
        }
        let Some(mut moved) = state.job.move_due(read, state.now + SAFETY) else { return };
        if self.planted == Some(Planted::MoveForgetsToCount) {
            moved.dispatches = state.job.dispatches;
        }
        state.write(moved);
    }
}

/// What a worker keeps in mind of the job that it has claimed: of the rest its commit writes
/// nothing that is ever read again.
fn remembered(claimed: Job) -> Job {
    Job { lease: None, due_at: None, dispatches: 0, ..claimed }
}

fn renew(state: &mut State, worker: Worker, fate: Fate) -> Worker {
    let Worker::Working(claimed) = worker else { return worker };
    let until = state.now + LEASE;
    if fate == Fate::Delayed {
        state.late = Some(Late::Renew(claimed.epoch, until));
        return worker;
    }
    if state.renew(claimed.epoch, until) {
        return worker;
    }
    state.queue.delete(claimed.seq);
    Worker::Idle
}

fn dispatch(state: &mut State) -> Option<DueJob> {
    let Job { seq, dispatches, .. } = state.job;
    let due_at = state.job.due_at?;
    state.queue.send(&state.job, seq, dispatches + 1);
    Some(DueJob { seq, due_at, dispatches })
}

impl State {
    /// The wake-up that a job expects is sent.
    fn send_for(&mut self, job: &Job) {
        self.queue.send(&self.job, job.seq, job.dispatches);
    }
}
