//! Names: identifiers and their rules, ARNs, resource ids, host names.

use super::engines::Description;
use super::errors::invalid_parameter_value;
use super::model::Place;
use crate::error::AwsError;

const BASE36: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// What an ARN of RDS can name here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A DB cluster.
    Cluster,
    /// A DB instance.
    Instance,
    /// A DB cluster snapshot.
    Snapshot,
    /// A DB subnet group.
    SubnetGroup,
    /// A DB cluster parameter group.
    ParameterGroup,
}

impl Kind {
    const ALL: [Kind; 5] =
        [Kind::Cluster, Kind::Instance, Kind::Snapshot, Kind::SubnetGroup, Kind::ParameterGroup];

    fn as_str(self) -> &'static str {
        match self {
            Kind::Cluster => "cluster",
            Kind::Instance => "db",
            Kind::Snapshot => "cluster-snapshot",
            Kind::SubnetGroup => "subgrp",
            Kind::ParameterGroup => "cluster-pg",
        }
    }
}

/// A parsed ARN of RDS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arn {
    /// Account and Region.
    pub place: Place,
    /// What it names.
    pub kind: Kind,
    /// The identifier.
    pub identifier: String,
}

impl Arn {
    /// Reads an ARN; `None` when it is not one of RDS.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:aws:rds:")?.splitn(4, ':');
        let region = parts.next()?.to_owned();
        let account = parts.next()?.to_owned();
        let word = parts.next()?;
        let kind = Kind::ALL.into_iter().find(|k| k.as_str() == word)?;
        let identifier = parts.next()?.to_ascii_lowercase();
        Some(Self { place: Place { account, region }, kind, identifier })
    }
}

/// Writes an ARN.
#[must_use]
pub fn arn(place: &Place, kind: Kind, identifier: &str) -> String {
    format!("arn:aws:rds:{}:{}:{}:{identifier}", place.region, place.account, kind.as_str())
}

/// The identifier meant by an identifier or an ARN, as seen from a place; `None` when the ARN
/// names something elsewhere or of another kind.
#[must_use]
pub fn local(place: &Place, kind: Kind, given: &str) -> Option<String> {
    if !given.starts_with("arn:") {
        return Some(given.to_ascii_lowercase());
    }
    Arn::parse(given).filter(|a| a.place == *place && a.kind == kind).map(|a| a.identifier)
}

/// Checks an identifier for something new; returns it in lower case, as AWS stores it.
///
/// # Errors
/// `InvalidParameterValue` when it breaks the rules.
pub fn identifier(parameter: &str, given: &str) -> Result<String, AwsError> {
    let known = given.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let starts_well = given.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    let hyphens_well = !given.ends_with('-') && !given.contains("--");
    if known && starts_well && hyphens_well && given.len() <= 63 {
        return Ok(given.to_ascii_lowercase());
    }
    Err(invalid_parameter_value(format!(
        "The parameter {parameter} is not a valid identifier. Identifiers must begin with a \
         letter; must contain only ASCII letters, digits, and hyphens; must not end with a hyphen \
         or contain two consecutive hyphens; and must have 1 to 63 characters."
    )))
}

/// Checks a master password.
///
/// # Errors
/// `InvalidParameterValue` when it is too short, too long or has a character that is not allowed.
pub fn master_password(engine: &Description, given: &str) -> Result<String, AwsError> {
    let allowed = |c: char| c.is_ascii_graphic() && !matches!(c, '/' | '@' | '"');
    if !given.chars().all(allowed) {
        return Err(invalid_parameter_value(
            "The parameter MasterUserPassword is not a valid password. Only printable ASCII \
             characters besides '/', '@', '\"', ' ' may be used.",
        ));
    }
    if !(8..=engine.longest_password).contains(&given.len()) {
        return Err(invalid_parameter_value(format!(
            "The parameter MasterUserPassword is not a valid password because it is shorter than \
             8 characters or longer than {}.",
            engine.longest_password
        )));
    }
    Ok(given.to_owned())
}

/// Checks a master user name.
///
/// # Errors
/// `InvalidParameterValue` when it breaks the rules or is reserved.
pub fn master_username(engine: &Description, given: &str) -> Result<String, AwsError> {
    let known = given.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let starts_well = given.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    if !known || !starts_well || given.len() > engine.users.longest {
        let text = "The parameter MasterUsername is not a valid user name.";
        return Err(invalid_parameter_value(text));
    }
    if engine.users.reserved.contains(&given.to_ascii_lowercase().as_str()) {
        return Err(invalid_parameter_value(format!(
            "MasterUsername {given} cannot be used as it is a reserved word used by the engine"
        )));
    }
    Ok(given.to_owned())
}

/// Checks the name of a cluster's first database.
///
/// # Errors
/// `InvalidParameterValue` when it breaks the rules or is reserved.
pub fn database(engine: &Description, given: &str) -> Result<String, AwsError> {
    let known = given.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let starts_well = given.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    if !known || !starts_well || given.len() > engine.databases.longest {
        return Err(invalid_parameter_value(
            "DatabaseName must begin with a letter or an underscore and contain only letters, \
             digits and underscores.",
        ));
    }
    if engine.databases.reserved.contains(&given.to_ascii_lowercase().as_str()) {
        return Err(invalid_parameter_value(format!(
            "DatabaseName {given} cannot be used as it is a reserved word used by the engine"
        )));
    }
    Ok(given.to_owned())
}

