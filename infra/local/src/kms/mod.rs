//! AWS KMS: keys with their states, policies and aliases, per account and Region. Nothing is
//! encrypted with them: they are there so that others can be refused what they may not use.

mod key;
mod ops;
mod policy;

pub use key::Manager;
pub use ops::handle;

use crate::error::AwsError;
use key::{Key, State};
use std::collections::BTreeMap;

/// The alias of the key that AWS manages for RDS.
pub const RDS_ALIAS: &str = "alias/aws/rds";

/// An account and a Region.
type Home = (String, String);

/// The keys of one account in one Region.
#[derive(Debug, Clone, Default)]
struct Vault {
    keys: BTreeMap<String, Key>,
    /// Key ids by alias name, `alias/` included.
    aliases: BTreeMap<String, String>,
}

/// All keys of all accounts and Regions.
#[derive(Debug, Clone, Default)]
pub struct Kms {
    vaults: BTreeMap<Home, Vault>,
    changes: u64,
}

/// A key that may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usable {
    /// Its ARN (never that of an alias).
    pub arn: String,
    /// Who made it.
    pub manager: Manager,
}

/// Why a key may not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// There is no such key in the Region.
    NotFound,
    /// It belongs to another account, which does not let this one in.
    Denied,
    /// It is disabled: it may be enabled again.
    Disabled,
    /// It waits for its deletion.
    PendingDeletion,
}

impl Kms {
    /// Puts an enabled key there without a call, or replaces it: with this id, for its own account
    /// and those named. Returns its ARN.
    pub fn add_key(&mut self, account: &str, region: &str, id: &str, users: &[&str]) -> String {
        let home = (account.to_owned(), region.to_owned());
        let mut key = Key::new(&home, id, Manager::Customer);
        key.users.extend(users.iter().map(|user| (*user).to_owned()));
        key.policy = policy::of_accounts(key.users.iter().map(String::as_str));
        let arn = key.arn.clone();
        self.vault(&home).keys.insert(id.to_owned(), key);
        self.changes += 1;
        arn
    }

    /// Disables a key without a call.
    pub fn disable(&mut self, account: &str, region: &str, id: &str) {
        let home = (account.to_owned(), region.to_owned());
        if let Some(key) = self.vault(&home).keys.get_mut(id) {
            key.state = State::Disabled;
            self.changes += 1;
        }
    }

    /// Gives a key a further name (`alias/...`) without a call.
    pub fn add_alias(&mut self, account: &str, region: &str, alias: &str, id: &str) {
        let home = (account.to_owned(), region.to_owned());
        self.vault(&home).aliases.insert(alias.to_owned(), id.to_owned());
    }

    /// The key that an account means in a Region by a key id, an alias, or the ARN of either, if it
    /// may use it.
    ///
    /// # Errors
    /// Why it may not.
    pub fn usable(&mut self, given: &str, account: &str, region: &str) -> Result<Usable, Unusable> {
        let key = self.named(given, account, region).ok_or(Unusable::NotFound)?;
        if !key.admits(account) {
            return Err(Unusable::Denied);
        }
        match key.state {
            State::Enabled => Ok(Usable { arn: key.arn.clone(), manager: key.manager }),
            State::Disabled => Err(Unusable::Disabled),
            State::PendingDeletion { .. } => Err(Unusable::PendingDeletion),
        }
    }

    /// The same for a key named by its ARN, in whatever Region it is.
    ///
    /// # Errors
    /// Why it may not be used.
    pub fn usable_by(&mut self, arn: &str, account: &str) -> Result<Usable, Unusable> {
        let named = Named::parse(arn, account, "");
        self.usable(arn, account, &named.home.1)
    }

    /// What is the matter with a key, whoever may use it: a change of its policy takes nothing away
    /// from what is already under the key.
    pub fn trouble(&mut self, arn: &str) -> Option<Unusable> {
        let owner = Named::parse(arn, "", "").home.0;
        self.usable_by(arn, &owner).err().filter(|trouble| *trouble != Unusable::Denied)
    }

    /// Rises whenever a key is enabled, disabled, deleted or let others in: who remembers it, knows
    /// whether to look again.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The keys of a place; the one that AWS manages for RDS is always there.
    fn vault(&mut self, home: &Home) -> &mut Vault {
        self.vaults.entry(home.clone()).or_insert_with(|| {
            let id = managed_id(home);
            let key = Key::new(home, &id, Manager::Aws);
            Vault {
                keys: BTreeMap::from([(id.clone(), key)]),
                aliases: BTreeMap::from([(RDS_ALIAS.to_owned(), id)]),
            }
        })
    }

