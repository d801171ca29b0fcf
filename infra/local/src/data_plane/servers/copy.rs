//! Copies the files of a server that does not run.
//!
//! In this process rather than with `cp`, so that a copy ends with us when we are killed; and as
//! cheap, because [`fs::copy`] shares the blocks where the file system can.

use super::tools::Tools;
use std::fs;
use std::io::{Error, Result};
use std::path::Path;

/// Copies a folder and all that is in it, for the user the servers run as.
pub(super) fn copy_folder(from: &Path, to: &Path, tools: &Tools) -> Result<()> {
    tools.make_folder(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if tools.is_stopping() {
            return Err(Error::other("shutting down"));
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_folder(&entry.path(), &target, tools)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target)?;
            tools.give(&target)?;
        } else {
            let what = entry.path();
            return Err(Error::other(format!("{} is neither file nor folder", what.display())));
        }
    }
    Ok(())
}
