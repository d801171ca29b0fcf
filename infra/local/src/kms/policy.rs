//! Key policies, as far as they say which accounts may use a key.
//!
//! Read are the `AWS` principals of the statements that allow something: an account may use the
//! key when it, or anything in it, is named. What would take something away (`Deny`,
//! `NotPrincipal`) is refused, because it would not be heeded; conditions are not judged.

use super::{malformed_policy, unsupported};
use crate::error::AwsError;
use crate::identity::is_account;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Stands for every account.
const EVERYBODY: &str = "*";

/// The policy that lets accounts use a key.
pub(super) fn of_accounts<'a>(accounts: impl IntoIterator<Item = &'a str>) -> String {
    let roots: Vec<_> =
        accounts.into_iter().map(|account| format!("arn:aws:iam::{account}:root")).collect();
    let statement = json!({
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": { "AWS": roots },
        "Action": "kms:*",
        "Resource": "*",
    });
    json!({ "Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement] }).to_string()
}

/// Whether an account is among those of a policy.
pub(super) fn admits(users: &BTreeSet<String>, account: &str) -> bool {
    users.contains(EVERYBODY) || users.contains(account)
}

/// The accounts that a policy lets use a key.
///
/// # Errors
/// `MalformedPolicyDocumentException`; `UnsupportedOperationException` for what is not heeded here.
pub(super) fn users(policy: &str) -> Result<BTreeSet<String>, AwsError> {
    let policy: Value =
        serde_json::from_str(policy).map_err(|e| malformed_policy(e.to_string()))?;
    let statements = policy.get("Statement").ok_or_else(|| malformed_policy("no Statement"))?;
    let mut users = BTreeSet::new();
    for statement in several(statements) {
        if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
            return Err(unsupported("a policy statement whose Effect is not Allow"));
        }
        let principal = statement.get("Principal");
        let principal = principal.ok_or_else(|| unsupported("a policy without Principal"))?;
        for named in principals(principal) {
            users.insert(account_of(named)?);
        }
    }
    Ok(users)
}

/// The members of a list, or the one that is not in a list.
fn several(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |list| list.iter().collect())
}

/// The AWS principals of a `Principal` element. Services are others' business.
fn principals(principal: &Value) -> Vec<&str> {
    let named = if principal.is_string() { Some(principal) } else { principal.get("AWS") };
    named.map(several).unwrap_or_default().into_iter().filter_map(Value::as_str).collect()
}

fn account_of(principal: &str) -> Result<String, AwsError> {
    let account = principal.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split(':').next());
    match account.unwrap_or(principal) {
        EVERYBODY => Ok(EVERYBODY.to_owned()),
        account if is_account(account) => Ok(account.to_owned()),
        _ => Err(malformed_policy(format!("invalid principal {principal}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(principal: &str) -> Result<Vec<String>, String> {
        let policy =
            format!(r#"{{"Statement": [{{"Effect": "Allow", "Principal": {principal}}}]}}"#);
        users(&policy).map(|u| u.into_iter().collect()).map_err(|e| e.code)
    }

    #[test]
    fn a_policy_lets_those_accounts_in_that_it_names() {
        for (principal, expected) in [
            (r#"{"AWS": "arn:aws:iam::111111111111:root"}"#, vec!["111111111111"]),
            (r#"{"AWS": "arn:aws:iam::222222222222:role/x"}"#, vec!["222222222222"]),
            (r#"{"AWS": ["111111111111", "222222222222"]}"#, vec!["111111111111", "222222222222"]),
            (r#"{"AWS": "*"}"#, vec!["*"]),
            (r#""*""#, vec!["*"]),
            (r#"{"Service": "rds.amazonaws.com"}"#, vec![]),
        ] {
            assert_eq!(allowed(principal).unwrap(), expected, "{principal}");
        }
        let bad = allowed(r#"{"AWS": "somebody"}"#);
        assert_eq!(bad, Err("MalformedPolicyDocumentException".into()));
    }

    #[test]
    fn what_would_not_be_heeded_is_refused() {
        let deny = r#"{"Statement": {"Effect": "Deny", "Principal": "*"}}"#;
        let anybody = r#"{"Statement": {"Effect": "Allow", "NotPrincipal": {"AWS": "1"}}}"#;
        for policy in [deny, anybody] {
            assert_eq!(users(policy).unwrap_err().code, "UnsupportedOperationException");
        }
        assert_eq!(users("{}").unwrap_err().code, "MalformedPolicyDocumentException");
        assert_eq!(users("x").unwrap_err().code, "MalformedPolicyDocumentException");
    }

    #[test]
    fn the_policy_of_accounts_says_what_it_is_read_as() {
        let policy = of_accounts(["111111111111", "222222222222"]);
        let expected = ["111111111111".to_owned(), "222222222222".to_owned()];
        assert_eq!(users(&policy).unwrap(), BTreeSet::from(expected));
    }
}
