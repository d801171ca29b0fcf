//! Restore sets: submitting one, looking at one, calling one off. Set, tally, then the members' jobs,
//! in this order and each of them idempotent: whoever dies on the way leaves something that a repeat
//! completes.

use crate::operate::caller;
use crate::standing::Standing;
use crate::submit::{Submission, SubmitError, Submitter};
use crate::trouble::Trouble;
use aurora_restore_shared::environment::Environment;
use aurora_restore_shared::facts;
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::fault::{Fault, Faults};
use aurora_restore_shared::ids::SetId;
use aurora_restore_shared::request::{Request, Source};
use aurora_restore_shared::set::{Decision, Membership, RestoreSet, SetSpec, Tally, change};
use aurora_restore_shared::store::{Spec, Store};
use futures::future::join_all;
use jiff::Timestamp;

/// A set that was accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct SetSubmission {
    /// The set as it is stored.
    pub spec: SetSpec,
    /// The jobs of its members, in their order.
    pub jobs: Vec<Submission>,
}

/// Why a set was not accepted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SetError {
    /// Its idempotency key belongs to another set. Nothing is stored.
    #[error("the idempotency key is in use: set {0} was submitted under it, and is another one")]
    Conflict(SetId),
    /// As for a request. Of `Aws`, a repeat completes what was begun.
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

impl From<Trouble> for SetError {
    fn from(trouble: Trouble) -> Self {
        Self::Submit(trouble.into())
    }
}

/// Submits a set: a job for each member, all to one moment.
///
/// # Errors
/// [`SetError`].
pub async fn submit_set(env: &Environment, set: &RestoreSet) -> Result<SetSubmission, SetError> {
    let submitter = Submitter::new(env);
    check(&submitter, set).await?;
    let store = env.store();
    let new_id = || SetId(env.entropy.job_id(&env.clock).0);
    let id = set.keyed_id().unwrap_or_else(new_id);
    let spec = match store.set(id).await.map_err(Trouble::from)? {
        Some(there) => there,
        None => put(env, &submitter, id, set).await?,
    };
    if spec.set.hash() != set.hash() {
        return Err(SetError::Conflict(id));
    }
    store.put_tally(id, &spec.first_tally()).await.map_err(Trouble::from)?;
    let mut jobs = Vec::new();
    let requests = spec.set.members_at(spec.moment);
    for (member, request) in spec.memberships().zip(requests) {
        jobs.push(submitter.accept(job(&spec, member, request)).await?);
    }
    Ok(SetSubmission { spec, jobs })
}

async fn check(submitter: &Submitter, set: &RestoreSet) -> Result<(), SetError> {
    let mut faults = Vec::new();
    for (n, member) in set.members.iter().enumerate() {
        let found = Faults(submitter.faults(member).await);
        faults.extend(found.within(&format!("members[{n}]")).0);
    }
    if !faults.is_empty() {
        return Err(SubmitError::BadInput(Faults(faults)).into());
    }
    for member in &set.members {
        submitter.check_queue(member).await?;
    }
    Ok(())
}

/// Stores a set, with the moment that is the latest now where it names none: the first to store it
/// decides.
async fn put(
    env: &Environment,
    submitter: &Submitter,
    id: SetId,
    set: &RestoreSet,
) -> Result<SetSpec, SetError> {
    let moment = match set.moment() {
        Some(moment) => moment,
        None => latest(env, set).await?,
    };
    let spec = SetSpec {
        id,
        set: set.clone(),
        moment,
        submitted_by: submitter.identity().await,
        created_at_ms: env.clock.now_ms(),
    };
    Ok(env.store().put_set(spec).await.map_err(Trouble::from)?)
}

