//! Following jobs until all have ended: `watch`, and `submit --wait`.

use super::context::Context;
use super::error::CliError;
use super::screen::Screen;
use aurora_restore_producer::trouble::Trouble;
use aurora_restore_producer::view::JobView;
use aurora_restore_shared::clock::EpochMs;
use aurora_restore_shared::environment::Environment;
use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::request::Request;
use aurora_restore_shared::set::Membership;
use aurora_restore_shared::store::Spec;
use std::time::Duration;

/// How often each job is looked at: one small read.
const LOOK: Duration = Duration::from_secs(2);

/// A local cloud may be many times as fast as AWS.
const LOOK_LOCALLY: Duration = Duration::from_millis(250);

/// Looks in a row that may fail before following is given up. The SDK has repeated each by then.
const PATIENCE: u32 = 5;

/// A job to follow.
#[derive(Debug, Clone)]
pub struct Followed {
    /// The job.
    pub id: JobId,
    /// Its request.
    pub request: Request,
    /// When it was accepted.
    pub created_at_ms: EpochMs,
    /// The restore set that it is a member of.
    pub set: Option<Membership>,
}

impl Followed {
    /// The job of a spec.
    pub fn of(spec: Spec) -> Self {
        Self {
            id: spec.id,
            request: spec.request,
            created_at_ms: spec.created_at_ms,
            set: spec.set,
        }
    }

    async fn look(&self, env: &Environment) -> Result<JobView, Trouble> {
        let state = env.store().state(self.id).await?;
        let spec = Spec {
            id: self.id,
            request: self.request.clone(),
            hash: String::new(),
            submitted_by: String::new(),
            created_at_ms: self.created_at_ms,
            aftercare: None,
            set: self.set,
        };
        Ok(JobView::of(&spec, state.as_ref(), env.clock.now_ms()))
    }
}

/// Follows jobs until all have ended, or Ctrl-C. The answer has them in the order given.
pub async fn follow(
    context: &Context,
    jobs: Vec<Followed>,
    screen: Screen,
) -> Result<Vec<JobView>, CliError> {
    tokio::select! {
        ended = until_all_ended(context, &jobs, screen) => ended,
        _ = tokio::signal::ctrl_c() => Err(CliError::Interrupted),
    }
}

async fn until_all_ended(
    context: &Context,
    jobs: &[Followed],
    mut screen: Screen,
) -> Result<Vec<JobView>, CliError> {
    let env = context.env().await?;
    let pause = if env.common.endpoint.is_some() { LOOK_LOCALLY } else { LOOK };
    let mut seen: Vec<Option<JobView>> = jobs.iter().map(|_| None).collect();
    let mut failed_looks = 0;
    loop {
        for (n, job) in jobs.iter().enumerate() {
            if seen[n].as_ref().is_some_and(has_ended) {
                continue;
            }
            match job.look(env).await {
                Ok(view) => {
                    failed_looks = 0;
                    screen.show(context, n, &view)?;
                    seen[n] = Some(view);
                }
                Err(trouble) if failed_looks < PATIENCE && trouble.may_pass() => failed_looks += 1,
                Err(trouble) => return Err(trouble.into()),
            }
        }
        if seen.iter().all(|view| view.as_ref().is_some_and(has_ended)) {
            return Ok(seen.into_iter().flatten().collect());
        }
        env.clock.sleep(pause).await;
    }
}

fn has_ended(view: &JobView) -> bool {
    view.ended_at.is_some()
}

/// Exit code 1 if a job has failed.
pub fn verdict(ended: &[JobView]) -> Result<(), CliError> {
    let failed = ended.iter().filter(|job| job.failure.is_some()).count();
    if failed == 0 { Ok(()) } else { Err(CliError::JobsFailed(failed)) }
}
