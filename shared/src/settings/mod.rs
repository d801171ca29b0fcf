//! Settings: from a file (TOML) and the environment (`AURORA_RESTORE_...`), the environment first.
//! All faults at once; each default with its reason.

mod accounts;
mod protected;
mod webhooks;

pub use accounts::Account;
pub use protected::Protected;
pub use webhooks::WebhookSettings;

use crate::fault::{Fault, Faults, Reader, read_all};
use crate::ids::{AccountId, InvalidName, RegionName};
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The prefix of all settings in the environment.
pub const ENV_PREFIX: &str = "AURORA_RESTORE_";

/// Settings that every process of the project has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Common {
    /// Endpoint of the local cloud; none: AWS itself.
    pub endpoint: Option<String>,
    /// Home Region: where the table is.
    pub region: RegionName,
    /// Regions whose queues are served and whose due jobs are dispatched: that of the target is a
    /// job's. At least one; the home Region unless settings say otherwise.
    pub regions: Vec<RegionName>,
    /// Name of the table.
    pub table: String,
    /// What the names of the queues begin with.
    pub queue_prefix: String,
    /// The account that a process is in the local cloud (only used with an endpoint).
    pub local_account: AccountId,
    /// The accounts that may be worked in; the home account may be left out.
    pub accounts: BTreeMap<AccountId, Account>,
    /// Targets that a swap replaces only with an approval.
    pub protected: Protected,
    /// Whether snapshots under the key that AWS owns (`sse-rds`) may be shared with other accounts:
    /// AWS documents too little of it to rely on.
    pub allow_sse_rds_sharing: bool,
    /// Who may be told by webhook.
    pub webhooks: WebhookSettings,
}

/// The fields of [`Common`].
pub const COMMON_FIELDS: [&str; 10] = [
    "endpoint",
    "region",
    "regions",
    "table",
    "queue_prefix",
    "local_account",
    "accounts",
    "protected",
    "allow_sse_rds_sharing",
    "webhooks",
];

/// Variables with the project's prefix that are no settings of a process.
const OTHER_VARIABLES: [&str; 3] = ["config", "local_data", "skip_postgres"];

/// The Region when neither settings nor AWS's own variables name one.
const DEFAULT_REGION: &str = "us-east-1";

/// The account of the local cloud's example.
const DEFAULT_LOCAL_ACCOUNT: &str = "111111111111";

impl Common {
    /// Reads them.
    pub fn read(r: &Reader<'_>) -> Option<Self> {
        let endpoint = r.field("endpoint").optional(|r| {
            let text = r.short_text(512)?;
            let good = text.starts_with("http://") || text.starts_with("https://");
            if !good {
                r.fault(format!("is {text:?}"), "must be a URL such as \"http://127.0.0.1:4566\"");
            }
            good.then_some(text)
        });
        let region = if r.field("region").is_given() {
            r.field("region").parsed()
        } else {
            DEFAULT_REGION.parse().ok()
        };
        let local_account = if r.field("local_account").is_given() {
            // Twelve digits in the environment are read as a number.
            let raw = r.field("local_account").raw().map(|v| v.to_string().replace('"', ""));
            raw.and_then(|text| text.parse().ok()).or_else(|| r.field("local_account").parsed())
        } else {
            DEFAULT_LOCAL_ACCOUNT.parse().ok()
        };
        let regions = regions(&r.field("regions"), region.as_ref());
        let accounts = accounts::read(&r.field("accounts"));
        let protected = Protected::read(&r.field("protected"));
        let webhooks = WebhookSettings::read(&r.field("webhooks"));
        let allow_sse_rds_sharing = r.field("allow_sse_rds_sharing").optional(Reader::flag);
        let name = |field: &str| r.field(field).optional(|r| r.short_text(64));
        Some(Self {
            endpoint,
            region: region?,
            regions,
            table: name("table").unwrap_or_else(|| "aurora-restore".into()),
            queue_prefix: name("queue_prefix").unwrap_or_else(|| "aurora-restore".into()),
            local_account: local_account?,
            accounts,
            protected,
            allow_sse_rds_sharing: allow_sse_rds_sharing.unwrap_or(false),
            webhooks,
        })
    }

    /// Where resources may be watched: every account that may be worked in, in every Region that is
    /// allowed there; where all are, in those that are served.
    #[must_use]
    pub fn watched_places(&self, home: &AccountId) -> BTreeSet<(AccountId, RegionName)> {
        let everywhere = Account::default();
        let accounts = self.accounts.iter().chain([(home, &everywhere)]);
        let places = accounts.flat_map(|(id, account)| {
            let is_open = account.regions.is_empty();
            let regions = if is_open { &self.regions } else { &account.regions };
            regions.iter().map(|region| (id.clone(), region.clone()))
        });
        places.collect()
    }
}

/// The Regions served: a list, or (from the environment) a text with commas; the home Region where
/// nothing is said.
fn regions(r: &Reader<'_>, home: Option<&RegionName>) -> Vec<RegionName> {
    match r.raw() {
        None => home.into_iter().cloned().collect(),
        Some(Value::String(_)) => {
            let Regions(regions) = r.parsed().unwrap_or_default();
            r.no_twins(regions.iter().map(RegionName::as_str));
            regions
        }
        Some(_) => accounts::some_regions(r),
    }
}

/// Region names with commas between them.
#[derive(Default)]
struct Regions(Vec<RegionName>);

