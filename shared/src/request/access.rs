//! Who may use the restored database, what is masked, and what proves that it is good.

use super::grant::Grant;
use crate::fault::Reader;
use crate::ids::SqlName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who may use the restored database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// Where the master password comes from. Left out: as in the source; where checks, users or masking
    /// need one, RDS makes and keeps one (`managed`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub master: Option<Master>,
    /// Further users, their passwords by reference only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<User>,
    /// Attach the real security groups only when masking and its proof have passed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open_after_masking: bool,
}

impl Access {
    /// Whether nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Where the master password comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Master {
    /// RDS makes and rotates it in Secrets Manager.
    Managed,
    /// From this secret (name or ARN), as JSON with a member `password`, or as plain text.
    Secret(String),
}

/// A database user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Its name, in lower case.
    pub name: SqlName,
    /// The secret (name or ARN) with its password.
    pub secret: String,
    /// Privileges, such as `SELECT ON ALL TABLES IN SCHEMA public`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Grant>,
}

/// What must be masked before anybody may look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mask {
    /// Scripts, run once, in this order.
    pub scripts: Vec<Script>,
    /// Checks that must pass before access is opened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proof: Vec<Check>,
}

/// A named SQL script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Its name.
    pub name: String,
    /// The SQL.
    pub sql: String,
}

/// What proves that a restore is good.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// SQL checks, each with what it must answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// Users that must be able to connect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub connect_as: Vec<String>,
    /// Compare the restored cluster's settings with the source's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub compare_settings: bool,
}

impl Verify {
    /// Whether nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One query, whose first value must meet an expectation. Run read-only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// One SQL query.
    pub sql: String,
    /// What its first value must be.
    pub expect: Expect,
}

/// What the first value of a query must be: exactly one of these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    /// Exactly this number, text, boolean or null.
    Equals(Value),
    /// A number not below this.
    AtLeast(f64),
    /// A number not above this.
    AtMost(f64),
}

impl Expect {
    /// Whether an answer meets the expectation.
    #[must_use]
    pub fn is_met_by(&self, answer: &Value) -> bool {
        match self {
            Self::Equals(Value::Number(n)) => {
                answer.as_f64().is_some_and(|a| Some(a) == n.as_f64())
            }
            Self::Equals(value) => answer == value,
            Self::AtLeast(least) => answer.as_f64().is_some_and(|a| a >= *least),
            Self::AtMost(most) => answer.as_f64().is_some_and(|a| a <= *most),
        }
    }
}

impl std::fmt::Display for Expect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Equals(value) => write!(f, "= {value}"),
            Self::AtLeast(n) => write!(f, ">= {n}"),
            Self::AtMost(n) => write!(f, "<= {n}"),
        }
    }
}

pub(super) fn read(r: &Reader<'_>) -> Option<Access> {
    r.object(&["master", "users", "open_after_masking"])?;
    let users = r.field("users").list(user);
    r.field("users").no_twins(users.iter().map(|u| u.name.as_str()));
    Some(Access {
        master: r.field("master").optional(master),
        users,
        open_after_masking: r.field("open_after_masking").optional(Reader::flag).unwrap_or(false),
    })
}

fn master(r: &Reader<'_>) -> Option<Master> {
    if r.raw().is_some_and(Value::is_string) {
        return r.one_of(&[("managed", ())]).map(|()| Master::Managed);
    }
    r.object(&["secret"])?;
    r.field("secret").short_text(512).map(Master::Secret)
}

fn user(r: &Reader<'_>) -> Option<User> {
    if r.field("password").is_given() {
        let fix = "put the password into Secrets Manager and give its name as \"secret\"";
        r.field("password").fault("is not a known field: passwords are never written here", fix);
    }
    r.object(&["name", "secret", "grants", "password"])?;
    let name = role_name(&r.field("name"));
    let secret = r.field("secret").short_text(512);
    let grants = r.field("grants").list(Reader::parsed);
    Some(User { name: name?, secret: secret?, grants })
}

fn role_name(r: &Reader<'_>) -> Option<SqlName> {
    let text = r.text()?;
    let lower = !text.bytes().any(|b| b.is_ascii_uppercase());
    let name = text.parse().ok().filter(|_| lower);
    if name.is_none() {
        let fix = "must be a plain role name: lower-case letters, digits and _, at most 63";
        r.fault(format!("is {text:?}"), fix);
    }
    name
}

/// What the parts of a request ask of each other: who connects must be known, with a password.
pub(super) fn check_together(r: &Reader<'_>, access: &Access, verify: &Verify) {
    for (n, name) in verify.connect_as.iter().enumerate() {
        if !access.users.iter().any(|user| user.name.as_str() == name) {
            let fix = "name a user of access.users: its secret holds the password to connect with";
            let place = r.field("verify").field(&format!("connect_as[{n}]"));
            place.fault(format!("is {name:?}, who is no user of this request"), fix);
        }
    }
}

