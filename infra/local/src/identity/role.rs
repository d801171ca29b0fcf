//! Roles: whom they trust, what they allow.

use super::session::Principal;
use super::{is_account, pattern, unique_id};
use serde::Deserialize;

/// The shortest and the longest a role's sessions may be allowed to last, seconds.
const MAX_SESSION_S: std::ops::RangeInclusive<i64> = 3_600..=43_200;

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Its ARN, e.g. `arn:aws:iam::222222222222:role/restore`: it belongs to the account in it.
    pub arn: String,
    /// Who may assume it: whom one of the statements means. They also allow the caller to tag the
    /// session and to set its source identity.
    pub trust: Vec<Trust>,
    /// The longest session, seconds.
    #[serde(default = "an_hour")]
    pub max_session_s: i64,
    /// What its sessions may do: patterns like `rds:*`.
    #[serde(default = "everything")]
    pub allows: Vec<String>,
}

/// One statement of a trust policy.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// Who is meant.
    pub principal: Trusted,
    /// The external id they must name.
    #[serde(default)]
    pub external_id: Option<String>,
}

/// Who is meant by a statement. Written as a policy writes it: `*`, an account number,
/// `arn:aws:iam::111111111111:root`, or the ARN of a role or user.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Trusted {
    /// Everybody.
    Anyone,
    /// Everybody in an account.
    Account(String),
    /// One user, or the sessions of one role, or one session: by ARN.
    Exactly(String),
}

impl TryFrom<String> for Trusted {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Anyone);
        }
        if is_account(&text) {
            return Ok(Self::Account(text));
        }
        let within = text.strip_prefix("arn:aws:iam::").or(text.strip_prefix("arn:aws:sts::"));
        match within.and_then(|rest| rest.split_once(':')) {
            Some((account, "root")) if is_account(account) => Ok(Self::Account(account.into())),
            Some((account, name)) if is_account(account) && name.contains('/') => {
                Ok(Self::Exactly(text))
            }
            _ => Err(format!("principal is {text:?}, must be *, an account, or an ARN of IAM")),
        }
    }
}

impl Trust {
    /// A statement without a condition, its principal as a policy writes it.
    ///
    /// # Errors
    /// A text when the principal is none.
    pub fn of(principal: &str) -> Result<Self, String> {
        Ok(Self { principal: principal.to_owned().try_into()?, external_id: None })
    }

    /// The same, only for who names an external id.
    #[must_use]
    pub fn with_external_id(self, external_id: &str) -> Self {
        Self { external_id: Some(external_id.to_owned()), ..self }
    }

    fn means(&self, caller: &Principal, external_id: Option<&str>) -> bool {
        let who = match &self.principal {
            Trusted::Anyone => true,
            Trusted::Account(account) => account == caller.account(),
            Trusted::Exactly(arn) => {
                *arn == caller.arn() || caller.session().is_some_and(|s| s.role == *arn)
            }
        };
        who && self.external_id.as_deref().is_none_or(|id| external_id == Some(id))
    }
}

impl Role {
    /// A role that allows everything, for at most an hour.
    #[must_use]
    pub fn new(arn: &str, trust: Vec<Trust>) -> Self {
        Self { arn: arn.to_owned(), trust, max_session_s: an_hour(), allows: everything() }
    }

    /// The same, with sessions that may only do what the patterns say.
    #[must_use]
    pub fn allowing(self, patterns: &[&str]) -> Self {
        Self { allows: patterns.iter().map(|p| (*p).to_owned()).collect(), ..self }
    }

    /// The same, with sessions of up to so many seconds.
    #[must_use]
    pub fn lasting(self, max_session_s: i64) -> Self {
        Self { max_session_s, ..self }
    }

