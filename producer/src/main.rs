//! `aurora-restore`: submits restore jobs, follows them, and tells what became of them.

mod cli;

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    cli::run().await
}
