//! Amazon SNS. API = API Reference, DG = Developer Guide.

pub(crate) mod publish;
pub(crate) mod topics;

use crate::bed::{ACCOUNT, Bed, REGION};
use aws_sdk_sns::Client;

/// A FIFO topic and a client of it.
pub(crate) async fn fifo_topic(bed: &Bed, name: &str) -> (Client, String) {
    let client = bed.sns();
    let create = client.create_topic().name(bed.name(name)).attributes("FifoTopic", "true");
    let arn = create.send().await.unwrap().topic_arn.unwrap();
    (client, arn)
}

/// A topic and a client of it.
pub(crate) async fn topic(bed: &Bed, name: &str) -> (Client, String) {
    let client = bed.sns();
    let arn = client.create_topic().name(bed.name(name)).send().await.unwrap().topic_arn.unwrap();
    (client, arn)
}

/// The ARN of a queue on a local bed.
pub(crate) fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}
