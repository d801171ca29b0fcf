//! Sharing snapshots with other accounts, and seeing what others share.

use super::errors::{db_cluster_snapshot_not_found, invalid_parameter_value};
use super::keys::under_managed_key;
use super::model::{Encryption, Place, Snapshot};
use super::names::{self, Arn, Kind};
use super::rules::share::{self, EVERYBODY, Subject, may_share};
use super::{Rds, required};
use crate::error::AwsError;
use crate::params::Params;
use crate::world::{Answer, Context, Reply};
use crate::xml::Xml;

/// The one attribute snapshots have: who may restore them.
const RESTORE: &str = "restore";

/// A snapshot of another account, as it is seen.
pub(super) struct Foreign<'a> {
    pub(super) owner: &'a Place,
    pub(super) snapshot: &'a Snapshot,
    /// `shared` or `public`.
    pub(super) kind: &'static str,
}

/// Which snapshots of others are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Others {
    /// Those that are shared with the account.
    pub(super) shared: bool,
    /// Those that are shared with everybody.
    pub(super) public: bool,
}

impl Rds {
    pub(super) fn modify_attribute(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        let place = Place::of(cx);
        let identifier = self.own_snapshot(cx, params, &place)?;
        let attribute = required(params, "AttributeName")?;
        if attribute != RESTORE {
            let text = format!("Invalid snapshot attribute: {attribute}");
            return Err(invalid_parameter_value(text));
        }
        let add = params.list("ValuesToAdd.AttributeValue");
        let remove = params.list("ValuesToRemove.AttributeValue");
        let missing = || db_cluster_snapshot_not_found(&identifier);
        let snapshot = self.estate(&place).snapshots.get_mut(&identifier).ok_or_else(missing)?;
        let subject = Subject {
            identifier: &snapshot.identifier,
            snapshot_type: &snapshot.snapshot_type,
            status: snapshot.status,
            encrypted: matches!(snapshot.encryption, Encryption::SseKms(_)),
            under_managed_key: under_managed_key(cx, &snapshot.encryption),
            shared_with: &snapshot.shared_with,
        };
        snapshot.shared_with = may_share(&subject, &add, &remove)?;
        let left = snapshot.shared_with.clone();
        let shut_out =
            |to: &Place| to.account != place.account && !share::lets_in(&left, &to.account);
        self.doom_copies_of(&place, &identifier, shut_out);
        self.answer_attributes(cx, &place, &identifier)
    }

    pub(super) fn describe_attributes(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        let place = Place::of(cx);
        let identifier = self.own_snapshot(cx, params, &place)?;
        self.answer_attributes(cx, &place, &identifier)
    }

    /// The name of the caller's own snapshot that a request is about.
    fn own_snapshot(
        &self,
        cx: &mut Context<'_>,
        params: &Params,
        place: &Place,
    ) -> Result<String, AwsError> {
        let given = required(params, "DBClusterSnapshotIdentifier")?;
        let found = self.visible(place, given).filter(|(owner, _)| *owner == place);
        let (_, snapshot) = found.ok_or_else(|| db_cluster_snapshot_not_found(given))?;
        cx.record.resource.clone_from(&snapshot.identifier);
        cx.record.items = 1;
        Ok(snapshot.identifier.clone())
    }

    fn answer_attributes(&self, cx: &Context<'_>, place: &Place, identifier: &str) -> Answer {
        let found = self.visible(place, identifier);
        let (_, snapshot) = found.ok_or_else(|| db_cluster_snapshot_not_found(identifier))?;
        let values = snapshot.shared_with.iter();
        let values = values
            .fold(Xml::new("AttributeValues"), |xml, value| xml.text("AttributeValue", value));
        let attribute =
            Xml::new("DBClusterSnapshotAttribute").text("AttributeName", RESTORE).with(values);
        let result = Xml::new("DBClusterSnapshotAttributesResult")
            .text("DBClusterSnapshotIdentifier", identifier)
            .list("DBClusterSnapshotAttributes", [attribute]);
        Ok(Reply::Xml(Xml::new(format!("{}Result", cx.call.operation)).with(result)))
    }

    /// The snapshot that somebody means by an identifier or an ARN: of the place itself, of the
    /// same account in another Region, or one that another account shares with it, anywhere.
    pub(super) fn visible(&self, place: &Place, given: &str) -> Option<(&Place, &Snapshot)> {
        let arn = match Arn::parse(given) {
            Some(arn) if arn.kind == Kind::Snapshot => arn,
            Some(_) => return None,
            None => {
                let identifier = given.to_ascii_lowercase();
                Arn { place: place.clone(), kind: Kind::Snapshot, identifier }
            }
        };
        let (owner, estate) = self.estates.get_key_value(&arn.place)?;
        let snapshot = estate.snapshots.get(&arn.identifier)?;
        let own = owner.account == place.account;
        (own || share::lets_in(&snapshot.shared_with, &place.account)).then_some((owner, snapshot))
    }

    /// The snapshots of other accounts in the same Region, as far as they are wanted and shared.
    pub(super) fn foreign(&self, place: &Place, wanted: Others) -> Vec<Foreign<'_>> {
        let elsewhere = self.estates.iter();
        let elsewhere =
            elsewhere.filter(|(o, _)| o.region == place.region && o.account != place.account);
        let all = elsewhere.flat_map(|(owner, e)| e.snapshots.values().map(move |s| (owner, s)));
        let seen = all.filter_map(|(owner, snapshot)| {
            let kind = kind_for(snapshot, &place.account)?;
            let is_wanted = if kind == "shared" { wanted.shared } else { wanted.public };
            is_wanted.then_some(Foreign { owner, snapshot, kind })
        });
        seen.collect()
    }

    /// The snapshot of another account in the same Region that an ARN names, if it is shared.
    pub(super) fn foreign_named(&self, place: &Place, given: &str) -> Option<Foreign<'_>> {
        let (owner, snapshot) = self.visible(place, given)?;
        let kind = kind_for(snapshot, &place.account)?;
        let foreign = owner.account != place.account && owner.region == place.region;
        foreign.then_some(Foreign { owner, snapshot, kind })
    }
}

impl Foreign<'_> {
    /// What it is named by here.
    pub(super) fn name(&self) -> String {
        names::arn(self.owner, Kind::Snapshot, &self.snapshot.identifier)
    }
}

/// How another account sees a snapshot, if at all.
fn kind_for(snapshot: &Snapshot, account: &str) -> Option<&'static str> {
    if snapshot.shared_with.contains(account) {
        Some("shared")
    } else if is_public(snapshot) {
        Some("public")
    } else {
        None
    }
}

/// Whether a snapshot is shared with everybody.
pub(super) fn is_public(snapshot: &Snapshot) -> bool {
    snapshot.shared_with.contains(EVERYBODY)
}
