//! The whole fleet proved in deterministic simulation.

pub mod audit;
