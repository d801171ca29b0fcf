//! What must always hold, each with a name and one sentence.

macro_rules! invariants {
    ($($name:ident => $number:expr, $text:literal, $says:literal;)*) => {
        /// What must always hold. The numbers are those of the protocol's own list.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Invariant { $(#[doc = $says] $name,)* }

        impl Invariant {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name, as printed.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// One sentence.
            #[must_use]
            pub fn says(self) -> &'static str {
                match self { $(Self::$name => $says,)* }
            }

            /// Its number in the list "What must always hold" of the protocol, where it comes from
            /// there.
            #[must_use]
            pub fn number(self) -> Option<u8> {
                match self { $(Self::$name => $number,)* }
            }
        }
    };
}

invariants! {
    EveryJobEnds => Some(1), "every_job_ends",
        "Every accepted job is stored when its submitter is told so, and ends once faults stop.";
    LiveJobsAreDue => Some(1), "live_jobs_are_due",
        "A job that has not ended has a due time, an ended one has none, and only waiting jobs watch.";
    FailuresHaveACause => Some(1), "failures_have_a_cause",
        "A job fails only with a code that something which really happened to it explains.";
    OneClusterPerJob => Some(2), "one_cluster_per_job",
        "One job makes at most one cluster, and each of its instances once.";
    OnlyTheDeclaredResult => Some(2), "only_the_declared_result",
        "A job that succeeded leaves its cluster, as planned and available, and nothing else.";
    NothingIsDestroyed => Some(3), "nothing_is_destroyed",
        "Nothing is deleted or renamed but by a swap that is proven, or when its time is over; no source is changed.";
    OnlyOwnResources => Some(3), "only_own_resources",
        "What a job makes carries its tag and its names; what it changes, it has made.";
    IntentBeforeEffect => Some(3), "intent_before_effect",
        "A password is set only on a cluster whose immutable id an earlier commit has recorded.";
    EpochsFence => Some(4), "epochs_fence",
        "Epochs and wake-up numbers only grow, and only the claimer of an epoch writes under it.";
    LeasesAreRespected => Some(4), "leases_are_respected",
        "A claim takes what nobody holds, or what was held until before the claimer's own now.";
    OneJobPerTarget => Some(5), "one_job_per_target",
        "Two jobs never work on one target at the same time.";
    SameKeySameJob => Some(6), "same_key_same_job",
        "The same idempotency key means the same job, and its request never changes.";
    SlotsAreFair => Some(7), "slots_are_fair",
        "Slots have one holder, are granted by priority and age, and nobody is dropped from one.";
    LettersMatch => Some(9), "letters_match",
        "Dead letters and failed jobs match one to one, and what cannot be read is kept in one.";
    StaleWakeUpsChangeNothing => Some(10), "stale_wake_ups_change_nothing",
        "A claim is made for the wake-up that the job expects, and for no other.";
    AckAfterCommit => None, "ack_after_commit",
        "A wake-up is deleted only when its job needs it no more.";
    SendFirst => None, "send_first",
        "A due time is moved on only by who has sent the job's wake-up.";
    MaskedBeforeOpened => None, "masked_before_opened",
        "A cluster whose data must be masked is opened when all of it is masked, and not before.";
    SetsAreWhole => None, "sets_are_whole",
        "The members of a restore set are swapped when all are verified, and all of them or none.";
    StepsStayDone => None, "steps_stay_done",
        "A step that is done stays done, and what was found out of a resource stays.";
    TransitionsAreLegal => None, "transitions_are_legal",
        "A job that succeeded is never changed; one that failed goes on only where it is replayed.";
    PlansStayPut => None, "plans_stay_put",
        "The plan that a job's state names is there and is never changed.";
    EventsAreChained => None, "events_are_chained",
        "Each commit of a tick and each replay has its event, unchanged, on the chain that the state names.";
    WritesAreConditional => None, "writes_are_conditional",
        "States, requests and slots are written by conditional writes of single items only.";
    SecretsStaySecret => None, "secrets_stay_secret",
        "A password is in no emitted byte but those of the call that sets it.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_distinct_and_sentences_end() {
        let names: BTreeSet<_> = Invariant::ALL.iter().map(|i| i.name()).collect();
        assert_eq!(names.len(), Invariant::ALL.len());
        assert!(Invariant::ALL.iter().all(|i| i.says().ends_with('.')));
        assert!(Invariant::ALL.iter().any(|i| i.number() == Some(9)));
    }
}