/// A resource id: `<prefix>-` and 26 upper-case letters and digits.
pub fn resource_id(prefix: &str, rng: &mut fastrand::Rng) -> String {
    let id = (0..26).map(|_| char::from(BASE36[rng.usize(0..36)]).to_ascii_uppercase());
    format!("{prefix}-{}", id.collect::<String>())
}

/// Twelve letters and digits that stand for an account in a Region in host names.
#[must_use]
pub fn host_hash(place: &Place) -> String {
    let bytes = place.account.bytes().chain([b'/']).chain(place.region.bytes());
    let fnv = |h: u64, b: u8| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3);
    let mut hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, fnv);
    let mut out = String::from("c");
    for _ in 0..11 {
        out.push(char::from(BASE36[usize::try_from(hash % 36).unwrap_or(0)]));
        hash /= 36;
    }
    out
}

/// What follows the identifier in the host name of a cluster's writer, of its readers, and of an
/// instance.
#[must_use]
pub fn host_domains(place: &Place) -> [String; 3] {
    let hash = host_hash(place);
    let rest = format!("{hash}.{}.rds.amazonaws.com", place.region);
    [format!("cluster-{rest}"), format!("cluster-ro-{rest}"), rest]
}

#[cfg(test)]
mod tests {
    use super::super::engines;
    use super::*;

    fn place() -> Place {
        Place { account: "111111111111".into(), region: "eu-west-1".into() }
    }

    #[test]
    fn identifiers_follow_the_rules_of_aws() {
        for good in ["a", "Orders-2026", &"a".repeat(63)] {
            assert_eq!(identifier("X", good).unwrap(), good.to_ascii_lowercase());
        }
        for bad in ["", "1a", "-a", "a-", "a--b", "a_b", "a b", "ä", &"a".repeat(64)] {
            assert_eq!(identifier("X", bad).unwrap_err().code, "InvalidParameterValue", "{bad:?}");
        }
    }

    fn engine(name: &str) -> &'static Description {
        engines::named(name).unwrap()
    }

    #[test]
    fn master_passwords_follow_the_rules_of_the_engine() {
        let (postgresql, mysql) = (engine("aurora-postgresql"), engine("aurora-mysql"));
        assert!(master_password(postgresql, &"p".repeat(99)).is_ok());
        assert!(master_password(mysql, &"p".repeat(41)).is_ok());
        assert!(master_password(mysql, &"p".repeat(42)).is_err());
        for bad in ["1234567", "1234567/", "1234567@", "1234567\"", "1234567 ", "pässword"] {
            let refusal = master_password(postgresql, bad).unwrap_err();
            assert_eq!(refusal.code, "InvalidParameterValue", "{bad:?}");
        }
    }

    #[test]
    fn reserved_master_user_names_are_refused_engine_by_engine() {
        let (postgresql, mysql) = (engine("aurora-postgresql"), engine("aurora-mysql"));
        assert!(master_username(postgresql, "postgres").is_ok());
        assert!(master_username(mysql, "admin").is_ok());
        assert!(master_username(mysql, &"a".repeat(17)).is_err());
        for bad in ["admin", "rdsadmin", "1a", "a-b", ""] {
            assert!(master_username(postgresql, bad).is_err(), "{bad:?}");
        }
        assert!(master_username(mysql, "RDSadmin").is_err());
    }

    #[test]
    fn database_names_follow_the_rules_of_the_engine() {
        let (postgresql, mysql) = (engine("aurora-postgresql"), engine("aurora-mysql"));
        assert!(database(postgresql, "mysql").is_ok());
        assert!(database(mysql, "mysql").is_err());
        assert!(database(mysql, &"a".repeat(64)).is_ok());
        assert!(database(postgresql, &"a".repeat(64)).is_err());
        assert!(database(postgresql, "1a").is_err());
    }

    #[test]
    fn arns_are_read_as_they_are_written() {
        for kind in Kind::ALL {
            let parsed = Arn::parse(&arn(&place(), kind, "x")).unwrap();
            assert_eq!(
                (parsed.place, parsed.kind, parsed.identifier.as_str()),
                (place(), kind, "x")
            );
        }
        assert_eq!(Arn::parse("arn:aws:sqs:eu-west-1:111111111111:x"), None);
        let automated = arn(&place(), Kind::Snapshot, "rds:orders-2026");
        assert_eq!(Arn::parse(&automated).unwrap().identifier, "rds:orders-2026");
    }

    #[test]
    fn an_arn_from_elsewhere_names_nothing_here() {
        let elsewhere = Place { region: "us-east-1".into(), ..place() };
        assert_eq!(local(&place(), Kind::Cluster, &arn(&elsewhere, Kind::Cluster, "x")), None);
        assert_eq!(local(&place(), Kind::Cluster, &arn(&place(), Kind::Instance, "x")), None);
        assert_eq!(local(&place(), Kind::Cluster, "X").as_deref(), Some("x"));
    }

    #[test]
    fn resource_ids_have_26_upper_case_characters() {
        let id = resource_id("cluster", &mut fastrand::Rng::with_seed(1));
        let tail = id.strip_prefix("cluster-").unwrap();
        assert_eq!(tail.len(), 26);
        assert!(tail.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
    }

    #[test]
    fn host_names_tell_accounts_and_regions_apart() {
        let elsewhere = Place { region: "us-east-1".into(), ..place() };
        assert_ne!(host_hash(&place()), host_hash(&elsewhere));
        assert_eq!(host_hash(&place()).len(), 12);
    }
}
