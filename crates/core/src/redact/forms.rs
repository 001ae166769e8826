//! The forms in which a known value turns up: as it is, or encoded.

use super::VALUE_BYTES_MIN;

/// A form of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    pub bytes: Vec<u8>,
    pub lines: Lines,
}

/// Whether a form is printed in lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    /// It stands in one piece.
    Whole,
    /// Programs that print it put line ends anywhere into it, as `base64` and `xxd` do.
    Wrapped,
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const LOWER: &[u8; 16] = b"0123456789abcdef";
const UPPER: &[u8; 16] = b"0123456789ABCDEF";

/// All forms of `value`, each once.
pub(super) fn forms(value: &str) -> Vec<Form> {
    let mut forms = Vec::new();
    let mut add = |bytes: Vec<u8>, lines| {
        let form = Form { bytes, lines };
        if form.bytes.len() >= VALUE_BYTES_MIN && !forms.contains(&form) {
            forms.push(form);
        }
    };
    let json = json(value);
    add(value.as_bytes().to_vec(), Lines::Whole);
    add(json.replace('/', "\\/").into_bytes(), Lines::Whole);
    // JSON within JSON, as tool calls travel.
    add(self::json(&json).into_bytes(), Lines::Whole);
    add(json.into_bytes(), Lines::Whole);
    for digits in [LOWER, UPPER] {
        let percent = percent(value.as_bytes(), digits);
        add(percent.replace("%20", "+").into_bytes(), Lines::Whole);
        add(percent.into_bytes(), Lines::Whole);
        add(hex(value.as_bytes(), digits), Lines::Wrapped);
    }
    for alphabet in [STANDARD, URL_SAFE] {
        for before in 0..3 {
            add(base64(value.as_bytes(), alphabet, before), Lines::Wrapped);
        }
    }
    forms
}

/// As in a JSON string, without the quotes.
fn json(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

/// As in a URL, everything encoded that may have to be.
fn percent(value: &[u8], digits: &[u8; 16]) -> String {
    let mut text = String::new();
    for &byte in value {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.extend(hex(&[byte], digits).into_iter().map(char::from));
        }
    }
    text
}

fn hex(value: &[u8], digits: &[u8; 16]) -> Vec<u8> {
    let digit = |nibble: u8| digits[usize::from(nibble & 15)];
    value.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// What base64 has of `value` when that many bytes (modulo 3) stand before it, less the characters
/// that depend on its neighbours.
fn base64(value: &[u8], alphabet: &[u8; 64], before: usize) -> Vec<u8> {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(value);
    let whole = bytes.len() * 8 / 6;
    let mixed = (before * 8).div_ceil(6);
    let sextet = |at: usize| {
        let bit = at * 6;
        let pair = u16::from(bytes[bit / 8]) << 8
            | u16::from(bytes.get(bit / 8 + 1).copied().unwrap_or_default());
        alphabet[usize::from(pair >> (10 - bit % 8) & 63)]
    };
    (mixed..whole).map(sextet).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn base64_has_the_same_characters_whatever_stands_around_a_value() {
        // `printf 'canary01' | base64`, and with one and two bytes before it.
        assert_eq!(text(base64(b"canary01", STANDARD, 0)), "Y2FuYXJ5MD");
        assert_eq!(text(base64(b"canary01", STANDARD, 1)), "NhbmFyeTAx");
        assert_eq!(text(base64(b"canary01", STANDARD, 2)), "jYW5hcnkwM");
        assert_eq!(text(base64(b"\xfb\xff\xfe", URL_SAFE, 0)), "-__-");
    }

    #[test]
    fn values_are_encoded_as_programs_do_it() {
        assert_eq!(percent(b"a b/\xc3\xa4", UPPER), "a%20b%2F%C3%A4");
        assert_eq!(text(hex(b"\x00\xfe", LOWER)), "00fe");
        assert_eq!(json("a\"\n"), "a\\\"\\n");
    }
}
