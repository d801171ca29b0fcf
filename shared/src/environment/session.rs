//! The session of a role in another account: made through STS, kept until shortly before its end,
//! made once however many ask for it at the same time.
//!
//! There is no other way into that account: without a session nothing is called, and never with the
//! home account's own rights.

use crate::clock::{Clock, EpochMs, as_ms};
use crate::failure::{Failure, FailureCode, FailureKind};
use crate::ids::{AccountId, RegionName};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_sts::Client;
use aws_sdk_sts::operation::assume_role::builders::AssumeRoleFluentBuilder;
use aws_sdk_sts::types::Tag;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use tokio::sync::Mutex;

/// How long a session lasts: the most that STS gives to a caller that is in a role itself.
const LASTS: Duration = Duration::from_secs(3_600);

/// A tick that begins has at least so much of its session before it.
const LEFT_FOR_A_TICK: Duration = Duration::from_secs(600);

/// A call that is made with less than this before it gets another session first.
const LEFT_FOR_A_CALL: Duration = Duration::from_secs(60);

/// A refusal that is about a session younger than this was met with the one before it.
const YOUNG: Duration = Duration::from_secs(30);

/// Everything that the fleet does in another account can be told by it, in all of its logs.
const SOURCE_IDENTITY: &str = "aurora-restore";

/// What becomes of a job whose role is refused. The one place that says so.
const REFUSED: FailureKind = FailureKind::NeedsPerson;

/// What is asked of STS.
#[derive(Debug, Clone)]
pub(super) struct Role {
    /// The account.
    pub(super) account: AccountId,
    /// The Region that the session is for: each has one of its own.
    pub(super) region: RegionName,
    /// The role in it.
    pub(super) arn: String,
    /// What the role's trust policy wants to hear.
    pub(super) external_id: Option<String>,
    /// Who asks: in the session's name and in its tags.
    pub(super) actor: String,
    /// The account that asks.
    pub(super) home: AccountId,
}

/// The session of one account and Region. Clones are the same session.
#[derive(Debug, Clone)]
pub(super) struct Session {
    role: Arc<Role>,
    sts: Client,
    clock: Clock,
    latest: Arc<Mutex<Option<Assumed>>>,
}

/// A session that was given.
#[derive(Debug, Clone)]
struct Assumed {
    credentials: Credentials,
    since_ms: EpochMs,
}

impl Session {
    pub(super) fn new(role: Role, sts: Client, clock: Clock) -> Self {
        Self { role: Arc::new(role), sts, clock, latest: Arc::default() }
    }

    /// Makes sure that a tick that begins now has a session long enough.
    ///
    /// # Errors
    /// `role_denied` when STS refuses the role; whatever else STS answers, classified, unless the
    /// session in hand still serves.
    pub(super) async fn ready(&self) -> Result<(), Failure> {
        self.lasting(LEFT_FOR_A_TICK).await.map(drop)
    }

    /// Drops the session, because a call that was made with it was refused. One that has only just
    /// been made is kept: it was made after that call.
    pub(super) async fn forget(&self) {
        let mut latest = self.latest.lock().await;
        let now = self.clock.now_ms();
        let is_young = |assumed: &Assumed| (0..as_ms(YOUNG)).contains(&(now - assumed.since_ms));
        *latest = latest.take().filter(is_young);
    }

    /// Credentials with at least so much time left. Whoever comes while somebody asks STS waits for
    /// that answer.
    async fn lasting(&self, at_least: Duration) -> Result<Credentials, Failure> {
        let mut latest = self.latest.lock().await;
        let now = self.clock.now_ms();
        let lasts = |assumed: &Assumed, time| assumed.since_ms + as_ms(LASTS - time) > now;
        if let Some(assumed) = latest.as_ref().filter(|assumed| lasts(assumed, at_least)) {
            return Ok(assumed.credentials.clone());
        }
        match self.assume(now).await {
            Ok(assumed) => Ok(latest.insert(assumed).credentials.clone()),
            Err(failure) if failure.code == FailureCode::RoleDenied => {
                *latest = None;
                Err(failure)
            }
            // STS is out of reach for now; what is in hand does it a while longer.
            Err(failure) => match latest.as_ref().filter(|a| lasts(a, LEFT_FOR_A_CALL)) {
                Some(assumed) => Ok(assumed.credentials.clone()),
                None => Err(failure),
            },
        }
    }

