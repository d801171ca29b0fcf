//! Those who asked to know are told.

use super::{HOUR, latest, restore};
use aurora_restore_loadtest::sim::Sim;
use aurora_restore_producer::submit::SubmitError;
use aurora_restore_shared::job::Status;
use aurora_restore_shared::settings::WebhookSettings;
use aurora_restore_shared::webhook::{Message, key_of, signature};
use serde_json::{Value, json};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A cloud with a secret to sign with, and settings that let one host be told.
async fn stage(seed: u64) -> Sim {
    let mut sim = Sim::prepared(seed).await.unwrap();
    let home = sim.env("setup").home_place(&"us-east-1".parse().unwrap()).await.unwrap();
    let make = home.secrets().create_secret().name("webhooks").secret_string(KEY);
    make.send().await.unwrap();
    sim.settle(|common| {
        let hosts = vec!["hooks.example.com".to_owned()];
        common.webhooks =
            WebhookSettings { hosts, secret: Some("webhooks".into()), ..Default::default() };
    });
    sim
}

fn telling(address: &str) -> Value {
    json!({"notify": [{"webhook": address}]})
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_has_trouble_is_told_again_with_the_same_id_and_a_true_signature() {
    let sim = stage(1).await;
    let worker = sim.start("w1");
    sim.inbox.answer_once(503);
    let address = "https://hooks.example.com/restored?team=orders";
    let job = sim.submit(&restore(latest(), "orders-drill", telling(address))).await.unwrap();
    sim.until_succeeded(&[job], 5 * HOUR).await.unwrap();
    assert_eq!(sim.codes(job).await.unwrap(), ["webhook_unreachable"]);
    let told = sim.inbox.told();
    let id = format!("{job}-succeeded");
    for message in &told {
        let header = |name: &str| message.headers[name].as_str();
        let at_s = header("webhook-timestamp").parse().unwrap();
        let signed = Message { id: &id, at_s, body: &message.body, key: &key_of(KEY).unwrap() };
        assert_eq!(header("webhook-id"), id);
        assert_eq!(header("webhook-signature"), signature(&signed));
        assert_eq!(message.address, address);
        let body: Value = serde_json::from_str(&message.body).unwrap();
        assert_eq!(body["type"], "aurora_restore.job.succeeded");
        assert_eq!(
            (&body["data"]["job"], &body["data"]["cluster"]),
            (&json!(job.to_string()), &json!("orders-drill"))
        );
    }
    let times: Vec<_> = told.iter().map(|m| m.headers["webhook-timestamp"].clone()).collect();
    assert!(times.len() == 2 && times[0] < times[1], "{times:?}");
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_refuses_fails_the_job_and_the_cluster_stays() {
    let sim = stage(2).await;
    let worker = sim.start("w1");
    sim.inbox.answer_once(302);
    let mut more = telling("https://hooks.example.com/old");
    super::merge(&mut more, json!({"keep": {"failed": "1h"}}));
    let request = restore(latest(), "orders-drill", more);
    let job = sim.submit(&request).await.unwrap();
    sim.until_ended(&[job], 5 * HOUR).await.unwrap();
    assert_eq!(sim.state(job).await.unwrap().status, Status::Failed);
    assert_eq!(sim.codes(job).await.unwrap(), ["webhook_refused"]);
    assert_eq!(sim.inbox.told().len(), 1, "no redirect is followed");
    sim.pass(3 * HOUR).await;
    assert_eq!(sim.clusters_of(job), ["orders-drill"], "somebody may use it");
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_host_that_the_settings_do_not_name_is_refused_at_submission() {
    let sim = stage(3).await;
    let request = restore(latest(), "orders-drill", telling("https://evil.example.com/"));
    let refused = aurora_restore_producer::submit::submit(&sim.env("caller"), &request).await;
    let Err(SubmitError::BadInput(faults)) = refused else { panic!("{refused:?}") };
    assert_eq!(faults.0[0].path, "notify[0].webhook");
}
