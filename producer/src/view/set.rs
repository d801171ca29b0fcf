//! A restore set with how far its members are.

use super::{INCOMPLETE, moment};
use crate::set::{Member, SetDetails};
use aurora_restore_shared::set::{Membership, Voted};
use serde::Serialize;

/// A restore set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetView {
    /// Its id.
    pub id: String,
    /// Who asked for it.
    pub caller: String,
    /// The moment that all members are restored to.
    pub moment: String,
    /// `open`, `swap`, `done`, `abandoned`, `back`; `incomplete` while its submission is.
    pub decision: &'static str,
    /// Why nothing is swapped, where that is decided.
    pub why: Option<String>,
    /// All members must be verified by then.
    pub deadline: String,
    /// When it was accepted.
    pub created_at: String,
    /// The AWS identity that submitted it.
    pub submitted_by: String,
    /// Its members, in their order.
    pub members: Vec<MemberView>,
}

/// A member of a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberView {
    /// Its job.
    pub job: String,
    /// The cluster that it makes.
    pub target: String,
    /// Where its job stands; none while the submission is incomplete.
    pub status: Option<&'static str>,
    /// `verified` or `swapped`.
    pub voted: Option<&'static str>,
    /// Why its job has failed.
    pub failure: Option<String>,
}

impl SetView {
    /// A set as it was read.
    #[must_use]
    pub fn of(details: &SetDetails) -> Self {
        let SetDetails { spec, tally, .. } = details;
        let votes = tally.as_ref().map(|tally| &tally.votes);
        let decision = tally.as_ref().map(|tally| &tally.decision);
        let member = |(membership, member): (Membership, &Option<Member>)| {
            let vote = votes.and_then(|votes| votes.get(&membership.job()));
            let failure = member.as_ref().and_then(|member| member.failure.as_ref());
            MemberView {
                job: membership.job().to_string(),
                target: spec.set.members[membership.member].target.cluster.to_string(),
                status: member.as_ref().map(|member| member.standing.as_str()),
                voted: vote.map(|vote| Voted::as_str(vote.voted)),
                failure: failure.map(ToString::to_string),
            }
        };
        Self {
            id: spec.id.to_string(),
            caller: spec.set.caller_name().to_owned(),
            moment: spec.moment.to_string(),
            decision: decision.map_or(INCOMPLETE, |decision| decision.as_str()),
            why: decision.and_then(|decision| decision.why_not()).map(str::to_owned),
            deadline: moment(spec.first_tally().deadline_ms),
            created_at: moment(spec.created_at_ms),
            submitted_by: spec.submitted_by.clone(),
            members: spec.memberships().zip(&details.members).map(member).collect(),
        }
    }
}
