//! What must always hold, what must be reached at all, and how a job ends once faults stop.

use crate::fleet::{Action, Fate, Fleet};
use crate::job::{Ending, Status};
use crate::state::{Late, MAX_CLAIMS, State, Worker, bit};
use stateright::{Model, Property};

/// The properties of the model.
pub fn of_the_protocol(is_network_bad: bool) -> Vec<Property<Fleet>> {
    let troubles = if is_network_bad { troubles_of_the_network() } else { troubles() };
    invariants().into_iter().chain(troubles).collect()
}

pub const FENCED: &str = "no write of an old epoch succeeds";
pub const ONE_HOLDER: &str = "no two workers hold the present epoch";
pub const DUE: &str = "a job has a due time exactly as long as a worker has anything to do with it";
pub const LEASE_DUE: &str = "a lease that has not run out is due when it runs out";
pub const ONCE: &str = "no wake-up number is committed twice, and epochs never fall";
pub const STALE: &str = "a stale wake-up claims nothing";
pub const TOLD: &str = "who is told that its commit is stored has stored it";
pub const LETTERS: &str = "dead letters and failures match one to one";
pub const PARKED: &str = "an ended job waits for nobody";
pub const ENDS: &str = "once faults stop, the job ends";

type Condition = fn(&Fleet, &State) -> bool;

fn always(name: &'static str, condition: Condition) -> Property<Fleet> {
    Property::always(name, condition)
}

fn sometimes(name: &'static str, condition: Condition) -> Property<Fleet> {
    Property::sometimes(name, condition)
}

/// What must hold in every state.
fn invariants() -> Vec<Property<Fleet>> {
    vec![
        always(FENCED, |_, s| !s.ghost.old_epoch_wrote),
        always(ONE_HOLDER, |_, s| holders(s) <= 1),
        always(DUE, |_, s| s.job.due_at.is_some() == s.job.is_live()),
        always(LEASE_DUE, |_, s| {
            let running = s.job.lease.filter(|lease| lease.until > s.now);
            running.is_none_or(|lease| s.job.due_at == Some(lease.until))
        }),
        always(ONCE, |_, s| !s.ghost.committed_twice),
        always(STALE, |_, s| !s.ghost.stale_claimed),
        always(TOLD, |_, s| !s.ghost.told_wrongly),
        always(LETTERS, letters_match),
        always(PARKED, |_, s| !s.job.parked || !is_over(s.job.status)),
        // Only what is stored decides, and each stored state is also reached with nobody at work.
        always(ENDS, |fleet, s| !s.is_quiet() || ends(fleet, s)),
    ]
}

fn is_over(status: Status) -> bool {
    matches!(status, Status::Succeeded | Status::Failed)
}

/// Workers that tick the job under the epoch that the table has.
fn holders(state: &State) -> usize {
    let held = |worker: &&Worker| match worker {
        Worker::Working(claimed) => claimed.epoch == state.job.epoch,
        Worker::Committing(commit) => state.job.may_commit(&commit.claimed),
        _ => false,
    };
    state.workers.iter().filter(held).count()
}

fn letters_match(_: &Fleet, state: &State) -> bool {
    let ghost = &state.ghost;
    let is_told = state.job.status != Status::Failed || state.job.letter_pending;
    ghost.letters & !ghost.failures == 0 && (is_told || ghost.letters == ghost.failures)
}

