//! The fleet proved in simulation: one seed decides requests, crashes, latencies and faults; an
//! auditor judges every call by the local cloud's own record.

pub mod agenda;
pub mod audit;
pub mod classes;
pub mod cli;
mod excuses;
pub mod exhaustive;
pub mod fleet;
pub mod gate;
pub mod knobs;
pub mod lost;
pub mod many;
pub mod orders;
pub mod people;
pub mod planted;
mod report;
pub mod run;
pub mod script;
pub mod shrink;
pub mod submitters;
pub mod trace;
pub mod weather;
pub mod wire;
