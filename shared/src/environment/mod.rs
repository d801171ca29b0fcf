//! Everything a process has from outside: transport, credentials, clock, randomness, endpoint. It
//! builds the SDK clients and keeps them: those of the home account, where table and queues are, and
//! per account and Region those of each [`Place`] that jobs are about.
//!
//! Production takes the ordinary AWS credential chain. With an endpoint set (the local cloud) the
//! account number serves as access key, unless keys are set in the environment. Tests and the
//! simulation hand in an in-process transport.

mod place;
mod session;
mod wake;

pub use place::Place;
pub use wake::{FIRST_INTERVAL_MS, WakeError};

use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::failure::{Failure, FailureCode};
use crate::ids::{AccountId, RegionName};
use crate::queue::Queues;
use crate::settings::Common;
use crate::store::Store;
use crate::webhook::Webhooks;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sqs::config::retry::RetryPartition;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use session::{Role, Session};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;

/// Attempts of one SDK call, the first included.
const SDK_ATTEMPTS: u32 = 3;

/// One attempt may take this long: above the 20 s of a long poll.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);

/// All attempts of one call together.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(75);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The outside world of one process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Where the time comes from.
    pub clock: Clock,
    /// Where randomness comes from.
    pub entropy: Entropy,
    /// The settings every process has.
    pub common: Common,
    /// The way to those who are told by webhook; none unless it was given one.
    pub webhooks: Webhooks,
    sdk: SdkConfig,
    process: String,
    actor: String,
    home: Arc<OnceCell<AccountId>>,
    clients: Arc<Mutex<Clients>>,
}

#[derive(Debug, Default)]
struct Clients {
    queues: BTreeMap<RegionName, Queues>,
    places: BTreeMap<(AccountId, RegionName), Place>,
}

