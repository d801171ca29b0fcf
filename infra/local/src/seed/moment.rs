//! Moments in seed files: told as such, or by how long ago they were.

use jiff::{Span, SpanTotal, Timestamp, Unit};

/// The moment a text means, milliseconds since the Unix epoch: `2026-11-22T02:00:00Z`, or a span
/// before the present like `PT2H`, `2h ago` or `1d`.
pub(crate) fn moment(text: &str, now_ms: i64) -> Option<i64> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_millisecond());
    }
    let span: Span = text.parse().ok()?;
    let seconds = span.abs().total(SpanTotal::from(Unit::Second).days_are_24_hours()).ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "a cast from a float saturates")]
    let ms = (seconds * 1000.0) as i64;
    Some(now_ms.saturating_sub(ms))
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn moments_are_told_as_such_or_by_how_long_ago_they_were() {
        let now_ms = 1_800_000_000_000;
        let hour_ms = 3_600_000;
        for (text, expected_ms) in [
            ("2027-01-15T08:00:00Z", now_ms),
            ("2027-01-15T10:00:00+02:00", now_ms),
            ("PT2H", now_ms - 2 * hour_ms),
            ("-PT2H", now_ms - 2 * hour_ms),
            ("2h ago", now_ms - 2 * hour_ms),
            ("P1DT30M", now_ms - 24 * hour_ms - hour_ms / 2),
            ("3 days ago", now_ms - 72 * hour_ms),
        ] {
            assert_eq!(moment(text, now_ms), Some(expected_ms), "{text}");
        }
        for bad in ["", "yesterday", "2027-01-15", "2 moons ago"] {
            assert_eq!(moment(bad, now_ms), None, "{bad}");
        }
    }
}