pub(super) fn mask(r: &Reader<'_>) -> Option<Mask> {
    r.object(&["scripts", "proof"])?;
    let scripts = r.field("scripts").list(|r| {
        r.object(&["name", "sql"])?;
        let (name, sql) = (r.field("name").short_text(128), r.field("sql").short_text(65536));
        Some(Script { name: name?, sql: sql? })
    });
    r.field("scripts").no_twins(scripts.iter().map(|s| s.name.as_str()));
    Some(Mask { scripts, proof: checks(&r.field("proof")) })
}

pub(super) fn verify(r: &Reader<'_>) -> Option<Verify> {
    r.object(&["checks", "connect_as", "compare_settings"])?;
    Some(Verify {
        checks: checks(&r.field("checks")),
        connect_as: r.field("connect_as").list(|r| r.short_text(63)),
        compare_settings: r.field("compare_settings").optional(Reader::flag).unwrap_or(false),
    })
}

fn checks(r: &Reader<'_>) -> Vec<Check> {
    let checks = r.list(|r| {
        r.object(&["name", "sql", "expect"])?;
        let name = r.field("name").short_text(128);
        let sql = r.field("sql").short_text(65536);
        let expect = expect(&r.field("expect"));
        Some(Check { name: name?, sql: sql?, expect: expect? })
    });
    r.no_twins(checks.iter().map(|c| c.name.as_str()));
    checks
}

fn expect(r: &Reader<'_>) -> Option<Expect> {
    const KINDS: [&str; 3] = ["equals", "at_least", "at_most"];
    let map = r.object(&KINDS)?;
    if map.keys().filter(|k| KINDS.contains(&k.as_str())).count() != 1 {
        r.fault("must hold exactly one expectation", format!("give one of {}", KINDS.join(", ")));
        return None;
    }
    if let Some(value) = map.get("equals") {
        return scalar(&r.field("equals"), value);
    }
    let least = r.field("at_least").optional(|r| r.number(f64::MIN, f64::MAX));
    let most = r.field("at_most").optional(|r| r.number(f64::MIN, f64::MAX));
    least.map(Expect::AtLeast).or(most.map(Expect::AtMost))
}

fn scalar(r: &Reader<'_>, value: &Value) -> Option<Expect> {
    if value.is_object() || value.is_array() {
        r.fault("is not a single value", "must be a number, a text, true, false or null");
        return None;
    }
    Some(Expect::Equals(value.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::read_all;
    use serde_json::json;

    fn faults(value: &Value) -> Vec<String> {
        let read = read_all(value, |r| {
            let access = r.field("access").optional(read)?;
            r.field("mask").optional(mask);
            let verify = r.field("verify").optional(verify).unwrap_or_default();
            check_together(r, &access, &verify);
            Some(())
        });
        read.err().map_or(Vec::new(), |f| f.0.into_iter().map(|f| f.path).collect())
    }

    fn asked() -> Value {
        json!({
            "access": {
                "master": "managed",
                "users": [{ "name": "app", "secret": "s", "grants": ["CONNECT ON DATABASE o"] }]
            },
            "mask": { "scripts": [{ "name": "a", "sql": "SELECT 1" }] },
            "verify": { "connect_as": ["app"] }
        })
    }

    #[test]
    fn users_masks_and_connections_that_fit_together_are_taken() {
        assert_eq!(faults(&asked()), Vec::<String>::new());
    }

    #[test]
    fn who_connects_must_be_a_user_of_the_request() {
        let mut value = asked();
        value["verify"]["connect_as"] = json!(["app", "stranger"]);
        assert_eq!(faults(&value), ["verify.connect_as[1]"]);
    }

    #[test]
    fn hostile_names_and_grants_are_faults_of_their_own() {
        let mut value = asked();
        value["access"]["users"][0]["name"] = json!("App");
        value["access"]["users"][0]["grants"] =
            json!(["SELECT ON TABLE x; DROP TABLE y", "CONNECT ON DATABASE o"]);
        let want = ["access.users[0].name", "access.users[0].grants[0]", "verify.connect_as[0]"];
        assert_eq!(faults(&value), want);
    }

    #[test]
    fn two_scripts_of_one_name_are_refused() {
        let mut value = asked();
        let twins = json!([{ "name": "a", "sql": "SELECT 1" }, { "name": "a", "sql": "SELECT 2" }]);
        value["mask"]["scripts"] = twins;
        assert_eq!(faults(&value), ["mask.scripts"]);
    }
}
