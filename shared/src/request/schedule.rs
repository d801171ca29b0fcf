//! When a job may run, and how long things are kept: times as people write them.

use crate::fault::Reader;
use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A length of time such as `90m`, `2h` or `3d` (a day is 24 hours). Kept as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Span {
    text: String,
    #[serde(skip)]
    #[schemars(skip)]
    length: Duration,
}

impl Span {
    /// How long it is.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.length
    }
}

/// What a length of time must look like.
const SPAN_RULE: &str = "must be a length of time such as \"90m\", \"2h\" or \"3d\"";

impl FromStr for Span {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, &'static str> {
        let span: jiff::Span = text.parse().map_err(|_| SPAN_RULE)?;
        let day = jiff::SpanRelativeTo::days_are_24_hours();
        let length = span.to_duration(day).map_err(|_| SPAN_RULE)?;
        let length = Duration::try_from(length).map_err(|_| SPAN_RULE)?;
        if length.is_zero() { Err(SPAN_RULE) } else { Ok(Self { text: text.to_owned(), length }) }
    }
}

impl TryFrom<String> for Span {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, &'static str> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> String {
        span.text
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// When a job may run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Not before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub not_before: Option<Timestamp>,
    /// Only in these windows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
    /// Not at all when it could not start by this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub start_before: Option<Timestamp>,
}

/// A window of off-peak work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Days of the week: `mon` to `sun`.
    pub days: Vec<String>,
    /// First minute, `HH:MM`.
    pub from: String,
    /// First minute after it, `HH:MM`; on the next day when it is not after `from`.
    pub to: String,
    /// IANA time zone, such as `Europe/Berlin`.
    pub time_zone: String,
}

/// How long things are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// The cluster that was replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<Span>,
    /// The restored cluster itself (a throw-away copy).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<Span>,
    /// What a job has made that has failed, and was not retried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Span>,
    /// Snapshot copies made on the way: a length of time, or `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_copies: Option<String>,
}

impl Keep {
    /// Whether nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How long snapshot copies are kept; none: they go when they are no longer needed.
    #[must_use]
    pub fn copies(&self) -> Option<Span> {
        self.snapshot_copies.as_deref()?.parse().ok()
    }

    /// How long what a failed job has made is kept for a retry.
    #[must_use]
    pub fn failed_for(&self) -> Duration {
        self.failed.as_ref().map_or(FAILED_KEPT, Span::length)
    }

    /// How long a replaced cluster is kept, in words.
    #[must_use]
    pub fn replaced_words(&self) -> String {
        self.replaced.as_ref().map_or_else(|| in_days(REPLACED_KEPT), Span::to_string)
    }

    /// How long what a failed job has made is kept, in words.
    #[must_use]
    pub fn failed_words(&self) -> String {
        self.failed.as_ref().map_or_else(|| in_days(FAILED_KEPT), Span::to_string)
    }

    /// How long a replaced cluster is kept.
    #[must_use]
    pub fn replaced_for(&self) -> Duration {
        self.replaced.as_ref().map_or(REPLACED_KEPT, Span::length)
    }
}

fn in_days(length: Duration) -> String {
    format!("{}d", length.as_secs() / (24 * 3600))
}

/// How long a replaced cluster is kept when the request does not say: a day, in which somebody who
/// misses something can still have it.
pub const REPLACED_KEPT: Duration = Duration::from_secs(24 * 3600);

/// How long what a failed job has made is kept when the request does not say: a week, in which
/// somebody who comes back from a long weekend can still retry it.
pub const FAILED_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// A replaced cluster outlives every late call of a frozen worker: no client waits for an hour.
pub const LEAST_KEPT: Duration = Duration::from_secs(3600);

pub(super) fn read(r: &Reader<'_>) -> Option<Schedule> {
    r.object(&["not_before", "windows", "start_before"])?;
    Some(Schedule {
        not_before: r.field("not_before").optional(Reader::parsed),
        windows: r.field("windows").list(window),
        start_before: r.field("start_before").optional(Reader::parsed),
    })
}

const DAYS: [(&str, &str); 7] = [
    ("mon", "mon"),
    ("tue", "tue"),
    ("wed", "wed"),
    ("thu", "thu"),
    ("fri", "fri"),
    ("sat", "sat"),
    ("sun", "sun"),
];

fn window(r: &Reader<'_>) -> Option<Window> {
    r.object(&["days", "from", "to", "time_zone"])?;
    let days: Vec<String> = r.field("days").list(|d| d.one_of(&DAYS).map(str::to_owned));
    if !r.field("days").is_given() {
        r.field("days").fault("is missing", "list the days, such as [\"mon\", \"tue\"]");
    }
    let from = time_of_day(&r.field("from"));
    let to = time_of_day(&r.field("to"));
    let time_zone = r.field("time_zone").text().filter(|name| known_zone(r, name));
    Some(Window { days, from: from?, to: to?, time_zone: time_zone? })
}

fn known_zone(r: &Reader<'_>, name: &str) -> bool {
    let known = TimeZone::get(name).is_ok();
    if !known {
        let fix = "must be an IANA time zone such as \"Europe/Berlin\" or \"UTC\"";
        r.field("time_zone").fault(format!("is {name:?}"), fix);
    }
    known
}

fn time_of_day(r: &Reader<'_>) -> Option<String> {
    let text = r.text()?;
    if text.len() == 5 && Time::strptime("%H:%M", &text).is_ok() {
        return Some(text);
    }
    r.fault(format!("is {text:?}"), "must be a time of day from \"00:00\" to \"23:59\"");
    None
}

pub(super) fn keep(r: &Reader<'_>) -> Option<Keep> {
    r.object(&["replaced", "restored", "failed", "snapshot_copies"])?;
    let copies = r.field("snapshot_copies");
    let snapshot_copies = copies.optional(Reader::text).filter(|text| {
        let good = text == "none" || text.parse::<Span>().is_ok();
        if !good {
            copies.fault(format!("is {text:?}"), format!("{SPAN_RULE}, or \"none\""));
        }
        good
    });
    Some(Keep {
        replaced: r.field("replaced").optional(Reader::parsed),
        restored: r.field("restored").optional(Reader::parsed),
        failed: r.field("failed").optional(Reader::parsed),
        snapshot_copies,
    })
}
