//! Those who are not the fleet: operators, strangers, people who meddle with restored clusters, and
//! queues that lose things. Each acts by calls of its own and may be refused, as people are.

mod meddling;

pub use meddling::Meddling;

use super::classes::{Counter, FaultClass};
use super::lost::LostPointers;
use super::orders::{Order, SNAPSHOT};
use crate::sim::Sim;
use crate::sim::two_accounts::SPOKE;
use aurora_restore_local::rds::Surprise;
use aurora_restore_local::rds::model::{Cluster, Instance, Snapshot};
use aurora_restore_producer::{init, operate};
use aurora_restore_shared::environment::Environment;
use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::request::Priority;
use aurora_restore_worker::rds::JOB_TAG;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The clusters that people have laid hands on. All clones are the same list.
#[derive(Debug, Clone, Default)]
pub struct Touched(Arc<Mutex<BTreeSet<String>>>);

impl Touched {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> BTreeSet<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, cluster: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(cluster.to_owned());
    }
}

/// Somebody who does one thing.
#[derive(Debug)]
pub struct Person {
    /// The cloud, and time.
    pub sim: Arc<Sim>,
    /// Counts what came of it.
    pub counter: Counter,
    /// The order that it is about.
    pub order: Order,
    /// Where clusters are noted that somebody has laid hands on.
    pub touched: Touched,
    /// Where pointers are noted that somebody has thrown away.
    pub lost: LostPointers,
    /// Chance.
    pub rng: fastrand::Rng,
}

/// How often somebody looks whether the time has come.
const LOOK: Duration = Duration::from_secs(2);

/// After so many looks nobody waits any longer.
const LOOKS: usize = 150;

/// Looks again and again until there is something to see, or until nobody waits any longer.
async fn watch_for<T>(pause: Duration, look: impl Fn() -> Option<T>) -> Option<T> {
    for _ in 0..LOOKS {
        let found = look();
        if found.is_some() {
            return found;
        }
        tokio::time::sleep(pause).await;
    }
    None
}

