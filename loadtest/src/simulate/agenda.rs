//! What happens when: drawn from the seed before the run begins.

use super::knobs::{Drawn, Profile};
use super::people::Meddling;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// Something that happens to the fleet or to the cloud.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// A worker starts, under its next incarnation.
    Start(usize),
    /// A worker is killed where it stands.
    Kill(usize),
    /// A worker is frozen for so long.
    Freeze(usize, Duration),
    /// A worker is told to stop.
    Stop(usize),
    /// The drain time of whoever was told to stop is over.
    DrainOver,
    /// Some faults come for a while.
    Storm,
    /// The fault rule of this number goes.
    FrontGoes(u64),
    /// The order of this place is submitted.
    Submit(usize),
    /// Somebody does something that is not ours.
    Meddle(Meddling),
}

/// What happens, in order.
#[derive(Debug, Default)]
pub struct Agenda {
    entries: BTreeMap<(Instant, u64), Happening>,
    added: u64,
    is_calm: bool,
}

impl Agenda {
    /// Adds something that happens at a moment, behind what happens then already.
    pub fn add(&mut self, at: Instant, happening: Happening) {
        self.added += 1;
        self.entries.insert((at, self.added), happening);
    }

    /// When something happens next.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.entries.first_key_value().map(|((at, _), _)| *at)
    }

    /// What is due, the next of it.
    pub fn take_due(&mut self, now: Instant) -> Option<Happening> {
        let entry = self.entries.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(entry.remove())
    }

    /// Strikes out everything but the workers' starts and ends.
    pub fn calm_down(&mut self) {
        self.is_calm = true;
        let stays = |h: &Happening| matches!(h, Happening::Start(_) | Happening::DrainOver);
        self.entries.retain(|_, happening| stays(happening));
    }
}

impl Agenda {
    /// Whether nothing goes wrong any more.
    #[must_use]
    pub fn is_calm(&self) -> bool {
        self.is_calm
    }
}

/// Draws what happens to workers and cloud, as offsets from the start.
#[must_use]
pub fn draw(
    rng: &mut fastrand::Rng,
    profile: Profile,
    drawn: &Drawn,
    workers: usize,
) -> Vec<(Duration, Happening)> {
    let mut all = Vec::new();
    let most = match profile {
        Profile::Calm => 2,
        Profile::Normal => 6,
        Profile::Hostile => 12,
    };
    for _ in 0..rng.usize(0..=most) {
        let at = drawn.safety.mul_f64(rng.f64());
        all.push((at, one(rng, profile, drawn, workers)));
    }
    all
}

fn one(rng: &mut fastrand::Rng, profile: Profile, drawn: &Drawn, workers: usize) -> Happening {
    let place = rng.usize(..workers);
    if profile == Profile::Calm {
        return Happening::Stop(place);
    }
    match rng.u8(..10) {
        0 | 1 => Happening::Kill(place),
        2 | 3 => Happening::Freeze(place, drawn.lease.mul_f64(1.0 + 9.0 * rng.f64())),
        4 => Happening::Stop(place),
        5 | 6 => Happening::Storm,
        _ => Happening::Meddle(Meddling::draw(rng, profile)),
    }
}
