//! A virtual cloud and real SDK clients on it, for the conformance tests.
//!
//! Each test file uses some of these helpers, so none of them counts as dead code in all.
#![expect(dead_code, reason = "every test file uses another part of these helpers")]
#![expect(clippy::unwrap_used, reason = "a helper that fails, fails its test")]

use aurora_restore_local::clock::TokioNow;
use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::data_plane::NoData;
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_local::transport::LocalTransport;
use aurora_restore_local::world::World;
use aws_credential_types::Credentials;
use aws_sdk_sqs::config::BehaviorVersion;
use aws_sdk_sqs::config::Region;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use std::sync::Arc;
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

/// An empty cloud in virtual time, without latency.
pub(crate) fn cloud() -> Cloud {
    cloud_with(WorldSettings::default())
}

/// An empty cloud in virtual time.
pub(crate) fn cloud_with(settings: WorldSettings) -> Cloud {
    let world = World::new(settings, Box::new(NoData));
    Cloud::new(world, Arc::new(TokioNow::starting_at(START_MS)))
}

macro_rules! client {
    ($(#[$doc:meta])* $name:ident, $with:ident, $sdk:ident) => {
        $(#[$doc])*
        pub(crate) fn $name(cloud: &Cloud) -> $sdk::Client {
            $with(cloud, ACCOUNT, REGION)
        }

        /// The same for an account (or another access key) in a Region.
        pub(crate) fn $with(cloud: &Cloud, key: &str, region: &str) -> $sdk::Client {
            let config = $sdk::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new(region.to_owned()))
                .credentials_provider(Credentials::new(key, "local", None, None, "tests"))
                .time_source(SharedTimeSource::new(CloudTime(cloud.clone())))
                .http_client(LocalTransport::new(cloud.clone(), "tests"))
                .retry_config(RetryConfig::disabled())
                .timeout_config(TimeoutConfig::disabled())
                .build();
            $sdk::Client::from_conf(config)
        }
    };
}

client!(
    /// Amazon SQS, without retries.
    sqs, sqs_as, aws_sdk_sqs
);
client!(
    /// Amazon DynamoDB, without retries.
    dynamodb, dynamodb_as, aws_sdk_dynamodb
);
client!(
    /// Amazon RDS, without retries.
    rds, rds_as, aws_sdk_rds
);
client!(
    /// AWS Secrets Manager, without retries.
    secrets, secrets_as, aws_sdk_secretsmanager
);
client!(
    /// AWS STS, without retries.
    sts, sts_as, aws_sdk_sts
);

/// Lets virtual time pass.
pub(crate) async fn seconds(n: u64) {
    tokio::time::sleep(Duration::from_secs(n)).await;
}
