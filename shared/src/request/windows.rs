//! When a job may start: not before a moment, only in windows, not after a deadline. Time zones and
//! daylight saving are the library's.

use super::schedule::{Schedule, Window};
use crate::clock::EpochMs;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// When a job may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Now.
    Now,
    /// At this moment, not before.
    At(EpochMs),
    /// Not any more: its deadline comes first.
    Never,
}

impl Schedule {
    /// When a job that has not started may start, seen from `now_ms`.
    #[must_use]
    pub fn start(&self, now_ms: EpochMs) -> Start {
        let earliest = self.not_before.map_or(now_ms, |t| t.as_millisecond().max(now_ms));
        let first = match self.windows.is_empty() {
            true => Some(earliest),
            false => self.windows.iter().filter_map(|w| w.next(earliest)).min(),
        };
        let is_late = |at: EpochMs| self.start_before.is_some_and(|t| at >= t.as_millisecond());
        match first {
            Some(at) if is_late(at) => Start::Never,
            None => Start::Never,
            Some(at) if at <= now_ms => Start::Now,
            Some(at) => Start::At(at),
        }
    }
}

/// The days to look at: a window that began yesterday may still be open, and every day of the week
/// comes within the next seven.
const DAYS: std::ops::RangeInclusive<i32> = -1..=8;

impl Window {
    /// The first moment in it that is not before this one; `None` if it has no days.
    fn next(&self, from_ms: EpochMs) -> Option<EpochMs> {
        let zone = TimeZone::get(&self.time_zone).ok()?;
        let (from, to) = (time(&self.from)?, time(&self.to)?);
        let today = Timestamp::from_millisecond(from_ms).ok()?.to_zoned(zone.clone()).date();
        let spans = DAYS.filter_map(|n| {
            let date = today.checked_add(n.days()).ok()?;
            self.days.iter().any(|day| day == name(date.weekday())).then_some(())?;
            let last = if to > from { date } else { date.tomorrow().ok()? };
            Some((moment(date, from, &zone)?, moment(last, to, &zone)?))
        });
        spans.filter(|(_, end)| from_ms < *end).map(|(begin, _)| begin.max(from_ms)).min()
    }
}

fn time(text: &str) -> Option<Time> {
    Time::strptime("%H:%M", text).ok()
}

/// A time of day that daylight saving skips is the moment at which it is skipped; of one that comes
/// twice it is the first.
fn moment(date: Date, time: Time, zone: &TimeZone) -> Option<EpochMs> {
    Some(date.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp().as_millisecond())
}

fn name(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "mon",
        Weekday::Tuesday => "tue",
        Weekday::Wednesday => "wed",
        Weekday::Thursday => "thu",
        Weekday::Friday => "fri",
        Weekday::Saturday => "sat",
        Weekday::Sunday => "sun",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> EpochMs {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn nightly(days: &[&str]) -> Schedule {
        let days = days.iter().map(ToString::to_string).collect();
        let (from, to) = ("23:30".to_owned(), "05:30".to_owned());
        let window = Window { days, from, to, time_zone: "Europe/Berlin".into() };
        Schedule { windows: vec![window], ..Schedule::default() }
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_on_which_it_begins() {
        // 2026-11-23 is a Monday; Berlin is an hour ahead of UTC in winter.
        let schedule = nightly(&["mon"]);
        for (now, expected) in [
            ("2026-11-23T12:00:00Z", Start::At(ms("2026-11-23T22:30:00Z"))),
            ("2026-11-23T22:30:00Z", Start::Now),
            ("2026-11-24T04:29:59Z", Start::Now),
            ("2026-11-24T04:30:00Z", Start::At(ms("2026-11-30T22:30:00Z"))),
            ("2026-11-22T23:00:00Z", Start::At(ms("2026-11-23T22:30:00Z"))),
        ] {
            assert_eq!(schedule.start(ms(now)), expected, "{now}");
        }
    }

    #[test]
    fn an_hour_that_daylight_saving_skips_begins_when_it_is_over_and_one_that_comes_twice_lasts() {
        let window = |from: &str, to: &str| Window {
            days: vec!["sun".into()],
            from: from.into(),
            to: to.into(),
            time_zone: "Europe/Berlin".into(),
        };
        let start = |w: Window, now: &str| {
            Schedule { windows: vec![w], ..Schedule::default() }.start(ms(now))
        };
        // On 2027-03-28 the clock goes from 02:00 to 03:00, at 01:00 UTC.
        let skipped = start(window("02:30", "04:00"), "2027-03-28T00:00:00Z");
        assert_eq!(skipped, Start::At(ms("2027-03-28T01:30:00Z")));
        // On 2026-10-25 the hour from 02:00 comes twice, from 00:00 and from 01:00 UTC.
        let twice = start(window("02:00", "03:00"), "2026-10-25T01:30:00Z");
        assert_eq!(twice, Start::Now);
    }

    #[test]
    fn not_before_and_the_deadline_count_together_with_the_windows() {
        let later = Schedule {
            not_before: Some("2026-11-24T06:00:00Z".parse().unwrap()),
            ..nightly(&["mon", "tue"])
        };
        let (now, tuesday) = (ms("2026-11-23T22:45:00Z"), ms("2026-11-24T22:30:00Z"));
        assert_eq!(later.start(now), Start::At(tuesday));
        let too_late =
            Schedule { start_before: Some("2026-11-24T22:30:00Z".parse().unwrap()), ..later };
        assert_eq!(too_late.start(now), Start::Never);
        assert_eq!(Schedule::default().start(now), Start::Now);
    }
}