impl std::str::FromStr for Regions {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        text.split(',').map(|name| name.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

impl Default for Common {
    fn default() -> Self {
        let region: RegionName = DEFAULT_REGION.parse().expect("the default Region is one");
        Self {
            endpoint: None,
            regions: vec![region.clone()],
            region,
            table: "aurora-restore".into(),
            queue_prefix: "aurora-restore".into(),
            local_account: DEFAULT_LOCAL_ACCOUNT.parse().expect("the default account is one"),
            accounts: BTreeMap::new(),
            protected: Protected::default(),
            allow_sse_rds_sharing: false,
            webhooks: WebhookSettings::default(),
        }
    }
}

/// Where settings come from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    figment: Figment,
}

impl Sources {
    /// A file, when one is named, then the environment. `AWS_REGION` and `AWS_ENDPOINT_URL` count
    /// where the project's own variables are not set.
    #[must_use]
    pub fn file_and_environment(file: Option<&Path>) -> Self {
        let aws = Env::raw().only(&["AWS_REGION", "AWS_ENDPOINT_URL"]).map(|key| {
            let region = key.as_str().eq_ignore_ascii_case("AWS_REGION");
            if region { "region".into() } else { "endpoint".into() }
        });
        let mut figment = Figment::new().merge(aws);
        if let Some(file) = file {
            figment = figment.merge(Toml::file_exact(file));
        }
        let figment = figment.merge(Env::prefixed(ENV_PREFIX));
        Self { figment }
    }

    /// The same with one more setting, above all others (a command-line flag).
    #[must_use]
    pub fn with(mut self, name: &str, value: impl serde::Serialize) -> Self {
        self.figment = self.figment.merge((name, value));
        self
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`Faults`]: all of them, unknown names included.
    pub fn read<T>(&self, read: impl FnOnce(&Reader<'_>) -> Option<T>) -> Result<T, Faults> {
        let mut value: Value = self.figment.extract().map_err(|e| unreadable(&e))?;
        if let Value::Object(map) = &mut value {
            map.retain(|name, _| !OTHER_VARIABLES.contains(&name.as_str()));
        }
        read_all(&value, read)
    }
}

fn unreadable(error: &figment::Error) -> Faults {
    let fix =
        "settings come from the file that --config names and from AURORA_RESTORE_... variables";
    let fault = |e: figment::Error| Fault {
        path: e.path.join("."),
        problem: format!("could not be read: {}", e.kind),
        fix: fix.to_owned(),
    };
    Faults(error.clone().into_iter().map(fault).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::read_all;
    use serde_json::json;

    #[test]
    fn all_faults_of_the_settings_are_named_at_once() {
        let value = json!({ "endpoint": "ftp://x", "region": "mars-1", "local_account": 12 });
        let faults = read_all(&value, Common::read).unwrap_err();
        let paths: Vec<&str> = faults.0.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(paths, ["endpoint", "region", "local_account"]);
    }

    #[test]
    fn without_settings_there_are_defaults() {
        assert_eq!(read_all(&json!({}), Common::read).unwrap(), Common::default());
    }

    #[test]
    fn the_home_region_is_served_unless_others_are_named() {
        let served = |value: Value| {
            let common = read_all(&value, Common::read).unwrap();
            common.regions.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(served(json!({ "region": "eu-west-1" })), ["eu-west-1"]);
        let two = ["us-east-1", "eu-west-1"];
        assert_eq!(served(json!({ "regions": two })), two);
        assert_eq!(served(json!({ "regions": "us-east-1, eu-west-1" })), two);
        for wrong in [json!([]), json!("us-east-1,"), json!(["us-east-1", "us-east-1"]), json!(7)] {
            let faults = read_all(&json!({ "regions": wrong }), Common::read).unwrap_err();
            assert_eq!(faults.0[0].path, "regions", "{faults}");
        }
    }

    #[test]
    fn the_environment_can_name_regions_and_a_file_accounts() {
        let file = r#"
            regions = ["us-east-1", "eu-west-1"]
            allow_sse_rds_sharing = true
            [accounts.222222222222]
            role = "arn:aws:iam::222222222222:role/aurora-restore"
            external_id = "restore-staging"
            [accounts.222222222222.copy_keys]
            eu-west-1 = "arn:aws:kms:eu-west-1:222222222222:key/k"
            [protected]
            clusters = ["*-prod"]
            tags = ["env=production"]
        "#;
        let figment = Figment::new().merge(Toml::string(file));
        let common = Sources { figment }.read(Common::read).unwrap();
        assert_eq!((common.regions.len(), common.accounts.len()), (2, 1));
        assert!(common.allow_sse_rds_sharing);
        assert_eq!(common.protected.clusters, ["*-prod"]);
        let listed = Sources::default().with("regions", "us-east-1,eu-west-1");
        assert_eq!(listed.read(Common::read).unwrap().regions, common.regions);
    }

    #[test]
    fn places_are_watched_where_the_fleet_may_work() {
        let value = json!({
            "regions": ["us-east-1"],
            "accounts": { "222222222222": { "regions": ["eu-west-1"] }, "333333333333": {} },
        });
        let common = read_all(&value, Common::read).unwrap();
        let places = common.watched_places(&common.local_account);
        let places: Vec<_> = places.iter().map(|(a, r)| format!("{a} {r}")).collect();
        let expected =
            ["111111111111 us-east-1", "222222222222 eu-west-1", "333333333333 us-east-1"];
        assert_eq!(places, expected);
    }
}
