//! The outcome table: what becomes of a failure, and how a tick with several waits ends. Pure.

use crate::fleet::safety_interval;
use aurora_restore_shared::clock::{EpochMs, as_ms};
use aurora_restore_shared::entropy::Entropy;
use aurora_restore_shared::failure::{Failure, FailureCode, FailureKind};
use aurora_restore_shared::job::{Ending, FailedAt, StepState};
use aurora_restore_shared::retry::{self, RetryPolicy};
use aurora_restore_shared::watch::Watch;
use std::time::Duration;

/// The safety net of a waiting job. The observer is what notices; this only bounds the damage of a
/// fleet without one. See decision 0004.
pub(super) const SLOW_POLL: Duration = Duration::from_secs(6 * 3600);

/// A step that is refused, throttled or in a queue may wait so long in all.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// What becomes of a step that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Try again at this moment.
    Again {
        /// The moment.
        at_ms: EpochMs,
        /// Whether the failure uses an attempt.
        uses_attempt: bool,
    },
    /// A person must do something first: look again at this moment.
    Park {
        /// The moment.
        at_ms: EpochMs,
    },
    /// It has failed for good, with this.
    Final(Failure),
}

/// | kind | attempt | then |
/// |---|---|---|
/// | throttled, busy, quota | none | again, at a pace that slows down; a day at the most |
/// | needs a person | none | parked, and looked at again at a pace that slows down; a day at the most |
/// | transient, unknown | one | again with backoff; used up: failed |
/// | permanent | – | failed |
pub(super) fn judge(
    failure: &Failure,
    step: &StepState,
    now_ms: EpochMs,
    entropy: &Entropy,
) -> Verdict {
    match failure.kind {
        FailureKind::Throttled | FailureKind::Busy | FailureKind::Quota => {
            match wait_patiently(retry::PATIENT, step, now_ms, entropy) {
                Some(at_ms) => Verdict::Again { at_ms, uses_attempt: false },
                None => Verdict::Final(waited_a_day(failure, "")),
            }
        }
        FailureKind::NeedsPerson => match wait_patiently(retry::PARKED, step, now_ms, entropy) {
            Some(at_ms) => Verdict::Park { at_ms },
            None => Verdict::Final(waited_a_day(failure, " for a person")),
        },
        FailureKind::Transient | FailureKind::Unknown => {
            let failed = step.attempts + 1;
            if retry::STEP.is_used_up(failed) {
                return Verdict::Final(used_up(failure, failed));
            }
            let at_ms = now_ms + as_ms(retry::STEP.delay(failed, entropy));
            Verdict::Again { at_ms, uses_attempt: true }
        }
        FailureKind::Permanent => Verdict::Final(failure.clone()),
    }
}

/// When to look again: the pace slows down with the time the step has waited already, as if it had
/// been doubled from the start. `None`: it has waited long enough.
fn wait_patiently(
    policy: RetryPolicy,
    step: &StepState,
    now_ms: EpochMs,
    entropy: &Entropy,
) -> Option<EpochMs> {
    let waited_ms = (now_ms - step.retrying_since_ms.unwrap_or(now_ms)).max(0);
    if waited_ms > as_ms(PATIENCE) {
        return None;
    }
    let doublings = (waited_ms / as_ms(policy.first)).checked_ilog2().unwrap_or(0);
    Some(now_ms + as_ms(policy.delay(doublings + 1, entropy)))
}

fn waited_a_day(failure: &Failure, what_for: &str) -> Failure {
    let text = format!("waited a day{what_for}: {}", failure.text);
    Failure { code: FailureCode::DeadlinePassed, text, ..failure.clone() }
}

fn used_up(failure: &Failure, attempts: u32) -> Failure {
    Failure { text: format!("after {attempts} attempts: {}", failure.text), ..failure.clone() }
}

