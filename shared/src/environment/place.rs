//! An account and a Region to work in: the clients there, with the rights that are meant for it.

use super::session::{Session, role_denied};
use super::{Environment, in_region};
use crate::failure::Failure;
use crate::ids::{AccountId, RegionName};
use aws_config::SdkConfig;
use aws_config::identity::IdentityCache;
use aws_credential_types::provider::SharedCredentialsProvider;
use std::sync::{Arc, OnceLock};

/// An account and a Region. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Place(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    account: AccountId,
    region: RegionName,
    process: String,
    /// With the credentials for this place, and its Region.
    sdk: SdkConfig,
    /// None in the home account, where the process' own credentials serve.
    session: Option<Session>,
    rds: OnceLock<aws_sdk_rds::Client>,
    secrets: OnceLock<aws_sdk_secretsmanager::Client>,
    kms: OnceLock<aws_sdk_kms::Client>,
    sns: OnceLock<aws_sdk_sns::Client>,
    events: OnceLock<aws_sdk_eventbridge::Client>,
}

/// A client that is made when it is first asked for, with a retry budget of its own.
macro_rules! client {
    ($(#[$doc:meta])* $name:ident, $sdk:ident) => {
        $(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> $sdk::Client {
            let make = || {
                let config = $sdk::config::Builder::from(&self.0.sdk);
                let partition = self.partition(stringify!($name));
                $sdk::Client::from_conf(config.retry_partition(partition).build())
            };
            self.0.$name.get_or_init(make).clone()
        }
    };
}

impl Place {
    pub(super) fn new(
        env: &Environment,
        account: AccountId,
        region: RegionName,
        session: Option<Session>,
    ) -> Self {
        let mut sdk = env.sdk.clone().into_builder().region(in_region(&region));
        if let Some(session) = &session {
            // The session keeps itself: every call takes the latest.
            let provider = SharedCredentialsProvider::new(session.clone());
            sdk = sdk.credentials_provider(provider).identity_cache(IdentityCache::no_cache());
        }
        Self(Arc::new(Inner {
            process: env.process.clone(),
            sdk: sdk.build(),
            account,
            region,
            session,
            rds: OnceLock::new(),
            secrets: OnceLock::new(),
            kms: OnceLock::new(),
            sns: OnceLock::new(),
            events: OnceLock::new(),
        }))
    }

    /// The account.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.0.account
    }

    /// The Region.
    #[must_use]
    pub fn region(&self) -> &RegionName {
        &self.0.region
    }

    client! {
        /// RDS here.
        rds, aws_sdk_rds
    }

    client! {
        /// Secrets Manager here.
        secrets, aws_sdk_secretsmanager
    }

    client! {
        /// KMS here.
        kms, aws_sdk_kms
    }

    client! {
        /// SNS here.
        sns, aws_sdk_sns
    }

    client! {
        /// EventBridge here.
        events, aws_sdk_eventbridge
    }

    fn partition(&self, service: &str) -> aws_sdk_rds::config::retry::RetryPartition {
        let Inner { process, account, region, .. } = &*self.0;
        let name = format!("{process}-{account}-{region}-{service}");
        aws_sdk_rds::config::retry::RetryPartition::custom(name).build()
    }

    /// Makes sure that there is a session for what begins now.
    pub(super) async fn ready(self) -> Result<Self, Failure> {
        if let Some(session) = &self.0.session {
            session.ready().await?;
        }
        Ok(self)
    }

    pub(super) async fn forget_session(&self) {
        if let Some(session) = &self.0.session {
            session.forget().await;
        }
    }
}

/// Nobody may work in an account that the settings do not name.
pub(super) fn unknown_account(account: &AccountId, home: &AccountId) -> Failure {
    role_denied(format!(
        "account {account} is not in the settings, and the workers' own rights in account {home} are \
         never used for another: add [accounts.{account}] with a role to the settings of the workers"
    ))
}

/// Nor where they do not allow it.
pub(super) fn closed_region(account: &AccountId, region: &RegionName) -> Failure {
    role_denied(format!(
        "Region {region} is not allowed in account {account}: add it to \"regions\" of \
         [accounts.{account}] in the settings of the workers, or correct the request"
    ))
}

/// Nor without a role to assume.
pub(super) fn no_role(account: &AccountId) -> Failure {
    role_denied(format!(
        "no role is named for account {account}: add \"role\" to [accounts.{account}] in the settings \
         of the workers"
    ))
}
