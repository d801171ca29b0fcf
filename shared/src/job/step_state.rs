//! What a job remembers of a step: as short as it can be, because it is written at every commit.

use crate::clock::EpochMs;
use std::fmt;
use std::str::FromStr;

/// Where a step stands. A step that was never started has no state at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepStatus {
    /// It was started and waits for a resource or a time.
    Waiting,
    /// It is done.
    Done,
    /// It failed for good.
    Failed,
}

/// How a step came to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// This job did it.
    Did,
    /// It was found done.
    FoundDone,
    /// An earlier tick of this job had begun it; this one saw it through.
    TookOver,
}

/// What a job remembers of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepState {
    /// Where it stands.
    pub status: StepStatus,
    /// Failed attempts so far.
    pub attempts: u32,
    /// When it was started, or when the operation that it waits for began: its deadline counts from
    /// here.
    pub since_ms: EpochMs,
    /// Since when it has been refused (throttled, busy, ...) and tries again; none while it is not.
    pub retrying_since_ms: Option<EpochMs>,
    /// How it came to be done.
    pub how: Option<How>,
}

impl StepState {
    /// A step that is started now.
    #[must_use]
    pub fn started(now_ms: EpochMs) -> Self {
        let status = StepStatus::Waiting;
        Self { status, attempts: 0, since_ms: now_ms, retrying_since_ms: None, how: None }
    }
}

const STATUSES: [(&str, StepStatus); 3] =
    [("waiting", StepStatus::Waiting), ("done", StepStatus::Done), ("failed", StepStatus::Failed)];

const HOWS: [(&str, How); 3] =
    [("did", How::Did), ("found_done", How::FoundDone), ("took_over", How::TookOver)];

fn name_of<T: PartialEq>(words: &[(&'static str, T)], value: &T) -> &'static str {
    words.iter().find(|(_, v)| v == value).map_or("", |(name, _)| name)
}

fn value_of<T: Copy>(words: &[(&str, T)], name: &str) -> Option<T> {
    words.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
}

impl fmt::Display for StepStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name_of(&STATUSES, self))
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name_of(&HOWS, self))
    }
}

impl fmt::Display for StepState {
    /// `<status> <attempts> <since_ms> [r<retrying_since_ms>] [<how>]`: about 30 bytes, where a map
    /// would take 60.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.status, self.attempts, self.since_ms)?;
        self.retrying_since_ms.map_or(Ok(()), |since| write!(f, " r{since}"))?;
        self.how.map_or(Ok(()), |how| write!(f, " {how}"))
    }
}

impl FromStr for StepState {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no step state");
        let mut words = text.split(' ');
        let status = words.next().and_then(|w| value_of(&STATUSES, w)).ok_or_else(wrong)?;
        let attempts = words.next().and_then(|w| w.parse().ok()).ok_or_else(wrong)?;
        let since_ms = words.next().and_then(|w| w.parse().ok()).ok_or_else(wrong)?;
        let (mut retrying_since_ms, mut how) = (None, None);
        for word in words {
            match word.strip_prefix('r').map(str::parse) {
                Some(Ok(since)) => retrying_since_ms = Some(since),
                _ => how = Some(value_of(&HOWS, word).ok_or_else(wrong)?),
            }
        }
        Ok(Self { status, attempts, since_ms, retrying_since_ms, how })
    }
}
