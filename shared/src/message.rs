//! What SQS carries: wake-ups, and pointers to failed jobs.

use crate::failure::{Failure, FailureCode};
use crate::ids::{JobId, Seq};
use serde::{Deserialize, Serialize};

/// The version of the message formats that this release writes.
pub const MESSAGE_VERSION: u32 = 1;

/// "This job has something to do." Carries no other truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WakeUp {
    /// Version of the format.
    pub v: u32,
    /// The job.
    pub job: JobId,
    /// The number of the wake-up; with any other than the job expects, it is stale.
    pub seq: Seq,
}

impl WakeUp {
    /// The wake-up of a job.
    #[must_use]
    pub fn new(job: JobId, seq: Seq) -> Self {
        Self { v: MESSAGE_VERSION, job, seq }
    }

    /// Reads a message body.
    ///
    /// # Errors
    /// In words, when it is not a wake-up of a version this release knows: the message belongs to
    /// the dead-letter queue then.
    pub fn parse(body: &str) -> Result<Self, String> {
        let wake: Self =
            serde_json::from_str(body).map_err(|e| format!("not a wake-up message: {e}"))?;
        if wake.v == MESSAGE_VERSION {
            Ok(wake)
        } else {
            Err(format!("version {} of the message is not known here", wake.v))
        }
    }

    /// The message body.
    #[must_use]
    pub fn body(&self) -> String {
        serde_json::json!({ "v": self.v, "job": self.job, "seq": self.seq }).to_string()
    }

    /// The message group: the job itself, so that one job is never ticked twice through the queue
    /// and a bad job blocks nobody.
    #[must_use]
    pub fn group_id(&self) -> String {
        self.job.to_string()
    }

    /// The deduplication id. `dispatches` makes a second send of one wake-up a new message: the
    /// five-minute window outlives deletes and purges. Two senders of the same one are folded.
    #[must_use]
    pub fn deduplication_id(&self, dispatches: u64) -> String {
        format!("{}:{}:{dispatches}", self.job, self.seq)
    }
}

/// A dead-letter message: a pointer to a failed job, or a message nobody could read, kept whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadLetter {
    /// Version of the format.
    pub v: u32,
    /// The failed job, when the message pointed to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// The wake-up number at which it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// The step that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The code.
    pub code: FailureCode,
    /// What happened.
    pub text: String,
    /// The body of a message that nobody could read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl DeadLetter {
    /// A pointer to a failed job.
    #[must_use]
    pub fn of_job(job: JobId, seq: Seq, step: Option<&str>, failure: &Failure) -> Self {
        Self {
            v: MESSAGE_VERSION,
            job: Some(job),
            seq: Some(seq),
            step: step.map(str::to_owned),
            code: failure.code,
            text: failure.text.clone(),
            body: None,
        }
    }

    /// A message that could not be read, or that points to a job nobody knows.
    #[must_use]
    pub fn of_message(body: &str, why: impl Into<String>) -> Self {
        let code = FailureCode::RecordUnreadable;
        let body = Some(body.to_owned());
        Self { v: MESSAGE_VERSION, job: None, seq: None, step: None, code, text: why.into(), body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wake_up_reads_back_as_written() {
        let wake = WakeUp::new(JobId::keyed("a", "b"), Seq(7));
        assert_eq!(WakeUp::parse(&wake.body()), Ok(wake));
    }

    #[test]
    fn another_version_or_shape_is_refused_in_words() {
        let job = JobId::keyed("a", "b");
        let newer = format!(r#"{{"v":2,"job":"{job}","seq":1}}"#);
        assert!(WakeUp::parse(&newer).unwrap_err().contains("version 2"));
        assert!(WakeUp::parse("hello").unwrap_err().contains("not a wake-up"));
    }
}
