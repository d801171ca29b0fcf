//! The whole fleet at once: the simulation that the tests use, the demo, the benchmarks.

pub mod bench;
pub mod cli;
pub mod demo;
pub mod sim;
pub mod simulate;
mod table;
