//! Moments as people type them: a day, a time, or how long ago.

use jiff::civil::Date;
use jiff::{Span, SpanRelativeTo, Timestamp as Moment, tz::TimeZone};
use minion_grants::shown;
use minion_journal::{Clock, SystemClock, Timestamp};

/// `2026-11-21` (its beginning in UTC), `2026-11-21T09:30:00Z`, `7d` (seven days ago).
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    at(text, SystemClock.now()).ok_or_else(|| {
        format!(
            "`{}` is no moment: write `2026-11-21`, `2026-11-21T09:30:00Z`, or `7d` for seven days ago",
            shown(text)
        )
    })
}

fn at(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<Moment>() {
        return micros(moment);
    }
    if let Ok(day) = text.parse::<Date>() {
        return micros(day.to_zoned(TimeZone::UTC).ok()?.timestamp());
    }
    let span: Span = text.parse().ok()?;
    let long = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    let ago = u64::try_from(long.as_micros()).ok()?;
    Some(Timestamp(now.micros().saturating_sub(ago)))
}

fn micros(moment: Moment) -> Option<Timestamp> {
    u64::try_from(moment.as_microsecond()).ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them() {
        let now = Timestamp(10 * 86_400_000_000);
        let told = |text| at(text, now).map(|moment| moment.to_string());
        assert_eq!(
            told("1970-01-09").as_deref(),
            Some("1970-01-09T00:00:00.000Z")
        );
        assert_eq!(told("2d").as_deref(), Some("1970-01-09T00:00:00.000Z"));
        let time = told("1970-01-09T01:00:00+01:00");
        assert_eq!(time.as_deref(), Some("1970-01-09T00:00:00.000Z"));
        for wrong in ["", "yesterday", "-2d", "1969-01-01", "2026-13-01"] {
            assert_eq!(told(wrong), None, "{wrong}");
        }
    }
}