    /// Names the field that is wrong, if one is.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.account().is_none() {
            let arn = &self.arn;
            return Err(format!("arn is {arn:?}, must be like arn:aws:iam::111111111111:role/x"));
        }
        if !MAX_SESSION_S.contains(&self.max_session_s) {
            let s = self.max_session_s;
            return Err(format!("max_session_s is {s}, must be between 3600 and 43200"));
        }
        Ok(())
    }

    /// The account it belongs to.
    pub(crate) fn account(&self) -> Option<&str> {
        let (account, name) = self.arn.strip_prefix("arn:aws:iam::")?.split_once(":role/")?;
        (is_account(account) && !name.is_empty() && !name.ends_with('/')).then_some(account)
    }

    /// Its name, without its path.
    pub(crate) fn name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or_default()
    }

    /// Its unique id.
    pub(crate) fn id(&self) -> String {
        unique_id("AROA", &self.arn)
    }

    /// Whether a caller may assume it.
    pub(crate) fn trusts(&self, caller: &Principal, external_id: Option<&str>) -> bool {
        self.trust.iter().any(|statement| statement.means(caller, external_id))
    }

    /// Whether its sessions may do something, e.g. `rds:CopyDBClusterSnapshot`.
    pub(super) fn allows(&self, action: &str) -> bool {
        self.allows.iter().any(|allowed| pattern::matches(allowed, action))
    }
}

fn an_hour() -> i64 {
    3_600
}

fn everything() -> Vec<String> {
    vec!["*".to_owned()]
}

#[cfg(test)]
mod tests {
    use super::super::session::Principal;
    use super::{Role, Trust, Trusted};
    use proptest::prelude::*;

    const ARN: &str = "arn:aws:iam::222222222222:role/path/restore";

    fn root(account: &str) -> Principal {
        Principal::Root { account: account.to_owned() }
    }

    #[test]
    fn a_role_has_the_account_and_the_name_of_its_arn() {
        let role = Role::new(ARN, Vec::new());
        assert_eq!((role.account(), role.name()), (Some("222222222222"), "restore"));
        for wrong in ["", "arn:aws:iam::2:role/x", "arn:aws:iam::222222222222:role/", "x"] {
            assert!(Role::new(wrong, Vec::new()).check().unwrap_err().starts_with("arn"));
        }
        assert!(Role::new(ARN, Vec::new()).lasting(60).check().unwrap_err().contains("3600"));
    }

    #[test]
    fn a_seed_may_leave_out_what_has_a_default() {
        let text = r#"{"arn": "arn:aws:iam::222222222222:role/restore",
            "trust": [{"principal": "111111111111", "external_id": "42"}]}"#;
        let role: Role = serde_json::from_str(text).unwrap();
        assert_eq!((role.max_session_s, role.allows("rds:X")), (3_600, true));
        assert!(role.trusts(&root("111111111111"), Some("42")));
        assert!(!role.trusts(&root("111111111111"), None));
        let wrong = text.replace("111111111111", "somebody");
        let wrong = serde_json::from_str::<Role>(&wrong).unwrap_err().to_string();
        assert!(wrong.contains("principal"), "{wrong}");
    }

    proptest! {
        #[test]
        fn who_is_in_no_statement_is_not_trusted(
            principal in "(\\*|[0-9]{12}|arn:aws:(iam|sts)::[0-9]{12}:\\PC{0,12}|\\PC{0,30})",
            account in "[0-9]{12}",
            external_id in proptest::option::of("\\PC{0,8}"),
        ) {
            let Ok(statement) = Trust::of(&principal) else { return Ok(()) };
            let anyone = statement.principal == Trusted::Anyone;
            let role = Role::new(ARN, vec![statement.with_external_id("x y")]);
            let trusted = role.trusts(&root(&account), external_id.as_deref());
            let named = external_id.as_deref() == Some("x y");
            prop_assert_eq!(trusted, named && (anyone || principal.contains(&account)));
            prop_assert!(!Role::new(ARN, Vec::new()).trusts(&root(&account), None));
        }
    }
}
