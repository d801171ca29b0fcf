//! Limits on how often each action may be called. None by default: AWS publishes none, but a fleet
//! must expect them.

use super::Rds;
use super::errors::{throttling, throttling_exception};
use crate::error::AwsError;
use crate::rates::Rate;
use crate::world::Context;

/// One refusal in so many comes as `ThrottlingException` instead of `Throttling`: both occur.
const OTHER_CODE_ONCE_IN: u32 = 4;

impl Rds {
    /// Limits how often an action (with `None`: every action without a limit of its own) may be
    /// called by an account in a Region: so many calls a second, after `burst` at once.
    pub fn set_rate_limit(&mut self, action: Option<&str>, per_second: f64, burst: f64) {
        self.rates.set(action, Rate { per_second, burst });
    }

    /// Takes all limits away.
    pub fn clear_rate_limits(&mut self) {
        self.rates.clear();
    }

    /// Refuses a call that comes too soon.
    pub(super) fn check_rate(&mut self, cx: &mut Context<'_>) -> Result<(), AwsError> {
        if self.rates.admit(cx.call, cx.now_ms) {
            return Ok(());
        }
        let other = cx.rng.u32(0..OTHER_CODE_ONCE_IN) == 0;
        Err(if other { throttling_exception() } else { throttling() })
    }
}