/// What the steps of a tick wait for.
#[derive(Debug, Clone, Default)]
pub(super) struct Waits {
    /// Resources, each with the latest moment to look again.
    pub(super) watches: Vec<(Watch, EpochMs)>,
    /// Moments.
    pub(super) times: Vec<EpochMs>,
    /// What a person must mend, as the first step says that has met it.
    pub(super) parked: Option<FailedAt>,
    /// Something was found out that must be committed before a step goes on.
    pub(super) commit_first: bool,
}

/// How the tick ends: at once again where a commit was all that lacked; parked where a step needs a
/// person; at the earliest moment where a step waits for a time; else with the one watch that is expected first, or that covers
/// the others. `None`: nothing waits.
pub(super) fn ending(waits: &Waits, now_ms: EpochMs) -> Option<Ending> {
    if waits.commit_first {
        return Some(Ending::Again { due_at_ms: now_ms + as_ms(safety_interval(0)) });
    }
    let due = waits.watches.iter().map(|(_, due)| *due).chain(waits.times.iter().copied()).min()?;
    if let Some(failed_at) = waits.parked.clone() {
        return Some(Ending::Park { failed_at, due_at_ms: due });
    }
    // A watch beside a retry would be woken twice; the retry comes first and looks anyway.
    if !waits.times.is_empty() {
        return Some(Ending::WaitUntil { due_at_ms: due });
    }
    let is_covered = |watch: &Watch| waits.watches.iter().any(|(other, _)| other.covers(watch));
    let open = waits.watches.iter().map(|(watch, _)| watch).filter(|watch| !is_covered(watch));
    let watch = open.min_by_key(|watch| watch.expected_at_ms)?.clone();
    Some(Ending::WaitFor { watch, due_at_ms: due })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aurora_restore_shared::watch::WatchKind;

    /// When the step was refused for the first time.
    const SINCE_MS: EpochMs = 1_000_000;

    fn verdict(kind: FailureKind, attempts: u32, waited_ms: i64) -> Verdict {
        let failure = Failure::new(kind, FailureCode::UnknownError, "x");
        let retrying_since_ms = Some(SINCE_MS);
        let step = StepState { attempts, retrying_since_ms, ..StepState::started(0) };
        judge(&failure, &step, SINCE_MS + waited_ms, &Entropy::seeded(1))
    }

    /// How long it waits until the next try.
    fn wait(kind: FailureKind, attempts: u32, waited_ms: i64) -> i64 {
        match verdict(kind, attempts, waited_ms) {
            Verdict::Again { at_ms, .. } | Verdict::Park { at_ms } => at_ms - SINCE_MS - waited_ms,
            Verdict::Final(failure) => panic!("{failure}"),
        }
    }

    #[test]
    fn throttled_busy_and_quota_use_no_attempt_and_end_after_a_day() {
        const DAY_MS: i64 = 24 * 3_600_000;
        for kind in [FailureKind::Throttled, FailureKind::Busy, FailureKind::Quota] {
            for waited in [0, 23 * 3_600_000, DAY_MS] {
                let again = verdict(kind, 99, waited);
                assert!(matches!(again, Verdict::Again { uses_attempt: false, .. }), "{again:?}");
            }
            let Verdict::Final(failure) = verdict(kind, 0, DAY_MS + 1) else { panic!("{kind:?}") };
            assert_eq!(failure.code, FailureCode::DeadlinePassed);
            assert_eq!((failure.text.as_str(), failure.kind), ("waited a day: x", kind));
        }
    }

    #[test]
    fn the_patient_pace_doubles_with_the_time_waited_up_to_five_minutes() {
        let paces = [(0, 15), (15, 15), (30, 30), (60, 60), (120, 120), (250, 240), (9_999, 300)];
        for (waited, pace) in paces {
            let wait = wait(FailureKind::Busy, 0, waited * 1_000);
            assert!(wait > pace * 500 && wait <= pace * 1_000, "{wait} after {waited} s");
        }
    }

    #[test]
    fn what_needs_a_person_is_parked_for_a_day_and_uses_no_attempt() {
        const DAY_MS: i64 = 24 * 3_600_000;
        for waited in [0, 23 * 3_600_000, DAY_MS] {
            let parked = verdict(FailureKind::NeedsPerson, 99, waited);
            assert!(matches!(parked, Verdict::Park { .. }), "{parked:?}");
        }
        let Verdict::Final(failure) = verdict(FailureKind::NeedsPerson, 0, DAY_MS + 1) else {
            panic!("it has waited long enough")
        };
        assert_eq!(failure.code, FailureCode::DeadlinePassed);
        assert_eq!(failure.text, "waited a day for a person: x");
    }

    #[test]
    fn a_parked_job_is_looked_at_at_a_pace_that_doubles_up_to_a_quarter_of_an_hour() {
        let paces = [(0, 15), (30, 30), (120, 120), (480, 480), (960, 900), (80_000, 900)];
        for (waited, pace) in paces {
            let wait = wait(FailureKind::NeedsPerson, 0, waited * 1_000);
            assert!(wait > pace * 500 && wait <= pace * 1_000, "{wait} after {waited} s");
        }
    }

    #[test]
    fn a_step_that_waits_for_the_first_time_waits_from_now_on() {
        let failure = Failure::new(FailureKind::Quota, FailureCode::QuotaExceeded, "x");
        let verdict = judge(&failure, &StepState::started(0), SINCE_MS, &Entropy::seeded(1));
        let Verdict::Again { at_ms, .. } = verdict else { panic!("{verdict:?}") };
        assert!(at_ms > SINCE_MS && at_ms <= SINCE_MS + 15_000, "{at_ms}");
    }

    #[test]
    fn transient_and_unknown_use_attempts_until_they_are_used_up() {
        for kind in [FailureKind::Transient, FailureKind::Unknown] {
            for (attempts, seconds) in [(0, 5), (1, 10), (2, 20), (6, 300)] {
                let again = verdict(kind, attempts, 0);
                assert!(matches!(again, Verdict::Again { uses_attempt: true, .. }), "{again:?}");
                let wait = wait(kind, attempts, 0);
                assert!(wait > seconds * 500 && wait <= seconds * 1_000, "{wait} of {seconds} s");
            }
            let last = verdict(kind, 7, 0);
            assert!(matches!(last, Verdict::Final(f) if f.text == "after 8 attempts: x"));
        }
    }

    #[test]
    fn permanent_fails_at_once() {
        assert!(matches!(verdict(FailureKind::Permanent, 0, 0), Verdict::Final(_)));
    }

    fn watch(kind: WatchKind, expected_at_ms: EpochMs) -> Watch {
        let (account, region) = ("111111111111".parse().unwrap(), "us-east-1".parse().unwrap());
        Watch { account, region, kind, id: "c".into(), want: "available".into(), expected_at_ms }
    }

    #[test]
    fn a_watch_that_covers_another_is_the_one_even_if_expected_later() {
        let waits = Waits {
            watches: vec![(watch(WatchKind::Cluster, 10), 90), (watch(WatchKind::Members, 50), 80)],
            ..Waits::default()
        };
        let Some(Ending::WaitFor { watch, due_at_ms }) = ending(&waits, 0) else { panic!() };
        assert_eq!((watch.kind, due_at_ms), (WatchKind::Members, 80));
    }

    #[test]
    fn a_retry_beside_a_watch_decides_when_to_come_back() {
        let waits = Waits {
            watches: vec![(watch(WatchKind::Cluster, 10), 90)],
            times: vec![40],
            ..Waits::default()
        };
        assert_eq!(ending(&waits, 0), Some(Ending::WaitUntil { due_at_ms: 40 }));
        assert_eq!(ending(&Waits::default(), 0), None);
        let failure = Failure::new(FailureKind::NeedsPerson, FailureCode::AccessDenied, "x");
        let failed_at = FailedAt { step: None, failure };
        let parked = Waits { parked: Some(failed_at.clone()), ..waits };
        assert_eq!(ending(&parked, 0), Some(Ending::Park { failed_at, due_at_ms: 40 }));
        let first = Waits { commit_first: true, ..parked };
        assert_eq!(ending(&first, 7), Some(Ending::Again { due_at_ms: 60_007 }));
    }
}
