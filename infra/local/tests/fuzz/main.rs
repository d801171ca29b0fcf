//! Arbitrary input for every operation there is: an answer in the form of the service, never a
//! panic, never an internal error. Seeds are fixed, so what is tried is always the same.
#![expect(clippy::unwrap_used, reason = "a helper that fails, fails its test")]

mod json;
mod query;
mod scene;
mod templates;
mod xml;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// Tries what a strategy has so many times.
fn try_all<S: Strategy>(
    name: &str,
    cases: u32,
    strategy: &S,
    check: impl Fn(S::Value) -> Result<(), proptest::test_runner::TestCaseError>,
) {
    // Another seed for every name, so that operations are not all asked the same.
    let seed = name.bytes().fold(7, |seed: u64, b| seed.wrapping_mul(31).wrapping_add(b.into()));
    let rng_seed = RngSeed::Fixed(seed);
    let config = Config { cases, rng_seed, failure_persistence: None, ..Config::default() };
    if let Err(failure) = TestRunner::new(config).run(strategy, check) {
        panic!("{name}: {failure}");
    }
}
