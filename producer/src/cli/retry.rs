//! `aurora-restore retry`.

use super::context::Context;
use super::error::CliError;
use aurora_restore_producer::operate::{Retried, retry_because};
use aurora_restore_producer::query::resolve;
use aurora_restore_producer::standing::Standing;
use serde_json::json;

const EXAMPLES: &str = "\
The job goes on at the step that failed, with fresh attempts; steps that are done stay done. Its
pointer is taken out of the dead-letter queue. Mend the cause first: `show` names its page. A job
that is parked goes on by itself once its cause is mended; this makes it look at once.

EXAMPLES:
  aurora-restore retry 0192f6a4-7c11-7d2e-9a60-2f1f6a10a0e1
  aurora-restore retry 0192f6a4-7c11 --reason \"more quota, ticket 4711\"
  aurora-restore retry 0192f6a4-7c11 && aurora-restore watch 0192f6a4-7c11";

/// Flags of `retry`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The failed or parked job, by id or the beginning of one (8 characters at least).
    #[arg(value_name = "ID")]
    id: String,
    /// Why it may go on: kept in the job's audit trail, with who says so.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
}

/// Runs it.
pub async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let env = context.env().await?;
    let id = resolve(env, &args.id).await?;
    let Retried { state, pointers_deleted } = retry_because(env, id, &args.reason).await?;
    if context.json() {
        let status = Standing::of(&state).as_str();
        return context.document(&json!({
            "id": id.to_string(), "status": status, "pointers_deleted": pointers_deleted,
        }));
    }
    if state.is_parked() {
        return context
            .say(&format!("job {id} is looked at now; it goes on if its cause is mended"));
    }
    let pointers = match pointers_deleted {
        0 => "its dead letter was not found (somebody may be looking at it)".to_owned(),
        1 => "its dead letter is deleted".to_owned(),
        n => format!("its {n} dead letters are deleted"),
    };
    context.say(&format!("job {id} goes on; {pointers}"))
}
