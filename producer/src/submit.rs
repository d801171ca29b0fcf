//! Submitting a request: spec, state, wake-up, in this order and each of them idempotent.
//!
//! Whoever dies on the way leaves something that a repeat completes; from the state on, the
//! dispatcher does, too. The same idempotency key always means the same job.

use crate::operate::caller;
use crate::trouble::Trouble;
use aurora_restore_shared::clock::EpochMs;
use aurora_restore_shared::environment::{Environment, FIRST_INTERVAL_MS};
use aurora_restore_shared::fault::{Fault, Faults};
use aurora_restore_shared::ids::{Epoch, JobId, Seq};
use aurora_restore_shared::job::{JobState, Status};
use aurora_restore_shared::request::{Notify, Request};
use aurora_restore_shared::store::{Accepted, Spec, Store};
use aurora_restore_shared::webhook;
use serde_json::Value;
use tokio::sync::OnceCell;

/// A request that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The job.
    pub id: JobId,
    /// Whether the job was there before: the same request under the same key.
    pub existed: bool,
    /// When it was accepted first.
    pub created_at_ms: EpochMs,
}

/// Why a request was not accepted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SubmitError {
    /// The request asks for what this release does not do. Nothing is stored.
    #[error("{0}")]
    BadInput(Faults),
    /// Its idempotency key belongs to another request. Nothing is stored.
    #[error(
        "the idempotency key is in use: job {job} was submitted under it with another request ({})",
        differences.join("; ")
    )]
    Conflict {
        /// The job that has the key.
        job: JobId,
        /// What differs, field by field.
        differences: Vec<String>,
    },
    /// AWS did not do its part. A repeat completes what was begun.
    #[error("{0}")]
    Aws(#[from] Trouble),
}

/// Submits requests of one process.
#[derive(Debug)]
pub struct Submitter {
    env: Environment,
    identity: OnceCell<String>,
}

/// Submits one request.
///
/// # Errors
/// [`SubmitError`].
pub async fn submit(env: &Environment, request: &Request) -> Result<Submission, SubmitError> {
    Submitter::new(env).submit(request).await
}

impl Submitter {
    /// Submits through an environment.
    #[must_use]
    pub fn new(env: &Environment) -> Self {
        Self { env: env.clone(), identity: OnceCell::new() }
    }

    /// Submits one request: a repeat with the same key completes what an earlier one began.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub async fn submit(&self, request: &Request) -> Result<Submission, SubmitError> {
        let faults = self.faults(request).await;
        if !faults.is_empty() {
            return Err(SubmitError::BadInput(Faults(faults)));
        }
        self.check_queue(request).await?;
        let new_id = || self.env.entropy.job_id(&self.env.clock);
        let id = request.keyed_id().unwrap_or_else(new_id);
        self.accept(Spec {
            id,
            request: request.clone(),
            hash: request.hash(),
            submitted_by: self.identity().await,
            created_at_ms: self.env.clock.now_ms(),
            aftercare: None,
            set: None,
        })
        .await
    }

    /// Everything of a request that this release or its settings do not do.
    pub(crate) async fn faults(&self, request: &Request) -> Vec<Fault> {
        let mut faults = request.unsupported();
        faults.extend(self.closed_webhooks(request));
        faults.extend(self.closed_account(request, &self.identity().await));
        faults
    }

    /// Before anything is stored: without its queue, a job would lie there and nobody be told.
    pub(crate) async fn check_queue(&self, request: &Request) -> Result<(), Trouble> {
        let region = &request.target.region;
        let queues = self.env.queues(region);
        queues.check_one(request.priority).await.map_err(Trouble::queue(region))
    }

    /// Who submits, as AWS says.
    pub(crate) async fn identity(&self) -> String {
        self.identity.get_or_init(|| caller(&self.env)).await.clone()
    }

    /// Stores a job and sends its wake-up; a repeat completes what an earlier one began.
    pub(crate) async fn accept(&self, mut spec: Spec) -> Result<Submission, SubmitError> {
        let region = spec.request.target.region.clone();
        let queues = self.env.queues(&region);
        let store = self.env.store();
        let existed = put_spec(&store, &mut spec).await?;
        let state = spec.first_state(FIRST_INTERVAL_MS);
        if !store.put_state(&state).await.map_err(Trouble::from)? {
            let there = store.state(spec.id).await.map_err(Trouble::from)?;
            if !there.is_some_and(|state| is_untouched(&state)) {
                return Ok(submission(&spec, existed));
            }
        }
        queues.send_for(&state).await.map_err(Trouble::queue(&region))?;
        Ok(submission(&spec, existed))
    }

    /// The webhooks that the settings do not let be told: said before hours are spent.
    fn closed_webhooks(&self, request: &Request) -> Vec<Fault> {
        let settings = &self.env.common.webhooks;
        let closed = |(n, receiver): (usize, &Notify)| {
            let Notify::Webhook(text) = receiver else { return None };
            let address = webhook::address(text).ok()?;
            let host = address.host_str().filter(|host| !settings.allows(host))?;
            Some(Fault {
                path: format!("notify[{n}].webhook"),
                problem: format!("is at {host}, which the settings do not let be told"),
                fix: format!(
                    "add {host:?} to webhooks.hosts in the settings, or use sns or event_bridge"
                ),
            })
        };
        request.notify.iter().enumerate().filter_map(closed).collect()
    }

    /// Workers act in their own account, which where the submitter's is known is its own, and in those
    /// of the settings: said before the job waits for somebody to add them.
    fn closed_account(&self, request: &Request, submitted_by: &str) -> Option<Fault> {
        let own = submitted_by.split(':').nth(4).unwrap_or_default();
        let target = &request.target;
        let settings = self.env.common.accounts.get(&target.account);
        let is_allowed = settings.is_some_and(|settings| settings.allows(&target.region));
        let is_home = settings.is_none() && target.account.as_str() == own;
        if own.is_empty() || is_home || is_allowed {
            return None;
        }
        let (account, region) = (&target.account, &target.region);
        Some(Fault {
            path: "target.account".into(),
            problem: format!(
                "is {account}, where the settings allow nothing in {region} (these credentials are of \
                 account {own})"
            ),
            fix: format!("add [accounts.{account}] to the settings, or correct the request"),
        })
    }
}

