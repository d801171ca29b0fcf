//! The engines and their versions on offer, and what they demand of each other. Each engine is a
//! table in a file of its own.

mod mysql;
mod postgresql;

use super::describe::Filters;
use super::errors::{invalid_parameter_combination, invalid_parameter_value};
use super::render;
use crate::data_plane::Engine;
use crate::error::AwsError;
use crate::params::Params;
use crate::settings::WorldSettings;
use crate::world::{Answer, Context, Reply};
use crate::xml::Xml;
use mysql::MYSQL;
use postgresql::POSTGRESQL;

/// What an engine allows as a name.
#[derive(Debug)]
pub struct Names {
    /// The most characters.
    pub longest: usize,
    /// Names the engine keeps for itself, in lower case.
    pub reserved: &'static [&'static str],
}

/// One version on offer.
#[derive(Debug, Clone, Copy)]
pub struct Minor {
    /// The whole version.
    pub version: &'static str,
    /// Whether the major version alone means it.
    pub preferred: bool,
}

const fn minor(version: &'static str) -> Minor {
    Minor { version, preferred: false }
}

const fn preferred(version: &'static str) -> Minor {
    Minor { version, preferred: true }
}

/// A major version: its clusters share a parameter group family.
#[derive(Debug)]
pub struct Major {
    /// What it is called.
    pub name: &'static str,
    /// Its versions on offer, oldest first.
    pub minors: &'static [Minor],
}

/// What an engine is called and what it demands.
#[derive(Debug)]
pub struct Description {
    /// Which it is, to the data plane.
    pub engine: Engine,
    /// Its name in requests.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The license model.
    pub license: &'static str,
    /// The port of clusters that name none.
    pub port: u16,
    /// The logs that can be exported.
    pub log_types: &'static [&'static str],
    /// Master user names.
    pub users: Names,
    /// Names of first databases.
    pub databases: Names,
    /// The most characters of a master password.
    pub longest_password: usize,
    /// The database that is always there.
    pub first_database: &'static str,
    /// Whether its clusters can be backtracked.
    pub backtracks: bool,
    /// Its major versions, oldest first.
    pub majors: &'static [Major],
}

const ALL: [&Description; 2] = [&MYSQL, &POSTGRESQL];

/// The description of an engine.
#[must_use]
pub fn of(engine: Engine) -> &'static Description {
    match engine {
        Engine::Postgres => &POSTGRESQL,
        Engine::Mysql => &MYSQL,
    }
}

/// The engine that a version is one of.
#[must_use]
pub fn of_version(version: &str) -> &'static Description {
    if version.contains("mysql") { &MYSQL } else { &POSTGRESQL }
}

/// A version as numbers, for comparison: `16.6` is older than `16.10`.
#[must_use]
pub fn ordinal(version: &str) -> Vec<u32> {
    version.split('.').filter_map(|part| part.parse().ok()).collect()
}

/// The major version of a version: `16` of `16.6`, `8.0` of `8.0.mysql_aurora.3.10.3`.
#[must_use]
pub fn major(version: &str) -> String {
    let parts = match of_version(version).engine {
        Engine::Postgres => 1,
        Engine::Mysql => 2,
    };
    version.split('.').take(parts).collect::<Vec<_>>().join(".")
}

/// The parameter group family of a version.
#[must_use]
pub fn family(version: &str) -> String {
    format!("{}{}", of_version(version).name, major(version))
}

/// All parameter group families.
pub(super) fn families() -> impl Iterator<Item = String> {
    ALL.into_iter().flat_map(|d| d.majors.iter().map(|m| format!("{}{}", d.name, m.name)))
}

impl Description {
    /// The versions on offer, oldest first.
    fn versions(&self) -> impl Iterator<Item = Minor> {
        self.majors.iter().flat_map(|major| major.minors.iter().copied())
    }

    /// The version that an omitted one becomes in the Region.
    fn default_version<'a>(&self, settings: &'a WorldSettings) -> &'a str {
        match self.engine {
            Engine::Postgres => &settings.default_postgres_version,
            Engine::Mysql => &settings.default_mysql_version,
        }
    }
}

/// The engine a request names.
///
/// # Errors
/// `InvalidParameterValue` for any engine but those of Aurora.
pub fn named(given: &str) -> Result<&'static Description, AwsError> {
    let found = ALL.into_iter().find(|d| d.name == given);
    found.ok_or_else(|| invalid_parameter_value(format!("Invalid DB engine: {given}")))
}

/// The version a request means: left out, the Region's default; a major version alone, its
/// preferred minor version.
///
/// # Errors
/// `InvalidParameterCombination` when the engine has no such version.
pub fn resolve(
    engine: &Description,
    given: Option<&str>,
    settings: &WorldSettings,
) -> Result<String, AwsError> {
    let default = engine.default_version(settings);
    let Some(given) = given else { return Ok(default.to_owned()) };
    let means = |v: &Minor| v.version == given || (v.preferred && major(v.version) == given);
    match engine.versions().find(means) {
        Some(found) => Ok(found.version.to_owned()),
        None if given == default => Ok(default.to_owned()),
        None => Err(invalid_parameter_combination(format!(
            "Cannot find version {given} for {}",
            engine.name
        ))),
    }
}

