//! Stopping and starting clusters, with their instances.

use super::Rds;
use super::clusters::{find, wrong_state};
use super::durations::Task;
use super::errors::kms_key_not_accessible;
use super::keys::can_read;
use super::model::{Change, Cluster, Encryption, Operation, Place, Status};
use crate::data_plane::Work;
use crate::error::AwsError;
use crate::params::Params;
use crate::world::{Answer, Context};

impl Rds {
    pub(super) fn stop_cluster(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        self.power(cx, params, &[Status::Available], Change::Stop)
    }

    pub(super) fn start_cluster(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        let from = [Status::Stopped, Status::InaccessibleEncryptionCredentialsRecoverable];
        self.power(cx, params, &from, Change::Start)
    }

    fn power(
        &mut self,
        cx: &mut Context<'_>,
        params: &Params,
        from: &[Status],
        change: Change,
    ) -> Answer {
        let place = Place::of(cx);
        let identifier = self.named_cluster(cx, params, &place)?;
        let estate = self.estate(&place);
        let occupied = estate.members(&identifier).next().is_some();
        let settled = estate.members(&identifier).all(|i| from.contains(&i.status));
        let cluster = find(estate.clusters.get(&identifier), &identifier)?;
        if !from.contains(&cluster.status) || !settled {
            return Err(wrong_state(cluster));
        }
        check_key(cx, cluster)?;
        let resource_id = cluster.resource_id.clone();
        let surprise = self.surprise(&identifier)?;
        let task = if change == Change::Stop { Task::StopCluster } else { Task::StartCluster };
        let lasts_ms = task.ms(0, cx.settings.speed, cx.rng);
        let mut op = Operation::new(change, cx.now_ms, lasts_ms, surprise.as_ref());
        if op.change == Change::Start && occupied {
            op.ticket = Some(self.data_plane.submit(Work::Open { cluster: resource_id }));
        }
        let estate = self.estate(&place);
        if let Some(cluster) = estate.clusters.get_mut(&identifier) {
            cluster.open = op.ticket.or(cluster.open);
        }
        for instance in estate.instances.values_mut().filter(|i| i.cluster == identifier) {
            instance.status = op.change.status();
        }
        self.begin(&place, &identifier, op);
        self.answer_cluster(cx, &place, &identifier)
    }
}

/// A cluster cannot be started while its key cannot be used.
fn check_key(cx: &mut Context<'_>, cluster: &Cluster) -> Result<(), AwsError> {
    match &cluster.encryption {
        Encryption::SseKms(key) if !can_read(cx, &cluster.encryption) => {
            Err(kms_key_not_accessible(key))
        }
        _ => Ok(()),
    }
}
