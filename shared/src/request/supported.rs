//! What a well-formed request may ask for that this release does not do yet: refused by name, so
//! that nothing a caller asks for is silently left out.

use super::{IfExists, Master, Request, Source};
use crate::fault::Fault;

pub(super) fn unsupported(request: &Request) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut refuse = |is_asked: bool, path: &str, fix: &str| {
        if is_asked {
            let problem = "is not supported yet by this release".to_owned();
            faults.push(Fault { path: path.to_owned(), problem, fix: fix.to_owned() });
        }
    };
    let (source, target, access) = (&request.source, &request.target, &request.access);
    let snapshot = "restore from a snapshot (source.snapshot)";
    refuse(matches!(source, Source::PointInTime(_)), "source.point_in_time", snapshot);
    refuse(matches!(source, Source::Clone(_)), "source.clone", snapshot);
    let same = "must be that of the source for now";
    refuse(source.account() != &target.account, "target.account", same);
    refuse(source.region() != &target.region, "target.region", same);
    refuse(target.if_exists == IfExists::Swap, "target.if_exists", "use \"refuse\" for now");
    refuse(target.backtrack_hours.is_some(), "target.backtrack_hours", "leave it out (MySQL only)");
    let has_fallback = target.instances.iter().flatten().any(|i| !i.fallback.is_empty());
    refuse(has_fallback, "target.instances", "leave \"fallback\" out for now");
    refuse(request.schedule.is_some(), "schedule", "submit it when it may run");
    refuse(
        access.master == Some(Master::Managed),
        "access.master",
        "give {\"secret\": \"<name>\"}",
    );
    refuse(!access.users.is_empty(), "access.users", "leave it out for now");
    refuse(access.open_after_masking, "access.open_after_masking", "leave it out for now");
    refuse(request.mask.is_some(), "mask", "leave it out for now");
    refuse(!request.verify.connect_as.is_empty(), "verify.connect_as", "leave it out for now");
    refuse(request.verify.compare_settings, "verify.compare_settings", "leave it out for now");
    refuse(request.keep.replaced.is_some(), "keep.replaced", "nothing is replaced yet");
    refuse(request.keep.snapshot_copies.is_some(), "keep.snapshot_copies", "no copy is made yet");
    refuse(!request.notify.is_empty(), "notify", "the log and the job's events tell its end");
    if !request.verify.checks.is_empty() && access.master.is_none() {
        faults.push(Fault {
            path: "access.master".into(),
            problem: "is missing, and the checks connect as the master user".into(),
            fix: "give {\"secret\": \"<name>\"}".into(),
        });
    }
    faults
}
