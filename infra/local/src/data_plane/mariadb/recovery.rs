//! Moments of a server's past: its base, and after it the binary logs of every change since, up to
//! there. The logs tell time in whole seconds, so a moment is that of the last full second.

use super::server::Server;
use crate::data_plane::servers::dbms::Moment;
use crate::data_plane::servers::tools::Input;
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

/// In the home: the name of the last log that belongs to the base, as it was when the server was
/// given away.
const BASE_LOG: &str = "base-log";

impl Server<'_> {
    /// Marks that what was done so far belongs to the base.
    pub(super) fn close_base(&self) -> Result<(), String> {
        let logs = self.close_logs()?;
        let last = logs.last().ok_or("the server has no binary log")?;
        let file = self.site.home.join(BASE_LOG);
        let failed = |e| format!("cannot write {}: {e}", file.display());
        self.tools.write(&file, &last.display().to_string()).map_err(failed)
    }

    /// Ends the log that is written to and returns all before it, oldest first.
    fn close_logs(&self) -> Result<Vec<PathBuf>, String> {
        self.admin("FLUSH BINARY LOGS")?;
        let archive = self.site.archive();
        let failed = |e| format!("cannot read {}: {e}", archive.display());
        let mut logs = Vec::new();
        for entry in fs::read_dir(&archive).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|end| end != "index") {
                logs.push(path);
            }
        }
        logs.sort();
        logs.pop();
        Ok(logs)
    }

    /// Repeats what was done in another server since its base, up to a moment.
    pub(super) fn replay(&self, source: &Server<'_>, moment: Moment) -> Result<(), String> {
        let (base, since) = source.logs()?;
        self.replay_logs(&base, None)?;
        match moment {
            Moment::Base => Ok(()),
            Moment::At(ms) => self.replay_logs(&since, Some(&stop_at(ms))),
            Moment::Now => self.replay_logs(&since, None),
        }
    }

    /// The logs of the base, and those since.
    fn logs(&self) -> Result<(Vec<PathBuf>, Vec<PathBuf>), String> {
        let file = self.site.home.join(BASE_LOG);
        let failed = |e| format!("cannot read {}: {e}", file.display());
        let last = PathBuf::from(fs::read_to_string(&file).map_err(failed)?);
        Ok(self.close_logs()?.into_iter().partition(|log| *log <= last))
    }

    fn replay_logs(&self, logs: &[PathBuf], more: Option<&str>) -> Result<(), String> {
        if logs.is_empty() {
            return Ok(());
        }
        let statements = self.site.home.join("replay.sql");
        let result = format!("--result-file={}", statements.display());
        let mut args = ["--no-defaults", &result].map(OsStr::new).to_vec();
        args.extend(more.map(OsStr::new));
        args.extend(logs.iter().map(|log| log.as_os_str()));
        self.tools.run(&self.programs.binlog, &args, Input::None, &[])?;
        self.admin_file(&statements)?;
        fs::remove_file(&statements)
            .map_err(|e| format!("cannot remove {}: {e}", statements.display()))
    }
}

/// The programs run with UTC as their time zone.
fn stop_at(ms: i64) -> String {
    let second = ms.div_euclid(1000);
    let told = jiff::Timestamp::from_second(second)
        .map_or_else(|_| second.to_string(), |at| at.strftime("%F %T").to_string());
    format!("--stop-datetime={told}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_whole_seconds() {
        assert_eq!(stop_at(1_600_000_000_000), "--stop-datetime=2020-09-13 12:26:40");
        assert_eq!(stop_at(1_600_000_000_999), "--stop-datetime=2020-09-13 12:26:40");
    }
}
