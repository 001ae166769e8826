//! What travels over HTTP: one request, and the bytes of its reply, bounded.
//!
//! The key is here and nowhere else: the wire formats are given none, and what they made of that
//! (an empty header, a `key=` in Gemini's address) is replaced by the right header. So no address
//! and no error of the layers above can hold it.

use crate::{Endpoint, Error, Provider};
use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderName, HeaderValue, Response, header};
use reqwest::{Client, Url};
use rig_core::http_client::{
    self, BoxedStream, HttpClientExt, LazyBody, MultipartForm, StreamingResponse,
};
use secrecy::{ExposeSecret, SecretString};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Most bytes of a reply, unpacked: a long reply has some 1 MB on the wire, and a server gone mad
/// must not fill the memory.
const REPLY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Most bytes that are read of a refusal, which is shown in 300 characters.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;

/// How long the body of a refusal may take; its status is known by then.
const REFUSAL_BODY: Duration = Duration::from_secs(10);

/// Idle connections of a provider that is not asked for this long are closed.
const POOL_IDLE: Duration = Duration::from_secs(90);

/// A provider's address: who is asked, by which client, with which key.
#[derive(Clone)]
pub(crate) struct Transport {
    client: Client,
    host: Arc<str>,
    auth: Option<(HeaderName, HeaderValue)>,
    first_byte: Duration,
}

/// Why no reply, or not all of it, came over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TransportFault {
    /// No connection: nothing was sent.
    #[error("no connection to `{host}`: {cause}")]
    NoConnection {
        /// Host and port.
        host: Arc<str>,
        /// What the system says.
        cause: String,
    },
    /// The connection stood, and broke.
    #[error("the connection to `{host}` broke: {cause}")]
    Broken {
        /// Host and port.
        host: Arc<str>,
        /// What the system says.
        cause: String,
    },
    /// No answer at all.
    #[error("`{host}` sent nothing for {seconds} s")]
    Silent {
        /// Host and port.
        host: Arc<str>,
        /// How long it was waited for.
        seconds: u64,
    },
    /// More bytes than any reply has.
    #[error("the reply of `{host}` is larger than 32 MiB")]
    TooLarge {
        /// Host and port.
        host: Arc<str>,
    },
    /// A kind of request that this crate never makes.
    #[error("only streamed requests are made")]
    NotStreamed,
}

impl Transport {
    /// The way to `url` with `key`.
    pub(crate) fn new(
        endpoint: &Endpoint,
        provider: Provider,
        url: &Url,
        key: Option<&SecretString>,
    ) -> Result<Self, Error> {
        Ok(Self {
            client: client(url, endpoint.timeouts.connect_ms)?,
            host: host(url).into(),
            auth: key.map(|key| auth(provider, key)).transpose()?,
            first_byte: Duration::from_millis(endpoint.timeouts.first_byte_ms),
        })
    }

    /// Host and port, for messages.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    fn request(&self, request: http::Request<Bytes>) -> Result<reqwest::Request, TransportFault> {
        let mut request = reqwest::Request::try_from(request.map(reqwest::Body::from))
            .map_err(|error| self.broken(&error))?;
        strip_key(request.url_mut());
        let headers = request.headers_mut();
        for name in [header::AUTHORIZATION, X_API_KEY, X_GOOG_API_KEY] {
            headers.remove(name);
        }
        if let Some((name, value)) = &self.auth {
            headers.insert(name, value.clone());
        }
        Ok(request)
    }

    async fn send_once(
        &self,
        request: reqwest::Request,
    ) -> Result<reqwest::Response, TransportFault> {
        match tokio::time::timeout(self.first_byte, self.client.execute(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if error.is_connect() => {
                Err(TransportFault::NoConnection { host: self.host.clone(), cause: cause(&error) })
            }
            Ok(Err(error)) => Err(self.broken(&error)),
            Err(_) => Err(TransportFault::Silent {
                host: self.host.clone(),
                seconds: self.first_byte.as_secs(),
            }),
        }
    }

    fn broken(&self, error: &reqwest::Error) -> TransportFault {
        TransportFault::Broken { host: self.host.clone(), cause: cause(error) }
    }
}

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const X_GOOG_API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

/// The header by which `provider` wants to be told the key.
fn auth(provider: Provider, key: &SecretString) -> Result<(HeaderName, HeaderValue), Error> {
    let bearer = || (header::AUTHORIZATION, format!("Bearer {}", key.expose_secret()));
    let (name, text) = match provider {
        Provider::Anthropic => (X_API_KEY, key.expose_secret().to_owned()),
        Provider::Gemini => (X_GOOG_API_KEY, key.expose_secret().to_owned()),
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
        | Provider::OpenAiCompatible => bearer(),
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| Error::BadKey {
        variable: provider.key_variables().first().copied().unwrap_or("the API key"),
        problem: "contains a character that no key has",
        last4: crate::key::last4(key.expose_secret()),
    })?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// `url` without the `key` that Gemini's format puts into it.
fn strip_key(url: &mut Url) {
    if !url.query_pairs().any(|(name, _)| name == "key") {
        return;
    }
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| name != "key")
        .map(|(n, v)| (n.into(), v.into()))
        .collect();
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// What lies at the bottom of an error: the system's own words, without any address.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if error.is_connect() && error.is_timeout() {
        return "it took too long".to_owned();
    }
    match cause.downcast_ref::<reqwest::Error>() {
        // The bottom is reqwest's own error, whose text could hold the address.
        Some(_) => "the request could not be sent".to_owned(),
        None => cause.to_string(),
    }
}

