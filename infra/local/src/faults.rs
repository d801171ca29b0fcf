//! Injected faults: rules that decide, call by call and from the world's seed, what goes wrong.

use crate::call::{Call, Service};
use crate::error::AwsError;
use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum FaultKind {
    /// Refused with the service's throttling code; no effect.
    Throttle,
    /// Refused with an internal error (HTTP 500); no effect.
    InternalError,
    /// The request never arrives: the connection breaks, no effect.
    LostRequest,
    /// The effect takes place, the answer never arrives: the connection breaks.
    LostResponse,
    /// The call takes this much longer, milliseconds.
    Latency {
        /// Added time, milliseconds.
        ms: u64,
    },
    /// Refused with this wire code; no effect.
    Refuse {
        /// The wire code, e.g. `AccessDenied`.
        code: String,
        /// HTTP status.
        status: u16,
    },
}

/// One rule. Empty selectors match everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
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
    /// Only calls of this component.
    #[serde(default)]
    pub component: Option<String>,
    /// At most this many times.
    #[serde(default)]
    pub limit: Option<u64>,
    /// How often it has fired.
    #[serde(default)]
    pub fired: u64,
}

impl FaultRule {
    /// A rule that fires on every call of one operation, at most `limit` times.
    #[must_use]
    pub fn on(operation: &str, fault: FaultKind, limit: u64) -> Self {
        Self {
            fault,
            rate: 1.0,
            service: None,
            operation: Some(operation.into()),
            region: None,
            component: None,
            limit: Some(limit),
            fired: 0,
        }
    }

    fn matches(&self, call: &Call, component: &str) -> bool {
        self.service.is_none_or(|s| s == call.service)
            && self.operation.as_ref().is_none_or(|o| *o == call.operation)
            && self.region.as_ref().is_none_or(|r| *r == call.region)
            && self.component.as_ref().is_none_or(|c| c == component)
            && self.limit.is_none_or(|limit| self.fired < limit)
    }
}

/// What the rules decided for one call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fate {
    /// Added time, milliseconds.
    pub extra_latency_ms: u64,
    /// Refuse with this; no effect.
    pub refuse: Option<AwsError>,
    /// Break the connection before the effect.
    pub lose_request: bool,
    /// Break the connection after the effect.
    pub lose_response: bool,
}

/// The rules in force.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Faults {
    rules: Vec<FaultRule>,
}

impl Faults {
    /// Adds a rule.
    pub fn add(&mut self, rule: FaultRule) {
        self.rules.push(rule);
    }

    /// Takes all rules away.
    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// The rules in force, with how often each has fired.
    #[must_use]
    pub fn rules(&self) -> &[FaultRule] {
        &self.rules
    }

    /// Decides one call. Draws from `rng` only for rules that match, so that a rule for one
    /// operation does not shift the fate of others.
    pub fn decide(&mut self, call: &Call, component: &str, rng: &mut fastrand::Rng) -> Fate {
        let mut fate = Fate::default();
        for rule in self.rules.iter_mut().filter(|r| r.matches(call, component)) {
            if rng.f64() < rule.rate {
                rule.fired += 1;
                apply(&mut fate, &rule.fault, call.service);
            }
        }
        fate
    }
}

fn apply(fate: &mut Fate, fault: &FaultKind, service: Service) {
    match fault {
        FaultKind::Throttle => fate.refuse = Some(throttle(service)),
        FaultKind::InternalError => fate.refuse = Some(internal(service)),
        FaultKind::LostRequest => fate.lose_request = true,
        FaultKind::LostResponse => fate.lose_response = true,
        FaultKind::Latency { ms } => fate.extra_latency_ms += ms,
        FaultKind::Refuse { code, status } => {
            fate.refuse = Some(AwsError::new(code, "injected refusal").with_status(*status));
        }
    }
}

/// The throttling error as each service words it.
fn throttle(service: Service) -> AwsError {
    let code = match service {
        Service::Dynamodb => "ThrottlingException",
        Service::Sqs => "RequestThrottled",
        Service::Rds | Service::Sts | Service::Sns | Service::Cloudwatch => "Throttling",
        Service::Secretsmanager | Service::Kms | Service::Events => "ThrottlingException",
    };
    AwsError::new(code, "Rate exceeded")
}

fn internal(service: Service) -> AwsError {
    let code = match service {
        Service::Dynamodb => "InternalServerError",
        Service::Sqs | Service::Secretsmanager => "InternalServiceError",
        Service::Kms => "KMSInternalException",
        Service::Events => "InternalException",
        Service::Sns => "InternalError",
        Service::Cloudwatch => "InternalServiceError",
        Service::Rds | Service::Sts => "InternalFailure",
    };
    AwsError::new(code, "An internal error occurred").with_status(500)
}
