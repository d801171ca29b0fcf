//! What those do who are not the fleet: operators who purge and move, strangers who send and make.

use super::Sim;
use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::settings::Common;
use std::time::Duration;

impl Sim {
    /// Takes all messages out of a queue.
    ///
    /// # Errors
    /// When the queue is missing.
    pub async fn purge(&self, queue: &str) -> anyhow::Result<()> {
        // SQS takes one purge a minute and queue.
        self.pass(Duration::from_secs(61)).await;
        self.purge_now(queue).await
    }

    /// The same, if the last purge is more than a minute ago.
    ///
    /// # Errors
    /// When the queue is missing, or was purged within the last minute.
    pub async fn purge_now(&self, queue: &str) -> anyhow::Result<()> {
        let sqs = self.env("operator").sqs(&self.common.region);
        let url = sqs.get_queue_url().queue_name(queue).send().await?.queue_url;
        sqs.purge_queue().set_queue_url(url).send().await?;
        Ok(())
    }

    /// Puts the record of a job of a newer release, whose status this one does not know, and which
    /// is due.
    ///
    /// # Errors
    /// When the cloud refuses.
    pub async fn put_newer_state(&self, job: JobId) -> anyhow::Result<()> {
        use aws_sdk_dynamodb::types::AttributeValue as Value;
        let (text, number) = (|t: &str| Value::S(t.to_owned()), |n: i64| Value::N(n.to_string()));
        let put = self.env("stranger").dynamodb().put_item().table_name(&self.common.table);
        let put = put.item("pk", text(&format!("job#{job}"))).item("sk", text("state"));
        let put = put.item("v", number(2)).item("status", text("hibernating"));
        let put = put.item("seq", number(1)).item("epoch", number(0)).item("claims", number(0));
        let put = put.item("dispatches", number(0)).item("priority", text("cosmic"));
        let put = put.item("region", text(self.common.region.as_str()));
        let put = put.item("due_shard", text(&format!("{}#0", self.common.region)));
        put.item("due_at", number(self.clock.now_ms())).send().await?;
        Ok(())
    }

    /// Sends any text to a queue.
    ///
    /// # Errors
    /// When the queue is missing.
    pub async fn send_raw(&self, queue: &str, body: &str) -> anyhow::Result<()> {
        self.send_raw_as("d", queue, body).await
    }

    /// The same under a deduplication id.
    ///
    /// # Errors
    /// When the queue is missing.
    pub async fn send_raw_as(&self, id: &str, queue: &str, body: &str) -> anyhow::Result<()> {
        let sqs = self.env("stranger").sqs(&self.common.region);
        let url = sqs.get_queue_url().queue_name(queue).send().await?.queue_url;
        let send = sqs.send_message().set_queue_url(url).message_body(body);
        send.message_group_id("g").message_deduplication_id(id).send().await?;
        Ok(())
    }

    /// Makes a secret with a password.
    ///
    /// # Errors
    /// When the cloud refuses.
    pub async fn make_secret(&self, name: &str) -> anyhow::Result<()> {
        let secrets = self.env("operator").home_place(&self.common.region).await?.secrets();
        secrets.create_secret().name(name).secret_string("a-plain-password").send().await?;
        Ok(())
    }

    /// Has SQS itself move all dead letters to a queue (StartMessageMoveTask).
    ///
    /// # Errors
    /// When a queue is missing or SQS refuses.
    pub async fn redrive(&self, to: &str) -> anyhow::Result<()> {
        let sqs = self.env("operator").sqs(&self.common.region);
        let arn = |queue: &str| {
            let Common { region, local_account, .. } = &self.common;
            format!("arn:aws:sqs:{region}:{local_account}:{queue}")
        };
        let call = sqs.start_message_move_task().destination_arn(arn(to));
        call.source_arn(arn("aurora-restore-dead-letters.fifo")).send().await?;
        Ok(())
    }

    /// Makes a cluster by hand, with the tag of a job when one is named.
    ///
    /// # Errors
    /// When the cloud refuses.
    pub async fn make_cluster(&self, name: &str, tagged: Option<JobId>) -> anyhow::Result<()> {
        let (account, region) = self.place();
        self.make_cluster_in((&account, &region), name, tagged).await
    }

    /// The same in an account and a Region, by whose account it is.
    ///
    /// # Errors
    /// When the cloud refuses.
    pub async fn make_cluster_in(
        &self,
        (account, region): (&str, &str),
        name: &str,
        tagged: Option<JobId>,
    ) -> anyhow::Result<()> {
        let tag = tagged.map(|job| {
            let tag = aws_sdk_rds::types::Tag::builder();
            tag.key(aurora_restore_worker::rds::JOB_TAG).value(job.to_string()).build()
        });
        let rds = self.env_in(account, "stranger")?.home_place(&region.parse()?).await?.rds();
        rds.create_db_cluster()
            .db_cluster_identifier(name)
            .engine("aurora-postgresql")
            .engine_version("15.10")
            .master_username("somebody")
            .master_user_password("somebody-s-own")
            .set_tags(tag.map(|tag| vec![tag]))
            .send()
            .await?;
        Ok(())
    }

    /// Somebody deletes a snapshot of the hub.
    ///
    /// # Errors
    /// When the cloud refuses: a fault of the test.
    pub async fn delete_snapshot(&self, id: &str) -> anyhow::Result<()> {
        let rds = self.env("human").home_place(&self.common.region).await?.rds();
        rds.delete_db_cluster_snapshot().db_cluster_snapshot_identifier(id).send().await?;
        Ok(())
    }
}