/// The latest moment that all members can be restored to.
async fn latest(env: &Environment, set: &RestoreSet) -> Result<Timestamp, SetError> {
    let points = set.members.iter().filter_map(|member| match &member.source {
        Source::PointInTime(point) => Some(point),
        Source::Snapshot(_) | Source::Clone(_) => None,
    });
    let moments = join_all(points.map(|point| facts::moments(env, point))).await;
    let mut faults = Vec::new();
    let mut all = Vec::new();
    for (n, moments) in moments.into_iter().enumerate() {
        match moments {
            Ok(moments) => all.push(moments),
            Err(failure) => faults.push(no_moment(n, failure)?),
        }
    }
    let latest = all.iter().map(|(_, latest)| *latest).min().unwrap_or_default();
    let earliest = all.iter().map(|(earliest, _)| *earliest).max().unwrap_or_default();
    if faults.is_empty() && earliest > latest {
        let problem = format!(
            "cannot be one moment for all: one member can be restored from {earliest} on, another up to {latest}"
        );
        faults.push(Fault::new("as_of", problem, "restore these clusters one by one"));
    }
    if faults.is_empty() { Ok(latest) } else { Err(SubmitError::BadInput(Faults(faults)).into()) }
}

/// A source that is not there, or keeps no backups, is a fault of the set; all else is trouble.
fn no_moment(n: usize, failure: Failure) -> Result<Fault, Trouble> {
    match failure.code {
        FailureCode::SourceNotFound | FailureCode::SourceUnusable => {
            let path = format!("members[{n}].source.point_in_time.cluster");
            Ok(Fault::new(&path, failure.text, "name a cluster that keeps backups"))
        }
        _ => Err(failure.into()),
    }
}

fn job(spec: &SetSpec, member: Membership, request: Request) -> Spec {
    Spec {
        id: member.job(),
        hash: request.hash(),
        request,
        submitted_by: spec.submitted_by.clone(),
        created_at_ms: spec.created_at_ms,
        aftercare: None,
        set: Some(member),
    }
}

/// Everything that is known of a set.
#[derive(Debug, Clone, PartialEq)]
pub struct SetDetails {
    /// As it was accepted.
    pub spec: SetSpec,
    /// The votes, and what is decided; none while its submission is incomplete.
    pub tally: Option<Tally>,
    /// Where the jobs of its members stand; none while the submission is incomplete.
    pub members: Vec<Option<Member>>,
}

/// A member of a set.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Where its job stands.
    pub standing: Standing,
    /// Why it has failed.
    pub failure: Option<Failure>,
}

/// Everything about a set; none when there is no such set.
///
/// # Errors
/// [`Trouble`] when AWS does not answer.
pub async fn show_set(env: &Environment, id: SetId) -> Result<Option<SetDetails>, Trouble> {
    let store = env.store();
    let Some(spec) = store.set(id).await? else { return Ok(None) };
    let tally = store.tally(id).await?;
    let mut members = Vec::new();
    for membership in spec.memberships() {
        members.push(member(&store, membership).await?);
    }
    Ok(Some(SetDetails { spec, tally, members }))
}

async fn member(store: &Store, membership: Membership) -> Result<Option<Member>, Trouble> {
    let state = store.state(membership.job()).await?;
    Ok(state.map(|state| Member {
        standing: Standing::of(&state),
        failure: state.failed_at.map(|at| at.failure),
    }))
}

/// Why a set is not called off.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AbandonError {
    /// There is none.
    #[error("there is no restore set {0}")]
    Unknown(SetId),
    /// All its members are swapped.
    #[error("set {0} is done: all its members are swapped")]
    TooLate(SetId),
    /// AWS did not do its part.
    #[error("{0}")]
    Aws(#[from] Trouble),
}

/// Calls a set off: nothing is swapped, and what is swapped goes back. The answer is what is decided
/// now.
///
/// # Errors
/// [`AbandonError`].
pub async fn abandon_set(
    env: &Environment,
    id: SetId,
    reason: &str,
) -> Result<Decision, AbandonError> {
    let why = format!("called off by {}: {reason}", caller(env).await);
    let now_ms = env.clock.now_ms();
    let changed = change(env, &env.store(), id, None, |tally| tally.abandon(&why, now_ms)).await;
    match changed.map_err(Trouble::from)?.map(|tally| tally.decision) {
        None => Err(AbandonError::Unknown(id)),
        Some(Decision::Done { .. }) => Err(AbandonError::TooLate(id)),
        Some(decision) => Ok(decision),
    }
}
