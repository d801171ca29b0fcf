//! Privileges in a database, read into types: no text of a request ever becomes SQL as it stands.

use crate::ids::SqlName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Something that a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Privilege {
    /// Read rows.
    Select,
    /// Add rows.
    Insert,
    /// Change rows.
    Update,
    /// Remove rows.
    Delete,
    /// Empty tables.
    Truncate,
    /// Refer to tables by foreign keys.
    References,
    /// Create triggers.
    Trigger,
    /// Create what belongs there.
    Create,
    /// Connect to a database.
    Connect,
    /// Create temporary tables.
    Temporary,
    /// Call functions.
    Execute,
    /// Use a schema or a sequence.
    Usage,
    /// All that there are for such an object.
    All,
}

use Privilege as P;

const PRIVILEGES: [(&str, Privilege); 13] = [
    ("SELECT", P::Select),
    ("INSERT", P::Insert),
    ("UPDATE", P::Update),
    ("DELETE", P::Delete),
    ("TRUNCATE", P::Truncate),
    ("REFERENCES", P::References),
    ("TRIGGER", P::Trigger),
    ("CREATE", P::Create),
    ("CONNECT", P::Connect),
    ("TEMPORARY", P::Temporary),
    ("EXECUTE", P::Execute),
    ("USAGE", P::Usage),
    ("ALL PRIVILEGES", P::All),
];

impl Privilege {
    /// The word for it in SQL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        PRIVILEGES.iter().find(|(_, p)| *p == self).map_or("", |(word, _)| word)
    }

    fn of(word: &str) -> Option<Self> {
        PRIVILEGES.iter().find(|(w, _)| w.eq_ignore_ascii_case(word)).map(|(_, p)| *p)
    }
}

/// What privileges are on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    /// A database.
    Database(SqlName),
    /// A schema (in MySQL, which has none: a database).
    Schema(SqlName),
    /// Every table and view there is now in a schema.
    AllTables(SqlName),
    /// Every sequence there is now in a schema.
    AllSequences(SqlName),
    /// Every function there is now in a schema.
    AllFunctions(SqlName),
    /// One table or view.
    Table {
        /// Its schema; none: the one that the server finds it in.
        schema: Option<SqlName>,
        /// Its name.
        table: SqlName,
    },
}

impl On {
    /// The privileges that there are for such an object.
    fn allowed(&self) -> &'static [Privilege] {
        match self {
            Self::Database(_) => &[P::Create, P::Connect, P::Temporary, P::All],
            Self::Schema(_) => &[P::Create, P::Usage, P::All],
            Self::AllSequences(_) => &[P::Usage, P::Select, P::Update, P::All],
            Self::AllFunctions(_) => &[P::Execute, P::All],
            Self::AllTables(_) | Self::Table { .. } => &[
                P::Select,
                P::Insert,
                P::Update,
                P::Delete,
                P::Truncate,
                P::References,
                P::Trigger,
                P::All,
            ],
        }
    }

    fn of(words: &[&str]) -> Option<Self> {
        let are = |wanted: &[&str]| {
            let same = |(a, b): (&&str, &&str)| a.eq_ignore_ascii_case(b);
            words.len() == wanted.len() + 1 && words.iter().zip(wanted).all(same)
        };
        let last = words.last()?;
        if are(&["TABLE"]) {
            let (schema, table) = match last.split_once('.') {
                Some((schema, table)) => (Some(schema.parse().ok()?), table),
                None => (None, *last),
            };
            return Some(Self::Table { schema, table: table.parse().ok()? });
        }
        let make: fn(SqlName) -> Self = if are(&["DATABASE"]) {
            Self::Database
        } else if are(&["SCHEMA"]) {
            Self::Schema
        } else if are(&["ALL", "TABLES", "IN", "SCHEMA"]) {
            Self::AllTables
        } else if are(&["ALL", "SEQUENCES", "IN", "SCHEMA"]) {
            Self::AllSequences
        } else if are(&["ALL", "FUNCTIONS", "IN", "SCHEMA"]) {
            Self::AllFunctions
        } else {
            return None;
        };
        last.parse().ok().map(make)
    }
}

impl fmt::Display for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(name) => write!(f, "DATABASE {name}"),
            Self::Schema(name) => write!(f, "SCHEMA {name}"),
            Self::AllTables(name) => write!(f, "ALL TABLES IN SCHEMA {name}"),
            Self::AllSequences(name) => write!(f, "ALL SEQUENCES IN SCHEMA {name}"),
            Self::AllFunctions(name) => write!(f, "ALL FUNCTIONS IN SCHEMA {name}"),
            Self::Table { schema: Some(schema), table } => write!(f, "TABLE {schema}.{table}"),
            Self::Table { schema: None, table } => write!(f, "TABLE {table}"),
        }
    }
}

