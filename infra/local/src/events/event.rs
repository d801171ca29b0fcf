//! Events as they are sent.

use crate::moment::iso;
use crate::rds::names::{self, Kind};
use crate::rds::notices::Notice;
use serde_json::{Value, json};

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id.
    pub id: String,
    /// Who tells it, e.g. `aws.rds`.
    pub source: String,
    /// What kind of thing happened.
    pub detail_type: String,
    /// The account it happened in.
    pub account: String,
    /// The Region it happened in.
    pub region: String,
    /// When it happened, milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// ARNs of what it is about.
    pub resources: Vec<String>,
    /// The rest.
    pub detail: Value,
}

/// How RDS names kinds of things in events: in the detail type, and as the source type.
fn named(kind: Kind) -> Option<(&'static str, &'static str)> {
    match kind {
        Kind::Cluster => Some(("RDS DB Cluster Event", "CLUSTER")),
        Kind::Instance => Some(("RDS DB Instance Event", "DB_INSTANCE")),
        Kind::Snapshot => Some(("RDS DB Cluster Snapshot Event", "CLUSTER_SNAPSHOT")),
        _ => None,
    }
}

impl Event {
    /// The event RDS makes of something that happened; none of what it does not tell.
    #[must_use]
    pub fn of(notice: &Notice, id: String) -> Option<Self> {
        let (detail_type, source_type) = named(notice.kind)?;
        let arn = names::arn(&notice.place, notice.kind, &notice.identifier);
        let detail = json!({
            "EventCategories": [notice.category],
            "SourceType": source_type,
            "SourceArn": arn,
            "Date": iso(notice.at_ms),
            "Message": notice.message,
            "SourceIdentifier": notice.identifier,
            "EventID": notice.event_id,
        });
        Some(Self {
            id,
            source: "aws.rds".to_owned(),
            detail_type: detail_type.to_owned(),
            account: notice.place.account.clone(),
            region: notice.place.region.clone(),
            at_ms: notice.at_ms,
            resources: vec![arn],
            detail,
        })
    }

    /// The event as it is sent; its time in whole seconds.
    #[must_use]
    pub fn document(&self) -> Value {
        json!({
            "version": "0",
            "id": self.id,
            "detail-type": self.detail_type,
            "source": self.source,
            "account": self.account,
            "time": iso(self.at_ms - self.at_ms.rem_euclid(1_000)),
            "region": self.region,
            "resources": self.resources,
            "detail": self.detail,
        })
    }
}
