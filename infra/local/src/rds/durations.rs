//! How long each operation takes at AWS's own pace, in one table.

/// A long operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// A new, empty cluster.
    CreateCluster,
    /// A cluster from a snapshot.
    RestoreCluster,
    /// A cluster that shares another one's storage.
    CloneCluster,
    /// An instance of a cluster.
    CreateInstance,
    /// A snapshot of a cluster.
    CreateSnapshot,
    /// A copy of a snapshot.
    CopySnapshot,
    /// A new master password.
    ResetPassword,
    /// Any other change of a cluster.
    ModifyCluster,
    /// Another engine version.
    UpgradeCluster,
    /// Another name.
    RenameCluster,
    /// Another writer.
    FailOver,
    /// Stopping a cluster.
    StopCluster,
    /// Starting a stopped cluster.
    StartCluster,
    /// The end of a cluster.
    DeleteCluster,
    /// Another class of an instance.
    ChangeInstanceClass,
    /// Another name of an instance.
    RenameInstance,
    /// Any other change of an instance.
    ModifyInstance,
    /// A restart of an instance.
    RebootInstance,
    /// The end of an instance.
    DeleteInstance,
    /// The end of a snapshot.
    DeleteSnapshot,
}

/// Seconds whatever the size, seconds for every 100 GiB, and how far chance moves it (per cent).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pace {
    base_s: u32,
    per_100_gib_s: u32,
    jitter_percent: u32,
}

const fn pace(base_s: u32, per_100_gib_s: u32, jitter_percent: u32) -> Pace {
    Pace { base_s, per_100_gib_s, jitter_percent }
}

impl Task {
    fn pace(self) -> Pace {
        match self {
            Task::CreateCluster => pace(60, 0, 20),
            Task::RestoreCluster => pace(480, 120, 20),
            Task::CloneCluster => pace(180, 0, 20),
            Task::CreateInstance => pace(360, 0, 20),
            Task::CreateSnapshot => pace(120, 60, 20),
            Task::CopySnapshot => pace(240, 120, 20),
            Task::ResetPassword => pace(45, 0, 0),
            Task::ModifyCluster => pace(20, 0, 0),
            Task::UpgradeCluster => pace(600, 0, 20),
            Task::RenameCluster => pace(60, 0, 0),
            Task::FailOver => pace(30, 0, 20),
            Task::StopCluster => pace(300, 0, 20),
            Task::StartCluster => pace(300, 0, 20),
            Task::DeleteCluster => pace(180, 0, 0),
            Task::ChangeInstanceClass => pace(420, 0, 20),
            Task::RenameInstance => pace(90, 0, 20),
            Task::ModifyInstance => pace(20, 0, 0),
            Task::RebootInstance => pace(60, 0, 20),
            Task::DeleteInstance => pace(240, 0, 20),
            Task::DeleteSnapshot => pace(10, 0, 0),
        }
    }

    /// Milliseconds the task takes for a cluster of this size, `speed` times faster than AWS.
    /// Draws from `rng` only where chance has a say.
    pub fn ms(self, gib: u32, speed: f64, rng: &mut fastrand::Rng) -> i64 {
        let pace = self.pace();
        let seconds =
            f64::from(pace.base_s) + f64::from(pace.per_100_gib_s) * f64::from(gib) / 100.0;
        let jitter = f64::from(pace.jitter_percent) / 100.0;
        let factor = if jitter > 0.0 { 1.0 + jitter * (2.0 * rng.f64() - 1.0) } else { 1.0 };
        whole_ms(seconds * factor * 1000.0 / speed)
    }
}

/// Milliseconds that so many seconds of AWS are, `speed` times faster.
pub(super) fn at_speed(seconds: u32, speed: f64) -> i64 {
    whole_ms(f64::from(seconds) * 1000.0 / speed)
}

#[expect(clippy::cast_possible_truncation, reason = "a duration in milliseconds is far below 2^63")]
fn whole_ms(ms: f64) -> i64 {
    ms.max(0.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(task: Task, gib: u32, speed: f64) -> i64 {
        task.ms(gib, speed, &mut fastrand::Rng::with_seed(7))
    }

    #[test]
    fn a_restore_takes_longer_the_more_data_there_is() {
        let (small, large) =
            (ms(Task::RestoreCluster, 1, 1.0), ms(Task::RestoreCluster, 1000, 1.0));
        assert!((384_000..=578_000).contains(&small), "{small}");
        assert!((1_344_000..=2_016_000).contains(&large), "{large}");
    }

    #[test]
    fn speed_divides_every_duration() {
        assert_eq!(ms(Task::ResetPassword, 1, 1.0), 45_000);
        assert_eq!(ms(Task::ResetPassword, 1, 60.0), 750);
        assert_eq!(ms(Task::RenameCluster, 1, 10.0), 6_000);
    }

    #[test]
    fn chance_comes_from_the_given_source_alone() {
        assert_eq!(ms(Task::CreateInstance, 1, 1.0), ms(Task::CreateInstance, 1, 1.0));
    }
}
