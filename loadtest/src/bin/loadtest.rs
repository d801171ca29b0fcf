//! `aurora-restore-loadtest`: the fleet in simulation, and loads on it and on the local cloud.

use std::process::ExitCode;

/// A call is a few hundred small allocations: this allocator makes calls a fifth cheaper than the
/// system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    aurora_restore_loadtest::cli::main()
}
