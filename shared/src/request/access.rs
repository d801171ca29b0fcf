//! Who may use the restored database, what is masked, and what proves that it is good.

use crate::fault::Reader;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who may use the restored database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// Where the master password comes from. Left out: as in the source.
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
    /// Its name.
    pub name: String,
    /// The secret (name or ARN) with its password.
    pub secret: String,
    /// Privileges, such as `SELECT ON ALL TABLES IN SCHEMA public`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<String>,
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
    let name = r.field("name").text().filter(|name| is_role_name(r, name));
    let secret = r.field("secret").short_text(512);
    let grants = r.field("grants").list(grant);
    Some(User { name: name?, secret: secret?, grants })
}

fn is_role_name(r: &Reader<'_>, name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_');
    let rest = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    let good = first && rest && name.len() <= 63;
    if !good {
        let fix = "must be a plain role name: lower-case letters, digits and _, at most 63";
        r.field("name").fault(format!("is {name:?}"), fix);
    }
    good
}

const PRIVILEGES: [&str; 13] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "TRUNCATE",
    "REFERENCES",
    "TRIGGER",
    "CREATE",
    "CONNECT",
    "TEMPORARY",
    "EXECUTE",
    "USAGE",
    "ALL PRIVILEGES",
];

fn grant(r: &Reader<'_>) -> Option<String> {
    let text = r.short_text(512)?;
    let known = |p: &str| PRIVILEGES.contains(&p.trim().to_ascii_uppercase().as_str());
    let good = text.split_once(" ON ").is_some_and(|(what, on)| {
        what.split(',').all(known) && !on.trim().is_empty() && !on.contains(';')
    });
    if !good {
        let fix = "must name privileges and what they are on, such as \"SELECT ON ALL TABLES IN SCHEMA public\"";
        r.fault(format!("is {text:?}"), fix);
        return None;
    }
    Some(text)
}

pub(super) fn mask(r: &Reader<'_>) -> Option<Mask> {
    r.object(&["scripts", "proof"])?;
    let scripts = r.field("scripts").list(|r| {
        r.object(&["name", "sql"])?;
        let (name, sql) = (r.field("name").short_text(128), r.field("sql").short_text(65536));
        Some(Script { name: name?, sql: sql? })
    });
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
