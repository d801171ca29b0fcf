//! Every request file of the examples, submitted in the world of the seed of the examples, does what it
//! says.

#![expect(clippy::unwrap_used, reason = "helpers of tests, as in tests themselves")]

use aurora_restore_loadtest::sim::Sim;
use aurora_restore_local::rds::model::{Cluster, Encryption};
use aurora_restore_local::seed::SeedFile;
use aurora_restore_producer::init::init;
use aurora_restore_producer::set::submit_set;
use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::plan::StepName;
use aurora_restore_shared::request::Request;
use aurora_restore_shared::set::RestoreSet;
use aurora_restore_shared::settings::Account;
use serde_json::{Value, json};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);
const STAGING: &str = "222222222222";

/// The seed of the examples, and beside it a cluster to be replaced.
fn seed() -> SeedFile {
    let text = include_str!("../../examples/seeds/two-accounts.json");
    let mut seed: Value = serde_json::from_str(text).unwrap();
    let clusters = seed["clusters"].as_array_mut().unwrap();
    for cluster in clusters.iter_mut() {
        // There is no data behind a simulated database.
        cluster.as_object_mut().unwrap().remove("data");
    }
    clusters.push(json!({
        "account": STAGING, "region": "eu-west-1", "name": "orders-staging",
        "engine": "aurora-postgresql", "version": "15",
        "instances": [{ "class": "db.r6g.large" }],
    }));
    SeedFile::read(&seed).unwrap()
}

/// The world of the seed, an hour old; the fleet's home is the account with the sources.
async fn stage(n: u64) -> Sim {
    let mut sim = Sim::empty(n);
    sim.settle(|common| {
        let staging = Account {
            role: Some(format!("arn:aws:iam::{STAGING}:role/aurora-restore")),
            external_id: Some("restore-staging".into()),
            closed_security_groups: [("eu-west-1".parse().unwrap(), vec!["sg-0closed".into()])]
                .into(),
            ..Account::default()
        };
        common.accounts.insert(STAGING.parse().unwrap(), staging);
        common.regions = ["us-east-1", "eu-west-1"].map(|r| r.parse().unwrap()).into();
        common.allow_sse_rds_sharing = true;
    });
    let now_ms = sim.clock.now_ms();
    sim.cloud.world().seed(&seed(), now_ms).unwrap();
    let env = sim.env("setup");
    init(&env, &["us-east-1".parse().unwrap(), "eu-west-1".parse().unwrap()]).await.unwrap();
    let there = env.place(&STAGING.parse().unwrap(), &"eu-west-1".parse().unwrap()).await.unwrap();
    there.sns().create_topic().name("staging-refreshed").send().await.unwrap();
    sim.pass(HOUR).await;
    sim
}

async fn submit(sim: &Sim, text: &str) -> (JobId, Request) {
    let request = Request::parse(text).unwrap();
    (sim.submit(&request).await.unwrap(), request)
}

fn cluster(sim: &Sim, name: &str) -> Option<Cluster> {
    let world = sim.cloud.world();
    world.rds.clusters().map(|(_, c)| c).find(|c| c.identifier == name).cloned()
}

async fn has_done(sim: &Sim, job: JobId, step: StepName) -> bool {
    sim.state(job).await.unwrap().steps.contains_key(&step)
}

