//! Moments as AWS writes them.

/// A moment (milliseconds since the Unix epoch) as ISO 8601 says, in UTC.
pub(crate) fn iso(ms: i64) -> String {
    let moment = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    moment.to_string()
}

/// The moment an ISO 8601 text names, milliseconds since the Unix epoch.
pub(crate) fn from_iso(text: &str) -> Option<i64> {
    Some(text.parse::<jiff::Timestamp>().ok()?.as_millisecond())
}
