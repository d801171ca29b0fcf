//! What those are told who wait for events.

use super::engines_kit::{POSTGRESQL, Stage};
use crate::bed::Bed;
use crate::fact::{Outcome, Skip, facts};
use aurora_restore_local::rds::Surprise;
use aurora_restore_local::rds::model::Status;
use aurora_restore_local::rds::notices::Notice;

facts!("rds":
    a_created_and_deleted_cluster_is_told: "UG RDS events, RDS-EVENT-0170, RDS-EVENT-0171",
    a_renamed_cluster_is_told_with_both_names: "UG RDS events, RDS-EVENT-0172",
    a_snapshot_is_told_when_it_begins_and_when_it_is_there:
        "UG RDS events, RDS-EVENT-0074, RDS-EVENT-0075",
    a_created_and_deleted_instance_is_told: "UG RDS events, RDS-EVENT-0005, RDS-EVENT-0003",
    a_restored_or_cloned_cluster_is_not_told: "UG RDS events: none documented",
    a_cluster_that_cannot_be_created_is_told: "UG RDS events, RDS-EVENT-0354, RDS-EVENT-0355",
    a_notice_is_told_once_and_tells_when_and_where: "UG RDS events",
);

/// What was told since the last time: ids and names.
async fn told(stage: &Stage) -> Result<Vec<(&'static str, String)>, Skip> {
    Ok(notices(stage).await?.into_iter().map(|n| (n.event_id, n.identifier)).collect())
}

async fn notices(stage: &Stage) -> Result<Vec<Notice>, Skip> {
    let cloud = stage.bed.cloud()?;
    cloud.world().rds.advance(cloud.now_ms());
    Ok(cloud.world().rds.take_notices())
}

fn all(of: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    of.iter().map(|(id, name)| (*id, (*name).to_owned())).collect()
}

async fn a_created_and_deleted_cluster_is_told(bed: Bed) -> Outcome {
    bed.cloud()?;
    let stage = Stage::new(bed);
    stage.create(POSTGRESQL, "orders").send().await.unwrap();
    assert_eq!(told(&stage).await?, []);
    stage.hour().await?;
    assert_eq!(told(&stage).await?, all(&[("RDS-EVENT-0170", "orders")]));
    stage.delete("orders").await;
    assert_eq!(told(&stage).await?, []);
    stage.hour().await?;
    assert_eq!(told(&stage).await?, all(&[("RDS-EVENT-0171", "orders")]));
    Ok(())
}

async fn a_renamed_cluster_is_told_with_both_names(bed: Bed) -> Outcome {
    bed.cloud()?;
    let stage = Stage::new(bed);
    stage.available(POSTGRESQL, "orders").await?;
    told(&stage).await?;
    stage.rename("orders", "shop").await;
    stage.hour().await?;
    let notices = notices(&stage).await?;
    assert_eq!((notices[0].event_id, notices[0].identifier.as_str()), ("RDS-EVENT-0172", "shop"));
    assert!(notices[0].message.contains("from orders to shop"), "{}", notices[0].message);
    Ok(())
}

async fn a_snapshot_is_told_when_it_begins_and_when_it_is_there(bed: Bed) -> Outcome {
    bed.cloud()?;
    let stage = Stage::new(bed);
    stage.available(POSTGRESQL, "orders").await?;
    told(&stage).await?;
    stage.snapshot("snap", "orders").await?;
    let both = all(&[("RDS-EVENT-0074", "snap"), ("RDS-EVENT-0075", "snap")]);
    assert_eq!(told(&stage).await?, both);
    Ok(())
}

async fn a_created_and_deleted_instance_is_told(bed: Bed) -> Outcome {
    bed.cloud()?;
    let stage = Stage::new(bed);
    stage.available(POSTGRESQL, "orders").await?;
    told(&stage).await?;
    stage.join(POSTGRESQL, "orders-1", "orders").await?;
    assert_eq!(told(&stage).await?, all(&[("RDS-EVENT-0005", "orders-1")]));
    stage.delete_instance("orders-1").await;
    stage.hour().await?;
    assert_eq!(told(&stage).await?, all(&[("RDS-EVENT-0003", "orders-1")]));
    Ok(())
}

async fn a_restored_or_cloned_cluster_is_not_told(bed: Bed) -> Outcome {
    bed.cloud()?;
    let stage = Stage::new(bed);
    stage.serving(POSTGRESQL, "orders").await?;
    stage.snapshot("snap", "orders").await?;
    told(&stage).await?;
    stage.restore(POSTGRESQL, "restored", "snap").send().await.unwrap();
    stage.clone_of("cloned", "orders").send().await.unwrap();
    stage.hour().await?;
    assert_eq!(stage.status("restored").await, "available");
    assert_eq!(told(&stage).await?, []);
    Ok(())
}

async fn a_cluster_that_cannot_be_created_is_told(bed: Bed) -> Outcome {
    bed.cloud()?;
    let stage = Stage::new(bed);
    let plan = |id: &str, end| -> Outcome {
        stage.bed.cloud()?.world().rds.plan_surprise(id, Surprise::EndsIn(end));
        Ok(())
    };
    plan("a", Status::IncompatibleRestore)?;
    plan("b", Status::Failed)?;
    for id in ["a", "b"] {
        stage.create(POSTGRESQL, id).send().await.unwrap();
    }
    stage.hour().await?;
    let mut told = told(&stage).await?;
    told.sort();
    assert_eq!(told, all(&[("RDS-EVENT-0354", "a"), ("RDS-EVENT-0355", "b")]));
    Ok(())
}

async fn a_notice_is_told_once_and_tells_when_and_where(bed: Bed) -> Outcome {
    bed.cloud()?;
    let stage = Stage::new(bed);
    let begun_ms = stage.bed.now_ms();
    stage.available(POSTGRESQL, "orders").await?;
    let notices = notices(&stage).await?;
    let [notice] = notices.as_slice() else { panic!("{notices:?}") };
    assert_eq!((notice.category, notice.message.as_str()), ("creation", "DB cluster created."));
    assert_eq!(notice.place.region, stage.bed.region());
    assert!((begun_ms..begun_ms + 300_000).contains(&notice.at_ms), "{}", notice.at_ms);
    assert_eq!(told(&stage).await?, []);
    Ok(())
}
