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
    each_file(from, to, tools, &|from, to| {
        fs::copy(from, to)?;
        tools.give(to)
    })
}

/// Makes a folder of the files of another: the same ones, not copies.
pub(super) fn link_folder(from: &Path, to: &Path, tools: &Tools) -> Result<()> {
    each_file(from, to, tools, &|from, to| fs::hard_link(from, to))
}

fn each_file(
    from: &Path,
    to: &Path,
    tools: &Tools,
    take: &dyn Fn(&Path, &Path) -> Result<()>,
) -> Result<()> {
    tools.make_folder(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if tools.is_stopping() {
            return Err(Error::other("shutting down"));
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            each_file(&entry.path(), &target, tools, take)?;
        } else if kind.is_file() {
            take(&entry.path(), &target)?;
        } else {
            let what = entry.path();
            return Err(Error::other(format!("{} is neither file nor folder", what.display())));
        }
    }
    Ok(())
}
