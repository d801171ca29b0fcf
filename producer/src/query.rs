//! Asking about jobs: one, many, or by the beginning of an id. Reads only.

use crate::standing::Standing;
use crate::trouble::Trouble;
use aurora_restore_shared::environment::Environment;
use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::job::JobState;
use aurora_restore_shared::plan::Plan;
use aurora_restore_shared::store::{Event, JobSummary, Spec};

/// The fewest characters of an id that are looked for.
pub const LEAST_PREFIX: usize = 8;

/// How far back the beginning of an id is looked for.
pub const RESOLVE_JOBS: usize = 1_000;
const RESOLVE_DAYS: u32 = 31;

/// Everything that is known of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobDetails {
    /// Its request.
    pub spec: Spec,
    /// Where it stands; none while its submission is incomplete.
    pub state: Option<JobState>,
    /// Its plan, once it is made.
    pub plan: Option<Plan>,
    /// Its audit trail, oldest first.
    pub events: Vec<Event>,
}

/// Everything about a job; none when there is no such job.
///
/// # Errors
/// [`Trouble`] when AWS does not answer.
pub async fn show(env: &Environment, id: JobId) -> Result<Option<JobDetails>, Trouble> {
    let store = env.store();
    let state = store.state(id).await?;
    let plan_epoch = state.as_ref().and_then(|state| state.plan_epoch);
    let (spec, plan) = store.load_spec_and_plan(id, plan_epoch).await?;
    let Some(spec) = spec else { return Ok(None) };
    let events = store.events(id).await?;
    Ok(Some(JobDetails { spec, state, plan, events }))
}

/// So often a job is read again that changes while it is read.
const READS: usize = 5;

/// The same, all of it of one moment: a tick that commits while the records are read would look like
/// tampering. Of a job that never keeps still, the last reading.
///
/// # Errors
/// [`Trouble`] when AWS does not answer.
pub async fn settled(env: &Environment, id: JobId) -> Result<Option<JobDetails>, Trouble> {
    for _ in 1..READS {
        let Some(details) = show(env, id).await? else { return Ok(None) };
        let place = |state: &Option<JobState>| state.as_ref().map(|s| (s.epoch, s.seq));
        if place(&details.state) == place(&env.store().state(id).await?) {
            return Ok(Some(details));
        }
    }
    show(env, id).await
}

/// Which jobs are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Only jobs that stand so; empty: anyhow.
    pub statuses: Vec<Standing>,
    /// Only jobs of this caller.
    pub caller: Option<String>,
    /// Only jobs accepted in the last so many days.
    pub days: u32,
    /// At most this many.
    pub most: usize,
}

impl Filter {
    /// How jobs stand that have not ended.
    #[must_use]
    pub fn live() -> Vec<Standing> {
        Standing::ALL.into_iter().filter(|standing| !standing.is_ended()).collect()
    }

    fn takes(&self, job: &JobSummary) -> bool {
        let standing = job.state.as_ref().map(Standing::of);
        let in_status = standing.is_some_and(|standing| self.statuses.contains(&standing));
        let of_caller = |caller: &String| job.spec.request.caller_name() == caller;
        (self.statuses.is_empty() || in_status) && self.caller.as_ref().is_none_or(of_caller)
    }

    fn is_open(&self) -> bool {
        self.statuses.is_empty() && self.caller.is_none()
    }
}

/// The newest jobs that a filter takes, newest first.
///
/// # Errors
/// [`Trouble`] when AWS does not answer.
pub async fn list(env: &Environment, filter: &Filter) -> Result<Vec<JobSummary>, Trouble> {
    let most = if filter.is_open() { filter.most } else { filter.most.max(RESOLVE_JOBS) };
    let jobs = env.store().newest_jobs(env.clock.now_ms(), filter.days, most).await?;
    Ok(jobs.into_iter().filter(|job| filter.takes(job)).take(filter.most).collect())
}

/// Why a text is not the id of a job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// It cannot be one.
    #[error("{0:?} is no job id: give a whole id, or at least its first 8 characters")]
    NoId(String),
    /// No job begins with it.
    #[error("there is no job {0} (the beginning of an id is looked for in the last 31 days)")]
    NoJob(String),
    /// Several jobs begin with it.
    #[error("{text} is the beginning of {} job ids: {}", ids.len(), join(ids))]
    Several {
        /// What was given.
        text: String,
        /// The jobs.
        ids: Vec<JobId>,
    },
    /// AWS did not do its part.
    #[error("{0}")]
    Aws(#[from] Trouble),
}

fn join(ids: &[JobId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The job that a text names: a whole id (whether or not there is such a job), or the beginning of
/// exactly one among the newest.
///
/// # Errors
/// [`ResolveError`].
pub async fn resolve(env: &Environment, text: &str) -> Result<JobId, ResolveError> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let begin = text.to_ascii_lowercase();
    let may_begin = begin.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    if begin.len() < LEAST_PREFIX || !may_begin {
        return Err(ResolveError::NoId(text.to_owned()));
    }
    let now_ms = env.clock.now_ms();
    let jobs = env.store().newest_jobs(now_ms, RESOLVE_DAYS, RESOLVE_JOBS).await;
    let ids = jobs.map_err(Trouble::from)?.into_iter().map(|job| job.spec.id);
    let ids: Vec<JobId> = ids.filter(|id| id.to_string().starts_with(&begin)).collect();
    match ids[..] {
        [] => Err(ResolveError::NoJob(text.to_owned())),
        [id] => Ok(id),
        _ => Err(ResolveError::Several { text: text.to_owned(), ids }),
    }
}
