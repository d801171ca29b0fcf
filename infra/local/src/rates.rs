//! How often an action may be called: a token bucket for every account, Region and action. Pure:
//! tokens grow with the moments told.

use crate::call::Call;
use std::collections::BTreeMap;

/// A limit: so many calls a second, after so many at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Tokens that come back every second.
    pub per_second: f64,
    /// Tokens of a full bucket.
    pub burst: f64,
}

/// A bucket as it was when it was last looked into.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at_ms: i64,
}

/// Account, Region and action.
type Key = (String, String, String);

/// The limits of one service, and what is left of them. There are none at first.
#[derive(Debug, Clone, Default)]
pub struct Rates {
    default: Option<Rate>,
    by_action: BTreeMap<String, Rate>,
    buckets: BTreeMap<Key, Bucket>,
}

impl Rates {
    /// Limits an action, or with `None` every action that has no limit of its own. Buckets are
    /// full again.
    pub fn set(&mut self, action: Option<&str>, rate: Rate) {
        match action {
            Some(action) => {
                self.by_action.insert(action.to_owned(), rate);
            }
            None => self.default = Some(rate),
        }
        self.buckets.clear();
    }

    /// Takes all limits away.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether a call is within its limit now; it then takes a token.
    pub fn admit(&mut self, call: &Call, now_ms: i64) -> bool {
        let limit = self.by_action.get(&call.operation).copied().or(self.default);
        let Some(rate) = limit else { return true };
        let key = (call.account.clone(), call.region.clone(), call.operation.clone());
        let full = Bucket { tokens: rate.burst, at_ms: now_ms };
        self.buckets.entry(key).or_insert(full).take(rate, now_ms)
    }
}

impl Bucket {
    fn take(&mut self, rate: Rate, now_ms: i64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "a span in milliseconds is below 2^52")]
        let seconds = (now_ms - self.at_ms).max(0) as f64 / 1000.0;
        self.tokens = (self.tokens + seconds * rate.per_second).min(rate.burst);
        self.at_ms = self.at_ms.max(now_ms);
        let enough = self.tokens >= 1.0;
        if enough {
            self.tokens -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Service;

    fn call(account: &str, operation: &str) -> Call {
        Call::of(Service::Rds, operation, account)
    }

    /// How many of ten calls at one moment are admitted.
    fn of_ten(rates: &mut Rates, call: &Call, now_ms: i64) -> usize {
        (0..10).filter(|_| rates.admit(call, now_ms)).count()
    }

    #[test]
    fn without_a_limit_everything_is_admitted() {
        assert_eq!(of_ten(&mut Rates::default(), &call("1", "A"), 0), 10);
    }

    #[test]
    fn a_burst_is_admitted_and_then_so_many_a_second() {
        let mut rates = Rates::default();
        rates.set(None, Rate { per_second: 2.0, burst: 4.0 });
        let call = call("1", "A");
        assert_eq!(of_ten(&mut rates, &call, 0), 4);
        assert_eq!(of_ten(&mut rates, &call, 1_000), 2);
        assert_eq!(of_ten(&mut rates, &call, 1_400), 0);
        assert_eq!(of_ten(&mut rates, &call, 1_500), 1);
        assert_eq!(of_ten(&mut rates, &call, 3_600_000), 4);
    }

    #[test]
    fn accounts_and_actions_have_buckets_of_their_own() {
        let mut rates = Rates::default();
        rates.set(None, Rate { per_second: 1.0, burst: 1.0 });
        rates.set(Some("B"), Rate { per_second: 1.0, burst: 3.0 });
        for (account, operation, admitted) in [("1", "A", 1), ("2", "A", 1), ("1", "B", 3)] {
            assert_eq!(of_ten(&mut rates, &call(account, operation), 0), admitted);
        }
        rates.clear();
        assert_eq!(of_ten(&mut rates, &call("1", "A"), 0), 10);
    }

    #[test]
    fn time_that_goes_back_makes_no_tokens() {
        let mut rates = Rates::default();
        rates.set(None, Rate { per_second: 1.0, burst: 1.0 });
        let call = call("1", "A");
        assert!(rates.admit(&call, 10_000));
        assert!(!rates.admit(&call, 0));
        assert!(!rates.admit(&call, 10_500));
        assert!(rates.admit(&call, 11_000));
    }
}
