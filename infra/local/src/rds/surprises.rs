//! Planned surprises: an operation that is refused, ends badly, is slow or never ends, or shows a
//! status that nobody knows.

use super::Rds;
use super::model::{Change, Operation, Status};
use super::operation::Shown;
use crate::error::AwsError;
use crate::params::Params;
use crate::world::{Answer, Context};
use std::collections::VecDeque;

/// What happens to the next operation on something.
#[derive(Debug, Clone, PartialEq)]
pub enum Surprise {
    /// It is refused, without effect (after all checks of the request).
    Refuse(AwsError),
    /// It is accepted and ends in `failed`.
    Failed,
    /// It is accepted and ends in `incompatible-restore`.
    IncompatibleRestore,
    /// It is accepted and ends in a status, e.g. `insufficient-capacity`.
    EndsIn(Status),
    /// It is accepted and never ends.
    Stuck,
    /// It is accepted and takes this many times longer.
    Slow {
        /// How many times longer.
        times: u32,
    },
    /// It is accepted, shows any status at all for a while, and only then goes on as usual.
    Shows {
        /// The status, e.g. `backing-up`, or a word that AWS has not invented yet.
        status: String,
        /// How long, milliseconds; added to what the operation takes.
        ms: i64,
    },
}

impl Operation {
    /// An operation that starts now and takes a time, if nothing surprising happens.
    pub(super) fn new(
        change: Change,
        now_ms: i64,
        lasts_ms: i64,
        surprise: Option<&Surprise>,
    ) -> Self {
        let due_ms = match surprise {
            Some(Surprise::Stuck) => i64::MAX,
            Some(Surprise::Slow { times }) => {
                now_ms.saturating_add(lasts_ms.saturating_mul(i64::from(*times)))
            }
            Some(Surprise::Shows { ms, .. }) => now_ms.saturating_add(lasts_ms).saturating_add(*ms),
            _ => now_ms.saturating_add(lasts_ms),
        };
        let ends_in = match surprise {
            Some(Surprise::Failed) => Some(Status::Failed),
            Some(Surprise::IncompatibleRestore) => Some(Status::IncompatibleRestore),
            Some(Surprise::EndsIn(status)) => Some(*status),
            _ => None,
        };
        let shows = match surprise {
            Some(Surprise::Shows { status, ms }) => {
                Some(Shown { status: status.clone(), until_ms: now_ms.saturating_add(*ms) })
            }
            _ => None,
        };
        Self { change, started_ms: now_ms, due_ms, ticket: None, first: Vec::new(), ends_in, shows }
    }
}

impl Rds {
    /// Plans what happens to the next state-changing operation (create, restore, modify, delete,
    /// ...) on a cluster, instance or snapshot of this name, in any place. Several plans for one
    /// name happen one after the other.
    pub fn plan_surprise(&mut self, identifier: &str, surprise: Surprise) {
        self.surprises.entry(identifier.to_ascii_lowercase()).or_default().push_back(surprise);
    }

    /// Handles one call, with what a fault rule may have in store for it.
    pub(crate) fn handle_fated(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        let (rule, drawn) = cx.faults.surprise().unzip();
        let in_store = drawn.is_some();
        self.drawn = drawn;
        let answer = self.handle(cx, params);
        // A call that was refused for other reasons has not met the fault.
        if self.drawn.take().is_none() && in_store {
            rule.into_iter().for_each(|number| cx.faults.count(number));
        }
        answer
    }

    /// The surprise for an operation on a name that is about to be accepted: as planned, or as a
    /// fault rule has it.
    pub(super) fn surprise(&mut self, identifier: &str) -> Result<Option<Surprise>, AwsError> {
        let planned = self.surprises.get_mut(identifier).and_then(VecDeque::pop_front);
        match planned.or_else(|| self.drawn.take()) {
            Some(Surprise::Refuse(refusal)) => Err(refusal),
            planned => Ok(planned),
        }
    }
}
