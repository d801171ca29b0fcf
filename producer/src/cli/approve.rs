//! `aurora-restore approve`.

use super::context::Context;
use super::error::CliError;
use aurora_restore_producer::approve::{ApproveError, approve};
use aurora_restore_producer::query::resolve;
use serde_json::json;

const EXAMPLES: &str = "\
A swap onto a target that the settings protect waits until somebody else than its submitter agrees:
another AWS identity. The job is parked until then, before anything is restored.

EXAMPLES:
  aurora-restore approve 0192f6a4                 what waits: aurora-restore list --status parked
  AWS_PROFILE=second-person aurora-restore approve 0192f6a4";

/// Flags of `approve`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The job, by id or the beginning of one (8 characters at least).
    #[arg(value_name = "ID")]
    id: String,
}

/// Runs it.
pub async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let env = context.env().await?;
    let id = resolve(env, &args.id).await?;
    let approved = approve(env, id).await?;
    if context.json() {
        return context.document(&json!({
            "id": id.to_string(),
            "approved_by": approved.by,
            "was_approved": approved.was_approved,
            "woken": approved.is_woken,
        }));
    }
    let then = if approved.is_woken { "it goes on now" } else { "it did not wait for that now" };
    context.say(&format!("job {id} is approved by {}; {then}", approved.by))
}

impl From<ApproveError> for CliError {
    fn from(error: ApproveError) -> Self {
        let (code, advice) = match error {
            ApproveError::Aws(trouble) => return trouble.into(),
            ApproveError::Unknown(_) => ("no_job", "`aurora-restore list` prints the ids"),
            ApproveError::OwnJob { .. } => ("own_job", "run it with another AWS identity"),
            ApproveError::Nameless(_) => {
                ("no_identity", "run it with credentials that may call sts:GetCallerIdentity")
            }
        };
        Self::Refused { code, text: error.to_string(), advice }
    }
}
