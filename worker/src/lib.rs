//! The worker: pulls wake-ups, ticks jobs, runs the dispatcher and the observer.
//!
//! A step looks, then acts; a tick claims a job, runs its ready steps and commits once. Everything
//! here may die at any await and be run again by another worker.

pub mod aftercare;
pub mod database;
pub mod dispatcher;
pub mod fleet;
pub mod http;
pub mod leader;
pub mod metrics;
pub mod observer;
pub mod pace;
pub mod poller;
pub mod rds;
pub mod room;
pub mod runtime;
pub mod sets;
pub mod settings;
pub mod step;
pub mod steps;
pub mod target_slot;
pub mod tick;

#[cfg(test)]
mod tests;
