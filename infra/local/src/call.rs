//! What a request is: which service, operation, account and Region, and whether the caller is known.

use crate::cloudwatch;
use crate::error::AwsError;
use crate::identity::{Identity, Principal};
use crate::wire::WireRequest;
use std::fmt;

/// The services the local cloud stands in for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Amazon SQS (AWS JSON 1.0).
    Sqs,
    /// Amazon DynamoDB (AWS JSON 1.0).
    Dynamodb,
    /// Amazon RDS (query protocol, XML answers).
    Rds,
    /// AWS STS (query protocol, XML answers).
    Sts,
    /// AWS Secrets Manager (AWS JSON 1.1).
    Secretsmanager,
    /// AWS KMS (AWS JSON 1.1).
    Kms,
    /// Amazon SNS (query protocol, XML answers).
    Sns,
    /// Amazon CloudWatch (query protocol with XML answers, or RPC v2 with CBOR).
    Cloudwatch,
    /// Amazon EventBridge (AWS JSON 1.1).
    Events,
}

impl Service {
    /// The service of a credential scope name (`sqs`, `rds`, ...).
    #[must_use]
    pub fn from_scope(name: &str) -> Option<Self> {
        Some(match name {
            "sqs" => Self::Sqs,
            "dynamodb" => Self::Dynamodb,
            "rds" => Self::Rds,
            "sts" => Self::Sts,
            "secretsmanager" => Self::Secretsmanager,
            "kms" => Self::Kms,
            "sns" => Self::Sns,
            "monitoring" => Self::Cloudwatch,
            "events" => Self::Events,
            _ => return None,
        })
    }

    /// The name in a credential scope.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sqs => "sqs",
            Self::Dynamodb => "dynamodb",
            Self::Rds => "rds",
            Self::Sts => "sts",
            Self::Secretsmanager => "secretsmanager",
            Self::Kms => "kms",
            Self::Sns => "sns",
            Self::Cloudwatch => "monitoring",
            Self::Events => "events",
        }
    }

    /// Whether the service speaks the query protocol with XML answers (else AWS JSON).
    #[must_use]
    pub fn is_query(self) -> bool {
        matches!(self, Self::Rds | Self::Sts | Self::Sns | Self::Cloudwatch)
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One identified call.
#[derive(Debug, Clone)]
pub struct Call {
    /// The service called.
    pub service: Service,
    /// The operation, e.g. `RestoreDBClusterFromSnapshot`.
    pub operation: String,
    /// The account of the calling key: twelve digits. Everything is kept apart by it.
    pub account: String,
    /// The Region of the credential scope. Everything is kept apart by it, too.
    pub region: String,
    /// Who calls.
    pub principal: Principal,
    /// The access key id of the caller.
    pub access_key: String,
    /// Whether the call is in RPC v2 with CBOR, and is answered so.
    pub cbor: bool,
    /// Whether the call is in AWS JSON although its service has the query protocol, too.
    pub json: bool,
    /// The request id of the answer.
    pub request_id: String,
    /// When the request came in (stays the same while a long poll is asked again).
    pub arrived_at_ms: i64,
    /// The host (and port) the request was sent to; empty when unknown.
    pub host: String,
}

/// Who signed a request, for what: the parts of the SigV4 credential scope. The signature itself
/// is not verified; the key must be known (see [`Identity::caller`]).
struct Scope<'a> {
    access_key: &'a str,
    region: &'a str,
    service: &'a str,
}

fn scope(request: &WireRequest) -> Option<Scope<'_>> {
    let credential = request.header("authorization").split("Credential=").nth(1)?;
    let mut parts = credential.split(',').next()?.trim().split('/');
    let access_key = parts.next()?;
    let _date = parts.next()?;
    Some(Scope { access_key, region: parts.next()?, service: parts.next()? })
}

fn operation(request: &WireRequest, service: Service) -> Option<String> {
    if service == Service::Cloudwatch {
        return cloudwatch::operation(request);
    }
    if service.is_query() {
        let body = form_urlencoded::parse(&request.body);
        return body.into_iter().find(|(k, _)| k == "Action").map(|(_, v)| v.into_owned());
    }
    request.header("x-amz-target").rsplit('.').next().filter(|s| !s.is_empty()).map(str::to_owned)
}

/// Finds out what a request is.
///
/// # Errors
/// `MissingAuthenticationToken` without a signature, `UnknownOperationException` for a service or
/// operation that cannot be told, `InvalidClientTokenId` / `UnrecognizedClientException` for a key
/// nobody has (or with another's token), `ExpiredToken` / `ExpiredTokenException` for a session
/// that is over. The service is returned beside the error where it is known, so that the
/// error takes the form of that service's protocol.
pub fn identify(
    request: &WireRequest,
    identity: &Identity,
    request_id: String,
    arrived_at_ms: i64,
) -> Result<Call, (Option<Service>, AwsError)> {
    let scope = scope(request).ok_or_else(|| {
        let text = "Request is missing Authentication Token";
        (None, AwsError::new("MissingAuthenticationToken", text).with_status(403))
    })?;
    let service = Service::from_scope(scope.service).ok_or_else(|| {
        let text = format!("the local cloud has no service {:?}", scope.service);
        (None, AwsError::new("UnknownOperationException", text))
    })?;
    let operation = operation(request, service).ok_or_else(|| {
        let text = "no operation named (X-Amz-Target header or Action parameter)";
        (Some(service), AwsError::new("UnknownOperationException", text))
    })?;
    let token = request.header("x-amz-security-token");
    let principal = identity
        .caller(scope.access_key, token, arrived_at_ms)
        .map_err(|stranger| (Some(service), stranger.refusal(service)))?;
    Ok(Call {
        service,
        operation,
        account: principal.account().to_owned(),
        principal,
        cbor: service == Service::Cloudwatch && cloudwatch::speaks_cbor(request),
        json: service == Service::Cloudwatch && cloudwatch::speaks_json(request),
        region: scope.region.to_owned(),
        access_key: scope.access_key.to_owned(),
        request_id,
        arrived_at_ms,
        host: request.header("host").to_owned(),
    })
}

#[cfg(test)]
impl Call {
    /// A call of an account in us-east-1, for tests.
    pub(crate) fn of(service: Service, operation: &str, account: &str) -> Self {
        Self {
            service,
            operation: operation.into(),
            account: account.into(),
            principal: crate::identity::Principal::Root { account: account.into() },
            region: "us-east-1".into(),
            access_key: account.into(),
            request_id: String::new(),
            arrived_at_ms: 0,
            host: String::new(),
            cbor: false,
            json: false,
        }
    }
}