impl Person {
    /// Does it, or gives up.
    pub async fn act(mut self, what: Meddling) {
        match what {
            Meddling::Purge => self.purge().await,
            Meddling::DeleteQueue => self.delete_queue().await,
            Meddling::Junk => self.send("hello", FaultClass::UnreadableMessage).await,
            Meddling::NewerMessage => {
                let body = format!(r#"{{"v":9,"job":"{}","seq":1}}"#, self.job());
                self.send(&body, FaultClass::UnknownVersion).await;
            }
            Meddling::Race => self.race().await,
            Meddling::LoseMessages => self.lose_messages().await,
            Meddling::NewerRecord => self.put_newer_record().await,
            Meddling::Retry => self.retry().await,
            Meddling::Redrive => {
                let done = self.sim.redrive(&self.queue()).await.is_ok();
                self.count(FaultClass::NativeRedrive, done);
            }
            Meddling::TakeName => {
                // Whether it was told so or not, it may have the name now.
                self.counter.add(FaultClass::StrangerTakesName);
                drop(self.sim.make_cluster(&self.order.target, None).await);
            }
            Meddling::DeleteSource => self.delete_source().await,
            Meddling::RemoveTags => self.remove_tags().await,
            Meddling::Rename => self.rename().await,
            Meddling::DeleteInstance => self.delete_instance().await,
            Meddling::ShowStatus => self.show_status(),
            Meddling::Unshare => self.unshare().await,
        }
    }

    fn env(&self, who: &str) -> Environment {
        self.sim.env(who)
    }

    async fn rds(&self) -> aws_sdk_rds::Client {
        let place = self.env("human").home_place(&self.sim.common().region).await;
        place.expect("the home account needs no role").rds()
    }

    fn job(&self) -> JobId {
        self.order.jobs()[0].id
    }

    fn queue(&self) -> String {
        format!("{}-{}.fifo", self.sim.common().queue_prefix, self.order.request.priority.as_str())
    }

    fn count(&self, class: FaultClass, done: bool) {
        self.counter.add_many(class, u64::from(done));
    }

    /// Counts it before the call: its effect may take place although the answer is lost.
    fn lay_hands_on_it(&self, class: FaultClass) {
        self.touched.add(&self.order.target);
        self.counter.add(class);
    }

    async fn purge(&self) {
        let mut purged = false;
        for (name, _) in Priority::ALL {
            let queue = format!("{}-{name}.fifo", self.sim.common().queue_prefix);
            let before = self.bodies(&queue);
            purged |= self.sim.purge_now(&queue).await.is_ok();
            self.note_lost(&before, &queue);
        }
        self.count(FaultClass::Purge, purged);
    }

    /// What lies in a queue now.
    fn bodies(&self, queue: &str) -> BTreeSet<String> {
        let (account, region) = self.sim.place();
        let all = self.sim.cloud.world().sqs.messages(&account, &region, queue);
        all.into_iter().map(|message| message.body).collect()
    }

    /// Notes the pointers that lay in a queue before somebody emptied it, and lie there no more.
    fn note_lost(&self, before: &BTreeSet<String>, queue: &str) {
        self.lost.note(before.difference(&self.bodies(queue)));
    }

    async fn delete_queue(&self) {
        let sqs = self.env("operator").sqs(&self.sim.common().region);
        let Ok(url) = sqs.get_queue_url().queue_name(self.queue()).send().await else { return };
        let before = self.bodies(&self.queue());
        let deleted = sqs.delete_queue().set_queue_url(url.queue_url).send().await.is_ok();
        self.note_lost(&before, &self.queue());
        self.count(FaultClass::QueueDeleted, deleted);
        tokio::time::sleep(Duration::from_secs(61)).await;
        while init::init(&self.env("operator"), &[]).await.is_err() {
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn send(&self, body: &str, class: FaultClass) {
        let sent = self.sim.send_raw(&self.queue(), body).await;
        self.count(class, sent.is_ok());
    }

    /// The job's present wake-up, several times, in groups of their own: as many workers may receive
    /// it at the same moment.
    async fn race(&mut self) {
        let Some(seq) = self.number("seq") else { return };
        let body = format!(r#"{{"v":1,"job":"{}","seq":{seq}}}"#, self.job());
        let sqs = self.env("stranger").sqs(&self.sim.common().region);
        let Ok(url) = sqs.get_queue_url().queue_name(self.queue()).send().await else { return };
        let rivals = self.rng.u64(2..=8);
        let sends = (0..rivals).map(|n| {
            let send = sqs.send_message().set_queue_url(url.queue_url.clone());
            let send = send.message_body(&body).message_group_id(format!("rival-{n}"));
            send.message_deduplication_id(format!("{n}:{seq}")).send()
        });
        let sent = futures::future::join_all(sends).await.iter().filter(|s| s.is_ok()).count();
        self.count(FaultClass::WakeUpRace, sent > 1);
    }

    /// Every message that lies in one queue now.
    async fn lose_messages(&self) {
        let (account, region) = self.sim.place();
        let queue = self.queue();
        let lost = watch_for(LOOK / 20, || {
            let mut world = self.sim.cloud.world();
            let all = world.sqs.messages(&account, &region, &queue);
            let lost = all.iter().filter(|m| world.sqs.lose(&account, &region, &queue, &m.id));
            let lost: Vec<_> = lost.map(|m| &m.body).collect();
            self.lost.note(lost.iter().copied());
            Some(lost.len() as u64).filter(|lost| *lost > 0)
        });
        self.counter.add_many(FaultClass::LostMessage, lost.await.unwrap_or_default());
    }

    /// A job whose state this release cannot read, and a wake-up for it.
    async fn put_newer_record(&self) {
        let job = JobId::keyed("newer", "release");
        let put = self.sim.put_newer_state(job).await.is_ok();
        let body = format!(r#"{{"v":1,"job":"{job}","seq":1}}"#);
        let sent = self.sim.send_raw(&self.queue(), &body).await.is_ok();
        self.count(FaultClass::NewerRecord, put && sent);
    }

    async fn retry(&self) {
        for _ in 0..LOOKS {
            if self.word("status").as_deref() == Some("failed") || self.word("parked").is_some() {
                let env = self.env("operator-1");
                // The note that its letter was sent has raised the number by one.
                let failed_at = self.number("seq").unwrap_or_default().cast_signed() - 1;
                let done = operate::retry(&env, self.job()).await.is_ok();
                if !done && self.word("status").as_deref() != Some("failed") {
                    self.lost.leave(self.job().to_string(), failed_at);
                }
                self.count(FaultClass::OperatorRetry, done);
                if done {
                    return;
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn delete_source(&self) {
        self.counter.add(FaultClass::SourceDeleted);
        drop(self.sim.delete_snapshot(SNAPSHOT).await);
    }

    /// Waits until a snapshot is shared, and takes that back.
    async fn unshare(&self) {
        let shared = || {
            let world = self.sim.cloud.world();
            let is_shared = |s: &Snapshot| s.shared_with.contains(SPOKE);
            world.rds.snapshots().find(|(_, s)| is_shared(s)).map(|(_, s)| s.identifier.clone())
        };
        let Some(id) = watch_for(LOOK / 20, shared).await else { return };
        self.counter.add(FaultClass::Unshared);
        let call = self.rds().await.modify_db_cluster_snapshot_attribute();
        let call = call.db_cluster_snapshot_identifier(id).attribute_name("restore");
        drop(call.values_to_remove(SPOKE).send().await);
    }

    /// Waits for the cluster of the order, available and with the job's tag; answers its ARN.
    async fn restored(&self) -> Option<String> {
        let job = self.job().to_string();
        let is_it = |c: &Cluster| {
            c.tags.get(JOB_TAG).is_some_and(|id| *id == job) && c.status.as_str() == "available"
        };
        let look = || {
            let world = self.sim.cloud.world();
            let (place, cluster) = world.rds.clusters().find(|(_, c)| is_it(c))?;
            let (region, account, name) = (&place.region, &place.account, &cluster.identifier);
            Some(format!("arn:aws:rds:{region}:{account}:cluster:{name}"))
        };
        watch_for(LOOK, look).await
    }

    async fn remove_tags(&self) {
        let Some(arn) = self.restored().await else { return };
        self.lay_hands_on_it(FaultClass::TagsRemoved);
        let call =
            self.rds().await.remove_tags_from_resource().resource_name(arn).tag_keys(JOB_TAG);
        drop(call.send().await);
    }

    async fn rename(&self) {
        if self.restored().await.is_none() {
            return;
        }
        self.lay_hands_on_it(FaultClass::HumanRenames);
        let call = self.rds().await.modify_db_cluster().db_cluster_identifier(&self.order.target);
        let call = call.new_db_cluster_identifier(format!("{}-kept", self.order.target));
        drop(call.apply_immediately(true).send().await);
    }

    async fn delete_instance(&self) {
        let is_it =
            |i: &Instance| i.cluster == self.order.target && i.status.as_str() == "available";
        let look = || {
            let world = self.sim.cloud.world();
            world.rds.instances().find(|(_, i)| is_it(i)).map(|(_, i)| i.identifier.clone())
        };
        let Some(instance) = watch_for(LOOK, look).await else { return };
        self.lay_hands_on_it(FaultClass::HumanDeletes);
        let call = self.rds().await.delete_db_instance().db_instance_identifier(instance);
        drop(call.skip_final_snapshot(true).send().await);
    }

    fn show_status(&self) {
        let surprise = Surprise::Shows { status: "teleporting".into(), ms: 20_000 };
        self.sim.cloud.world().rds.plan_surprise(&self.order.target, surprise);
        self.count(FaultClass::UnknownStatus, true);
    }

    fn attribute(&self, name: &str, kind: &str) -> Option<String> {
        let state = self.sim.raw_state(self.job())?;
        state.get(name)?.get(kind)?.as_str().map(str::to_owned)
    }

    fn word(&self, name: &str) -> Option<String> {
        self.attribute(name, "S")
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.attribute(name, "N")?.parse().ok()
    }
}