/// The process's client for `url`, made when it is first needed.
///
/// There are two, each with one pool of connections: for this machine without a proxy and without
/// the system's certificates, whose loading costs 2.5 ms; and for everything else. An endpoint with a
/// patience of its own for connecting gets a client of its own.
fn client(url: &Url, connect_ms: u64) -> Result<Client, Error> {
    static HERE: OnceLock<Client> = OnceLock::new();
    static ELSEWHERE: OnceLock<Client> = OnceLock::new();
    let plain = url.scheme() == "http";
    let here = plain && crate::endpoint::is_loopback(url);
    let usual = connect_ms == crate::Timeouts::default().connect_ms;
    let shared = if here { &HERE } else { &ELSEWHERE };
    if let Some(client) = shared.get().filter(|_| usual) {
        return Ok(client.clone());
    }
    let mut builder = Client::builder()
        .user_agent(concat!("equitrcoder/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_millis(connect_ms))
        .pool_idle_timeout(POOL_IDLE)
        .tcp_nodelay(true)
        // A redirect would take the key to wherever it leads.
        .redirect(reqwest::redirect::Policy::none())
        // One call is one request: the run alone tries again, and counts it.
        .retry(reqwest::retry::never())
        .referer(false);
    if here {
        builder = builder.no_proxy().tls_certs_only([]);
    }
    let client = builder.build().map_err(|error| Error::Client(Arc::new(error)))?;
    if usual {
        return Ok(shared.get_or_init(|| client).clone());
    }
    Ok(client)
}

impl HttpClientExt for Transport {
    fn send<T, U>(
        &self,
        _request: http::Request<T>,
    ) -> impl Future<Output = http_client::Result<Response<LazyBody<U>>>> + Send + 'static
    where
        T: Into<Bytes> + Send,
        U: From<Bytes> + Send + 'static,
    {
        std::future::ready(Err(http_client::Error::instance(TransportFault::NotStreamed)))
    }

    fn send_multipart<U>(
        &self,
        _request: http::Request<MultipartForm>,
    ) -> impl Future<Output = http_client::Result<Response<LazyBody<U>>>> + Send + 'static
    where
        U: From<Bytes> + Send + 'static,
    {
        std::future::ready(Err(http_client::Error::instance(TransportFault::NotStreamed)))
    }

    async fn send_streaming<T>(
        &self,
        request: http::Request<T>,
    ) -> http_client::Result<StreamingResponse>
    where
        T: Into<Bytes> + Send,
    {
        let request =
            self.request(request.map(Into::into)).map_err(http_client::Error::instance)?;
        let response = self.send_once(request).await.map_err(http_client::Error::instance)?;
        let (status, headers) = (response.status(), response.headers().clone());
        if status != http::StatusCode::OK {
            let body = refusal(response).await;
            return Err(http_client::Error::non_success_with_details(status, headers, body));
        }
        let mut streaming = Response::new(self.bounded(response));
        *streaming.status_mut() = status;
        *streaming.headers_mut() = headers;
        Ok(streaming)
    }
}

impl Transport {
    /// The bytes of `response` as they come, up to the cap.
    #[allow(clippy::result_large_err, reason = "the error is rig's")]
    fn bounded(&self, response: reqwest::Response) -> BoxedStream {
        let transport = self.clone();
        let mut taken = 0usize;
        Box::pin(response.bytes_stream().map(move |chunk| {
            let chunk = chunk.map_err(|error| transport.broken(&error));
            let chunk = chunk.and_then(|chunk| {
                taken = taken.saturating_add(chunk.len());
                if taken > REPLY_BYTES_MAX {
                    Err(TransportFault::TooLarge { host: transport.host.clone() })
                } else {
                    Ok(chunk)
                }
            });
            chunk.map_err(http_client::Error::instance)
        }))
    }
}

/// The beginning of a refusal's body; what came, when the rest does not come.
async fn refusal(response: reqwest::Response) -> String {
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    let reading = async {
        while let Some(Ok(chunk)) = chunks.next().await {
            let room = REFUSAL_BYTES_MAX - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if body.len() >= REFUSAL_BYTES_MAX {
                break;
            }
        }
    };
    // Too slow a body is cut, like too long a one.
    let _cut = tokio::time::timeout(REFUSAL_BODY, reading).await;
    String::from_utf8_lossy(&body).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_taken_out_of_geminis_address() {
        let mut url = Url::parse("https://a.example/v1beta/m:stream?alt=sse&key=hunter2").unwrap();
        strip_key(&mut url);
        assert_eq!(url.as_str(), "https://a.example/v1beta/m:stream?alt=sse");
        let mut url = Url::parse("https://a.example/?key=").unwrap();
        strip_key(&mut url);
        assert_eq!(url.as_str(), "https://a.example/");
    }

    #[test]
    fn a_header_with_a_key_does_not_show_it() {
        let key = SecretString::from("sk-0123456789".to_owned());
        for provider in Provider::ALL {
            let (_, value) = auth(provider, &key).unwrap();
            assert!(!format!("{value:?}").contains("0123"));
        }
    }
}
