//! Names that are parsed once and then trusted: never raw strings further in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Why a text is not a valid name, in words that complete "must be ...".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be {0}")]
pub struct InvalidName(pub &'static str);

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $check:expr, $rule:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What a valid one looks like, completing "must be ...".
            pub const RULE: &'static str = $rule;

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let check: fn(&str) -> bool = $check;
                if check(text) { Ok(Self(text.to_owned())) } else { Err(InvalidName($rule)) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// An AWS account: twelve digits.
    AccountId,
    |t| t.len() == 12 && t.bytes().all(|b| b.is_ascii_digit()),
    "an AWS account id of twelve digits, such as \"111111111111\""
);

text_id!(
    /// An AWS Region, such as `eu-west-1`.
    RegionName,
    is_region,
    "an AWS Region, such as \"us-east-1\" or \"eu-west-1\""
);

text_id!(
    /// A DB cluster identifier, by the rules of the RDS API (`CreateDBCluster`), in lower case.
    ClusterId,
    is_rds_identifier,
    "1 to 63 lower-case letters, digits and hyphens, the first a letter, no hyphen at the end, no two in a row"
);

text_id!(
    /// A worker process: unique among all that ever lived.
    WorkerId,
    |t| !t.is_empty() && t.len() <= 128,
    "1 to 128 characters"
);

text_id!(
    /// A name in a database that needs no quotes, taken as it is written.
    SqlName,
    is_plain_name,
    "a plain name: letters, digits and _, the first no digit, at most 63"
);

/// The first part of every Region name there is.
const REGION_PREFIXES: [&str; 10] = ["af", "ap", "ca", "cn", "eu", "il", "me", "mx", "sa", "us"];

fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return false };
    REGION_PREFIXES.contains(first)
        && (1..=2).contains(&middle.len())
        && middle.iter().all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase()))
        && last.len() == 1
        && last.bytes().all(|b| b.is_ascii_digit())
}

fn is_plain_name(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !text.as_bytes()[0].is_ascii_digit()
}

fn is_rds_identifier(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && text.as_bytes()[0].is_ascii_lowercase()
        && !text.ends_with('-')
        && !text.contains("--")
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $rule:literal) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Uuid::parse_str(text).map(Self).map_err(|_| InvalidName($rule))
            }
        }
    };
}

uuid_id!(
    /// A job: UUIDv5 of (caller, idempotency key) where a key is given, else UUIDv7.
    JobId,
    "a job id (a UUID)"
);

/// The namespace of ids made from idempotency keys (an arbitrary UUID, fixed for ever).
const KEYED_JOBS: Uuid = Uuid::from_u128(0x6f1d_7c9e_4f0a_4c39_9b57_2f1f_6a10_a0e1);

/// The length of the first part comes before it, so that no other pair gives the same id.
fn keyed(namespace: &Uuid, caller: &str, key: &str) -> Uuid {
    Uuid::new_v5(namespace, format!("{}:{caller}{key}", caller.len()).as_bytes())
}

impl JobId {
    /// The id of the job that `caller` submits under an idempotency key: the same for ever.
    #[must_use]
    pub fn keyed(caller: &str, idempotency_key: &str) -> Self {
        Self(keyed(&KEYED_JOBS, caller, idempotency_key))
    }

    /// The last eight hexadecimal digits: short enough for names of resources. The first ones of a
    /// UUIDv7 are its time: two jobs of one minute would share them.
    #[must_use]
    pub fn short(&self) -> String {
        self.0.simple().to_string()[24..].to_owned()
    }
}

uuid_id!(
    /// A restore set: UUIDv5 of (caller, idempotency key) where a key is given, else UUIDv7.
    SetId,
    "the id of a restore set (a UUID)"
);

/// The namespace of sets, and of their members (an arbitrary UUID, fixed for ever).
const KEYED_SETS: Uuid = Uuid::from_u128(0x1b5a_93d2_7c11_4d86_a1c4_90e3_57f2_0d6b);

impl SetId {
    /// The id of the set that `caller` submits under an idempotency key: the same for ever.
    #[must_use]
    pub fn keyed(caller: &str, idempotency_key: &str) -> Self {
        Self(keyed(&KEYED_SETS, caller, idempotency_key))
    }

    /// The id of the job of a member, from 0: the same for ever.
    #[must_use]
    pub fn member(&self, n: usize) -> JobId {
        JobId(keyed(&KEYED_SETS, &self.to_string(), &n.to_string()))
    }
}

macro_rules! counter {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// The one after this.
            #[must_use]
            pub fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

counter!(
    /// Fencing token of a job: one more at each claim.
    Epoch
);
counter!(
    /// Number of the wake-up a job expects next.
    Seq
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_has_a_known_first_part_and_one_digit_at_the_end() {
        for good in ["us-east-1", "eu-west-1", "ap-southeast-4", "us-gov-west-1", "il-central-1"] {
            assert!(good.parse::<RegionName>().is_ok(), "{good}");
        }
        for bad in ["mars-north-1", "us-east", "us-east-11", "US-EAST-1", "", "us--1"] {
            assert!(bad.parse::<RegionName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_cluster_id_follows_the_rules_of_rds() {
        for good in ["orders", "a", "orders-prod-2"] {
            assert!(good.parse::<ClusterId>().is_ok(), "{good}");
        }
        for bad in ["9orders", "orders--prod", "orders-", "Orders", "", "orders_prod"] {
            assert!(bad.parse::<ClusterId>().is_err(), "{bad}");
        }
        assert!("a".repeat(64).parse::<ClusterId>().is_err());
    }

    #[test]
    fn one_caller_and_key_give_one_id_and_no_other_pair_gives_it() {
        assert_eq!(JobId::keyed("ci", "k"), JobId::keyed("ci", "k"));
        assert_ne!(JobId::keyed("ci", "k"), JobId::keyed("c", "ik"));
        assert_ne!(JobId::keyed("ci", "k"), JobId::keyed("", "cik"));
    }
}
