//! Times and durations as people and programs read them, from milliseconds since 1970.

/// `2026-11-22T15:26:07.123Z`: UTC, as RFC 3339 has it.
pub fn utc(at_ms: u64) -> String {
    let (year, month, day) = date(at_ms / 86_400_000);
    let (hour, minute, second) = clock(at_ms);
    let ms = at_ms % 1_000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// `2026-11-22 15:26:07`, in UTC.
pub(crate) fn utc_seconds(at_ms: u64) -> String {
    let (year, month, day) = date(at_ms / 86_400_000);
    let (hour, minute, second) = clock(at_ms);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// `45s`, `12m 30s`, `3h 05m`; parts of a second only below ten seconds: `1.5s`.
pub(crate) fn duration(ms: u64) -> String {
    let seconds = ms / 1_000;
    if ms < 10_000 && ms % 1_000 >= 100 {
        return format!("{seconds}.{}s", ms % 1_000 / 100);
    }
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m {s:02}s"),
        (h, m, _) => format!("{h}h {m:02}m"),
    }
}

fn clock(at_ms: u64) -> (u64, u64, u64) {
    let seconds = at_ms / 1_000 % 86_400;
    (seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// Year, month and day of a day counted from 1970-01-01, by the proleptic Gregorian calendar.
///
/// Howard Hinnant's `civil_from_days`: years begin in March, so that the leap day comes last.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_are_written_as_rfc_3339() {
        for (at_ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_000, "2024-02-29T23:59:59.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (1_795_361_167_123, "2026-11-22T15:26:07.123Z"),
        ] {
            assert_eq!(utc(at_ms), text);
        }
    }

    #[test]
    fn every_day_of_four_centuries_follows_the_one_before() {
        let mut last = date(0);
        for days in 1..146_097 {
            let next = date(days);
            let follows = next == (last.0, last.1, last.2 + 1)
                || next == (last.0, last.1 + 1, 1)
                || (next == (last.0 + 1, 1, 1) && (last.1, last.2) == (12, 31));
            assert!(follows, "{last:?} then {next:?}");
            last = next;
        }
        assert_eq!(last, (2369, 12, 31));
    }

    #[test]
    fn durations_have_the_parts_that_matter() {
        assert_eq!(
            [0, 50, 1_500, 7_000, 59_999, 750_000, 11_100_000].map(duration),
            ["0s", "0s", "1.5s", "7s", "59s", "12m 30s", "3h 05m"].map(str::to_owned)
        );
    }
}
