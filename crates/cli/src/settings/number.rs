//! Decimal numbers read exactly: money and temperatures never pass through a float.

/// `text` times ten to the power of `places`, exactly: digits, then perhaps a point and more digits.
///
/// `None` for anything else: signs, exponents, `NaN`, more than `places` digits that matter behind
/// the point, and what passes `max` (which is scaled, too).
pub fn scaled(text: &str, places: usize, max: u64) -> Option<u64> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(rest) {
        return None;
    }
    let rest = rest.trim_end_matches('0');
    if rest.len() > places {
        return None;
    }
    format!("{whole}{rest:0<places$}").parse().ok().filter(|scaled| *scaled <= max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_to_the_last_digit_or_not_at_all() {
        let micros = |text| scaled(text, 6, 1_000_000_000_000);
        assert_eq!(micros("12.50"), Some(12_500_000));
        assert_eq!(micros("100"), Some(100_000_000));
        assert_eq!(micros("0.000001"), Some(1));
        assert_eq!(micros("0.1000000000"), Some(100_000));
        assert_eq!(micros("1000000"), Some(1_000_000_000_000));
        for refused in [
            "",
            ".",
            ".5",
            "5.",
            "-5",
            "+5",
            "5usd",
            "NaN",
            "inf",
            "1e4",
            "1e400",
            "0x10",
            "1_000",
            "1,5",
            " 1",
            "0.0000001",
            "1000000.000001",
            "99999999999999999999999",
            "٣",
        ] {
            assert_eq!(micros(refused), None, "{refused}");
        }
    }
}
