//! Every step: run twice, dropped at every suspension point and run again, taken over by a rival at
//! every suspension point. Three lines per step.

use aurora_restore_loadtest::sim::Volume;
use aurora_restore_loadtest::sim::scene::{
    Road, Scene, dropped_everywhere, run_twice, taken_over_everywhere,
};
use aurora_restore_loadtest::sim::two_accounts::{HUB, SPOKE};
use aurora_restore_shared::plan::StepName;
use std::collections::BTreeMap;

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

/// The throw-away copy is gone, and nothing but it.
fn expired(scene: &Scene) -> anyhow::Result<()> {
    nothing_twice(scene)?;
    let left = scene_clusters(scene);
    anyhow::ensure!(left.is_empty(), "{left:?}");
    Ok(())
}

/// The clusters in the other account that are there now, by name.
fn clusters_there(scene: &Scene) -> BTreeMap<String, String> {
    let world = scene.sim.cloud.world();
    let there = world.rds.clusters().filter(|(place, _)| place.account == SPOKE);
    there.map(|(_, c)| (c.identifier.clone(), c.resource_id.clone())).collect()
}

/// However a step of a swap in another account was interrupted: the clusters that were there before
/// are there, nobody has changed the source's, at most one new one was made, and of the snapshot at
/// most one copy.
fn nothing_lost(scene: &Scene) -> anyhow::Result<()> {
    let there = clusters_there(scene);
    let mut made = there.values().filter(|id| !scene.before.contains(*id));
    anyhow::ensure!(made.by_ref().count() <= 1, "too many: {there:?}");
    let is_old = |id: &&String| scene.before.contains(*id);
    anyhow::ensure!(there.values().filter(is_old).count() == 1, "the old one is gone: {there:?}");
    let world = scene.sim.cloud.world();
    let mut in_hub = world.rds.clusters().filter(|(place, _)| place.account == HUB);
    anyhow::ensure!(in_hub.any(|(_, c)| c.identifier == "orders-prod"), "the source is gone");
    let copies = world
        .rds
        .snapshots()
        .filter(|(place, s)| place.account == SPOKE && s.identifier.starts_with("aurora-restore-"));
    anyhow::ensure!(copies.count() <= 1, "more than one copy");
    Ok(())
}

/// The new cluster has the name, the old one lives on beside it.
fn swapped(scene: &Scene) -> anyhow::Result<()> {
    nothing_lost(scene)?;
    let there = clusters_there(scene);
    let old = format!("orders-prod-old-{}", scene.job().short());
    let new = there.get("orders-prod").filter(|id| !scene.before.contains(*id));
    let old = there.get(&old).filter(|id| scene.before.contains(*id));
    anyhow::ensure!(new.is_some() && old.is_some() && there.len() == 2, "{there:?}");
    Ok(())
}

/// The old one is gone, and nothing but it.
fn retired(scene: &Scene) -> anyhow::Result<()> {
    let there = clusters_there(scene);
    let is_new = |id: &String| !scene.before.contains(id);
    let new = there.get("orders-prod").filter(|id| is_new(id));
    anyhow::ensure!(new.is_some() && there.len() == 1, "{there:?}");
    Ok(())
}

macro_rules! interrupted {
    ($($module:ident => $road:ident $step:ident $check:ident,)*) => {
        $(mod $module {
            use super::*;

            #[tokio::test(start_paused = true)]
            async fn run_twice_is_harmless() {
                $check(&run_twice(Road::$road, StepName::$step).await.unwrap()).unwrap();
            }

            #[tokio::test(start_paused = true)]
            async fn dropped_at_every_suspension_point_it_is_done_by_another() {
                dropped_everywhere(Road::$road, StepName::$step, $check).await.unwrap();
            }

            #[tokio::test(start_paused = true)]
            async fn taken_over_at_every_suspension_point_a_zombie_does_no_harm() {
                taken_over_everywhere(Road::$road, StepName::$step, $check).await.unwrap();
            }
        })*
    };
}

interrupted! {
    resolve_source => Drill ResolveSource nothing_twice,
    check_target => Drill CheckTarget nothing_twice,
    restore_cluster => Drill RestoreCluster nothing_twice,
    create_instances => Drill CreateInstances nothing_twice,
    set_credentials => Drill SetCredentials nothing_twice,
    mask_data => Drill MaskData nothing_twice,
    verify_restore => Drill VerifyRestore nothing_twice,
    notify => Drill Notify nothing_twice,
    expire => Drill Expire expired,
    share_snapshot => Refresh ShareSnapshot nothing_lost,
    copy_snapshot => Refresh CopySnapshot nothing_lost,
    managed_credentials => Refresh SetCredentials nothing_lost,
    open_access => Refresh OpenAccess nothing_lost,
    swap_in => Refresh SwapIn swapped,
    remove_share => Refresh RemoveCopies swapped,
    retire_old => Refresh RetireOld retired,
}

#[tokio::test(start_paused = true)]
async fn every_step_that_calls_aws_is_stopped_at_some_points() {
    let points =
        dropped_everywhere(Road::Drill, StepName::RestoreCluster, nothing_twice).await.unwrap();
    assert!(points >= 4, "only {points} suspension points: the test looks past the calls");
}

#[tokio::test(start_paused = true)]
async fn masking_runs_every_script_once_wherever_it_is_interrupted() {
    let masked = |scene: &Scene| {
        let scripts = volume(scene).masked;
        anyhow::ensure!(scripts.len() == 2, "masked: {scripts:?}");
        nothing_twice(scene)
    };
    let points = dropped_everywhere(Road::Drill, StepName::MaskData, masked).await.unwrap();
    assert!(points >= 6, "only {points} suspension points: the test looks past the scripts");
    taken_over_everywhere(Road::Drill, StepName::MaskData, masked).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn users_get_their_grants_and_connect_only_to_be_verified() {
    let scene = run_twice(Road::Drill, StepName::SetCredentials).await.unwrap();
    let made = volume(&scene);
    let grants: Vec<&str> =
        made.users.values().flat_map(|u| &u.grants).map(|g| g.as_str()).collect();
    assert_eq!(grants, ["CONNECT ON DATABASE orders", "SELECT ON ALL TABLES IN SCHEMA public"]);
    assert_eq!(made.connections, []);
    let verified = volume(&run_twice(Road::Drill, StepName::VerifyRestore).await.unwrap());
    assert!(verified.connections.iter().all(|c| c.user == "reader"));
    assert_eq!(verified.connections.len(), 2);
}