/// What must be reached, lest the rest holds for want of trouble.
fn troubles() -> Vec<Property<Fleet>> {
    vec![
        sometimes("the job succeeds", |_, s| s.job.status == Status::Succeeded),
        sometimes("the job fails, and its dead letter is sent", |_, s| {
            s.job.status == Status::Failed && !s.job.letter_pending
        }),
        sometimes(
            "a job whose dead letter was sent is claimed, for it to be sent again",
            |_, s| s.job.lease.is_some() && s.job.failed && s.ghost.letters & bit(s.job.seq) != 0,
        ),
        sometimes("a job waits for a person, and a worker looks again", |_, s| {
            any(s, |w| matches!(w, Worker::Working(job) if job.parked))
        }),
        sometimes("a job that keeps killing its workers is poisoned", |_, s| {
            any(s, |w| matches!(w, Worker::Working(job) if job.claims > MAX_CLAIMS))
        }),
        sometimes("two workers tick the job at once, one of them a zombie", |_, s| {
            s.workers.iter().filter(|w| matches!(w, Worker::Working(_))).count() == 2
        }),
        sometimes("a zombie comes back after another's commit", |_, s| {
            any(s, |w| matches!(w, Worker::Working(job) if job.epoch < s.ghost.last_epoch))
        }),
        sometimes("a worker dies between commit and delete", |_, s| {
            s.is_quiet() && s.queue.seqs().any(|seq| s.ghost.committed & bit(seq) != 0)
        }),
        sometimes("a claim comes between the dispatcher's send and its move", |_, s| {
            let Some(read) = s.dispatcher else { return false };
            s.job.seq == read.seq && s.job.due_at != Some(read.due_at) && s.job.lease.is_some()
        }),
        sometimes("a send of the dispatcher is swallowed as a duplicate", |_, s| {
            s.job.due_at.is_some_and(|due| due <= s.now) && s.queue.was_sent(s.job.dispatches + 1)
        }),
    ]
}

/// What must be reached where the network is bad.
fn troubles_of_the_network() -> Vec<Property<Fleet>> {
    vec![
        sometimes("the lost answer of a claim is recognised as ours", |_, s| {
            any(s, |w| matches!(w, Worker::Claiming(claim) if s.is_ours(*claim, None)))
        }),
        sometimes("the lost answer of a commit is recognised as ours", |_, s| {
            any(s, |w| matches!(w, Worker::Committing(c) if s.job.is_committed_by(&c.claimed)))
        }),
        sometimes(
            "a commit arrives after a newer epoch has begun",
            |_, s| matches!(s.late, Some(Late::Commit(c)) if c.claimed.epoch < s.job.epoch),
        ),
        sometimes("a renewal arrives after the commit of its tick", |_, s| {
            matches!(s.late, Some(Late::Renew(epoch, _))
                if epoch == s.job.epoch && s.job.lease.is_none())
        }),
        sometimes("a claim arrives that nobody remembers", |_, s| {
            matches!(s.late, Some(Late::Claim(claim)) if s.job.claim(claim).is_ok())
                && s.workers.iter().all(|w| *w == Worker::Idle)
        }),
    ]
}

fn any(state: &State, is: impl Fn(&Worker) -> bool) -> bool {
    state.workers.iter().any(is)
}

/// A job must end within so many intervals once faults stop.
const ROUNDS: usize = 10;

/// The fair schedule: the dispatcher passes, one worker handles what is in the queue, time passes.
fn ends(fleet: &Fleet, state: &State) -> bool {
    let mut state = state.clone();
    for _ in 0..ROUNDS {
        take(fleet, &mut state, Action::DueJobsAndSend);
        take(fleet, &mut state, Action::MoveDue);
        for seq in state.queue.seqs() {
            handle(fleet, &mut state, seq);
        }
        if !state.job.is_live() {
            return true;
        }
        take(fleet, &mut state, Action::TimePasses);
    }
    false
}

/// A good worker handles one message; the others are idle.
fn handle(fleet: &Fleet, state: &mut State, seq: u8) {
    take(fleet, state, Action::ReceiveAndClaim(0, seq, Fate::Answered));
    let at_work = |worker: &Worker| *worker != Worker::Idle;
    while let Some(w) = state.workers.iter().position(at_work) {
        let action = next_of_a_good_tick(w, &state.workers[w]);
        take(fleet, state, action);
    }
}

/// Takes an action, where it can be taken.
fn take(fleet: &Fleet, state: &mut State, action: Action) {
    let mut actions = Vec::new();
    fleet.actions(state, &mut actions);
    if actions.contains(&action)
        && let Some(next) = fleet.next_state(state, action)
    {
        *state = next;
    }
}

fn next_of_a_good_tick(w: usize, worker: &Worker) -> Action {
    match worker {
        Worker::Working(job) if job.claims <= MAX_CLAIMS => {
            Action::Commit(w, Ending::Succeed, Fate::Answered)
        }
        Worker::Working(_) => Action::Commit(w, Ending::Fail, Fate::Answered),
        _ => Action::SendAgain(w, Fate::Answered),
    }
}
