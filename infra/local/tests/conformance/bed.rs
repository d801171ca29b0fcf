//! What a fact is given: clients of a cloud, and its time.

use crate::fact::Skip;
use aurora_restore_local::clock::{Now, TokioNow};
use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::transport::LocalTransport;
use aws_credential_types::Credentials;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Region, SharedHttpClient};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource, TimeSource};
use std::collections::BTreeMap;
use std::env;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The account of every client that is not told another one, on a local bed.
pub(crate) const ACCOUNT: &str = "111111111111";
/// The Region of every client that is not told another one, on a local bed.
pub(crate) const REGION: &str = "us-east-1";
/// How long a fact may make an endpoint elsewhere wait, unless the environment allows more.
const PATIENCE_S: u64 = 40;
/// How much longer than its rule says something may take where a clock runs by itself.
const SLACK_MS: i64 = 10_000;

/// A clock that runs in real time and can be set forward.
#[derive(Debug, Clone)]
pub(crate) struct Stepped {
    runs: TokioNow,
    ahead_ms: Arc<AtomicI64>,
}

impl Stepped {
    pub(crate) fn starting_at(ms: i64) -> Self {
        Self { runs: TokioNow::starting_at(ms), ahead_ms: Arc::default() }
    }
}

impl Now for Stepped {
    fn now_ms(&self) -> i64 {
        self.runs.now_ms() + self.ahead_ms.load(Ordering::SeqCst)
    }
}

/// How the time of a local cloud passes.
#[derive(Debug, Clone)]
pub(crate) enum Time {
    /// With tokio's paused clock.
    Virtual,
    /// By itself, and in steps.
    Stepped(Stepped),
}

/// The clock of a cloud, as the SDK signs and caches by it.
#[derive(Debug, Clone)]
struct CloudTime(Cloud);

impl TimeSource for CloudTime {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(u64::try_from(self.0.now_ms()).unwrap())
    }
}

/// Endpoints that are not ours.
#[derive(Debug, Clone)]
pub(crate) struct Elsewhere {
    endpoints: BTreeMap<&'static str, String>,
    patience: Duration,
    prefix: String,
    /// The names that were given out, without repetition.
    names: Arc<Mutex<Vec<String>>>,
}

impl Elsewhere {
    pub(crate) fn at(endpoints: BTreeMap<&'static str, String>) -> Self {
        static BEDS: AtomicU64 = AtomicU64::new(0);
        let patience = env::var("AURORA_CONFORMANCE_PATIENCE_S").ok();
        let seconds = patience.and_then(|text| text.parse().ok()).unwrap_or(PATIENCE_S);
        let bed = BEDS.fetch_add(1, Ordering::SeqCst);
        let prefix = format!("conformance-{}-{bed}-", std::process::id());
        let patience = Duration::from_secs(seconds);
        Self { endpoints, patience, prefix, names: Arc::default() }
    }
}

#[derive(Debug, Clone)]
enum Stand {
    Local { cloud: Cloud, time: Time, endpoint: Option<String> },
    Elsewhere(Elsewhere),
}

/// A cloud, its clients and its time. On a local bed it is empty.
#[derive(Debug, Clone)]
pub(crate) struct Bed(Stand);

impl Bed {
    pub(crate) fn local(cloud: Cloud, time: Time, endpoint: Option<String>) -> Self {
        Self(Stand::Local { cloud, time, endpoint })
    }

    pub(crate) fn elsewhere(elsewhere: Elsewhere) -> Self {
        Self(Stand::Elsewhere(elsewhere))
    }

    /// The local cloud itself, for what can only be arranged from inside.
    pub(crate) fn cloud(&self) -> Result<&Cloud, Skip> {
        match &self.0 {
            Stand::Local { cloud, .. } => Ok(cloud),
            Stand::Elsewhere(_) => Err(Skip("needs the inside of the local cloud".into())),
        }
    }

    /// A name that nothing else has on this bed.
    pub(crate) fn name(&self, name: &str) -> String {
        match &self.0 {
            Stand::Local { .. } => name.to_owned(),
            Stand::Elsewhere(elsewhere) => {
                let name = format!("{}{name}", elsewhere.prefix);
                let mut names = elsewhere.names.lock().unwrap();
                if !names.contains(&name) {
                    names.push(name.clone());
                }
                name
            }
        }
    }