/// Privileges on something, such as `SELECT, INSERT ON ALL TABLES IN SCHEMA public`. Names are
/// plain, and taken as they are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Grant {
    privileges: Vec<Privilege>,
    on: On,
}

impl Grant {
    /// What may be done: at least one thing, and each fits the object.
    #[must_use]
    pub fn privileges(&self) -> &[Privilege] {
        &self.privileges
    }

    /// On what.
    #[must_use]
    pub fn on(&self) -> &On {
        &self.on
    }
}

/// Why a text is no grant, and what would be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidGrant {
    /// It does not read as one.
    #[error(
        "must name privileges and what they are on, such as \"SELECT ON ALL TABLES IN SCHEMA public\"; \
         they can be on DATABASE, SCHEMA, TABLE, or ALL TABLES, SEQUENCES or FUNCTIONS IN SCHEMA, \
         each with a plain name"
    )]
    Unreadable,
    /// A privilege does not fit the object.
    #[error("on {on} there are: {}", names(.allowed))]
    Unfit {
        /// The object.
        on: On,
        /// What would fit.
        allowed: &'static [Privilege],
    },
}

fn names(privileges: &[Privilege]) -> String {
    privileges.iter().map(|p| p.as_str()).collect::<Vec<_>>().join(", ")
}

impl FromStr for Grant {
    type Err = InvalidGrant;
    fn from_str(text: &str) -> Result<Self, InvalidGrant> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let on_word = |word: &&str| word.eq_ignore_ascii_case("ON");
        let at = words.iter().position(on_word).ok_or(InvalidGrant::Unreadable)?;
        let what = words[..at].join(" ");
        let privileges: Option<Vec<Privilege>> =
            what.split(',').map(|p| Privilege::of(p.trim())).collect();
        let on = On::of(&words[at + 1..]).ok_or(InvalidGrant::Unreadable)?;
        let privileges = privileges.ok_or(InvalidGrant::Unreadable)?;
        let allowed = on.allowed();
        let all_fit = privileges.iter().all(|p| allowed.contains(p));
        let all_alone = !privileges.contains(&P::All) || privileges.len() == 1;
        if all_fit && all_alone {
            Ok(Self { privileges, on })
        } else {
            Err(InvalidGrant::Unfit { on, allowed })
        }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ON {}", names(&self.privileges), self.on)
    }
}

impl TryFrom<String> for Grant {
    type Error = InvalidGrant;
    fn try_from(text: String) -> Result<Self, InvalidGrant> {
        text.parse()
    }
}

impl From<Grant> for String {
    fn from(grant: Grant) -> Self {
        grant.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_reads_back_as_it_is_written() {
        for text in [
            "CONNECT ON DATABASE orders",
            "CREATE, USAGE ON SCHEMA public",
            "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public",
            "USAGE ON ALL SEQUENCES IN SCHEMA public",
            "EXECUTE ON ALL FUNCTIONS IN SCHEMA _x1",
            "SELECT ON TABLE Orders",
            "ALL PRIVILEGES ON TABLE public.orders",
        ] {
            assert_eq!(text.parse::<Grant>().map(|g| g.to_string()), Ok(text.to_owned()));
        }
        let loose = "select ,insert  on all tables in schema public".parse::<Grant>().unwrap();
        assert_eq!(loose.to_string(), "SELECT, INSERT ON ALL TABLES IN SCHEMA public");
        assert_eq!(loose.privileges(), [P::Select, P::Insert]);
        assert_eq!(loose.on(), &On::AllTables("public".parse().unwrap()));
    }

    #[test]
    fn what_is_no_plain_grant_is_refused() {
        for text in [
            "",
            "ALL",
            "SELECT",
            "SELECT ON",
            "ON TABLE x",
            "SELECT, ON TABLE x",
            "DROP ON TABLE x",
            "SELECT ON x",
            "SELECT ON TABLE x y",
            "SELECT ON TABLE x;",
            "SELECT ON TABLE \"x\"",
            "SELECT ON TABLE a.b.c",
            "SELECT ON TABLE x TO public",
            "SELECT ON ALL TABLES IN SCHEMA a, b",
            "SELECT ON TABLE 1x",
            "USAGE ON SCHEMA a.b",
        ] {
            assert_eq!(text.parse::<Grant>(), Err(InvalidGrant::Unreadable), "{text}");
        }
    }

    #[test]
    fn a_privilege_must_fit_its_object() {
        let unfit = |text: &str| text.parse::<Grant>().unwrap_err().to_string();
        let database = "on DATABASE orders there are: CREATE, CONNECT, TEMPORARY, ALL PRIVILEGES";
        assert_eq!(unfit("SELECT ON DATABASE orders"), database);
        assert!(unfit("CONNECT ON TABLE x").contains("SELECT, INSERT"));
        assert!(unfit("SELECT, ALL PRIVILEGES ON TABLE x").contains("ALL PRIVILEGES"));
    }
}