    /// The key meant by a name. Only what is in the Region is found.
    fn named(&mut self, given: &str, account: &str, region: &str) -> Option<&mut Key> {
        let named = Named::parse(given, account, region);
        if named.home.1 != region {
            return None;
        }
        let vault = self.vault(&named.home);
        let id = if named.is_alias { vault.aliases.get(named.name)? } else { named.name };
        vault.keys.get_mut(id)
    }

    /// Takes away the keys whose time to be deleted has come, with their aliases.
    fn bury(&mut self, now_ms: i64) {
        for vault in self.vaults.values_mut() {
            vault.keys.retain(|_, key| match key.state {
                State::PendingDeletion { gone_ms } => gone_ms > now_ms,
                State::Enabled | State::Disabled => true,
            });
            let Vault { keys, aliases } = vault;
            aliases.retain(|_, id| keys.contains_key(id));
        }
    }
}

/// What a key is named by: an id or an alias, somewhere.
struct Named<'a> {
    home: Home,
    name: &'a str,
    is_alias: bool,
}

impl<'a> Named<'a> {
    fn parse(given: &'a str, account: &str, region: &str) -> Self {
        let arn = given.strip_prefix("arn:aws:kms:").and_then(|rest| {
            let mut parts = rest.splitn(3, ':');
            Some((parts.next()?, parts.next()?, parts.next()?))
        });
        let (region, account, resource) = arn.unwrap_or((region, account, given));
        let is_alias = resource.starts_with("alias/");
        let name = if arn.is_some() && !is_alias {
            resource.strip_prefix("key/").unwrap_or_default()
        } else {
            resource
        };
        Self { home: (account.to_owned(), region.to_owned()), name, is_alias }
    }
}

/// The id of the key that AWS manages for RDS: made of the place alone, so that no choice of the
/// world depends on whether anybody asked for it.
fn managed_id((account, region): &Home) -> String {
    let bytes = account.bytes().chain([b'/']).chain(region.bytes());
    let fnv = |h: u64, b: u8| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3);
    let high = bytes.fold(0xcbf2_9ce4_8422_2325_u64, fnv);
    uuid(high, high.rotate_left(17))
}

/// An id in the form of key ids.
pub(crate) fn uuid(high: u64, low: u64) -> String {
    let (high, low) = (format!("{high:016x}"), format!("{low:016x}"));
    format!("{}-{}-4{}-8{}-{}", &high[..8], &high[8..12], &high[13..], &low[1..4], &low[4..])
}

fn malformed_policy(text: impl std::fmt::Display) -> AwsError {
    AwsError::new("MalformedPolicyDocumentException", format!("Malformed key policy: {text}"))
}

fn not_found(text: String) -> AwsError {
    AwsError::new("NotFoundException", text)
}

fn validation(text: impl Into<String>) -> AwsError {
    AwsError::new("ValidationException", text)
}

/// The refusal of what AWS does and the local cloud does not.
fn unsupported(what: &str) -> AwsError {
    tracing::error!(what, "the local cloud does not implement this part of KMS");
    let text = format!("the local cloud does not implement {what} of KMS");
    AwsError::new("UnsupportedOperationException", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "eu-west-1";
    const MINE: &str = "111111111111";
    const YOURS: &str = "222222222222";

    #[test]
    fn a_key_is_found_by_id_alias_and_arn_in_its_region_alone() {
        let mut kms = Kms::default();
        let arn = kms.add_key(MINE, HERE, "k", &[]);
        kms.add_alias(MINE, HERE, "alias/mine", "k");
        let alias_arn = format!("arn:aws:kms:{HERE}:{MINE}:alias/mine");
        for given in ["k", "alias/mine", &arn, &alias_arn] {
            assert_eq!(kms.usable(given, MINE, HERE).unwrap().arn, arn, "{given}");
            assert_eq!(kms.usable(given, MINE, "us-east-1"), Err(Unusable::NotFound), "{given}");
        }
        assert_eq!(kms.usable_by(&arn, MINE).unwrap().manager, Manager::Customer);
        assert_eq!(kms.usable("k", YOURS, HERE), Err(Unusable::NotFound));
        assert_eq!(kms.usable(&arn, YOURS, HERE), Err(Unusable::Denied));
        kms.add_key(MINE, HERE, "k", &[YOURS]);
        assert_eq!(kms.usable(&arn, YOURS, HERE).unwrap().arn, arn);
    }

    #[test]
    fn the_key_of_rds_is_always_there_and_for_its_own_account_alone() {
        let mut kms = Kms::default();
        let own = kms.usable(RDS_ALIAS, MINE, HERE).unwrap();
        assert_eq!(own.manager, Manager::Aws);
        assert_eq!(kms.usable(&own.arn, YOURS, HERE), Err(Unusable::Denied));
        assert_ne!(kms.usable(RDS_ALIAS, MINE, "us-east-1").unwrap().arn, own.arn);
        let id = own.arn.rsplit('/').next().unwrap();
        let lengths: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
    }
}
