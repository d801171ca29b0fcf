//! The refusals that any call may meet, in the codes of each service.

use crate::call::Service;
use crate::error::AwsError;

/// The throttling error as each service words it.
pub(super) fn throttle(service: Service) -> AwsError {
    let code = match service {
        Service::Dynamodb => "ThrottlingException",
        Service::Sqs => "RequestThrottled",
        Service::Rds | Service::Sts | Service::Sns | Service::Cloudwatch => "Throttling",
        Service::Secretsmanager | Service::Kms | Service::Events => "ThrottlingException",
    };
    AwsError::new(code, "Rate exceeded")
}

/// The error of a service that broke inside.
pub(super) fn internal(service: Service) -> AwsError {
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

/// Credentials whose time is over.
pub(super) fn expired(service: Service) -> AwsError {
    let text = "The security token included in the request is expired";
    if service.is_query() || service == Service::Sqs {
        return AwsError::new("ExpiredToken", text).with_status(403);
    }
    AwsError::new("ExpiredTokenException", text)
}

/// A lack of permission.
pub(super) fn denied(service: Service, operation: &str) -> AwsError {
    let text = format!("User is not authorized to perform: {service}:{operation}");
    match service {
        Service::Sns => AwsError::new("AuthorizationError", text).with_status(403),
        Service::Dynamodb | Service::Secretsmanager | Service::Kms | Service::Events => {
            AwsError::new("AccessDeniedException", text)
        }
        _ => AwsError::new("AccessDenied", text).with_status(403),
    }
}