/// Checks that a cluster may go from one version to another of its engine.
///
/// # Errors
/// `InvalidParameterCombination` when the new one is older.
pub fn check_not_older(from: &str, to: &str) -> Result<(), AwsError> {
    if ordinal(to) >= ordinal(from) {
        return Ok(());
    }
    let name = of_version(from).name;
    Err(invalid_parameter_combination(format!("Cannot upgrade {name} from {from} to {to}")))
}

/// Handles `DescribeDBEngineVersions`.
pub(super) fn describe(cx: &mut Context<'_>, params: &Params) -> Answer {
    let filters =
        Filters::read(params, &["engine", "engine-version", "db-parameter-group-family"])?;
    let settings = cx.settings;
    let engines = ALL.into_iter().filter(|d| {
        params.get("Engine").is_none_or(|e| e == d.name) && filters.allows("engine", d.name)
    });
    let found: Vec<_> = engines
        .flat_map(|d| d.versions().map(move |v| (v, d.default_version(settings))))
        .filter(|(v, default)| version_wanted(params, &filters, v, default))
        .map(|(v, _)| v.version)
        .collect();
    cx.record.items = found.len() as u64;
    let members = found.into_iter().map(|v| render::engine_version(v, upgrades(v)));
    Ok(Reply::Xml(Xml::new("DescribeDBEngineVersionsResult").list("DBEngineVersions", members)))
}

fn version_wanted(params: &Params, filters: &Filters, v: &Minor, default: &str) -> bool {
    let (version, family) = (v.version, family(v.version));
    let given = params.get("EngineVersion");
    let default_here = match given {
        Some(given) if given == major(version) => v.preferred,
        _ => version == default,
    };
    given.is_none_or(|given| version == given || major(version) == given)
        && params.get("DBParameterGroupFamily").is_none_or(|f| f == family)
        && filters.allows("engine-version", version)
        && filters.allows("db-parameter-group-family", &family)
        && (params.flag("DefaultOnly") != Some(true) || default_here)
}

fn upgrades(from: &str) -> impl Iterator<Item = &'static str> {
    let oldest = ordinal(from);
    of_version(from).versions().map(|v| v.version).filter(move |v| ordinal(v) > oldest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_omitted_version_is_the_default_of_the_region() {
        let settings = WorldSettings {
            default_postgres_version: "15.10".into(),
            default_mysql_version: "8.0.mysql_aurora.3.04.4".into(),
            ..WorldSettings::default()
        };
        assert_eq!(resolve(&POSTGRESQL, None, &settings).unwrap(), "15.10");
        assert_eq!(resolve(&MYSQL, None, &settings).unwrap(), "8.0.mysql_aurora.3.04.4");
    }

    #[test]
    fn a_major_version_alone_means_its_preferred_minor_version() {
        let settings = WorldSettings::default();
        let version = |engine, given| resolve(engine, Some(given), &settings);
        assert_eq!(version(&POSTGRESQL, "17").unwrap(), "17.4");
        assert_eq!(version(&POSTGRESQL, "16.9").unwrap(), "16.9");
        assert_eq!(version(&MYSQL, "8.0").unwrap(), "8.0.mysql_aurora.3.10.3");
        for (engine, unknown) in [(&POSTGRESQL, "9.6"), (&MYSQL, "5.7"), (&MYSQL, "16.6")] {
            let refusal = version(engine, unknown).unwrap_err();
            assert_eq!(refusal.code, "InvalidParameterCombination");
        }
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(check_not_older("16.6", "16.10").is_ok());
        assert!(check_not_older("16.6", "16.6").is_ok());
        assert!(check_not_older("16.6", "15.13").is_err());
        let (old, new) = ("8.0.mysql_aurora.3.09.0", "8.0.mysql_aurora.3.10.0");
        assert!(check_not_older(old, new).is_ok());
        assert!(check_not_older(new, old).is_err());
    }

    #[test]
    fn every_default_version_is_on_offer() {
        let settings = WorldSettings::default();
        for engine in ALL {
            let default = engine.default_version(&settings);
            assert!(engine.versions().any(|v| v.version == default), "{default}");
        }
    }

    #[test]
    fn every_major_version_has_one_preferred_minor_version_and_a_family_of_its_own() {
        for (engine, major) in ALL.iter().flat_map(|d| d.majors.iter().map(move |m| (d, m))) {
            assert_eq!(major.minors.iter().filter(|v| v.preferred).count(), 1, "{major:?}");
            for version in major.minors {
                assert_eq!(family(version.version), format!("{}{}", engine.name, major.name));
            }
        }
        assert_eq!(family("8.0.mysql_aurora.3.10.3"), "aurora-mysql8.0");
    }
}
