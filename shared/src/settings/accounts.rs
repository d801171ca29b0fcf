//! The accounts that a fleet may work in besides its own, and the rights it takes there.

use crate::fault::Reader;
use crate::ids::{AccountId, RegionName};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// One account that the fleet may work in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// ARN of the role to assume there; none: only the home account can do without.
    pub role: Option<String>,
    /// What the role's trust policy wants to hear: it keeps others who trust the same hub apart.
    pub external_id: Option<String>,
    /// The Regions the fleet may work in; empty: all.
    pub regions: Vec<RegionName>,
    /// By Region, the customer key under which snapshot copies are made there.
    pub copy_keys: BTreeMap<RegionName, String>,
    /// By Region, the security groups that only workers can reach: attached while data is not
    /// masked yet.
    pub closed_security_groups: BTreeMap<RegionName, Vec<String>>,
}

const FIELDS: [&str; 5] = ["role", "external_id", "regions", "copy_keys", "closed_security_groups"];

/// STS takes external ids of so many characters (API AssumeRole).
const EXTERNAL_ID: RangeInclusive<usize> = 2..=1_224;

impl Account {
    /// Whether the fleet may work in a Region of this account.
    #[must_use]
    pub fn allows(&self, region: &RegionName) -> bool {
        self.regions.is_empty() || self.regions.contains(region)
    }
}

/// Reads the table of accounts.
pub(super) fn read(r: &Reader<'_>) -> BTreeMap<AccountId, Account> {
    let pair = |(name, r): (&str, Reader<'_>)| {
        let id = match name.parse::<AccountId>() {
            Ok(id) => Some(id),
            Err(e) => {
                r.fault("is no account", format!("its name {e}"));
                None
            }
        };
        let account = account(&r, id.as_ref());
        Some((id?, account?))
    };
    r.members().into_iter().filter_map(pair).collect()
}

fn account(r: &Reader<'_>, id: Option<&AccountId>) -> Option<Account> {
    r.object(&FIELDS)?;
    let regions = some_regions(&r.field("regions"));
    let account = Account {
        role: r.field("role").optional(|r| role(r, id)),
        external_id: r.field("external_id").optional(external_id),
        copy_keys: by_region(&r.field("copy_keys"), &regions, copy_key),
        closed_security_groups: by_region(&r.field("closed_security_groups"), &regions, |r, _| {
            security_groups(r)
        }),
        regions,
    };
    Some(account)
}

/// A list of Regions that names at least one, where it is given at all.
pub(super) fn some_regions(r: &Reader<'_>) -> Vec<RegionName> {
    let regions: Vec<RegionName> = r.list(Reader::parsed);
    if r.raw().and_then(|v| v.as_array()).is_some_and(Vec::is_empty) {
        r.fault("is empty", "name at least one Region, or leave it out");
    }
    r.no_twins(regions.iter().map(RegionName::as_str));
    regions
}

/// What is said of single Regions, each of which must be allowed.
fn by_region<T>(
    r: &Reader<'_>,
    allowed: &[RegionName],
    read: impl Fn(&Reader<'_>, &RegionName) -> Option<T>,
) -> BTreeMap<RegionName, T> {
    let pair = |(name, r): (&str, Reader<'_>)| {
        let region: RegionName = match name.parse() {
            Ok(region) => region,
            Err(e) => {
                r.fault("is no Region", format!("its name {e}"));
                return None;
            }
        };
        if !allowed.is_empty() && !allowed.contains(&region) {
            r.fault("is of a Region that is not allowed here", "add it to \"regions\" above");
        }
        let value = read(&r, &region)?;
        Some((region, value))
    };
    r.members().into_iter().filter_map(pair).collect()
}

/// Partition, service, Region, account and the rest of an ARN.
fn arn(text: &str) -> Option<[&str; 5]> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, service, region, account, rest] = parts.as_slice() else { return None };
    let good = partition.starts_with("aws") && !rest.is_empty();
    good.then_some([*partition, *service, *region, *account, *rest])
}

fn role(r: &Reader<'_>, id: Option<&AccountId>) -> Option<String> {
    let text = r.short_text(2_048)?;
    let rule = "must be the ARN of a role of this account, such as \
        \"arn:aws:iam::222222222222:role/aurora-restore\"";
    let good = match arn(&text) {
        Some([_, "iam", "", account, name]) => {
            let is_here = id.is_none_or(|id| id.as_str() == account);
            is_here && name.strip_prefix("role/").is_some_and(|name| !name.is_empty())
        }
        _ => false,
    };
    if !good {
        r.fault(format!("is {text:?}"), rule);
    }
    good.then_some(text)
}

fn external_id(r: &Reader<'_>) -> Option<String> {
    let text = r.text()?;
    let known = |c: char| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c);
    let good = EXTERNAL_ID.contains(&text.chars().count()) && text.chars().all(known);
    if !good {
        r.fault(
            "is not an external id",
            "must have 2 to 1224 letters, digits and characters of _+=,.@:/-",
        );
    }
    good.then_some(text)
}