fn submission(spec: &Spec, existed: bool) -> Submission {
    Submission { id: spec.id, existed, created_at_ms: spec.created_at_ms }
}

/// Puts the spec, or takes over when and by whom it was submitted before. Says whether it was.
async fn put_spec(store: &Store, spec: &mut Spec) -> Result<bool, SubmitError> {
    match store.put_spec(spec).await.map_err(Trouble::from)? {
        Accepted::New => Ok(false),
        Accepted::Same { created_at_ms, submitted_by } => {
            spec.created_at_ms = created_at_ms;
            spec.submitted_by = submitted_by;
            Ok(true)
        }
        Accepted::Conflict => Err(conflict(store, spec).await?),
    }
}

async fn conflict(store: &Store, spec: &Spec) -> Result<SubmitError, Trouble> {
    let (there, _) = store.load_spec_and_plan(spec.id, None).await?;
    let there = there.map(|there| differences(&there.request, &spec.request));
    Ok(SubmitError::Conflict { job: spec.id, differences: there.unwrap_or_default() })
}

/// Whether nobody has looked at a job since it was accepted: its first wake-up may never have been
/// sent. Sending it again is harmless, because its deduplication id is the same.
fn is_untouched(state: &JobState) -> bool {
    let first = (Seq(1), Epoch(0), 0);
    state.status == Status::Queued && (state.seq, state.epoch, state.dispatches) == first
}

/// The fields in which two requests differ, in words.
#[must_use]
pub fn differences(there: &Request, given: &Request) -> Vec<String> {
    let value = |request| serde_json::to_value(request).unwrap_or_default();
    let mut found = Vec::new();
    compare("", &value(there), &value(given), &mut found);
    found
}

fn compare(path: &str, there: &Value, given: &Value, found: &mut Vec<String>) {
    let (Value::Object(a), Value::Object(b)) = (there, given) else {
        if there != given {
            found.push(format!("{path} was {}, now {}", word(there), word(given)));
        }
        return;
    };
    let new = b.keys().filter(|name| !a.contains_key(*name));
    for name in a.keys().chain(new) {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let of = |map: &serde_json::Map<String, Value>| map.get(name).cloned().unwrap_or_default();
        compare(&path, &of(a), &of(b), found);
    }
}

fn word(value: &Value) -> String {
    if value.is_null() { "absent".into() } else { value.to_string() }
}
