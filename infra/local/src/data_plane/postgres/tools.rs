//! Runs the PostgreSQL programs: as an unprivileged user, with a clean environment, and with
//! errors that say what the program said.

use super::programs::PostgresPrograms;
use nix::unistd::{User, geteuid};
use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How many lines of what a program said are kept in an error.
const LAST_LINES: usize = 6;

/// The programs, and the user they run as.
#[derive(Debug)]
pub(super) struct Tools {
    programs: PostgresPrograms,
    /// Set when we are root, as whom PostgreSQL refuses to run.
    user: Option<User>,
    home: PathBuf,
}

impl Tools {
    /// Decides on the user; `home` must be a folder that user can get into.
    pub(super) fn new(programs: PostgresPrograms, home: &Path) -> Result<Self, String> {
        let user = if geteuid().is_root() { Some(unprivileged_user()?) } else { None };
        let tools = Self { programs, user, home: home.to_owned() };
        home.ancestors().try_for_each(|folder| tools.check_passage(folder))?;
        Ok(tools)
    }

    /// Runs a program to its end. `input` becomes its standard input, `env` its environment.
    pub(super) fn run(
        &self,
        program: &str,
        args: &[&OsStr],
        input: &str,
        env: &[(&str, &str)],
    ) -> Result<(), String> {
        let failed = |e: std::io::Error| format!("{program}: {e}");
        let mut command = self.command(program);
        command.args(args).envs(env.iter().copied());
        let mut child = command.spawn().map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            // A program that ended early shows in its exit status.
            let _ = stdin.write_all(input.as_bytes());
        }
        let output = child.wait_with_output().map_err(failed)?;
        if output.status.success() {
            return Ok(());
        }
        let said = last_lines(&String::from_utf8_lossy(&output.stderr));
        Err(format!("{program} ended with {}: {said}", output.status))
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.bin.join(program));
        command
            // Our environment may hold credentials, and PG* variables that change what is done.
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LC_ALL", "C")
            .env("HOME", &self.home)
            .current_dir(&self.home)
            // Ctrl-C on the terminal is for us; we end them in order.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        if let Some(user) = &self.user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }

    /// Gives a file or folder to the user the servers run as.
    pub(super) fn give(&self, path: &Path) -> std::io::Result<()> {
        match &self.user {
            Some(user) => chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())),
            None => Ok(()),
        }
    }

    /// Makes a folder that only the user of the servers can read.
    pub(super) fn make_folder(&self, path: &Path) -> std::io::Result<()> {
        fs::create_dir(path)?;
        self.close_folder(path)
    }

    /// Gives a folder to the user of the servers, and to nobody else.
    pub(super) fn close_folder(&self, path: &Path) -> std::io::Result<()> {
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        self.give(path)
    }

    /// Writes a file that only the user of the servers can read.
    pub(super) fn write(&self, path: &Path, text: &str) -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        self.give(path)
    }

    fn check_passage(&self, folder: &Path) -> Result<(), String> {
        let (Some(user), Ok(meta)) = (&self.user, fs::metadata(folder)) else { return Ok(()) };
        let needed = match (meta.uid() == user.uid.as_raw(), meta.gid() == user.gid.as_raw()) {
            (true, _) => 0o100,
            (false, true) => 0o010,
            (false, false) => 0o001,
        };
        if meta.mode() & needed != 0 {
            return Ok(());
        }
        Err(format!(
            "PostgreSQL does not run as root and the user {} cannot get through {}; \
             name a data folder elsewhere, e.g. under /tmp or /var/lib",
            user.name,
            folder.display()
        ))
    }
}

fn unprivileged_user() -> Result<User, String> {
    let named = |name: &str| User::from_name(name).ok().flatten();
    named("postgres").or_else(|| named("nobody")).ok_or_else(|| {
        "PostgreSQL does not run as root, and there is neither a user postgres nor nobody".into()
    })
}

/// The end of what a program said.
pub(super) fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_keeps_the_end_of_what_was_said() {
        let said: String = (1..=20).map(|n| format!("line {n}\n\n")).collect();
        assert!(last_lines(&said).starts_with("line 15\n"));
        assert!(last_lines(&said).ends_with("line 20"));
        assert_eq!(last_lines(""), "");
    }

    #[test]
    fn a_program_that_fails_is_named_with_its_status_and_words() {
        let programs = PostgresPrograms { bin: "/bin".into(), version: String::new() };
        let tools = Tools::new(programs, Path::new("/")).unwrap();
        let args = [OsStr::new("-c"), OsStr::new("echo out of space >&2; exit 3")];
        let error = tools.run("sh", &args, "", &[]).unwrap_err();
        assert_eq!(error, "sh ended with exit status: 3: out of space");
    }
}
