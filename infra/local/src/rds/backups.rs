//! Automated snapshots: one when a cluster has been created, then one every day, each kept as many
//! days as the cluster says.

use super::Rds;
use super::durations::Task;
use super::model::{Change, Cluster, Operation, Place, Snapshot, Status};
use super::names;
use super::passing::{Kind, Target};
use crate::data_plane::Work;
use crate::settings::WorldSettings;

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;
/// What stands in `SnapshotType`.
const AUTOMATED: &str = "automated";

/// What backups need beside the clusters.
#[derive(Debug)]
pub(super) struct Backups {
    /// The source of their choices: one of their own, so that nothing else in the world depends on
    /// how many backups there were.
    rng: fastrand::Rng,
    speed: f64,
}

impl Default for Backups {
    fn default() -> Self {
        Self { rng: fastrand::Rng::with_seed(0), speed: 1.0 }
    }
}

impl Rds {
    /// Plans the backups of a cluster that will be there at a moment, where there are backups.
    pub(super) fn plan_first_backup(
        &mut self,
        settings: &WorldSettings,
        place: &Place,
        cluster: &str,
        due_ms: i64,
    ) {
        if !settings.automated_snapshots {
            return;
        }
        self.backups.speed = settings.speed;
        if let Some(cluster) = self.estate(place).clusters.get(cluster) {
            let resource_id = cluster.resource_id.clone();
            self.plan_backup(place, &resource_id, due_ms);
        }
    }

    fn plan_backup(&mut self, place: &Place, resource_id: &str, due_ms: i64) {
        let target = Target::new(place, Kind::Backup { due_ms }, resource_id);
        self.agenda.add(due_ms, target);
    }

    /// The time for a backup has come. A cluster that is busy does without it, except that the
    /// first one waits until the cluster is there.
    pub(super) fn back_up(&mut self, target: Target, due_ms: i64) {
        let estate = self.estate(&target.place);
        let found = estate.clusters.values().find(|c| c.resource_id == target.identifier);
        let Some(cluster) = found.cloned() else { return };
        match cluster.status {
            Status::Creating => return self.agenda.waiting.push(target),
            Status::Available => {
                let lasts_ms = Task::CreateSnapshot.ms(
                    cluster.allocated_gib,
                    self.backups.speed,
                    &mut self.backups.rng,
                );
                self.begin_backup(&target.place, &cluster, due_ms, lasts_ms);
            }
            _ => {}
        }
        let kept_ms = i64::from(cluster.backup_retention_days) * DAY_MS;
        self.drop_backups(&target.place, &cluster.resource_id, due_ms - kept_ms);
        let next_ms = next_window_ms(&cluster.backup_window, due_ms);
        self.plan_backup(&target.place, &cluster.resource_id, next_ms);
    }

    /// Begins an automated snapshot, unless there is one of that minute; returns its name.
    fn begin_backup(
        &mut self,
        place: &Place,
        cluster: &Cluster,
        at_ms: i64,
        lasts_ms: i64,
    ) -> Option<String> {
        let identifier = format!("rds:{}-{}", cluster.identifier, minute(at_ms)?);
        if self.estate(place).snapshots.contains_key(&identifier) {
            return None;
        }
        let resource_id = names::resource_id("snapshot", &mut self.backups.rng);
        let (from, to) = (cluster.resource_id.clone(), resource_id.clone());
        let ticket = self.data_plane.submit(Work::Snapshot { cluster: from, snapshot: to });
        let op = Operation::new(Change::Create, at_ms, lasts_ms, None).with_ticket(ticket);
        self.agenda.add(op.due_ms, Target::new(place, Kind::Snapshot, &identifier));
        let mut snapshot = Snapshot::of(cluster, &identifier, resource_id, at_ms);
        snapshot.snapshot_type = AUTOMATED.into();
        snapshot.operation = Some(op);
        self.estate(place).snapshots.insert(identifier.clone(), snapshot);
        Some(identifier)
    }

    /// Takes an automated snapshot of an available cluster without a call, said to be of a moment;
    /// it is there as soon as the data plane has it. Returns its name; `None` when there is no such
    /// cluster, or one of that minute already.
    pub fn add_automated_snapshot(
        &mut self,
        place: &Place,
        cluster: &str,
        at_ms: i64,
    ) -> Option<String> {
        let found = self.estate(place).clusters.get(cluster);
        let cluster = found.filter(|c| c.status == Status::Available)?.clone();
        self.begin_backup(place, &cluster, at_ms, 0)
    }

    /// Removes the automated snapshots of a cluster that are not younger than a moment.
    pub(super) fn drop_backups(&mut self, place: &Place, resource_id: &str, until_ms: i64) {
        let Some(estate) = self.estates.get_mut(place) else { return };
        let is_over = |s: &Snapshot| {
            s.snapshot_type == AUTOMATED
                && s.cluster_resource_id == resource_id
                && s.created_ms <= until_ms
        };
        let over: Vec<_> = estate.snapshots.values().filter(|s| is_over(s)).cloned().collect();
        for snapshot in over {
            self.doom_copies_of(place, &snapshot.identifier, |_| true);
            self.estate(place).snapshots.remove(&snapshot.identifier);
            self.data_plane.submit(Work::DropSnapshot { snapshot: snapshot.resource_id });
        }
    }
}

/// A moment as the names of automated snapshots have it, to the minute.
pub(super) fn minute(ms: i64) -> Option<String> {
    let moment = jiff::Timestamp::from_millisecond(ms).ok()?;
    Some(moment.strftime("%Y-%m-%d-%H-%M").to_string())
}

/// The first moment after another at which a window of each day (`hh:mm-hh:mm`) opens.
fn next_window_ms(window: &str, after_ms: i64) -> i64 {
    let opens = window.split('-').next().and_then(|start| start.split_once(':'));
    let minutes =
        opens.and_then(|(h, m)| Some(h.parse::<i64>().ok()? * 60 + m.parse::<i64>().ok()?));
    let today_ms = after_ms - after_ms.rem_euclid(DAY_MS);
    let opens_ms = today_ms + minutes.unwrap_or(0) * MINUTE_MS;
    if opens_ms > after_ms { opens_ms } else { opens_ms + DAY_MS }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2027-01-15T08:00:00Z.
    const EIGHT_MS: i64 = 1_800_000_000_000;

    #[test]
    fn the_next_window_is_today_s_or_tomorrow_s() {
        for (window, hours) in [("07:00-07:30", 23), ("08:00-08:30", 24), ("09:30-10:00", 1)] {
            let next_ms = next_window_ms(window, EIGHT_MS);
            assert_eq!((next_ms - EIGHT_MS) / (60 * MINUTE_MS), hours, "{window}");
        }
    }

    #[test]
    fn names_have_the_minute() {
        assert_eq!(minute(EIGHT_MS + 61_000).unwrap(), "2027-01-15-08-01");
    }
}