    /// The names that were given out on an endpoint elsewhere, and the services there.
    pub(crate) fn left_behind(&self) -> (Vec<String>, Vec<&'static str>) {
        match &self.0 {
            Stand::Local { .. } => (Vec::new(), Vec::new()),
            Stand::Elsewhere(elsewhere) => {
                let names = elsewhere.names.lock().unwrap().clone();
                (names, elsewhere.endpoints.keys().copied().collect())
            }
        }
    }

    /// The account that calls unless a fact says otherwise.
    pub(crate) async fn account(&self) -> Result<String, Skip> {
        let Stand::Elsewhere(elsewhere) = &self.0 else { return Ok(ACCOUNT.into()) };
        if let Ok(account) = env::var("AURORA_CONFORMANCE_ACCOUNT") {
            return Ok(account);
        }
        if !elsewhere.endpoints.contains_key("sts") {
            let wanted = "needs AURORA_CONFORMANCE_STS or AURORA_CONFORMANCE_ACCOUNT";
            return Err(Skip(wanted.into()));
        }
        let who = self.sts().get_caller_identity().send().await;
        who.ok().and_then(|who| who.account).ok_or_else(|| Skip("STS tells no account".into()))
    }

    /// Goes on where the hours that RDS takes do not matter.
    pub(crate) fn has_hours(&self) -> Result<(), Skip> {
        let allowed = || env::var("AURORA_CONFORMANCE_RDS_HOURS").is_ok_and(|v| v == "1");
        match &self.0 {
            Stand::Elsewhere(_) if !allowed() => Err(Skip(
                "takes hours and costs money: AURORA_CONFORMANCE_RDS_HOURS=1 allows it".into(),
            )),
            _ => Ok(()),
        }
    }

