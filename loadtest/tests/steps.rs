//! Every step: run twice, dropped at every suspension point and run again, taken over by a rival at
//! every suspension point. Three lines per step.

use aurora_restore_loadtest::sim::scene::{
    Scene, dropped_everywhere, run_twice, taken_over_everywhere,
};
use aurora_restore_shared::plan::StepName;

/// What must hold after a step however it was interrupted: one cluster and one instance at the
/// most, and nobody else's touched.
fn nothing_twice(scene: &Scene) -> anyhow::Result<()> {
    let restored = scene_clusters(scene);
    anyhow::ensure!(restored.len() <= 1, "clusters of the job: {restored:?}");
    let world = scene.sim.cloud.world();
    let members = world.rds.instances().filter(|(_, i)| i.cluster == "orders-drill").count();
    anyhow::ensure!(members <= 1, "{members} instances");
    let calls = world.meter.recent();
    let mut on_source = calls.filter(|c| c.resource == "orders-prod" && c.component != "setup");
    let change = on_source.find(|c| !c.operation.starts_with("Describe"));
    anyhow::ensure!(change.is_none(), "the source was touched: {change:?}");
    Ok(())
}

fn scene_clusters(scene: &Scene) -> Vec<String> {
    let world = scene.sim.cloud.world();
    let all = world.rds.clusters().map(|(_, c)| c.identifier.clone());
    all.filter(|id| id != "orders-prod").collect()
}

macro_rules! interrupted {
    ($($module:ident => $step:ident,)*) => {
        $(mod $module {
            use super::*;

            #[tokio::test(start_paused = true)]
            async fn run_twice_is_harmless() {
                nothing_twice(&run_twice(StepName::$step).await.unwrap()).unwrap();
            }

            #[tokio::test(start_paused = true)]
            async fn dropped_at_every_suspension_point_it_is_done_by_another() {
                dropped_everywhere(StepName::$step, nothing_twice).await.unwrap();
            }

            #[tokio::test(start_paused = true)]
            async fn taken_over_at_every_suspension_point_a_zombie_does_no_harm() {
                taken_over_everywhere(StepName::$step, nothing_twice).await.unwrap();
            }
        })*
    };
}

interrupted! {
    resolve_source => ResolveSource,
    check_target => CheckTarget,
    restore_cluster => RestoreCluster,
    create_instances => CreateInstances,
    set_credentials => SetCredentials,
    verify_restore => VerifyRestore,
    notify => Notify,
}

#[tokio::test(start_paused = true)]
async fn every_step_that_calls_aws_is_stopped_at_some_points() {
    let points = dropped_everywhere(StepName::RestoreCluster, nothing_twice).await.unwrap();
    assert!(points >= 4, "only {points} suspension points: the test looks past the calls");
}
