//! `demo`: a real fleet restores real rows while one of its workers is killed.

use std::process::ExitCode;

fn main() -> ExitCode {
    aurora_restore_loadtest::demo::main()
}
