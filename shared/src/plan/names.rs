//! Names that derive from a job: a repeat finds them again, and none is ever used twice.

use crate::ids::{ClusterId, JobId};

/// The most characters that RDS takes in an identifier.
const MOST: usize = 63;

/// The name under which a cluster is restored beside the one that it will replace.
#[must_use]
pub fn beside(target: &ClusterId, job: JobId) -> ClusterId {
    derived(target, "new", job)
}

/// The name that a replaced cluster keeps until it is deleted.
#[must_use]
pub fn replaced(target: &ClusterId, job: JobId) -> ClusterId {
    derived(target, "old", job)
}

/// The name that a cluster gets before it is deleted: nothing is deleted under a name that is used
/// again.
#[must_use]
pub fn leaving(target: &ClusterId, job: JobId) -> ClusterId {
    derived(target, "gone", job)
}

/// The name of a snapshot copy that a job makes; `which` tells its copies apart.
#[must_use]
pub fn copy(job: JobId, which: &str) -> String {
    format!("aurora-restore-{}-{which}", job.short())
}

/// The name of the `n`th instance of a job, `n` from 1, at its `rung`th try from 0.
#[must_use]
pub fn instance(target: &ClusterId, job: JobId, n: usize, rung: usize) -> String {
    let again = if rung == 0 { String::new() } else { format!("-{}", rung + 1) };
    let end = format!("-{}-{n}{again}", job.short());
    format!("{}{end}", stem(target, MOST - end.len()))
}

fn derived(target: &ClusterId, word: &str, job: JobId) -> ClusterId {
    let end = format!("-{word}-{}", job.short());
    let name = format!("{}{end}", stem(target, MOST - end.len()));
    name.parse().expect("a part of an identifier with letters and digits behind it is one")
}

/// The beginning of a name: no longer than this, and with no hyphen at its end.
fn stem(target: &ClusterId, most: usize) -> String {
    let cut: String = target.as_str().chars().take(most).collect();
    cut.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_the_63_characters_of_rds_and_derive_from_the_job() {
        let job = JobId::keyed("a", "b");
        for target in
            ["a".to_owned(), format!("a{}", "b".repeat(62)), format!("{}-c", "a".repeat(46))]
        {
            let target: ClusterId = target.parse().unwrap();
            let clusters = [beside(&target, job), replaced(&target, job), leaving(&target, job)];
            let instances = [instance(&target, job, 16, 0), instance(&target, job, 16, 3)];
            let names = clusters.iter().map(ToString::to_string).chain(instances);
            let names: std::collections::BTreeSet<String> = names.collect();
            assert_eq!(names.len(), 5);
            for name in names {
                assert!(name.len() <= MOST && name.contains(&job.short()), "{name}");
                assert!(!name.contains("--") && name.parse::<ClusterId>().is_ok(), "{name}");
            }
        }
    }
}