impl Environment {
    /// The real outside: ordinary credential chain, TLS, system clock. `process` names the program
    /// in the user agent.
    pub async fn real(common: &Common, process: &str) -> Self {
        let clock = Clock::system();
        let tls = Provider::Rustls(CryptoMode::Ring);
        let http = aws_smithy_http_client::Builder::new().tls_provider(tls).build_https();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(common.region.to_string()))
            .http_client(http)
            .time_source(clock)
            .retry_config(RetryConfig::standard().with_max_attempts(SDK_ATTEMPTS))
            .timeout_config(timeouts());
        if let Ok(name) = AppName::new(app_name(process)) {
            loader = loader.app_name(name);
        }
        if let Some(endpoint) = &common.endpoint {
            loader = loader.endpoint_url(endpoint);
            if !keys_are_set() {
                loader = loader.credentials_provider(local_credentials(&common.local_account));
            }
        }
        let env =
            Self::from_parts(loader.load().await, clock, Entropy::from_system(), common, process);
        // The local cloud knows a caller by the account; AWS is asked when it matters.
        let is_local = common.endpoint.is_some() && !keys_are_set();
        if is_local { env.at_home_in(&common.local_account) } else { env }
    }

    /// An outside that a test or the simulation hands in: its transport, clock and randomness.
    #[must_use]
    pub fn in_process(
        http: SharedHttpClient,
        clock: Clock,
        entropy: Entropy,
        common: &Common,
        process: &str,
    ) -> Self {
        let credentials = SharedCredentialsProvider::new(local_credentials(&common.local_account));
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(common.region.to_string()))
            .http_client(http)
            .credentials_provider(credentials)
            .time_source(SharedTimeSource::new(clock))
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .retry_config(RetryConfig::standard().with_max_attempts(SDK_ATTEMPTS))
            .timeout_config(timeouts())
            // It watches the throughput of connections that there are none of in process, twice a
            // second for as long as a poll waits: more than half of what a simulated hour costs.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        let env = Self::from_parts(sdk, clock, entropy, common, process);
        env.at_home_in(&common.local_account)
    }

    /// The same, with another way for the SDK to wait (timeouts, pauses before retries): a simulated
    /// process that is frozen has none of its timers go off. To be said before any client is made.
    #[must_use]
    pub fn sleeping_by(self, sleep: SharedAsyncSleep) -> Self {
        Self { sdk: self.sdk.into_builder().sleep_impl(sleep).build(), ..self }
    }

    fn from_parts(
        sdk: SdkConfig,
        clock: Clock,
        entropy: Entropy,
        common: &Common,
        process: &str,
    ) -> Self {
        Self {
            clock,
            entropy,
            common: common.clone(),
            webhooks: Webhooks::default(),
            sdk,
            process: process.to_owned(),
            actor: session::tag_value(process),
            home: Arc::default(),
            clients: Arc::default(),
        }
    }

    /// The same, with a way to those who are told by webhook.
    #[must_use]
    pub fn telling_by(self, webhooks: Webhooks) -> Self {
        Self { webhooks, ..self }
    }

    fn at_home_in(self, account: &AccountId) -> Self {
        Self { home: Arc::new(OnceCell::new_with(Some(account.clone()))), ..self }
    }

    /// The same, with sessions in other accounts that carry this name: of a worker, say. To be said
    /// before any place is asked for.
    #[must_use]
    pub fn acting_as(self, actor: &str) -> Self {
        Self { actor: session::tag_value(actor), ..self }
    }

    /// The store, in the home Region.
    #[must_use]
    pub fn store(&self) -> Store {
        Store::new(self.dynamodb(), &self.common.table)
    }

    /// A client of DynamoDB in the home Region, for what [`Store`] does not do (foreign items).
    #[must_use]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::config::Builder::from(&self.sdk);
        let config = config.retry_partition(self.partition("dynamodb")).build();
        aws_sdk_dynamodb::Client::from_conf(config)
    }

    /// The queues of a Region.
    #[must_use]
    pub fn queues(&self, region: &RegionName) -> Queues {
        let entropy = self.entropy.clone();
        let prefix = &self.common.queue_prefix;
        let make = || Queues::new(self.sqs(region), region.clone(), prefix, entropy);
        self.clients().queues.entry(region.clone()).or_insert_with(make).clone()
    }

    /// A client of SQS in a Region, for what [`Queues`] does not do (purges, foreign queues).
    #[must_use]
    pub fn sqs(&self, region: &RegionName) -> aws_sdk_sqs::Client {
        let config = aws_sdk_sqs::config::Builder::from(&self.sdk).region(in_region(region));
        aws_sdk_sqs::Client::from_conf(config.retry_partition(self.partition("sqs")).build())
    }

    /// Where to work: the clients of an account in a Region. In the home account the process' own
    /// credentials serve; in any other one the session of the role that the settings name, which has
    /// at least ten minutes before it. Ask for it at each tick, and do not keep it.
    ///
    /// # Errors
    /// `role_denied` when the settings do not name the account, its role or the Region, or when STS
    /// refuses the role; whatever else STS answers, classified.
    pub async fn place(&self, account: &AccountId, region: &RegionName) -> Result<Place, Failure> {
        let role = self.role_in(account, region, self.home().await?)?;
        self.known_place(account, region, role).ready().await
    }

    /// The role through which an account is worked in; none in the home account.
    fn role_in(
        &self,
        account: &AccountId,
        region: &RegionName,
        home: AccountId,
    ) -> Result<Option<Role>, Failure> {
        let settings = self.common.accounts.get(account);
        if settings.is_some_and(|settings| !settings.allows(region)) {
            return Err(place::closed_region(account, region));
        }
        if account == &home {
            return Ok(None);
        }
        let settings = settings.ok_or_else(|| place::unknown_account(account, &home))?;
        let arn = settings.role.clone().ok_or_else(|| place::no_role(account))?;
        Ok(Some(Role {
            account: account.clone(),
            region: region.clone(),
            arn,
            external_id: settings.external_id.clone(),
            actor: self.actor.clone(),
            home,
        }))
    }

    /// Where to work in the home account.
    ///
    /// # Errors
    /// As [`Environment::place`].
    pub async fn home_place(&self, region: &RegionName) -> Result<Place, Failure> {
        self.place(&self.home().await?, region).await
    }

    fn known_place(&self, account: &AccountId, region: &RegionName, role: Option<Role>) -> Place {
        let make = || {
            let session = role.map(|role| Session::new(role, self.sts(), self.clock));
            Place::new(self, account.clone(), region.clone(), session)
        };
        let key = (account.clone(), region.clone());
        self.clients().places.entry(key).or_insert_with(make).clone()
    }

    /// Drops the session that was used in a place, because a call there was refused for it: the next
    /// [`Environment::place`] gets a fresh one. Nothing happens in the home account.
    pub async fn forget_session(&self, account: &AccountId, region: &RegionName) {
        let key = (account.clone(), region.clone());
        let place = self.clients().places.get(&key).cloned();
        if let Some(place) = place {
            place.forget_session().await;
        }
    }

    /// The account that the process' own credentials belong to. AWS is asked once.
    ///
    /// # Errors
    /// As [`Environment::identity`].
    pub async fn home(&self) -> Result<AccountId, Failure> {
        let ask = || async { self.identity().await.map(|(account, _)| account) };
        self.home.get_or_try_init(ask).await.cloned()
    }

    /// Who this process is to AWS: its account and its ARN.
    ///
    /// # Errors
    /// `aws_unavailable` or `access_denied`, with a text that says what to check.
    pub async fn identity(&self) -> Result<(AccountId, String), Failure> {
        let answer = self.sts().get_caller_identity().send().await;
        let answer = answer.map_err(|e| Failure::from_sdk("asking AWS who this is", &e))?;
        let account: AccountId = answer.account().unwrap_or_default().parse().map_err(|_| {
            Failure::permanent(
                FailureCode::RefusedByAws,
                "AWS names no account for these credentials",
            )
        })?;
        // Where it is known already, it is the same.
        let _ = self.home.set(account.clone());
        Ok((account, answer.arn().unwrap_or_default().to_owned()))
    }

    fn sts(&self) -> aws_sdk_sts::Client {
        let config = aws_sdk_sts::config::Builder::from(&self.sdk);
        aws_sdk_sts::Client::from_conf(config.retry_partition(self.partition("sts")).build())
    }

    /// A retry budget of its own per client: the SDK's default one is shared by everything in the
    /// operating system's process, so that one client's failures would silence another's retries.
    /// It lives as long as the client; one that is only named would be kept for ever.
    fn partition(&self, service: &'static str) -> RetryPartition {
        RetryPartition::custom(format!("{}-{service}", self.process)).build()
    }

    fn clients(&self) -> std::sync::MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn in_region(region: &RegionName) -> Region {
    Region::new(region.to_string())
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build()
}

fn keys_are_set() -> bool {
    std::env::var_os("AWS_ACCESS_KEY_ID").is_some()
}

fn local_credentials(account: &AccountId) -> Credentials {
    Credentials::new(account.as_str(), "local", None, None, "local cloud")
}

/// The name in the user agent: letters, digits and hyphens, at most 50.
fn app_name(process: &str) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    process.chars().map(fits).take(50).collect()
}

#[cfg(test)]
mod tests;
