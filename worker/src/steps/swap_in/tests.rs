//! The table of a swap: every place where the two clusters may stand.

use super::*;
use Decision::{Done, Wait};

const OLD_AWAY: Decision = Decision::Rename(Rename::OldAway);
const NEW_IN: Decision = Decision::Rename(Rename::NewIn);
const NEW_AWAY: Decision = Decision::Rename(Rename::NewAway);
const OLD_BACK: Decision = Decision::Rename(Rename::OldBack);

fn swap() -> Swap {
    let name = |text: &str| text.parse().unwrap();
    Swap {
        target: name("orders"),
        beside: name("orders-new-1"),
        replaced: name("orders-old-1"),
        new: "new".into(),
        old: "old".into(),
    }
}

fn there(clusters: &[(&str, &str, &str)]) -> BTreeMap<String, Standing> {
    let standing = |(name, id, status): &(&str, &str, &str)| {
        let (resource_id, status) = ((*id).to_owned(), (*status).to_owned());
        ((*name).to_owned(), Standing { resource_id, status, is_protected: false })
    };
    clusters.iter().map(standing).collect()
}

#[test]
fn the_old_one_goes_first_and_then_the_new_one_comes() {
    let (target, beside, replaced) = ("orders", "orders-new-1", "orders-old-1");
    let name = |text: &str| text.parse::<ClusterId>().unwrap();
    let ok = "available";
    for (clusters, expected) in [
        (vec![(target, "old", ok), (beside, "new", ok)], OLD_AWAY),
        (vec![(target, "old", "backing-up"), (beside, "new", ok)], Wait(name(target))),
        (vec![(target, "old", ok), (beside, "new", "modifying")], Wait(name(beside))),
        (vec![(target, "old", "renaming"), (beside, "new", ok)], Wait(name(replaced))),
        (vec![(beside, "new", ok)], Wait(name(replaced))),
        (vec![(replaced, "old", "renaming"), (beside, "new", ok)], Wait(name(replaced))),
        (vec![(replaced, "old", ok), (beside, "new", ok)], NEW_IN),
        (vec![(replaced, "old", ok), (beside, "new", "renaming")], Wait(name(target))),
        (vec![(replaced, "old", ok)], Wait(name(target))),
        (vec![(replaced, "old", ok), (target, "new", "renaming")], Wait(name(target))),
        (vec![(replaced, "old", ok), (target, "new", ok)], Done),
    ] {
        assert_eq!(decide(&swap(), &there(&clusters), None).unwrap(), expected, "{clusters:?}");
    }
}

#[test]
fn nothing_is_renamed_over_a_stranger_and_nothing_broken_is_swapped() {
    let stranger = there(&[("orders", "other", "available"), ("orders-new-1", "new", "available")]);
    assert_eq!(decide(&swap(), &stranger, None).unwrap_err().code, FailureCode::TargetNameTaken);
    let in_the_gap = there(&[
        ("orders", "other", "available"),
        ("orders-new-1", "new", "available"),
        ("orders-old-1", "old", "available"),
    ]);
    assert_eq!(decide(&swap(), &in_the_gap, None).unwrap_err().code, FailureCode::TargetNameTaken);
    let broken = there(&[("orders", "old", "available"), ("orders-new-1", "new", "failed")]);
    assert_eq!(decide(&swap(), &broken, None).unwrap_err().code, FailureCode::ResourceFailed);
}

#[test]
fn a_swap_that_is_taken_back_ends_with_the_old_cluster_under_its_name() {
    let (target, beside, replaced) = ("orders", "orders-new-1", "orders-old-1");
    let name = |text: &str| text.parse::<ClusterId>().unwrap();
    let (ok, why) = ("available", swap_failed("why"));
    for (clusters, expected) in [
        (vec![(target, "new", ok), (replaced, "old", ok)], NEW_AWAY),
        (vec![(target, "new", "renaming"), (replaced, "old", ok)], Wait(name(beside))),
        (vec![(target, "new", "modifying"), (replaced, "old", ok)], Wait(name(target))),
        (vec![(beside, "new", "renaming"), (replaced, "old", ok)], OLD_BACK),
        (vec![(beside, "new", ok), (replaced, "old", ok)], OLD_BACK),
        (vec![(beside, "new", ok), (replaced, "old", "renaming")], Wait(name(target))),
        (vec![(beside, "new", ok)], Wait(name(target))),
    ] {
        let decided = decide(&swap(), &there(&clusters), Some(&why)).unwrap();
        assert_eq!(decided, expected, "{clusters:?}");
    }
    let back = there(&[(target, "old", ok), (beside, "new", ok)]);
    let failed = decide(&swap(), &back, Some(&why)).unwrap_err();
    assert_eq!((failed.kind, failed.code), (FailureKind::Permanent, FailureCode::SwapFailed));
    assert!(failed.text.ends_with("why"), "{failed}");
}

#[test]
fn a_new_cluster_that_is_not_shown_is_looked_for_again_and_nothing_is_renamed() {
    let lost = decide(&swap(), &there(&[("orders", "old", "available")]), None).unwrap_err();
    assert_eq!((lost.kind, lost.code), (FailureKind::Transient, FailureCode::ResourceLost));
}