fn copy_key(r: &Reader<'_>, region: &RegionName) -> Option<String> {
    let text = r.short_text(2_048)?;
    let good = match arn(&text) {
        Some([_, "kms", there, account, name]) => {
            let is_key = name.starts_with("key/") || name.starts_with("alias/");
            there == region.as_str() && account.parse::<AccountId>().is_ok() && is_key
        }
        _ => false,
    };
    if !good {
        r.fault(format!("is {text:?}"), format!("must be the ARN of a KMS key in {region}"));
    }
    good.then_some(text)
}

fn security_groups(r: &Reader<'_>) -> Option<Vec<String>> {
    let group = |r: &Reader<'_>| {
        let text = r.short_text(64)?;
        let digits = text.strip_prefix("sg-").unwrap_or_default();
        let good = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_alphanumeric());
        if !good {
            r.fault(format!("is {text:?}"), "must be a security group, such as \"sg-0123abcd\"");
        }
        good.then_some(text)
    };
    let groups = r.list(group);
    if r.raw().and_then(|v| v.as_array()).is_some_and(Vec::is_empty) {
        r.fault("is empty", "name at least one security group, or leave it out");
    }
    Some(groups)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::read_all;
    use serde_json::{Value, json};

    fn read_accounts(value: &Value) -> Result<BTreeMap<AccountId, Account>, Vec<String>> {
        let read = read_all(value, |r| Some(read(&r.field("accounts"))));
        read.map_err(|faults| faults.0.into_iter().map(|f| f.path).collect())
    }

    #[test]
    fn an_account_says_its_role_its_regions_its_keys_and_its_closed_groups() {
        let key = "arn:aws:kms:eu-west-1:222222222222:key/0b8e6a0e";
        let accounts = read_accounts(&json!({ "accounts": { "222222222222": {
            "role": "arn:aws:iam::222222222222:role/aurora-restore",
            "external_id": "restore-staging",
            "regions": ["us-east-1", "eu-west-1"],
            "copy_keys": { "eu-west-1": key },
            "closed_security_groups": { "eu-west-1": ["sg-0123456789abcdef0"] },
        } } }))
        .unwrap();
        let spoke = &accounts[&"222222222222".parse().unwrap()];
        let (ireland, frankfurt) = ("eu-west-1".parse().unwrap(), "eu-central-1".parse().unwrap());
        assert_eq!(spoke.role.as_deref(), Some("arn:aws:iam::222222222222:role/aurora-restore"));
        assert_eq!(spoke.external_id.as_deref(), Some("restore-staging"));
        assert_eq!(spoke.copy_keys[&ireland], key);
        assert_eq!(spoke.closed_security_groups[&ireland], ["sg-0123456789abcdef0"]);
        assert!(spoke.allows(&ireland) && !spoke.allows(&frankfurt));
    }

    #[test]
    fn without_regions_all_are_allowed_and_without_accounts_there_are_none() {
        let accounts = read_accounts(&json!({ "accounts": { "222222222222": {} } })).unwrap();
        assert!(accounts.values().all(|a| a.allows(&"sa-east-1".parse().unwrap())));
        assert_eq!(read_accounts(&json!({})), Ok(BTreeMap::new()));
    }

    #[test]
    fn everything_that_is_wrong_with_an_account_is_named_at_once() {
        let paths = read_accounts(&json!({ "accounts": {
            "222222222222": {
                "role": "arn:aws:iam::333333333333:role/aurora-restore",
                "external_id": "x",
                "regions": ["us-east-1"],
                "copy_keys": { "eu-west-1": "arn:aws:kms:us-east-1:222222222222:key/k" },
                "closed_security_groups": { "mars-1": [], "us-east-1": ["default"] },
                "colour": "blue",
            },
            "4444": { "regions": [] },
        } }))
        .unwrap_err();
        let there = |path: &str| paths.iter().any(|p| p == path);
        for path in [
            "accounts.222222222222.colour",
            "accounts.222222222222.role",
            "accounts.222222222222.external_id",
            "accounts.222222222222.copy_keys.eu-west-1",
            "accounts.222222222222.closed_security_groups.mars-1",
            "accounts.222222222222.closed_security_groups.us-east-1[0]",
            "accounts.4444",
            "accounts.4444.regions",
        ] {
            assert!(there(path), "{path} is missing in {paths:?}");
        }
    }

    #[test]
    fn a_role_must_be_a_role_of_the_account() {
        let good = |role: &str| {
            let value = json!({ "accounts": { "222222222222": { "role": role } } });
            read_accounts(&value).is_ok()
        };
        assert!(good("arn:aws:iam::222222222222:role/path/aurora-restore"));
        assert!(good("arn:aws-cn:iam::222222222222:role/aurora-restore"));
        for bad in [
            "aurora-restore",
            "arn:aws:iam::222222222222:user/fleet",
            "arn:aws:iam::222222222222:role/",
            "arn:aws:iam::111111111111:role/aurora-restore",
            "arn:aws:sts::222222222222:role/aurora-restore",
        ] {
            assert!(!good(bad), "{bad}");
        }
    }
}
