//! The head of a request to the proxy.

use std::fmt;

/// What the proxy is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    /// In small letters.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) kind: Kind,
}

/// How the connection is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Bytes go both ways.
    Tunnel,
    /// This head is sent on, and the answer comes back.
    Fetch {
        /// What the host is sent.
        head: Vec<u8>,
    },
}

/// Why a request is not one that the proxy serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadRequest {
    /// It is not HTTP, or its head is larger than 16 KiB or came too slowly.
    Head,
    /// Its method is none of `CONNECT`, `GET` and `HEAD`.
    Method,
    /// It does not name a host.
    Target,
    /// It sends something along.
    Body,
}

impl fmt::Display for BadRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head => "this is not a request's head of at most 16 KiB",
            Self::Method => "only CONNECT, GET and HEAD are served",
            Self::Target => "the request names no host",
            Self::Body => "a request without TLS may send nothing along",
        })
    }
}

/// Lines that are between the client and the proxy, or that we say ourselves.
const NOT_SENT_ON: [&str; 9] = [
    "host",
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "proxy-authenticate",
    "te",
    "trailer",
    "upgrade",
];

/// Reads a whole head, the empty line included.
pub(super) fn read(head: &[u8]) -> Result<Request, BadRequest> {
    let text = std::str::from_utf8(head).map_err(|_| BadRequest::Head)?;
    let text = text.strip_suffix("\r\n\r\n").ok_or(BadRequest::Head)?;
    let mut lines = text.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(BadRequest::Head);
    };
    let fields: Vec<(&str, &str)> =
        lines.map(field).collect::<Option<_>>().ok_or(BadRequest::Head)?;
    match method {
        "CONNECT" => {
            let (host, port) = authority(target, None).ok_or(BadRequest::Target)?;
            Ok(Request { host, port, kind: Kind::Tunnel })
        }
        "GET" | "HEAD" => fetch(method, target, &fields),
        _ => Err(BadRequest::Method),
    }
}

fn fetch(method: &str, target: &str, fields: &[(&str, &str)]) -> Result<Request, BadRequest> {
    let sends = |(name, _): &(&str, &str)| {
        name.eq_ignore_ascii_case("content-length")
            || name.eq_ignore_ascii_case("transfer-encoding")
    };
    if fields.iter().any(sends) {
        return Err(BadRequest::Body);
    }
    // Servers differ in what they take for the end of a line, or of a word in it.
    if !target.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(BadRequest::Target);
    }
    let rest = target.strip_prefix("http://").ok_or(BadRequest::Target)?;
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (named, path) = rest.split_at(at);
    let (host, port) = authority(named, Some(80)).ok_or(BadRequest::Target)?;
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mut head = format!("{method} {slash}{path} HTTP/1.1\r\nHost: {named}\r\n");
    for (name, value) in fields {
        if !NOT_SENT_ON.iter().any(|not| name.eq_ignore_ascii_case(not)) {
            head.push_str(&format!("{name}:{value}\r\n"));
        }
    }
    // One answer a connection: what a client sends after its head goes nowhere.
    head.push_str("Connection: close\r\n\r\n");
    Ok(Request { host, port, kind: Kind::Fetch { head: head.into_bytes() } })
}

/// A header's name and value; none where a line could be taken for something else further on.
fn field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let sound = !name.is_empty()
        && name.bytes().all(token)
        && value.bytes().all(|b| b == b'\t' || (b >= b' ' && b != 0x7f));
    sound.then_some((name, value))
}

/// A host's name and its port. What is no name (an address in brackets, a name with a user before
/// it) is refused by the list of hosts, which holds none.
fn authority(words: &str, usual: Option<u16>) -> Option<(String, u16)> {
    let (host, port) = match words.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => {
            (host, Some(port.parse().ok()?))
        }
        Some(_) => return None,
        None => (words, usual),
    };
    (!host.is_empty()).then(|| Some((host.to_ascii_lowercase(), port?)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tunnel_names_its_host_and_port() {
        let read = read(b"CONNECT Index.Crates.io:443 HTTP/1.1\r\nHost: other.org\r\n\r\n");
        let host = "index.crates.io".to_owned();
        assert_eq!(read, Ok(Request { host, port: 443, kind: Kind::Tunnel }));
    }

    #[test]
    fn a_fetch_is_sent_on_with_the_host_that_was_checked_and_without_the_proxys_lines() {
        let head = b"GET http://a.org/x?y=1 HTTP/1.1\r\nHost: evil.org\r\nAccept: */*\r\n\
                     Proxy-Authorization: secret\r\nConnection: keep-alive\r\n\r\n";
        let Ok(Request { host, port: 80, kind: Kind::Fetch { head } }) = read(head) else {
            panic!("not a fetch");
        };
        assert_eq!(host, "a.org");
        assert_eq!(
            String::from_utf8(head).unwrap(),
            "GET /x?y=1 HTTP/1.1\r\nHost: a.org\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        );
    }

    #[test]
    fn what_the_proxy_does_not_serve_is_refused() {
        for (head, bad) in [
            ("", BadRequest::Head),
            ("CONNECT a.org:443 HTTP/1.1\r\n", BadRequest::Head),
            ("CONNECT a.org:443\r\n\r\n", BadRequest::Head),
            ("CONNECT a.org:443 HTTP/2\r\n\r\n", BadRequest::Head),
            ("CONNECT a.org:443 x HTTP/1.1\r\n\r\n", BadRequest::Head),
            ("GET http://a.org/ HTTP/1.1\r\nA: b\nHost: c\r\n\r\n", BadRequest::Head),
            ("GET http://a.org/ HTTP/1.1\r\n folded: x\r\n\r\n", BadRequest::Head),
            ("CONNECT a.org HTTP/1.1\r\n\r\n", BadRequest::Target),
            ("CONNECT :443 HTTP/1.1\r\n\r\n", BadRequest::Target),
            ("CONNECT a.org:99999 HTTP/1.1\r\n\r\n", BadRequest::Target),
            ("CONNECT a.org:+443 HTTP/1.1\r\n\r\n", BadRequest::Target),
            ("GET / HTTP/1.1\r\nHost: a.org\r\n\r\n", BadRequest::Target),
            ("GET https://a.org/ HTTP/1.1\r\n\r\n", BadRequest::Target),
            // Lenient servers take each of these for the end of the line, or of a word.
            (
                "GET http://a.org/\tHTTP/1.1\nHost:b.org\n\nPOST\t/\tHTTP/1.1 HTTP/1.1\r\n\r\n",
                BadRequest::Target,
            ),
            ("GET http://a.org/\rHost:b.org\r HTTP/1.1\r\n\r\n", BadRequest::Target),
            ("GET http://a.org/\0 HTTP/1.1\r\n\r\n", BadRequest::Target),
            ("GET http://a.org/\u{a0}HTTP/1.1 HTTP/1.1\r\n\r\n", BadRequest::Target),
            ("POST http://a.org/ HTTP/1.1\r\n\r\n", BadRequest::Method),
            ("GET http://a.org/ HTTP/1.1\r\nContent-Length: 1\r\n\r\n", BadRequest::Body),
            ("GET http://a.org/ HTTP/1.1\r\ntransfer-encoding: x\r\n\r\n", BadRequest::Body),
        ] {
            assert_eq!(read(head.as_bytes()), Err(bad), "{head:?}");
        }
    }
}
