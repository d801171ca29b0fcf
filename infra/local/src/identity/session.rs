//! Principals: accounts, users, and the sessions of roles.

use super::unique_id;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A user, known by an access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The account it belongs to.
    pub account: String,
    /// Its name.
    pub name: String,
}

/// The session of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The token that its calls carry beside the access key id.
    pub token: String,
    /// ARN of the role.
    pub role: String,
    /// The account of the role: everything the session does is done there.
    pub account: String,
    /// The name of the role.
    pub role_name: String,
    /// The unique id of the role.
    pub role_id: String,
    /// The name of the session.
    pub name: String,
    /// Who is really behind it: set once, kept along a chain of roles.
    pub source_identity: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Keys of the tags that the next session of a chain gets, too.
    pub transitive: BTreeSet<String>,
    /// When it ends, milliseconds since the Unix epoch.
    pub expires_ms: i64,
}

/// Who calls.
#[derive(Debug, Clone)]
pub enum Principal {
    /// An account itself.
    Root {
        /// Its number.
        account: String,
    },
    /// A user.
    User(Arc<User>),
    /// The session of a role.
    Session(Arc<Session>),
}

impl Principal {
    /// The account that calls.
    #[must_use]
    pub fn account(&self) -> &str {
        match self {
            Self::Root { account } => account,
            Self::User(user) => &user.account,
            Self::Session(session) => &session.account,
        }
    }

    /// The ARN of the caller.
    #[must_use]
    pub fn arn(&self) -> String {
        match self {
            Self::Root { account } => format!("arn:aws:iam::{account}:root"),
            Self::User(user) => format!("arn:aws:iam::{}:user/{}", user.account, user.name),
            Self::Session(s) => {
                format!("arn:aws:sts::{}:assumed-role/{}/{}", s.account, s.role_name, s.name)
            }
        }
    }

    /// The unique id of the caller.
    #[must_use]
    pub fn user_id(&self) -> String {
        match self {
            Self::Root { account } => account.clone(),
            Self::User(_) => unique_id("AIDA", &self.arn()),
            Self::Session(session) => format!("{}:{}", session.role_id, session.name),
        }
    }

    /// The session, when the caller is one.
    #[must_use]
    pub fn session(&self) -> Option<&Session> {
        match self {
            Self::Session(session) => Some(session),
            Self::Root { .. } | Self::User(_) => None,
        }
    }
}
