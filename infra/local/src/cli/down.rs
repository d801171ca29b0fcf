//! `down`: the end of a local cloud.

use anyhow::{Error, Result};
use aurora_restore_local::data_plane::servers::folder::DataFolder;
use clap::Args;
use std::io::{self, Write};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Folder {
    /// The folder of everything, made and removed again; must be empty when it exists [default:
    /// aurora-restore-local-<user id> in the folder for temporary files].
    #[arg(long, env = "AURORA_RESTORE_LOCAL_DATA", value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl Folder {
    pub(crate) fn path(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(|| {
            let user = nix::unistd::geteuid();
            std::env::temp_dir().join(format!("aurora-restore-local-{user}"))
        })
    }
}

/// Ends what runs in a folder.
pub(crate) fn down(folder: &Folder) -> Result<()> {
    let path = folder.path();
    match DataFolder::end_owner(&path).map_err(Error::msg)? {
        Some(pid) => writeln!(io::stdout(), "ended process {pid}")?,
        None => writeln!(io::stdout(), "nothing is running in {}", path.display())?,
    }
    Ok(())
}
