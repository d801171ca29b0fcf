//! A real RDS client on a cloud in virtual time, for tests that need no door.
#![expect(clippy::unwrap_used, reason = "a helper that fails, fails its test")]

use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::transport::LocalTransport;
use aws_credential_types::Credentials;
use aws_sdk_rds::config::BehaviorVersion;
use aws_sdk_rds::config::Region;
use aws_sdk_rds::config::retry::RetryConfig;
use aws_sdk_rds::config::timeout::TimeoutConfig;
use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The account of every client that is not told another one.
pub(crate) const ACCOUNT: &str = "111111111111";
/// The Region of every client that is not told another one.
pub(crate) const REGION: &str = "us-east-1";
/// When virtual time starts: 2027-01-15T08:00:00Z.
pub(crate) const START_MS: i64 = 1_800_000_000_000;

/// The clock of a cloud, as the SDK signs and caches by it.
#[derive(Debug, Clone)]
struct CloudTime(Cloud);

impl TimeSource for CloudTime {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(u64::try_from(self.0.now_ms()).unwrap())
    }
}

/// Amazon RDS, without retries.
pub(crate) fn rds(cloud: &Cloud) -> aws_sdk_rds::Client {
    let config = aws_sdk_rds::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new(ACCOUNT, "local", None, None, "tests"))
        .time_source(SharedTimeSource::new(CloudTime(cloud.clone())))
        .http_client(LocalTransport::new(cloud.clone(), "tests"))
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .build();
    aws_sdk_rds::Client::from_conf(config)
}

/// Lets virtual time pass.
pub(crate) async fn seconds(n: u64) {
    tokio::time::sleep(Duration::from_secs(n)).await;
}
