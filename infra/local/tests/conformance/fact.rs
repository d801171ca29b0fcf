//! A fact: a name that states it, its source, and a check that panics when it does not hold.

use crate::bed::Bed;
use aurora_restore_local::settings::WorldSettings;
use std::fmt;
use std::pin::Pin;

/// Why a door was not asked after all.
#[derive(Debug)]
pub(crate) struct Skip(pub(crate) String);

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The end of a check that found the fact to hold, or could not ask.
pub(crate) type Outcome = Result<(), Skip>;

/// A check under way.
pub(crate) type Checking = Pin<Box<dyn Future<Output = Outcome>>>;

/// One fact about one service.
pub(crate) struct Fact {
    /// The service, as in `AURORA_CONFORMANCE_<SERVICE>` in lower case.
    pub(crate) service: &'static str,
    /// What is so.
    pub(crate) name: &'static str,
    /// Where AWS says it.
    pub(crate) source: &'static str,
    /// The settings of the local cloud it needs, where the usual ones will not do.
    pub(crate) settings: Option<fn() -> WorldSettings>,
    /// Holds it against a bed.
    pub(crate) check: fn(Bed) -> Checking,
}

/// Lists the facts of a module, each with its source: one that is not listed is dead code.
/// `name [settings]: "source"` gives a fact a local cloud with the settings of that function.
macro_rules! facts {
    (@settings) => { None };
    (@settings $settings:path) => { Some($settings) };
    ($service:literal: $($fact:ident $([$settings:path])?: $source:literal),+ $(,)?) => {
        /// The facts of this module.
        pub(crate) const FACTS: &[$crate::fact::Fact] = &[$($crate::fact::Fact {
            service: $service,
            name: stringify!($fact),
            source: $source,
            settings: $crate::fact::facts!(@settings $($settings)?),
            check: |bed| Box::pin($fact(bed)),
        }),+];
    };
}
pub(crate) use facts;
