//! Clusters and snapshots of an engine that is not on this machine: the control plane has them,
//! but there is no data.

use crate::data_plane::{Engine, Work};
use std::collections::BTreeSet;

/// What there is without data.
#[derive(Debug, Default)]
pub(super) struct Hollow {
    clusters: BTreeSet<String>,
    snapshots: BTreeSet<String>,
}

impl Hollow {
    /// Whether work is on something without data, and so is done. What is made of something
    /// without data has none either.
    pub(super) fn takes(&mut self, work: &Work, is_here: impl Fn(Engine) -> bool) -> bool {
        match work {
            Work::CreateCluster { cluster, engine, .. } => {
                !is_here(*engine) && self.clusters.insert(cluster.clone())
            }
            Work::Snapshot { cluster, snapshot } => {
                self.clusters.contains(cluster) && self.snapshots.insert(snapshot.clone())
            }
            Work::CopySnapshot { from, to } => {
                self.snapshots.contains(from) && self.snapshots.insert(to.clone())
            }
            Work::Restore { snapshot, cluster } => {
                self.snapshots.contains(snapshot) && self.clusters.insert(cluster.clone())
            }
            Work::RestoreToTime { source, cluster, .. } | Work::Clone { source, cluster } => {
                self.clusters.contains(source) && self.clusters.insert(cluster.clone())
            }
            Work::RunSql { cluster, .. }
            | Work::Open { cluster }
            | Work::Close { cluster }
            | Work::SetPassword { cluster, .. } => self.clusters.contains(cluster),
            Work::DropCluster { cluster } => self.clusters.remove(cluster),
            Work::DropSnapshot { snapshot } => self.snapshots.remove(snapshot),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_of_something_without_data_has_none_either() {
        let mut hollow = Hollow::default();
        let mut takes = |work: Work| hollow.takes(&work, |engine| engine == Engine::Postgres);
        let create = |engine, cluster: &str| Work::CreateCluster {
            engine,
            cluster: cluster.into(),
            user: String::new(),
            password: String::new(),
            database: String::new(),
        };
        let open = |cluster: &str| Work::Open { cluster: cluster.into() };
        assert!(!takes(create(Engine::Postgres, "p")));
        assert!(!takes(open("p")));
        assert!(takes(create(Engine::Mysql, "a")));
        assert!(takes(open("a")));
        assert!(takes(Work::Snapshot { cluster: "a".into(), snapshot: "s".into() }));
        assert!(takes(Work::CopySnapshot { from: "s".into(), to: "t".into() }));
        assert!(takes(Work::Restore { snapshot: "t".into(), cluster: "b".into() }));
        assert!(takes(Work::Clone { source: "b".into(), cluster: "c".into() }));
        assert!(takes(Work::DropCluster { cluster: "c".into() }));
        assert!(!takes(open("c")));
    }
}
