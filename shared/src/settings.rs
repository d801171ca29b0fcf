//! Settings: from a file (TOML) and the environment (`AURORA_RESTORE_...`), the environment first.
//! All faults at once; each default with its reason.

use crate::fault::{Fault, Faults, Reader, read_all};
use crate::ids::{AccountId, RegionName};
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde_json::Value;
use std::path::Path;

/// The prefix of all settings in the environment.
pub const ENV_PREFIX: &str = "AURORA_RESTORE_";

/// Settings that every process of the project has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Common {
    /// Endpoint of the local cloud; none: AWS itself.
    pub endpoint: Option<String>,
    /// Home Region: table, and queues unless a request names another.
    pub region: RegionName,
    /// Name of the table.
    pub table: String,
    /// What the names of the queues begin with.
    pub queue_prefix: String,
    /// The account that a process is in the local cloud (only used with an endpoint).
    pub local_account: AccountId,
}

/// The fields of [`Common`].
pub const COMMON_FIELDS: [&str; 5] =
    ["endpoint", "region", "table", "queue_prefix", "local_account"];

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
        let name = |field: &str| r.field(field).optional(|r| r.short_text(64));
        Some(Self {
            endpoint,
            region: region?,
            table: name("table").unwrap_or_else(|| "aurora-restore".into()),
            queue_prefix: name("queue_prefix").unwrap_or_else(|| "aurora-restore".into()),
            local_account: local_account?,
        })
    }
}

impl Default for Common {
    fn default() -> Self {
        Self {
            endpoint: None,
            region: DEFAULT_REGION.parse().expect("the default Region is one"),
            table: "aurora-restore".into(),
            queue_prefix: "aurora-restore".into(),
            local_account: DEFAULT_LOCAL_ACCOUNT.parse().expect("the default account is one"),
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
}
