//! `init`: the table and the queues, made where they are missing. A repeat changes nothing.

use crate::trouble::Trouble;
use aurora_restore_shared::environment::Environment;
use aurora_restore_shared::ids::RegionName;
use aurora_restore_shared::store::TableReport;
use serde::Serialize;
use std::collections::BTreeMap;

/// What is there now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InitReport {
    /// The table.
    pub table: String,
    /// Whether it was made just now.
    pub table_created: bool,
    /// The queues of each Region.
    pub queues: BTreeMap<RegionName, Vec<String>>,
}

/// Makes the table in the home Region, and the queues of each of `regions` (when none is named, of
/// those that the settings name: the home Region if they name none).
///
/// # Errors
/// [`Trouble`] when AWS does not do it; what was made stays, and a repeat goes on.
pub async fn init(env: &Environment, regions: &[RegionName]) -> Result<InitReport, Trouble> {
    let store = env.store();
    let table_created = store.create_table().await? == TableReport::Created;
    let regions = if regions.is_empty() { &env.common.regions[..] } else { regions };
    let mut queues = BTreeMap::new();
    for region in regions {
        let names = env.queues(region).create().await.map_err(Trouble::queue(region))?;
        queues.insert(region.clone(), names);
    }
    Ok(InitReport { table: store.table().to_owned(), table_created, queues })
}
