//! A worker serves one Region or several; a job is served where its target is.

use super::{HOUR, HUB, Notes, drill};
use aurora_restore_loadtest::sim::Sim;
use aurora_restore_shared::ids::RegionName;
use aurora_restore_shared::job::Status;
use aurora_restore_worker::settings::Settings;

const HERE: &str = "us-east-1";
const THERE: &str = "eu-west-1";

fn regions(names: &[&str]) -> Vec<RegionName> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// A cloud with queues and a source in two Regions.
async fn two_regions(seed: u64) -> Sim {
    let mut sim = Sim::prepared(seed).await.unwrap();
    sim.settle(|common| common.regions = regions(&[HERE, THERE]));
    aurora_restore_producer::init::init(&sim.env("setup"), &[]).await.unwrap();
    sim.make_source_in(HUB, THERE).await.unwrap();
    sim
}

#[tokio::test(start_paused = true)]
async fn a_worker_of_two_regions_serves_and_observes_both() {
    let sim = two_regions(1).await;
    let notes = Notes::on(&sim);
    let worker = sim.start("w1");
    let mut jobs = Vec::new();
    for (target, region) in [("orders-here", HERE), ("orders-there", THERE)] {
        jobs.push(sim.submit(&drill(&sim, target, HUB, region)).await.unwrap());
    }
    sim.until_succeeded(&jobs, HOUR).await.unwrap();
    worker.drain().await;
    for region in [HERE, THERE] {
        let calls = notes.calls();
        let here = |operation: &str| {
            calls.iter().filter(|c| c.region == region && c.operation == operation).count()
        };
        assert_eq!(here("RestoreDBClusterFromSnapshot"), 1, "{region}");
        assert!(here("DescribeDBClusters") > 3, "{region}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_waits_for_a_worker_of_its_targets_region() {
    let sim = two_regions(2).await;
    let mut one = Settings { worker_id: "w1".parse().ok(), ..sim.settings("w1") };
    one.common.regions = regions(&[HERE]);
    let worker = sim.start_with(one.clone());
    let job = sim.submit(&drill(&sim, "orders-drill", HUB, THERE)).await.unwrap();
    sim.pass(HOUR).await;
    assert_eq!(sim.state(job).await.unwrap().status, Status::Queued);
    one.common.regions = regions(&[THERE]);
    one.worker_id = "w2".parse().ok();
    let other = sim.start_with(one);
    sim.until_succeeded(&[job], 2 * HOUR).await.unwrap();
    worker.drain().await;
    other.drain().await;
}

#[tokio::test(start_paused = true)]
async fn the_dead_letter_of_a_job_lies_in_its_region() {
    let sim = two_regions(3).await;
    let worker = sim.start("w1");
    let mut request = drill(&sim, "orders-drill", HUB, THERE);
    let aurora_restore_shared::request::Source::Snapshot(source) = &mut request.source else {
        panic!("the drill has a snapshot")
    };
    source.cluster = Some("no-such-cluster".parse().unwrap());
    let job = sim.submit(&request).await.unwrap();
    sim.until_ended(&[job], HOUR).await.unwrap();
    assert_eq!(sim.codes(job).await.unwrap(), ["source_not_found"]);
    for (region, letters) in [(HERE, 0), (THERE, 1)] {
        let queues = sim.env("looker").queues(&region.parse().unwrap());
        let found = queues.look_through_dead_letters(10, |_| true).await.unwrap();
        assert_eq!(found.len(), letters, "{region}");
    }
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_place_where_nothing_is_watched_costs_a_query_a_minute_and_a_write_and_a_half() {
    let mut sim = Sim::prepared(4).await.unwrap();
    let spoke = aurora_restore_shared::settings::Account::default();
    sim.settle(|common| drop(common.accounts.insert("222222222222".parse().unwrap(), spoke)));
    let worker = sim.start_undrained("w1");
    sim.pass(HOUR / 60).await;
    let before = sim.cloud.world().meter.recent().last().map_or(0, |call| call.n);
    sim.pass(HOUR).await;
    let count = |resource: &str, operation: &str| {
        let world = sim.cloud.world();
        let calls = world.meter.recent().filter(|c| c.n > before && c.operation == operation);
        calls.filter(|c| c.resource.contains(resource)).count()
    };
    let renewals = count("observer#222222222222#us-east-1", "UpdateItem");
    assert!((80..=100).contains(&renewals), "{renewals} writes an hour");
    let looks = count("watching", "Query");
    assert!((100..=130).contains(&looks), "{looks} looks an hour in two places");
    worker.kill().await;
}