#[tokio::test(start_paused = true)]
async fn the_nightly_refresh_of_staging_masks_opens_and_swaps_in_its_window() {
    let sim = stage(1).await;
    let old = cluster(&sim, "orders-staging").unwrap().resource_id;
    let (job, request) = submit(&sim, include_str!("../../examples/nightly-staging.json")).await;
    // No fleet is needed until shortly before the window.
    sim.pass(22 * HOUR).await;
    let worker = sim.start("w1");
    sim.until_succeeded(&[job], 10 * HOUR).await.unwrap();
    assert_eq!(sim.codes(job).await.unwrap(), [""; 0]);
    let new = cluster(&sim, "orders-staging").unwrap();
    assert_ne!(new.resource_id, old);
    let kept = format!("orders-staging-old-{}", job.short());
    assert_eq!(cluster(&sim, &kept).unwrap().resource_id, old);
    let volume = sim.volumes.of(&new.resource_id);
    assert_eq!(volume.masked.values().map(|ran| ran.times).collect::<Vec<_>>(), [1]);
    let users: Vec<&String> = volume.users.keys().collect();
    assert_eq!(users, ["app", "reader"]);
    assert!(volume.connections.iter().all(|c| c.scripts_before == 1), "masked before opened");
    assert_eq!(new.security_groups, ["sg-0aa11bb22cc33dd44"]);
    assert_eq!((new.tags["env"].as_str(), new.deletion_protection), ("staging", true));
    let key = request.target.kms_key.unwrap();
    assert_eq!(new.encryption, Encryption::SseKms(key));
    assert_eq!(sim.effects("Publish"), 1);
    // Monday, one o'clock in Berlin: the window opens.
    let began = sim.state(job).await.unwrap().steps[&StepName::ResolveSource].since_ms;
    let opens = aurora_restore_loadtest::sim::START_MS + 24 * 3_600_000;
    assert!((opens..opens + 60_000).contains(&began), "{began}");
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn what_an_incident_has_dropped_is_restored_as_of_a_moment_before() {
    let sim = stage(2).await;
    sim.pass(10 * HOUR).await;
    let worker = sim.start("w1");
    let (job, _) = submit(&sim, include_str!("../../examples/incident-point-in-time.json")).await;
    sim.until_succeeded(&[job], 10 * HOUR).await.unwrap();
    let made = cluster(&sim, "orders-before-incident").unwrap();
    assert!(made.deletion_protection);
    assert!(made.master_secret.is_some(), "the check needs a password: RDS keeps one");
    assert!(has_done(&sim, job, StepName::VerifyRestore).await);
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_developers_clone_is_serverless_and_goes_after_its_time() {
    let sim = stage(3).await;
    let worker = sim.start("w1");
    let (job, _) = submit(&sim, include_str!("../../examples/developer-clone.json")).await;
    sim.until_succeeded(&[job], 5 * HOUR).await.unwrap();
    assert_eq!(sim.clusters_of(job), ["orders-pr-1234"]);
    worker.drain().await;
    sim.pass(8 * HOUR).await;
    assert_eq!(sim.clusters_of(job), ["orders-pr-1234"]);
    let worker = sim.start("w2");
    sim.pass(2 * HOUR).await;
    assert_eq!(sim.clusters_of(job), [""; 0]);
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn the_drill_proves_a_backup_and_leaves_nothing() {
    let sim = stage(4).await;
    let worker = sim.start("w1");
    let (job, _) = submit(&sim, include_str!("../../examples/drill.json")).await;
    sim.until_succeeded(&[job], 5 * HOUR).await.unwrap();
    assert!(has_done(&sim, job, StepName::VerifyRestore).await);
    sim.pass(4 * HOUR).await;
    assert_eq!(sim.clusters_of(job), [""; 0]);
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn the_rehearsal_of_the_shop_is_restored_to_one_moment() {
    let sim = stage(5).await;
    let set = RestoreSet::parse(include_str!("../../examples/sets/shop.json")).unwrap();
    let submitted = submit_set(&sim.env("submitter"), &set).await.unwrap();
    let jobs: Vec<JobId> = submitted.jobs.iter().map(|job| job.id).collect();
    let worker = sim.start_undrained("w1");
    sim.until_succeeded(&jobs, 6 * HOUR).await.unwrap();
    worker.kill().await;
    for name in ["orders-rehearsal", "reports-rehearsal"] {
        assert_eq!(cluster(&sim, name).unwrap().status.as_str(), "available");
    }
}
