//! A key: who manages it, the state it is in, and who may use it.

use super::policy;
use crate::error::AwsError;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Who made a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Manager {
    /// AWS, for one of its services: no other account can ever use it.
    Aws,
    /// The account itself.
    Customer,
}

/// The state of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Enabled,
    Disabled,
    PendingDeletion {
        /// When it will be gone, milliseconds since the Unix epoch.
        gone_ms: i64,
    },
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            State::Enabled => "Enabled",
            State::Disabled => "Disabled",
            State::PendingDeletion { .. } => "PendingDeletion",
        }
    }
}

/// A key of symmetric encryption. It encrypts nothing here: what counts is who may use it.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) arn: String,
    pub(super) account: String,
    pub(super) description: String,
    pub(super) manager: Manager,
    pub(super) state: State,
    pub(super) created_ms: i64,
    /// The key policy, as it was given.
    pub(super) policy: String,
    /// The accounts that the policy lets use it.
    pub(super) users: BTreeSet<String>,
}

impl Key {
    /// An enabled key that only its own account may use.
    pub(super) fn new((account, region): &super::Home, id: &str, manager: Manager) -> Self {
        Self {
            id: id.to_owned(),
            arn: format!("arn:aws:kms:{region}:{account}:key/{id}"),
            account: account.clone(),
            description: String::new(),
            manager,
            state: State::Enabled,
            created_ms: 0,
            policy: policy::of_accounts([account.as_str()]),
            users: BTreeSet::from([account.clone()]),
        }
    }

    /// Whether an account may use it, as far as its policy goes.
    pub(super) fn admits(&self, account: &str) -> bool {
        match self.manager {
            Manager::Aws => self.account == account,
            Manager::Customer => policy::admits(&self.users, account),
        }
    }

    /// Gives it another policy.
    pub(super) fn set_policy(&mut self, policy: &str) -> Result<(), AwsError> {
        self.users = policy::users(policy)?;
        policy.clone_into(&mut self.policy);
        Ok(())
    }

    /// The `KeyMetadata` of it.
    pub(super) fn metadata(&self) -> Value {
        let manager = match self.manager {
            Manager::Aws => "AWS",
            Manager::Customer => "CUSTOMER",
        };
        let mut metadata = json!({
            "AWSAccountId": self.account,
            "KeyId": self.id,
            "Arn": self.arn,
            "CreationDate": seconds(self.created_ms),
            "Enabled": self.state == State::Enabled,
            "Description": self.description,
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeyState": self.state.as_str(),
            "Origin": "AWS_KMS",
            "KeyManager": manager,
            "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
            "MultiRegion": false,
        });
        if let State::PendingDeletion { gone_ms } = self.state {
            metadata["DeletionDate"] = seconds(gone_ms);
        }
        metadata
    }
}

/// A moment as KMS writes it.
pub(super) fn seconds(ms: i64) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "a date in milliseconds is far below 2^52")]
    let seconds = ms as f64 / 1000.0;
    json!(seconds)
}

/// A text member of an input.
pub(super) fn text<'a>(input: &'a Value, name: &str) -> Option<&'a str> {
    input.get(name)?.as_str()
}

/// One page of a listing, in order of name: `list` is the member that holds it.
pub(super) fn page(
    all: impl Iterator<Item = (String, Value)>,
    list: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    let most = match input.get("Limit").map(Value::as_u64) {
        None => 50,
        Some(Some(n @ 1..=1000)) => usize::try_from(n).unwrap_or(50),
        Some(_) => return Err(super::validation("Limit must be between 1 and 1000")),
    };
    let after = text(input, "Marker").unwrap_or_default();
    let mut rest = all.filter(|(name, _)| name.as_str() > after);
    let (names, mut found): (Vec<_>, Vec<_>) = rest.by_ref().take(most).unzip();
    let truncated = rest.next().is_some();
    let mut answer = Map::new();
    answer.insert(list.to_owned(), Value::Array(std::mem::take(&mut found)));
    answer.insert("Truncated".into(), json!(truncated));
    if let Some(last) = names.last().filter(|_| truncated) {
        answer.insert("NextMarker".into(), json!(last));
    }
    Ok(Value::Object(answer))
}
