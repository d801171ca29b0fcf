//! Which MariaDB programs are used: found on the machine, never downloaded.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Everything that is run.
pub(in crate::data_plane) const NAMES: [&str; 5] =
    ["mariadb", "mariadb-backup", "mariadb-binlog", "mariadb-install-db", "mariadbd"];

/// The oldest version whose programs have every option used here.
const OLDEST: (u32, u32) = (10, 6);

/// Where packages put the programs, beside the folders on the `PATH`: the server is often where
/// only root looks.
const USUAL: [&str; 8] = [
    "/usr/bin",
    "/usr/sbin",
    "/usr/libexec",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/usr/local/mysql/bin",
    "/opt/homebrew/opt/mariadb/bin",
    "/usr/local/opt/mariadb/bin",
];

/// MariaDB as found on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MariadbPrograms {
    /// The server, `mariadbd`.
    pub server: PathBuf,
    /// The client, `mariadb`.
    pub client: PathBuf,
    /// Copies a running server, `mariadb-backup`.
    pub backup: PathBuf,
    /// Turns binary logs into statements, `mariadb-binlog`.
    pub binlog: PathBuf,
    /// Makes the files of a fresh server, `mariadb-install-db`.
    pub install: PathBuf,
    /// What `mariadbd --version` says.
    pub version: String,
}

impl MariadbPrograms {
    /// Looks in the folders of `$MARIADB_BIN` (separated as in `PATH`; and then nowhere else), on
    /// the `PATH`, then where packages put them.
    ///
    /// # Errors
    /// What is missing and how to install it.
    pub fn find() -> Result<Self, String> {
        if let Some(bin) = env::var_os("MARIADB_BIN").filter(|v| !v.is_empty()) {
            let folders: Vec<PathBuf> = env::split_paths(&bin).collect();
            return Self::among(&folders).map_err(|e| format!("MARIADB_BIN: {e}"));
        }
        let path = env::var_os("PATH").unwrap_or_default();
        let folders: Vec<PathBuf> =
            env::split_paths(&path).chain(USUAL.map(PathBuf::from)).collect();
        Self::among(&folders).map_err(|e| how_to_install(&e))
    }

    /// The programs in some folders, the first of each name.
    ///
    /// # Errors
    /// What is missing there, or that the version is too old.
    pub fn among(folders: &[PathBuf]) -> Result<Self, String> {
        let find = |name: &str| {
            let file = folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file());
            file.ok_or_else(|| format!("there is no {name} in {}", listed(folders)))
        };
        let [client, backup, binlog, install, server] = NAMES.map(find);
        let server = server?;
        let version = ask_version(&server)?;
        if number(&version).is_none_or(|number| number < OLDEST) {
            let (major, minor) = OLDEST;
            return Err(format!("{version} ({}) is older than {major}.{minor}", server.display()));
        }
        let [client, backup, binlog, install] = [client?, backup?, binlog?, install?];
        Ok(Self { server, client, backup, binlog, install, version })
    }
}

fn listed(folders: &[PathBuf]) -> String {
    let all: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    all.join(", ")
}

fn ask_version(server: &Path) -> Result<String, String> {
    let failed = |e: &dyn std::fmt::Display| format!("{} --version: {e}", server.display());
    let mut command = Command::new(server);
    let output = command.args(["--no-defaults", "--version"]).output().map_err(|e| failed(&e))?;
    if !output.status.success() {
        return Err(failed(&output.status));
    }
    let said = String::from_utf8_lossy(&output.stdout);
    Ok(said.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The version in e.g. `mariadbd Ver 10.11.6-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64`.
fn number(version: &str) -> Option<(u32, u32)> {
    let number =
        version.split_whitespace().find(|w| w.starts_with(|c: char| c.is_ascii_digit()))?;
    let mut parts = number.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

fn how_to_install(reason: &str) -> String {
    let (major, minor) = OLDEST;
    format!(
        "no MariaDB (version {major}.{minor} or newer, with its server programs) was found on this \
         machine; install it (Debian and Ubuntu: apt-get install mariadb-server mariadb-backup; \
         Fedora: dnf install mariadb-server mariadb-backup; macOS: brew install mariadb) or name \
         the folders of its programs in MARIADB_BIN; {reason}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_what_the_program_says() {
        let debian = "mariadbd Ver 10.11.6-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64";
        assert_eq!(number(debian), Some((10, 11)));
        assert_eq!(number("mariadbd Ver 11.4-MariaDB"), Some((11, 4)));
        assert_eq!(number("something else"), None);
    }

    #[test]
    fn folders_without_the_programs_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let refusal = MariadbPrograms::among(&[folder.path().to_owned()]).unwrap_err();
        assert!(refusal.contains("no mariadbd in"), "{refusal}");
    }

    #[test]
    fn the_refusal_says_how_to_install() {
        assert!(how_to_install("x").contains("apt-get install mariadb-server mariadb-backup"));
    }
}
