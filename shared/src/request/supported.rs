//! What a well-formed request asks for that cannot be, whatever the source is: parts that need each
//! other, and what this release does not do yet. Refused by name, so that nothing a caller asks for
//! is silently left out.

use super::{IfExists, LEAST_KEPT, Request, Span};
use crate::fault::Fault;

pub(super) fn unsupported(request: &Request) -> Vec<Fault> {
    let all = [
        masking(request),
        replaced(request),
        too_short("keep.failed", request.keep.failed.as_ref()),
    ];
    all.into_iter().flatten().collect()
}

fn masking(request: &Request) -> Option<Fault> {
    let waits_for_nothing = request.access.open_after_masking && request.mask.is_none();
    waits_for_nothing.then(|| {
        Fault::new(
            "access.open_after_masking",
            "waits for masking, and there is none",
            "add \"mask\", or leave it out",
        )
    })
}

fn replaced(request: &Request) -> Option<Fault> {
    let kept = request.keep.replaced.as_ref()?;
    if request.target.if_exists != IfExists::Swap {
        let problem = "is about a cluster that is replaced, and none is";
        return Some(Fault::new(
            "keep.replaced",
            problem,
            "leave it out, or set target.if_exists to \"swap\"",
        ));
    }
    too_short("keep.replaced", Some(kept))
}

fn too_short(field: &str, kept: Option<&Span>) -> Option<Fault> {
    let kept = kept.filter(|kept| kept.length() < LEAST_KEPT)?;
    let fix = "must be at least 1h: a late call must never meet another cluster";
    Some(Fault::new(field, format!("is {kept}"), fix))
}
