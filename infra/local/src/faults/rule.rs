//! One rule: what goes wrong, how often, and whom it meets.

use super::reach;
use crate::call::{Call, Service};
use crate::wire::WireRequest;
use serde::{Deserialize, Serialize};

/// The longest that a call is left without an answer, milliseconds.
pub const LONGEST_SILENCE_MS: u64 = 60_000;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum FaultKind {
    /// Refused with the service's throttling code; no effect.
    Throttle,
    /// Refused with an internal error (HTTP 500); no effect.
    InternalError,
    /// Refused with the service's code for expired credentials; no effect.
    ExpiredCredentials,
    /// Refused with the service's code for a lack of permission; no effect.
    AccessDenied,
    /// Refused with this wire code; no effect.
    Refuse {
        /// The wire code, e.g. `AccessDenied`.
        code: String,
        /// HTTP status.
        #[serde(default = "bad_request")]
        status: u16,
    },
    /// RDS: refused with this wire code, with the status and the text that RDS has for it; no effect.
    RdsRefusal {
        /// A wire code that the local RDS knows, e.g. `InvalidRestoreFault`.
        code: String,
    },
    /// The request never arrives: the connection breaks, no effect.
    LostRequest,
    /// The effect takes place, the answer never arrives: the connection breaks.
    LostResponse,
    /// The effect takes place, the connection breaks in the middle of the answer.
    ConnectionReset,
    /// The call takes this much longer, milliseconds.
    Latency {
        /// Added time, milliseconds.
        ms: u64,
    },
    /// The request is taken and never answered; no effect. With a Region and nothing else: the
    /// Region is there and says nothing.
    Silent {
        /// After how long the connection breaks if the caller has not given up, milliseconds.
        #[serde(default = "longest_silence")]
        ms: u64,
    },
    /// Nobody accepts the connection; no effect. With a Region and nothing else: the Region is
    /// gone.
    Unreachable,
    /// SQS: a message that is received is delivered once more, whatever becomes of it.
    DuplicateDelivery,
    /// SQS: a receive takes from another free message group than the one whose turn it is.
    Reorder,
    /// SQS: a receive returns nothing although there is something.
    EmptyReceive,
    /// SQS: an entry of a batch fails with `InternalError`. DynamoDB: an item of a batch is left
    /// unprocessed. The rate is for every entry or item.
    PartialBatch,
    /// DynamoDB: the secondary indexes see a write this much later.
    IndexLag {
        /// Added lag, milliseconds.
        ms: i64,
    },
    /// RDS: the operation is accepted and takes this many times longer.
    Slow {
        /// How many times longer.
        times: u32,
    },
    /// RDS: the operation is accepted and never ends.
    Stuck,
    /// RDS: the operation is accepted and ends in `failed`.
    Failed,
    /// RDS: the operation is accepted and ends in `incompatible-restore`.
    IncompatibleRestore,
    /// RDS: the operation is refused for a lack of capacity, after all its checks.
    CapacityShortage,
    /// RDS: a describe does not show yet what was created less than this ago.
    DescribeLag {
        /// How long something stays unseen, milliseconds.
        ms: i64,
    },
    /// An RDS event is not delivered.
    LoseEvents,
    /// An RDS event is delivered twice.
    DoubleEvents,
}

fn bad_request() -> u16 {
    400
}

fn longest_silence() -> u64 {
    LONGEST_SILENCE_MS
}

/// One rule. Empty selectors match everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Its number, given when it is added: from 1, never given twice until all rules are cleared.
    #[serde(default)]
    pub number: u64,
    /// What goes wrong.
    pub fault: FaultKind,
    /// How often, 0.0–1.0.
    pub rate: f64,
    /// Only this service.
    #[serde(default)]
    pub service: Option<Service>,
    /// Only this operation.
    #[serde(default)]
    pub operation: Option<String>,
    /// Only this Region.
    #[serde(default)]
    pub region: Option<String>,
    /// Only calls of this account.
    #[serde(default)]
    pub account: Option<String>,
    /// Only calls of this component.
    #[serde(default)]
    pub component: Option<String>,
    /// Only calls that name this table, queue, secret, cluster, instance or snapshot.
    #[serde(default)]
    pub resource: Option<String>,
    /// At most this many times.
    #[serde(default)]
    pub limit: Option<u64>,
    /// Seed of the rule's own random stream; by default from the world's seed and the number.
    #[serde(default)]
    pub seed: Option<u64>,
    /// How often it has fired.
    #[serde(default)]
    pub fired: u64,
}

impl FaultRule {
    /// A rule that fires on every call, without an end.
    #[must_use]
    pub fn always(fault: FaultKind) -> Self {
        Self {
            number: 0,
            fault,
            rate: 1.0,
            service: None,
            operation: None,
            region: None,
            account: None,
            component: None,
            resource: None,
            limit: None,
            seed: None,
            fired: 0,
        }
    }

    /// A rule that fires on every call of one operation, at most `limit` times.
    #[must_use]
    pub fn on(operation: &str, fault: FaultKind, limit: u64) -> Self {
        let operation = Some(operation.into());
        Self { operation, limit: Some(limit), ..Self::always(fault) }
    }

    /// Whether the rule may still fire, for a place.
    pub(super) fn matches_place(&self, account: &str, region: &str) -> bool {
        self.limit.is_none_or(|limit| self.fired < limit)
            && self.region.as_ref().is_none_or(|r| r == region)
            && self.account.as_ref().is_none_or(|a| a == account)
    }

    /// Whether the rule may still fire, for a call.
    pub(super) fn matches(&self, asked: &Asked<'_>) -> bool {
        let call = asked.call;
        self.matches_place(&call.account, &call.region)
            && self.service.is_none_or(|s| s == call.service)
            && self.operation.as_ref().is_none_or(|o| *o == call.operation)
            && self.component.as_ref().is_none_or(|c| c == asked.component)
            && self.fault.can_meet(call.service, &call.operation)
            && self.resource.as_ref().is_none_or(|r| reach::names(asked, r))
    }
}

/// A call as the rules look at it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The call.
    pub call: &'a Call,
    /// Who calls.
    pub component: &'a str,
    /// The request behind the call.
    pub request: &'a WireRequest,
}