    /// Asks STS. The session's time is counted by the clock that it is held against later, which may
    /// be wrong, and from before the question.
    async fn assume(&self, now_ms: EpochMs) -> Result<Assumed, Failure> {
        let role = &self.role;
        let answer = self.question().send().await.map_err(|e| {
            let doing = format!("assuming {} in account {}", role.arn, role.account);
            refusal(role, Failure::from_sdk(&doing, &e))
        })?;
        let Some(given) = answer.credentials() else {
            let text = format!("STS gives no credentials for {}", role.arn);
            return Err(Failure::transient(FailureCode::AwsUnavailable, text));
        };
        let ends_ms = u64::try_from(now_ms + as_ms(LASTS)).unwrap_or(0);
        let credentials = Credentials::new(
            given.access_key_id(),
            given.secret_access_key(),
            Some(given.session_token().to_owned()),
            Some(UNIX_EPOCH + Duration::from_millis(ends_ms)),
            "a role in another account",
        );
        tracing::debug!(account = %role.account, region = %role.region, "role assumed");
        Ok(Assumed { credentials, since_ms: now_ms })
    }

    fn question(&self) -> AssumeRoleFluentBuilder {
        let Role { arn, external_id, actor, home, .. } = &*self.role;
        let tags =
            [("aurora-restore:process", actor.as_str()), ("aurora-restore:hub", home.as_str())];
        let tags = tags.map(|(key, value)| Tag::builder().key(key).value(value).build());
        // Key and value are there: nothing can be missing.
        let tags: Vec<Tag> = tags.into_iter().flatten().collect();
        self.sts
            .assume_role()
            .role_arn(arn)
            .role_session_name(session_name(actor))
            .set_external_id(external_id.clone())
            .source_identity(SOURCE_IDENTITY)
            .set_tags(Some(tags))
            .duration_seconds(i32::try_from(LASTS.as_secs()).unwrap_or(3_600))
    }
}

impl ProvideCredentials for Session {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.lasting(LEFT_FOR_A_CALL).await.map_err(CredentialsError::provider_error)
        })
    }
}

/// The name of a session: at most 64 letters, digits and some others (API AssumeRole).
fn session_name(actor: &str) -> String {
    let actor = actor.strip_prefix("aurora-restore-").unwrap_or(actor);
    format!("aurora-restore-{actor}").chars().map(fit).take(64).collect()
}

/// A name as the value of a session's tag: at most 256 characters.
pub(super) fn tag_value(name: &str) -> String {
    name.chars().map(fit).take(256).collect()
}

/// A character that both names and tags of sessions may have.
fn fit(c: char) -> char {
    if c.is_ascii_alphanumeric() || "_=.@-".contains(c) { c } else { '-' }
}

/// The failure of who may not work in an account, or not in a Region of it.
pub(super) fn role_denied(text: String) -> Failure {
    Failure::new(REFUSED, FailureCode::RoleDenied, text)
}

/// That the role is not given is for a person; anything else stays what it is.
fn refusal(role: &Role, failure: Failure) -> Failure {
    let Role { account, arn, external_id, home, .. } = role;
    if !matches!(failure.code, FailureCode::AccessDenied | FailureCode::RefusedByAws) {
        return failure;
    }
    let id = match external_id {
        Some(id) => format!("with the external id {id:?}"),
        None => "without an external id".to_owned(),
    };
    let text = format!(
        "{}; check that the role is there, that it trusts account {home} {id}, that its trust \
         policy allows sts:AssumeRole, sts:SetSourceIdentity and sts:TagSession, that the workers \
         may assume it, and that role and external_id in [accounts.{account}] of the settings are \
         {arn:?} and its own",
        failure.text
    );
    Failure { request_id: failure.request_id, ..role_denied(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_named_after_its_process_in_the_characters_that_sts_takes() {
        assert_eq!(session_name("worker-7"), "aurora-restore-worker-7");
        assert_eq!(session_name("aurora-restore-worker"), "aurora-restore-worker");
        assert_eq!(session_name("höst/1 2"), "aurora-restore-h-st-1-2");
        assert_eq!(session_name(&"w".repeat(99)).len(), 64);
        assert_eq!(tag_value("w1.2"), "w1.2");
    }
}
