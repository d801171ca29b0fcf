//! `programs`: which databases would be used.

use anyhow::{Error, Result};
use aurora_restore_local::data_plane::servers::Programs;
use std::io::{self, Write};

/// Says which PostgreSQL there is.
pub(crate) fn programs() -> Result<()> {
    let found = Programs::find().postgres.map_err(Error::msg)?;
    writeln!(io::stdout(), "{} in {}", found.version, found.bin.display())?;
    Ok(())
}
