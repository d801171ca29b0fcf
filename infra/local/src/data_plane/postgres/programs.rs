//! Which PostgreSQL programs are used: found on the machine, never downloaded.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Everything that is run, all from one folder so that the versions agree.
pub(in crate::data_plane) const NAMES: [&str; 5] =
    ["initdb", "pg_basebackup", "pg_ctl", "postgres", "psql"];

/// The oldest major version whose programs have every option used here (`\getenv` of psql).
const OLDEST: u32 = 14;

/// Folders with one sub-folder per version, as the usual packages lay them out: the part before
/// the version, and the part after it.
const VERSIONED: [(&str, &str, &str); 4] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
];

/// PostgreSQL as found on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresPrograms {
    /// The folder of the programs.
    pub bin: PathBuf,
    /// What `postgres --version` says.
    pub version: String,
}

impl PostgresPrograms {
    /// Looks in `$PG_BIN` (and then nowhere else), on the `PATH`, then where packages put it,
    /// highest version first.
    ///
    /// # Errors
    /// What is missing and how to install it.
    pub fn find() -> Result<Self, String> {
        if let Some(bin) = env::var_os("PG_BIN").filter(|v| !v.is_empty()) {
            return Self::at(Path::new(&bin)).map_err(|e| format!("PG_BIN: {e}"));
        }
        let mut reasons = Vec::new();
        for bin in candidates().into_iter().filter(|bin| bin.join("initdb").is_file()) {
            match Self::at(&bin) {
                Ok(found) => return Ok(found),
                Err(e) => reasons.push(e),
            }
        }
        Err(how_to_install(&reasons))
    }

    /// The programs of one folder.
    ///
    /// # Errors
    /// What is missing there, or that the version is too old.
    pub fn at(bin: &Path) -> Result<Self, String> {
        if let Some(missing) = NAMES.iter().find(|name| !bin.join(name).is_file()) {
            return Err(format!("there is no {missing} in {}", bin.display()));
        }
        let version = ask_version(&bin.join("postgres"))?;
        match major(&version) {
            Some(major) if major >= OLDEST => Ok(Self { bin: bin.to_owned(), version }),
            _ => Err(format!("{version} in {} is older than {OLDEST}", bin.display())),
        }
    }
}

fn candidates() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut all: Vec<PathBuf> = env::split_paths(&path).collect();
    let mut versioned: Vec<(u32, PathBuf)> = VERSIONED.iter().flat_map(versions_under).collect();
    versioned.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    all.extend(versioned.into_iter().map(|(_, bin)| bin));
    all
}

fn versions_under((folder, prefix, suffix): &(&str, &str, &str)) -> Vec<(u32, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path().join(suffix)))
        })
        .collect()
}

fn ask_version(postgres: &Path) -> Result<String, String> {
    let failed = |e: &dyn std::fmt::Display| format!("{} --version: {e}", postgres.display());
    let output =
        Command::new(postgres).arg(OsStr::new("--version")).output().map_err(|e| failed(&e))?;
    if !output.status.success() {
        return Err(failed(&output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The major version in e.g. `postgres (PostgreSQL) 15.6 (Debian 15.6-0+deb12u1)`.
fn major(version: &str) -> Option<u32> {
    let number =
        version.split_whitespace().find(|w| w.starts_with(|c: char| c.is_ascii_digit()))?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn how_to_install(reasons: &[String]) -> String {
    let mut text = format!(
        "no PostgreSQL (version {OLDEST} or newer, with its server programs) was found on this \
         machine; install it (Debian and Ubuntu: apt-get install postgresql; Fedora: dnf install \
         postgresql-server; macOS: brew install postgresql@16) or name the folder of its programs \
         in PG_BIN"
    );
    for reason in reasons {
        text.push_str("; ");
        text.push_str(reason);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_the_program_says() {
        assert_eq!(major("postgres (PostgreSQL) 15.6 (Debian 15.6-0+deb12u1)"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major("something else"), None);
    }

    #[test]
    fn a_folder_without_the_programs_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let refusal = PostgresPrograms::at(folder.path()).unwrap_err();
        assert!(refusal.contains("no initdb"), "{refusal}");
    }

    #[test]
    fn the_refusal_says_how_to_install() {
        assert!(how_to_install(&[]).contains("apt-get install postgresql"));
    }
}
