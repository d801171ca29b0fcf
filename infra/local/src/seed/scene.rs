//! What the checks of a seed file look at, and may change until the file is found good.

use super::fault::Faults;
use crate::identity::is_account;
use crate::kms::Kms;
use crate::rds::model::Place;
use crate::settings::WorldSettings;

/// The parts of a world that checks need, as copies.
pub(crate) struct Scene {
    /// Settings of the world.
    pub(crate) settings: WorldSettings,
    /// The present moment, milliseconds since the Unix epoch.
    pub(crate) now_ms: i64,
    /// The seeded source of every random choice.
    pub(crate) rng: fastrand::Rng,
    /// The keys, those of the file included.
    pub(crate) kms: Kms,
    /// What is wrong with the file.
    pub(crate) faults: Faults,
}

impl Scene {
    /// An account in a Region, both checked.
    pub(crate) fn place(&mut self, at: &str, account: &str, region: &str) -> Place {
        self.account(&format!("{at}.account"), account);
        if !is_region(region) {
            let fix = "must be the name of a Region, like us-east-1";
            self.faults.add(format!("{at}.region"), format!("is {region:?}"), fix);
        }
        Place { account: account.to_owned(), region: region.to_owned() }
    }

    /// Checks an account number.
    pub(crate) fn account(&mut self, path: &str, account: &str) {
        if !is_account(account) {
            self.faults.add(path, format!("is {account:?}"), "must be twelve digits");
        }
    }
}

fn is_region(text: &str) -> bool {
    let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let number = text.rsplit('-').next().unwrap_or_default();
    text.bytes().all(known)
        && text.split('-').count() >= 3
        && text.split('-').all(|part| !part.is_empty())
        && number.bytes().all(|b| b.is_ascii_digit())
}
