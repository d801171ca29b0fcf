//! The errors of SQS, in the texts AWS uses.

use crate::error::AwsError;

/// The prefix of codes that come from the old query protocol.
const PREFIX: &str = "AWS.SimpleQueueService.";

/// An error whose wire code carries the old prefix.
pub(super) fn prefixed(name: &str, message: impl Into<String>) -> AwsError {
    AwsError::new(&format!("{PREFIX}{name}"), message)
}

/// The queue does not exist (or belongs to another account).
pub(super) fn no_queue() -> AwsError {
    prefixed("NonExistentQueue", "The specified queue does not exist.")
}

/// A parameter that must be there is not.
pub(super) fn missing(name: &str) -> AwsError {
    let text = format!("The request must contain the parameter {name}.");
    AwsError::new("MissingParameter", text)
}

/// A parameter has a value it must not have.
pub(super) fn invalid(name: &str, value: impl std::fmt::Display, reason: &str) -> AwsError {
    let text = format!("Value {value} for parameter {name} is invalid. Reason: {reason}");
    AwsError::new("InvalidParameterValue", text)
}

/// The `__type` member for a wire code: the name of the error's shape. The wire code itself goes
/// into the `x-amzn-query-error` header, from which the SDKs of query-compatible services take it.
pub(crate) fn shape(code: &str) -> String {
    let shape = match code.strip_prefix(PREFIX).unwrap_or(code) {
        "NonExistentQueue" => "QueueDoesNotExist",
        "QueueAlreadyExists" => "QueueNameExists",
        "MissingParameter" => {
            return "com.amazon.coral.service#MissingRequiredParameterException".into();
        }
        "InvalidParameterValue" => {
            return "com.amazon.coral.service#InvalidParameterValueException".into();
        }
        "ExpiredToken" => return "com.amazon.coral.service#ExpiredTokenException".into(),
        "AccessDenied" => return "com.amazon.coral.service#AccessDeniedException".into(),
        other => other,
    };
    format!("com.amazonaws.sqs#{shape}")
}
