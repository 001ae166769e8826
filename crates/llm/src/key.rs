//! API keys: checked before they are used, and never shown whole.

use crate::{Error, Provider};
use secrecy::{ExposeSecret, SecretString};

/// The key to send to `provider`: checked; `None` when none is given and none is needed.
pub(crate) fn checked(
    provider: Provider,
    key: Option<&SecretString>,
) -> Result<Option<SecretString>, Error> {
    let variable = provider.key_variables().first().copied().unwrap_or("the API key");
    let Some(key) = key.filter(|key| !key.expose_secret().is_empty()) else {
        return if provider.needs_key() {
            Err(Error::NoKey { provider: provider.name(), variable })
        } else {
            Ok(None)
        };
    };
    match problem(key.expose_secret()) {
        Some(problem) => {
            Err(Error::BadKey { variable, problem, last4: last4(key.expose_secret()) })
        }
        None => Ok(Some(key.clone())),
    }
}

fn problem(key: &str) -> Option<&'static str> {
    if key.contains(['\n', '\r']) {
        Some("contains a newline")
    } else if key.contains(char::is_whitespace) {
        Some("contains white space")
    } else if key.contains(['"', '\'', '`']) {
        Some("contains a quote")
    } else if !key.bytes().all(|b| b.is_ascii_graphic()) {
        Some("contains a character that no key has")
    } else {
        None
    }
}

/// The last four characters of a key, which is all of it that may be shown; fewer of a short one.
pub(crate) fn last4(key: &str) -> String {
    let visible: Vec<char> = key.chars().filter(|c| c.is_ascii_graphic()).collect();
    // A third at the most, so that a short password isn't given away.
    let shown = 4.min(visible.len() / 3);
    visible[visible.len() - shown..].iter().collect()
}

/// `text` with `key` in it cut down to its end.
pub(crate) fn redacted(text: &str, key: Option<&SecretString>) -> String {
    match key.map(|key| key.expose_secret()) {
        Some(key) if key.len() >= 4 => text.replace(key, &format!("…{}", last4(key))),
        Some(_) | None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(key: &str) -> String {
        checked(Provider::Anthropic, Some(&SecretString::from(key.to_owned())))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_key_that_was_pasted_badly_is_refused_and_shows_only_its_end() {
        assert_eq!(
            refusal("sk-ant-0123456789ab12\n"),
            "ANTHROPIC_API_KEY contains a newline; check how it was pasted (…ab12)"
        );
        assert!(refusal(" sk-ant-0123456789ab12").contains("contains white space"));
        assert!(refusal("\"sk-ant-0123456789ab12\"").contains("contains a quote"));
        assert!(refusal("sk-ant-0123456789äb12").contains("that no key has"));
    }

    #[test]
    fn a_missing_key_is_an_error_only_where_one_is_needed() {
        assert_eq!(
            checked(Provider::Anthropic, None).unwrap_err().to_string(),
            "no API key for provider `anthropic`"
        );
        assert!(checked(Provider::OpenAi, Some(&SecretString::from(String::new()))).is_err());
        assert!(checked(Provider::Ollama, None).unwrap().is_none());
    }

    #[test]
    fn a_key_is_cut_out_of_a_text_that_repeats_it() {
        let key = SecretString::from("sk-0123456789ab12".to_owned());
        assert_eq!(redacted("bad key sk-0123456789ab12!", Some(&key)), "bad key …ab12!");
        assert_eq!(last4("abc"), "c");
    }
}
