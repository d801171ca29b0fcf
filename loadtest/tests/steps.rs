//! Every step: run twice, dropped at every suspension point and run again, taken over by a rival at
//! every suspension point. Three lines per step.

use aurora_restore_loadtest::sim::Volume;
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
    for (_, cluster) in world.rds.clusters() {
        let volume = scene.sim.volumes.of(&cluster.resource_id);
        let twice = volume.masked.iter().find(|(_, ran)| ran.times != 1);
        anyhow::ensure!(twice.is_none(), "a script did not run once: {twice:?}");
    }
    Ok(())
}

/// What is in the volume of the restored cluster.
fn volume(scene: &Scene) -> Volume {
    let world = scene.sim.cloud.world();
    let restored = world.rds.clusters().find(|(_, c)| c.identifier == "orders-drill");
    restored.map(|(_, c)| scene.sim.volumes.of(&c.resource_id)).unwrap_or_default()
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
    mask_data => MaskData,
    verify_restore => VerifyRestore,
    notify => Notify,
}

#[tokio::test(start_paused = true)]
async fn every_step_that_calls_aws_is_stopped_at_some_points() {
    let points = dropped_everywhere(StepName::RestoreCluster, nothing_twice).await.unwrap();
    assert!(points >= 4, "only {points} suspension points: the test looks past the calls");
}

#[tokio::test(start_paused = true)]
async fn masking_runs_every_script_once_wherever_it_is_interrupted() {
    let masked = |scene: &Scene| {
        let scripts = volume(scene).masked;
        anyhow::ensure!(scripts.len() == 2, "masked: {scripts:?}");
        nothing_twice(scene)
    };
    let points = dropped_everywhere(StepName::MaskData, masked).await.unwrap();
    assert!(points >= 6, "only {points} suspension points: the test looks past the scripts");
    taken_over_everywhere(StepName::MaskData, masked).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn users_get_their_grants_and_connect_only_to_be_verified() {
    let scene = run_twice(StepName::SetCredentials).await.unwrap();
    let made = volume(&scene);
    let grants: Vec<&str> =
        made.users.values().flat_map(|u| &u.grants).map(|g| g.as_str()).collect();
    assert_eq!(grants, ["CONNECT ON DATABASE orders", "SELECT ON ALL TABLES IN SCHEMA public"]);
    assert_eq!(made.connections, []);
    let verified = volume(&run_twice(StepName::VerifyRestore).await.unwrap());
    assert!(verified.connections.iter().all(|c| c.user == "reader"));
    assert_eq!(verified.connections.len(), 2);
}
