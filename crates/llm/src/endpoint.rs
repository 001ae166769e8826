//! Where a model is reached, and how long a call may take.

use crate::{Error, ModelName, Provider};
use reqwest::Url;
use secrecy::SecretString;

/// Where a model is reached.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Which model.
    pub name: ModelName,
    /// Where, when not at the provider's own address: with or without a slash at its end, and with
    /// or without the API's version (`/v1`).
    pub base_url: Option<String>,
    /// The key, from wherever the person keeps it.
    pub key: Option<SecretString>,
    /// How long a call may take.
    pub timeouts: Timeouts,
    /// Whether requests may travel unencrypted to another machine.
    pub plain_http: PlainHttp,
}

impl Endpoint {
    /// The provider's own address, no key, the usual patience, no plain http.
    pub fn new(name: ModelName) -> Self {
        Self {
            name,
            base_url: None,
            key: None,
            timeouts: Timeouts::default(),
            plain_http: PlainHttp::ToThisMachine,
        }
    }
}

/// Where requests may go without encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlainHttp {
    /// To this machine only: prompts hold source code, and the key goes with them.
    ToThisMachine,
    /// Anywhere; the person said so.
    Anywhere,
}

/// How long a call may take, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands.
    pub connect_ms: u64,
    /// Until the reply begins, and between two pieces of what the model only thinks: models think in
    /// silence for minutes.
    pub first_byte_ms: u64,
    /// Between two pieces of what the model says or asks for. Pings and comments are not content.
    pub idle_ms: u64,
    /// The whole call.
    pub total_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect_ms: 10_000, first_byte_ms: 120_000, idle_ms: 60_000, total_ms: 15 * 60_000 }
    }
}

/// What follows a base URL in the addresses that people paste whole.
const ENDINGS: [&str; 6] =
    ["/chat/completions", "/responses", "/v1/messages", "/messages", "/v1beta/models", "/models"];