    /// Gives an endpoint elsewhere a moment, where what was written shows late.
    pub(crate) async fn settled(&self) {
        if matches!(self.0, Stand::Elsewhere(_)) {
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    }

    /// How far the clock of a cloud may be from the bed's.
    pub(crate) fn skew_ms(&self) -> i64 {
        if matches!(self.0, Stand::Local { .. }) { 0 } else { 60_000 }
    }

    /// Holds that something has taken so long: exactly in virtual time, and elsewhere at least as
    /// long but not much longer.
    pub(crate) fn took_ms(&self, since_ms: i64, expected_ms: i64) {
        let took_ms = self.now_ms() - since_ms;
        let most_ms = match &self.0 {
            Stand::Local { time: Time::Virtual, .. } => expected_ms,
            _ => expected_ms + SLACK_MS,
        };
        assert!((expected_ms..=most_ms).contains(&took_ms), "{took_ms} ms, not {expected_ms} ms");
    }

    /// The cloud's present moment, milliseconds since the Unix epoch.
    pub(crate) fn now_ms(&self) -> i64 {
        match &self.0 {
            Stand::Local { cloud, .. } => cloud.now_ms(),
            Stand::Elsewhere(_) => {
                let since = SystemTimeSource::new().now().duration_since(UNIX_EPOCH).unwrap();
                i64::try_from(since.as_millis()).unwrap()
            }
        }
    }

    /// Lets time pass: at once on a local bed, really elsewhere.
    pub(crate) async fn pass(&self, time: Duration) -> Result<(), Skip> {
        match &self.0 {
            Stand::Local { time: Time::Virtual, .. } => tokio::time::sleep(time).await,
            Stand::Local { cloud, time: Time::Stepped(clock), .. } => {
                let ms = i64::try_from(time.as_millis()).unwrap();
                clock.ahead_ms.fetch_add(ms, Ordering::SeqCst);
                cloud.look_again();
            }
            Stand::Elsewhere(elsewhere) if time > elsewhere.patience => {
                let (needs, may) = (time.as_secs(), elsewhere.patience.as_secs());
                return Err(Skip(format!(
                    "needs {needs} s of waiting, AURORA_CONFORMANCE_PATIENCE_S allows {may}"
                )));
            }
            Stand::Elsewhere(_) => tokio::time::sleep(time).await,
        }
        Ok(())
    }

    /// The same in seconds.
    pub(crate) async fn seconds(&self, n: u64) -> Result<(), Skip> {
        self.pass(Duration::from_secs(n)).await
    }

    /// Waits until so many long polls are waiting, as far as can be told.
    pub(crate) async fn until_parked(&self, calls: usize) {
        match &self.0 {
            Stand::Local { cloud, .. } => {
                while cloud.parked() < calls {
                    tokio::task::yield_now().await;
                }
            }
            Stand::Elsewhere(_) => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    }

    fn time_source(&self) -> SharedTimeSource {
        match &self.0 {
            Stand::Local { cloud, .. } => SharedTimeSource::new(CloudTime(cloud.clone())),
            Stand::Elsewhere(_) => SharedTimeSource::new(SystemTimeSource::new()),
        }
    }

    fn transport(&self) -> SharedHttpClient {
        match &self.0 {
            Stand::Local { cloud, endpoint: None, .. } => {
                SharedHttpClient::new(LocalTransport::new(cloud.clone(), "tests"))
            }
            _ => aws_smithy_http_client::Builder::new().build_http(),
        }
    }

    /// The endpoint of a service, where the SDK's own is not meant.
    pub(crate) fn endpoint(&self, service: &str) -> Option<&str> {
        match &self.0 {
            Stand::Local { endpoint, .. } => endpoint.as_deref(),
            Stand::Elsewhere(there) => {
                there.endpoints.get(service).map(String::as_str).filter(|url| *url != "aws")
            }
        }
    }

    /// Who calls unless a fact says otherwise.
    fn key(&self) -> Credentials {
        let from = |name: &str| env::var(name).ok();
        match &self.0 {
            Stand::Local { .. } => Credentials::new(ACCOUNT, "local", None, None, "tests"),
            Stand::Elsewhere(_) => Credentials::new(
                from("AWS_ACCESS_KEY_ID").unwrap_or_else(|| ACCOUNT.into()),
                from("AWS_SECRET_ACCESS_KEY").unwrap_or_else(|| "local".into()),
                from("AWS_SESSION_TOKEN"),
                None,
                "environment",
            ),
        }
    }

    /// The Region unless a fact says otherwise.
    pub(crate) fn region(&self) -> String {
        match &self.0 {
            Stand::Local { .. } => REGION.into(),
            Stand::Elsewhere(_) => env::var("AWS_REGION").unwrap_or_else(|_| REGION.into()),
        }
    }
}

macro_rules! client {
    ($name:ident, $with:ident, $service:literal, $sdk:ident) => {
        impl Bed {
            /// A client of the service, without retries.
            pub(crate) fn $name(&self) -> $sdk::Client {
                self.$with(self.key(), &self.region())
            }

            /// The same for other credentials, in a Region.
            pub(crate) fn $with(&self, credentials: Credentials, region: &str) -> $sdk::Client {
                let config = $sdk::Config::builder()
                    .behavior_version(BehaviorVersion::latest())
                    .region(Region::new(region.to_owned()))
                    .credentials_provider(credentials)
                    .time_source(self.time_source())
                    .http_client(self.transport())
                    .retry_config(RetryConfig::disabled())
                    .timeout_config(TimeoutConfig::disabled());
                let config = match self.endpoint($service) {
                    Some(url) => config.endpoint_url(url),
                    None => config,
                };
                $sdk::Client::from_conf(config.build())
            }
        }
    };
}

client!(sqs, sqs_as, "sqs", aws_sdk_sqs);
client!(dynamodb, dynamodb_as, "dynamodb", aws_sdk_dynamodb);
client!(rds, rds_as, "rds", aws_sdk_rds);
client!(sts, sts_as, "sts", aws_sdk_sts);
client!(secrets, secrets_as, "secretsmanager", aws_sdk_secretsmanager);
client!(kms, kms_as, "kms", aws_sdk_kms);
client!(sns, sns_as, "sns", aws_sdk_sns);
client!(cloudwatch, cloudwatch_as, "cloudwatch", aws_sdk_cloudwatch);

/// The key of an account itself, on a local bed.
pub(crate) fn key_of(account: &str) -> Credentials {
    Credentials::new(account, "local", None, None, "tests")
}
