//! The engine versions on offer, and what they demand of each other.

use super::describe::Filters;
use super::errors::{invalid_parameter_combination, invalid_parameter_value};
use super::render;
use crate::error::AwsError;
use crate::params::Params;
use crate::settings::WorldSettings;
use crate::world::{Answer, Context, Reply};
use crate::xml::Xml;

/// The engine name of Aurora PostgreSQL.
pub const AURORA_POSTGRESQL: &str = "aurora-postgresql";

/// Versions of Aurora PostgreSQL by major version, oldest first; the flag marks the minor version
/// that a bare major version stands for.
const POSTGRESQL: [(u32, &[(u32, bool)]); 4] = [
    (14, &[(12, false), (15, true), (18, false)]),
    (15, &[(7, false), (10, true), (13, false)]),
    (16, &[(4, false), (6, true), (8, false), (9, false)]),
    (17, &[(4, true), (5, false)]),
];

/// A version as numbers, for comparison: `16.6` is older than `16.10`.
#[must_use]
pub fn ordinal(version: &str) -> (u32, u32) {
    let mut parts = version.split('.').map(|p| p.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

/// The parameter group family of a version.
#[must_use]
pub fn family(version: &str) -> String {
    format!("{AURORA_POSTGRESQL}{}", ordinal(version).0)
}

/// All parameter group families.
pub(super) fn families() -> impl Iterator<Item = String> {
    POSTGRESQL.iter().map(|(major, _)| format!("{AURORA_POSTGRESQL}{major}"))
}

/// The versions on offer, oldest first, each with whether its major version alone means it.
fn versions() -> impl Iterator<Item = (String, bool)> {
    let minors = |&(major, minors): &(u32, &'static [(u32, bool)])| {
        minors.iter().map(move |(minor, preferred)| (format!("{major}.{minor}"), *preferred))
    };
    POSTGRESQL.iter().flat_map(minors)
}

/// Checks the engine name of a request.
///
/// # Errors
/// `InvalidParameterValue` for any engine but Aurora PostgreSQL.
pub fn check_engine(given: &str) -> Result<(), AwsError> {
    if given == AURORA_POSTGRESQL {
        return Ok(());
    }
    Err(invalid_parameter_value(format!("Invalid DB engine: {given}")))
}

/// The version a request means: left out, the Region's default; a major version alone, its
/// preferred minor version.
///
/// # Errors
/// `InvalidParameterCombination` when there is no such version.
pub fn resolve(given: Option<&str>, settings: &WorldSettings) -> Result<String, AwsError> {
    let default = &settings.default_postgres_version;
    let Some(given) = given else { return Ok(default.clone()) };
    let major_alone = |v: &str| v.split('.').next() == Some(given);
    let known = versions().find(|(v, preferred)| v == given || (*preferred && major_alone(v)));
    match known {
        Some((version, _)) => Ok(version),
        None if given == default => Ok(default.clone()),
        None => Err(invalid_parameter_combination(format!(
            "Cannot find version {given} for {AURORA_POSTGRESQL}"
        ))),
    }
}

/// Checks that a cluster may go from one version to another.
///
/// # Errors
/// `InvalidParameterCombination` when the new one is older.
pub fn check_not_older(from: &str, to: &str) -> Result<(), AwsError> {
    if ordinal(to) >= ordinal(from) {
        return Ok(());
    }
    Err(invalid_parameter_combination(format!(
        "Cannot upgrade {AURORA_POSTGRESQL} from {from} to {to}"
    )))
}

/// Handles `DescribeDBEngineVersions`.
pub(super) fn describe(cx: &mut Context<'_>, params: &Params) -> Answer {
    let filters =
        Filters::read(params, &["engine", "engine-version", "db-parameter-group-family"])?;
    let default = cx.settings.default_postgres_version.as_str();
    let default_only = params.flag("DefaultOnly") == Some(true);
    let version = params.get("EngineVersion");
    let wanted = |(v, preferred): &(String, bool)| {
        let default_here = match version {
            Some(given) if !given.contains('.') => *preferred,
            _ => v == default,
        };
        version.is_none_or(|given| v == given || v.split('.').next() == Some(given))
            && params.get("DBParameterGroupFamily").is_none_or(|f| f == family(v))
            && filters.allows("engine-version", v)
            && filters.allows("db-parameter-group-family", &family(v))
            && (!default_only || default_here)
    };
    let engine_wanted = params.get("Engine").is_none_or(|e| e == AURORA_POSTGRESQL)
        && filters.allows("engine", AURORA_POSTGRESQL);
    let found: Vec<_> = versions().filter(|v| engine_wanted && wanted(v)).collect();
    cx.record.items = found.len() as u64;
    let members = found.iter().map(|(v, _)| render::engine_version(v, upgrades(v)));
    Ok(Reply::Xml(Xml::new("DescribeDBEngineVersionsResult").list("DBEngineVersions", members)))
}

fn upgrades(from: &str) -> impl Iterator<Item = String> {
    let from = ordinal(from);
    versions().map(|(v, _)| v).filter(move |v| ordinal(v) > from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_omitted_version_is_the_default_of_the_region() {
        let settings =
            WorldSettings { default_postgres_version: "15.10".into(), ..WorldSettings::default() };
        assert_eq!(resolve(None, &settings).unwrap(), "15.10");
    }

    #[test]
    fn a_major_version_alone_means_its_preferred_minor_version() {
        let settings = WorldSettings::default();
        assert_eq!(resolve(Some("17"), &settings).unwrap(), "17.4");
        assert_eq!(resolve(Some("16.9"), &settings).unwrap(), "16.9");
        let refusal = resolve(Some("9.6"), &settings).unwrap_err();
        assert_eq!(refusal.code, "InvalidParameterCombination");
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(check_not_older("16.6", "16.10").is_ok());
        assert!(check_not_older("16.6", "16.6").is_ok());
        assert!(check_not_older("16.6", "15.13").is_err());
    }

    #[test]
    fn every_major_version_has_one_preferred_minor_version() {
        for (major, minors) in POSTGRESQL {
            assert_eq!(minors.iter().filter(|(_, p)| *p).count(), 1, "{major}");
        }
    }
}
