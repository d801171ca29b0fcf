//! Seed files on this machine: read, with the data files they name, and checked.

use super::trouble::Trouble;
use aurora_restore_local::clock::{Now, SystemNow};
use aurora_restore_local::data_plane::NoData;
use aurora_restore_local::seed::SeedFile;
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_local::world::World;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// A seed file with the text of its data files in their place, its shape checked.
pub(super) fn read(path: &Path) -> Result<Value, Trouble> {
    let unread = |e: &dyn std::fmt::Display| refused(path, vec![e.to_string()]);
    let text = fs::read_to_string(path).map_err(|e| unread(&e))?;
    let mut seed: Value = serde_json::from_str(&text).map_err(|e| unread(&e))?;
    // What is no file of statements is a fault of the shape, or of the statements.
    let mut faults = SeedFile::read(&seed).err().unwrap_or_default();
    let mut problems: Vec<_> = faults.drain(..).map(|fault| fault.to_string()).collect();
    problems.extend(take_in_files(&mut seed, path.parent().unwrap_or(Path::new("."))));
    if problems.is_empty() { Ok(seed) } else { Err(refused(path, problems)) }
}

/// Checks all of a seed file, as if for an empty local cloud.
pub(super) fn try_out(path: &Path, seed: &Value) -> Result<SeedFile, Trouble> {
    let mut empty = World::new(WorldSettings::default(), Box::new(NoData));
    let tried = SeedFile::read(seed).and_then(|file| {
        empty.seed(&file, SystemNow.now_ms())?;
        Ok(file)
    });
    tried.map_err(|faults| refused(path, faults.iter().map(ToString::to_string).collect()))
}

/// The refusal of a seed file with faults.
pub(super) fn refused(path: &Path, faults: Vec<String>) -> Trouble {
    let n = faults.len();
    let head = format!("{}: nothing was stored, faults: {n}", path.display());
    Trouble::BadFlags(std::iter::once(head).chain(faults).collect())
}

/// Puts the text of each data file in its place; the faults of those that cannot be read.
fn take_in_files(seed: &mut Value, folder: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    let clusters = seed.get_mut("clusters").and_then(Value::as_array_mut);
    for (i, cluster) in clusters.into_iter().flatten().enumerate() {
        let data = cluster.get_mut("data").and_then(Value::as_array_mut);
        for (j, data) in data.into_iter().flatten().enumerate() {
            let Some(file) = data["file"].as_str().map(|file| folder.join(file)) else { continue };
            if data.get("sql").is_some() {
                continue;
            }
            match fs::read_to_string(&file) {
                Ok(sql) => {
                    data["sql"] = json!(sql);
                    data.as_object_mut().map(|members| members.remove("file"));
                }
                Err(e) => {
                    let fix = "must be a path relative to the seed file";
                    let file = file.display();
                    faults.push(format!("clusters[{i}].data[{j}].file: {file}: {e}; {fix}"));
                }
            }
        }
    }
    faults
}
