//! Runs programs and handles files for the user that the servers run as: an unprivileged one, with
//! a clean environment, and with errors that say what the program said.

use super::copy::{copy_folder, link_folder};
use nix::unistd::{User, geteuid};
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// How many lines of what a program said are kept in an error.
const LAST_LINES: usize = 6;

/// What a program reads from its standard input.
#[derive(Debug, Clone, Copy)]
pub(in crate::data_plane) enum Input<'a> {
    /// Nothing.
    None,
    /// A text.
    Text(&'a str),
    /// What is in a file.
    File(&'a Path),
}

/// The user that programs run as, and whether long work is to end early.
#[derive(Debug)]
pub(in crate::data_plane) struct Tools {
    /// Set when we are root, as whom the servers refuse to run.
    user: Option<User>,
    home: PathBuf,
    stopping: AtomicBool,
}

impl Tools {
    /// Decides on the user; `home` must be a folder that user can get into.
    pub(super) fn new(home: &Path) -> Result<Self, String> {
        let user = if geteuid().is_root() { Some(unprivileged_user()?) } else { None };
        let tools = Self { user, home: home.to_owned(), stopping: AtomicBool::new(false) };
        home.ancestors().try_for_each(|folder| tools.check_passage(folder))?;
        Ok(tools)
    }

    /// Lets long work end early.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether long work is to end early.
    pub(in crate::data_plane) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Runs a program to its end and returns what it wrote to its standard output. `env` is added
    /// to its environment.
    pub(in crate::data_plane) fn run(
        &self,
        program: &Path,
        args: &[&OsStr],
        input: Input<'_>,
        env: &[(&str, &str)],
    ) -> Result<String, String> {
        let name = program.file_name().unwrap_or_default().display();
        let failed = |e: io::Error| format!("{name}: {e}");
        let mut command = self.command(program);
        command.args(args).envs(env.iter().copied());
        command.stdin(stdin_for(input).map_err(failed)?).stdout(Stdio::piped());
        let child = command.stderr(Stdio::piped()).spawn().map_err(failed)?;
        let output = feed(child, input).map_err(failed)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = last_lines(&String::from_utf8_lossy(&output.stderr));
        Err(format!("{name} ended with {}: {said}", output.status))
    }

    /// A program to be run as the user of the servers.
    pub(in crate::data_plane) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            // Our environment may hold credentials, and variables that change what is done.
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .env("HOME", &self.home)
            .current_dir(&self.home)
            // Ctrl-C on the terminal is for us; we end them in order.
            .process_group(0);
        if let Some(user) = &self.user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }

    /// Copies a folder for the user of the servers.
    pub(in crate::data_plane) fn copy(&self, from: &Path, to: &Path) -> Result<(), String> {
        copy_folder(from, to, self)
            .map_err(|e| format!("cannot copy {} to {}: {e}", from.display(), to.display()))
    }

    /// A folder with the same files as another, for what is only read from then on.
    pub(in crate::data_plane) fn link(&self, from: &Path, to: &Path) -> Result<(), String> {
        link_folder(from, to, self)
            .map_err(|e| format!("cannot link {} to {}: {e}", from.display(), to.display()))
    }

    /// Gives a file or folder to the user the servers run as.
    pub(in crate::data_plane) fn give(&self, path: &Path) -> std::io::Result<()> {
        match &self.user {
            Some(user) => chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())),
            None => Ok(()),
        }
    }

    /// Makes a folder that only the user of the servers can read.
    pub(in crate::data_plane) fn make_folder(&self, path: &Path) -> std::io::Result<()> {
        fs::create_dir(path)?;
        self.close_folder(path)
    }

    /// Gives a folder to the user of the servers, and to nobody else.
    pub(in crate::data_plane) fn close_folder(&self, path: &Path) -> std::io::Result<()> {
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        self.give(path)
    }

    /// Writes a file that only the user of the servers can read.
    pub(in crate::data_plane) fn write(&self, path: &Path, text: &str) -> std::io::Result<()> {
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
            "database servers do not run as root and the user {} cannot get through {}; \
             name a data folder elsewhere, e.g. under /tmp or /var/lib",
            user.name,
            folder.display()
        ))
    }
}

fn unprivileged_user() -> Result<User, String> {
    let named = |name: &&str| User::from_name(name).ok().flatten();
    ["postgres", "mysql", "nobody"].iter().find_map(named).ok_or_else(|| {
        "database servers do not run as root, and there is no user postgres, mysql or nobody".into()
    })
}

fn stdin_for(input: Input<'_>) -> io::Result<Stdio> {
    Ok(match input {
        Input::None => Stdio::null(),
        Input::Text(_) => Stdio::piped(),
        Input::File(path) => File::open(path)?.into(),
    })
}

/// Writes the input while the output is read: a program that talks while it is being fed must not
/// wait for us as we wait for it.
fn feed(mut child: Child, input: Input<'_>) -> io::Result<Output> {
    let stdin = child.stdin.take();
    thread::scope(|scope| {
        if let (Some(mut stdin), Input::Text(text)) = (stdin, input) {
            // A program that ended early shows in its exit status.
            scope.spawn(move || drop(stdin.write_all(text.as_bytes())));
        }
        child.wait_with_output()
    })
}

/// The end of what a program said.
pub(in crate::data_plane) fn last_lines(text: &str) -> String {
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
        let tools = Tools::new(Path::new("/")).unwrap();
        let args = [OsStr::new("-c"), OsStr::new("echo out of space >&2; exit 3")];
        let error = tools.run(Path::new("/bin/sh"), &args, Input::None, &[]).unwrap_err();
        assert_eq!(error, "sh ended with exit status: 3: out of space");
    }

    #[test]
    fn a_program_may_say_as_much_as_it_is_told() {
        let tools = Tools::new(Path::new("/")).unwrap();
        let text = "a line\n".repeat(300_000);
        let said = tools.run(Path::new("/bin/cat"), &[], Input::Text(&text), &[]).unwrap();
        assert!(said == text, "{} bytes of {}", said.len(), text.len());
    }
}
