//! What happens after a restore has ended: throw-away copies expire.

use super::{HOUR, HUB, latest, resource_id, restore, standing};
use aurora_restore_loadtest::sim::Sim;
use aurora_restore_producer::query::{Filter, list, show};
use aurora_restore_producer::report::EvidenceReport;
use aurora_restore_producer::view::DetailsView;
use aurora_restore_shared::chain::Chain;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_throw_away_copy_is_renamed_and_deleted_an_hour_later_and_nothing_of_it_is_left() {
    let sim = Sim::prepared(1).await.unwrap();
    let worker = sim.start("w1");
    let keep = json!({"keep": {"restored": "2h"}});
    let job = sim.submit(&restore(latest(), "orders-drill", keep)).await.unwrap();
    sim.until_succeeded(&[job], 5 * HOUR).await.unwrap();
    let made = resource_id(&sim, HUB, "us-east-1", "orders-drill").await;
    sim.pass(HOUR + HOUR / 2).await;
    assert_eq!(resource_id(&sim, HUB, "us-east-1", "orders-drill").await, made, "still kept");
    sim.pass(HOUR).await;
    assert_eq!(resource_id(&sim, HUB, "us-east-1", "orders-drill").await, None, "renamed away");
    let leaving = format!("orders-drill-gone-{}", job.short());
    assert_eq!(
        resource_id(&sim, HUB, "us-east-1", &leaving).await,
        made,
        "no late call meets another"
    );
    sim.pass(2 * HOUR).await;
    assert_eq!(sim.clusters_of(job), [""; 0]);
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn the_next_restore_under_the_name_of_an_expired_copy_is_not_touched() {
    let sim = Sim::prepared(2).await.unwrap();
    let worker = sim.start("w1");
    let keep = json!({"keep": {"restored": "2h"}});
    let job = sim.submit(&restore(latest(), "orders-drill", keep)).await.unwrap();
    sim.until_succeeded(&[job], 5 * HOUR).await.unwrap();
    sim.pass(2 * HOUR + HOUR / 2).await;
    let next = sim.submit(&restore(latest(), "orders-drill", json!({}))).await.unwrap();
    sim.until_succeeded(&[next], 5 * HOUR).await.unwrap();
    let took = sim.clock.now_ms() - sim.state(next).await.unwrap().created_at_ms;
    assert!(took < 3_600_000, "it did not wait until the old one was deleted: {took} ms");
    sim.pass(12 * HOUR).await;
    assert_eq!(sim.clusters_of(job), [""; 0]);
    assert_eq!(sim.clusters_of(next), ["orders-drill"]);
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn the_records_of_aftercare_are_whole_and_tell_of_its_own_step() {
    let sim = Sim::prepared(3).await.unwrap();
    let worker = sim.start("w1");
    let keep = json!({"keep": {"restored": "2h"}});
    let job = sim.submit(&restore(latest(), "orders-drill", keep)).await.unwrap();
    sim.until_succeeded(&[job], 5 * HOUR).await.unwrap();
    let env = sim.env("reader");
    let all = Filter { statuses: Vec::new(), caller: None, days: 31, most: 10 };
    let jobs = list(&env, &all).await.unwrap();
    let care = jobs.iter().find(|found| found.spec.owner() == job && found.spec.id != job).unwrap();
    let told = async |when: &str| {
        let details = show(&env, care.spec.id).await.unwrap().unwrap();
        let view = DetailsView::of(&details, env.clock.now_ms());
        let steps: Vec<_> = view.steps.iter().map(|step| step.name).collect();
        assert_eq!(steps, ["expire"], "{when}");
        let report = EvidenceReport::of(&details, env.clock.now_ms()).unwrap();
        let chain = report.chain.chain;
        assert!(matches!(chain, Chain::Whole { .. }), "{when}: {chain:?}");
        chain
    };
    assert_eq!(told("before its time").await, Chain::Whole { events: 0, uncommitted: 0 });
    sim.until_succeeded(&[care.spec.id], 8 * HOUR).await.unwrap();
    told("in the end").await;
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_late_request_has_made_after_a_swap_goes_with_the_replaced_cluster() {
    let sim = Sim::prepared(4).await.unwrap();
    let worker = sim.start("w1");
    standing(&sim, "orders-staging").await.unwrap();
    let swap = json!({"target": {"if_exists": "swap"}, "keep": {"replaced": "1h"}});
    let job = sim.submit(&restore(latest(), "orders-staging", swap)).await.unwrap();
    sim.until_succeeded(&[job], 5 * HOUR).await.unwrap();
    let new = resource_id(&sim, HUB, "us-east-1", "orders-staging").await;
    let beside = format!("orders-staging-new-{}", job.short());
    sim.make_cluster(&beside, Some(job)).await.unwrap();
    sim.pass(4 * HOUR).await;
    assert_eq!(sim.clusters_of(job), ["orders-staging"]);
    assert_eq!(resource_id(&sim, HUB, "us-east-1", "orders-staging").await, new);
    worker.drain().await;
}
