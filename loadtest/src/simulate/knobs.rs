//! What a run is turned by: what the command line says, and what a seed draws from it.

use super::classes::FaultClass;
use super::wire::WireRates;
use std::fmt;
use std::time::Duration;

/// The widest that a clock is wrong, milliseconds: 15 minutes.
pub const WIDEST_SKEW_MS: i64 = 15 * 60 * 1000;

/// How hostile the world is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Profile {
    /// What AWS does every day: duplicates, other orders, empty receives, lagging indexes, restarts.
    /// Every job succeeds.
    Calm,
    /// Crashes, lost and late messages, frozen workers, wrong clocks, throttling. A job fails only
    /// where its request cannot succeed, or five deaths or a wrong clock have met it.
    Normal,
    /// Everything, with outages, surprises of RDS and people who meddle: a job may fail, with a code
    /// that says why.
    Hostile,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Calm, Self::Normal, Self::Hostile];

    /// The name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Normal => "normal",
            Self::Hostile => "hostile",
        }
    }
}

/// What the command line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Knobs {
    /// How hostile the world is.
    pub profile: Profile,
    /// Jobs of a seed.
    pub jobs: usize,
    /// Workers of a seed.
    pub workers: usize,
    /// Whether only drills are asked for: no swaps, no masking, no points in time or clones.
    pub only_drills: bool,
}

impl Default for Knobs {
    fn default() -> Self {
        Self { profile: Profile::Normal, jobs: 4, workers: 3, only_drills: false }
    }
}

impl fmt::Display for Knobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { profile, jobs, workers, only_drills } = self;
        let drills = if *only_drills { " --only-drills" } else { "" };
        write!(f, "--faults {} --jobs {jobs} --workers {workers}{drills}", profile.name())
    }
}

/// What a seed draws.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// How much faster than AWS long operations pass.
    pub speed: f64,
    /// The lease of a claim.
    pub lease: Duration,
    /// How long everything may fail.
    pub safety: Duration,
    /// Ticks of one worker at the same time.
    pub capacity: usize,
    /// How long one receive waits.
    pub poll_wait_seconds: i32,
    /// The dispatcher sleeps so long at the most.
    pub dispatch_sleep: Duration,
    /// How long leadership lasts.
    pub leadership: Duration,
    /// Chances at the wires of workers.
    pub rates: WireRates,
}

impl Drawn {
    /// Draws the knobs of a run.
    #[must_use]
    pub fn by(rng: &mut fastrand::Rng, profile: Profile) -> Self {
        let seconds = |rng: &mut fastrand::Rng, low, high| Duration::from_secs(rng.u64(low..=high));
        Self {
            speed: 20.0 * (1.0 + 3.0 * rng.f64()),
            lease: seconds(rng, 20, 60),
            safety: seconds(rng, 120, 300),
            capacity: rng.usize(4..=16),
            poll_wait_seconds: 20,
            dispatch_sleep: seconds(rng, 8, 20),
            leadership: seconds(rng, 45, 90),
            rates: rates(rng, profile),
        }
    }
}

/// Each kind of strike is on in half of the seeds: faults that never meet hide no others.
fn rates(rng: &mut fastrand::Rng, profile: Profile) -> WireRates {
    let mut rate = |most: f64| if rng.bool() { most * rng.f64() } else { 0.0 };
    match profile {
        Profile::Calm => WireRates::default(),
        Profile::Normal => WireRates { crash: rate(0.006), late: rate(0.03), freeze: rate(0.01) },
        Profile::Hostile => WireRates { crash: rate(0.015), late: rate(0.06), freeze: rate(0.03) },
    }
}

impl Profile {
    /// Whether a profile has a class of faults.
    #[must_use]
    pub fn has(self, class: FaultClass) -> bool {
        class.least() <= self
    }
}
