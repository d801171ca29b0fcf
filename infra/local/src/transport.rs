//! Door 1: an in-process `HttpClient` for the AWS SDK.
