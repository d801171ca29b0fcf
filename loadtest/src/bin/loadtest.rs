//! `aurora-restore-loadtest`: loads on the fleet and on the local cloud, without an AWS account.

use std::process::ExitCode;

fn main() -> ExitCode {
    aurora_restore_loadtest::bench::main()
}