/// The address that requests of `provider` start from, checked.
///
/// An address without a path gets the path of the provider's own (`/v1`); one with a path keeps it,
/// less the ending of a request's address.
pub(crate) fn base_url(
    provider: Provider,
    given: Option<&str>,
    plain_http: PlainHttp,
) -> Result<Url, Error> {
    let Some(given) = given.or(provider.default_base_url()) else {
        return Err(Error::NoBaseUrl { provider: provider.name() });
    };
    let mut url = Url::parse(given.trim()).map_err(|_| bad(given, "is not a URL")).and_then(
        |url| match (url.scheme(), url.host_str()) {
            ("http" | "https", Some(_)) => Ok(url),
            _ => Err(bad(given, "is not an http or https URL")),
        },
    )?;
    if !url.username().is_empty() || url.password().is_some() {
        let shown = format!("{}://…@{}", url.scheme(), url.host_str().unwrap_or_default());
        return Err(bad(&shown, "has a user or a password in it"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        let whole = url.as_str();
        let shown = &whole[..whole.find(['?', '#']).unwrap_or(whole.len())];
        return Err(bad(shown, "has a query or a fragment"));
    }
    if url.scheme() == "http" && !is_loopback(&url) && plain_http == PlainHttp::ToThisMachine {
        return Err(Error::PlainHttp { url: given.trim().to_owned() });
    }
    let path = path(provider, url.path());
    url.set_path(&path);
    Ok(url)
}

fn bad(url: &str, problem: &'static str) -> Error {
    Error::BadBaseUrl { url: url.to_owned(), problem }
}

/// `given` as the path that the provider's wire wants before its own.
fn path(provider: Provider, given: &str) -> String {
    let mut path = given.trim_end_matches('/');
    for ending in ENDINGS {
        path = path.strip_suffix(ending).unwrap_or(path).trim_end_matches('/');
    }
    match provider {
        Provider::Anthropic => path.strip_suffix("/v1").unwrap_or(path).to_owned(),
        Provider::Gemini => {
            let path = path.strip_suffix("/v1beta").unwrap_or(path);
            path.strip_suffix("/v1").unwrap_or(path).to_owned()
        }
        Provider::OpenAi
        | Provider::OpenAiResponses
        | Provider::OpenRouter
        | Provider::Groq
        | Provider::Moonshot
        | Provider::DeepSeek
        | Provider::Ollama
        | Provider::LlamaCpp
        | Provider::Vllm
        | Provider::LmStudio
        | Provider::OpenAiCompatible => {
            if path.is_empty() {
                "/v1".to_owned()
            } else {
                path.to_owned()
            }
        }
    }
}

/// Whether `url` leads to this machine: `localhost`, 127.0.0.0/8 or ::1.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(provider: Provider, given: &str) -> String {
        match base_url(provider, Some(given), PlainHttp::ToThisMachine) {
            Ok(url) => url.to_string().trim_end_matches('/').to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn all_forms_of_an_address_lead_to_the_same_place() {
        for form in [
            "http://127.0.0.1:9",
            "http://127.0.0.1:9/",
            "http://127.0.0.1:9/v1",
            "http://127.0.0.1:9/v1/",
            "http://127.0.0.1:9/v1/chat/completions",
            "http://127.0.0.1:9/v1/chat/completions/",
        ] {
            assert_eq!(resolved(Provider::OpenAi, form), "http://127.0.0.1:9/v1");
            assert_eq!(resolved(Provider::OpenAiCompatible, form), "http://127.0.0.1:9/v1");
        }
        for form in ["https://a.example", "https://a.example/v1/", "https://a.example/v1/messages"]
        {
            assert_eq!(resolved(Provider::Anthropic, form), "https://a.example");
        }
        for form in
            ["https://a.example/", "https://a.example/v1beta", "https://a.example/v1beta/models"]
        {
            assert_eq!(resolved(Provider::Gemini, form), "https://a.example");
        }
        assert_eq!(
            resolved(Provider::OpenAiCompatible, "https://a.example/api/paas/v4/"),
            "https://a.example/api/paas/v4"
        );
    }

    #[test]
    fn every_provider_with_an_address_of_its_own_is_reached_there() {
        for provider in Provider::ALL {
            let resolved = base_url(provider, None, PlainHttp::ToThisMachine);
            match provider.default_base_url() {
                Some(own) => {
                    assert_eq!(resolved.unwrap().as_str().trim_end_matches('/'), own);
                }
                None => assert!(matches!(resolved, Err(Error::NoBaseUrl { .. }))),
            }
        }
    }

    #[test]
    fn plain_http_goes_to_this_machine_only_unless_told() {
        for local in ["http://localhost:1", "http://127.8.9.1:1", "http://[::1]:1"] {
            assert!(resolved(Provider::OpenAi, local).ends_with(":1/v1"), "{local}");
        }
        assert_eq!(
            resolved(Provider::OpenAi, "http://llm.example/v1"),
            "base_url `http://llm.example/v1` is not https"
        );
        assert!(resolved(Provider::OpenAi, "http://127.0.0.1.example").contains("is not https"));
        let told = base_url(Provider::OpenAi, Some("http://llm.example/v1"), PlainHttp::Anywhere);
        assert!(told.is_ok());
    }

    #[test]
    fn an_address_that_cant_be_one_is_refused_without_its_secrets() {
        assert_eq!(resolved(Provider::OpenAi, "llm"), "base_url `llm` is not a URL");
        assert_eq!(
            resolved(Provider::OpenAi, "ftp://llm.example"),
            "base_url `ftp://llm.example` is not an http or https URL"
        );
        assert_eq!(
            resolved(Provider::OpenAi, "https://me:hunter2@llm.example"),
            "base_url `https://…@llm.example` has a user or a password in it"
        );
        assert_eq!(
            resolved(Provider::OpenAi, "https://llm.example/v1?key=hunter2"),
            "base_url `https://llm.example/v1` has a query or a fragment"
        );
    }
}
