//! Who calls: access keys, roles, and the sessions of roles.
//!
//! An access key id of twelve digits is its own account, so any account is at hand without set-up;
//! every other key must have been registered, or come from a session. The signature of a request is
//! not verified: whoever names a key (and, for a session, its token) is taken for its owner.

mod issue;
mod pattern;
mod role;
mod session;

pub use role::{Role, Trust, Trusted};
pub use session::{Principal, Session, User};

pub(crate) use issue::Credentials;

use crate::call::{Call, Service};
use crate::error::AwsError;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why a key is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stranger {
    /// Nobody has this key, or the token is not the one that belongs to it.
    Unknown,
    /// The session is over.
    Expired,
}

impl Stranger {
    /// The refusal, in the code of a service's protocol.
    #[must_use]
    pub fn refusal(self, service: Service) -> AwsError {
        let query = service.is_query();
        let (code, text) = match self {
            Self::Expired if query || service == Service::Sqs => ("ExpiredToken", "is expired"),
            Self::Expired => ("ExpiredTokenException", "is expired"),
            Self::Unknown if query => ("InvalidClientTokenId", "is invalid"),
            Self::Unknown => ("UnrecognizedClientException", "is invalid"),
        };
        let text = format!("The security token included in the request {text}.");
        AwsError::new(code, text).with_status(403)
    }
}

/// All keys, roles and sessions.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    users: BTreeMap<String, Arc<User>>,
    roles: BTreeMap<String, Role>,
    /// By access key id.
    sessions: BTreeMap<String, Arc<Session>>,
}

impl Identity {
    /// Registers an access key of a user of an account.
    ///
    /// # Errors
    /// A text that names the field that is wrong.
    pub fn add_key(&mut self, access_key: &str, account: &str, user: &str) -> Result<(), String> {
        if !is_account(account) {
            return Err(format!("account is {account:?}, must be twelve digits"));
        }
        if access_key.is_empty() || is_account(access_key) {
            return Err(format!("access key id {access_key:?} cannot be registered"));
        }
        let user = User { account: account.to_owned(), name: user.to_owned() };
        self.users.insert(access_key.to_owned(), Arc::new(user));
        Ok(())
    }

    /// Whether somebody has an access key id.
    #[must_use]
    pub fn knows(&self, access_key: &str) -> bool {
        self.users.contains_key(access_key) || self.sessions.contains_key(access_key)
    }

    /// Makes a role, or changes the one with this ARN: what its sessions may do changes at once.
    ///
    /// # Errors
    /// A text that names the field that is wrong.
    pub fn add_role(&mut self, role: Role) -> Result<(), String> {
        role.check()?;
        self.roles.insert(role.arn.clone(), role);
        Ok(())
    }

    /// The role with an ARN.
    #[must_use]
    pub fn role(&self, arn: &str) -> Option<&Role> {
        self.roles.get(arn)
    }

    /// The session of an access key id.
    #[must_use]
    pub fn session(&self, access_key: &str) -> Option<&Session> {
        self.sessions.get(access_key).map(Arc::as_ref)
    }

    /// Who an access key id, with its session token (empty when there is none), belongs to.
    ///
    /// # Errors
    /// Why nobody can be told.
    pub fn caller(
        &self,
        access_key: &str,
        token: &str,
        now_ms: i64,
    ) -> Result<Principal, Stranger> {
        if let Some(session) = self.sessions.get(access_key) {
            return match session.token == token {
                false => Err(Stranger::Unknown),
                true if session.expires_ms <= now_ms => Err(Stranger::Expired),
                true => Ok(Principal::Session(Arc::clone(session))),
            };
        }
        if !token.is_empty() {
            return Err(Stranger::Unknown);
        }
        if is_account(access_key) {
            return Ok(Principal::Root { account: access_key.to_owned() });
        }
        self.users.get(access_key).cloned().map(Principal::User).ok_or(Stranger::Unknown)
    }

    /// Whether the caller may do what it calls for: an account and its users may do everything in
    /// the account, the session of a role what the role allows.
    ///
    /// # Errors
    /// The refusal, in the code of the service's protocol.
    pub fn authorize(&self, call: &Call) -> Result<(), AwsError> {
        let Principal::Session(session) = &call.principal else { return Ok(()) };
        let action = action(call);
        let allows = |role: &Role| role.allows(&action);
        // Needs no permission, not even one that was not denied.
        if action == "sts:GetCallerIdentity" || self.roles.get(&session.role).is_some_and(allows) {
            return Ok(());
        }
        let why = format!("{action} because no identity-based policy allows the {action} action");
        Err(not_authorized(call, &why))
    }

    /// Roles and live sessions at a moment, for the status page.
    #[must_use]
    pub fn summary(&self, now_ms: i64) -> Value {
        let roles = self.roles.values().map(|role| {
            let live = |s: &&Arc<Session>| s.role == role.arn && s.expires_ms > now_ms;
            let sessions = self.sessions.values().filter(live).count();
            json!({ "arn": role.arn, "allows": role.allows, "sessions": sessions })
        });
        json!({ "keys": self.users.len(), "roles": roles.collect::<Vec<_>>() })
    }
}

/// The refusal of something (an action, and on what) that the caller may not do.
pub(crate) fn not_authorized(call: &Call, what: &str) -> AwsError {
    let code = match call.service {
        Service::Sns => "AuthorizationError",
        Service::Sqs => "AccessDenied",
        service if service.is_query() => "AccessDenied",
        _ => "AccessDeniedException",
    };
    let text = format!("User: {} is not authorized to perform: {what}", call.principal.arn());
    AwsError::new(code, text).with_status(403)
}

/// The service as policies name it.
/// The action that a call needs. The batches of SQS and SNS need that of a single message.
fn action(call: &Call) -> String {
    let single = call.operation.strip_suffix("Batch");
    let in_batch = matches!(call.service, Service::Sqs | Service::Sns);
    let operation = single.filter(|_| in_batch).unwrap_or(&call.operation);
    format!("{}:{operation}", prefix(call.service))
}

fn prefix(service: Service) -> &'static str {
    if service == Service::Cloudwatch { "cloudwatch" } else { service.as_str() }
}

/// Whether a text is an account number.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// An id that stays the same for something with an ARN: four letters for its kind, then seventeen
/// letters and digits.
fn unique_id(kind: &str, arn: &str) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digest = Sha256::digest(arn);
    let letters = digest.iter().take(17).map(|b| char::from(LETTERS[usize::from(b % 32)]));
    kind.chars().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::{Identity, Principal, Stranger};

    #[test]
    fn twelve_digits_are_an_account_and_any_other_key_must_be_registered() {
        let mut identity = Identity::default();
        let known = identity.caller("111111111111", "", 0);
        assert!(matches!(known, Ok(Principal::Root { account }) if account == "111111111111"));
        assert_eq!(identity.caller("AKIAX", "", 0).unwrap_err(), Stranger::Unknown);
        identity.add_key("AKIAX", "222222222222", "ann").unwrap();
        let ann = identity.caller("AKIAX", "", 0).unwrap();
        assert_eq!(ann.arn(), "arn:aws:iam::222222222222:user/ann");
        assert_eq!(identity.caller("AKIAX", "token", 0).unwrap_err(), Stranger::Unknown);
    }

    #[test]
    fn a_key_with_a_wrong_account_names_the_field() {
        let wrong = Identity::default().add_key("AKIAX", "12", "ann").unwrap_err();
        assert!(wrong.contains("account"), "{wrong}");
    }
}
