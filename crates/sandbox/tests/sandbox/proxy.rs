//! The proxy: what it lets through, what it refuses and tells, and the way to it from a sandbox.
use crate::place::{Place, backend, run};
use equitr_sandbox::proxy::{Decision, Hosts, Proxy, Refusal, Ways};
use equitr_sandbox::{Mode, Network};
use std::io::{Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// The launcher, inside of bubblewrap.
const LAUNCHER: &str = "/equitr-sandbox";

/// A server that answers each connection with `hello` and gives back all that it was sent.
fn server() -> (SocketAddr, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let heard = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&heard);
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut chunk = [0; 4096];
            let bytes = stream.read(&mut chunk).unwrap_or(0);
            kept.lock().unwrap().push_str(&String::from_utf8_lossy(&chunk[..bytes]));
            let _ = stream.write_all(
                b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
            );
        }
    });
    (address, heard)
}

/// Addresses by host, and a connection to `server` whatever address was checked.
fn ways(server: SocketAddr) -> Ways {
    let resolve = |host: &str| -> std::io::Result<Vec<IpAddr>> {
        let addresses: &[&str] = match host {
            "good.example.com" => &["93.184.216.34"],
            "private.example.com" => &["10.0.0.1"],
            "metadata.example.com" => &["169.254.169.254"],
            "mapped.example.com" => &["::ffff:127.0.0.1"],
            "mixed.example.com" => &["93.184.216.34", "127.0.0.1"],
            _ => &[],
        };
        Ok(addresses.iter().map(|address| address.parse().unwrap()).collect())
    };
    let connect = move |address: SocketAddr| {
        assert_eq!(address.ip().to_string(), "93.184.216.34", "only what was checked");
        TcpStream::connect(server)
    };
    Ways { resolve: Box::new(resolve), connect: Box::new(connect) }
}

struct Begun {
    proxy: Proxy,
    decisions: Arc<Mutex<Vec<Decision>>>,
    heard: Arc<Mutex<String>>,
}

fn begin(folder: &Path) -> Begun {
    let (address, heard) = server();
    let decisions = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&decisions);
    let report = Box::new(move |decision: &Decision| kept.lock().unwrap().push(decision.clone()));
    let hosts = Hosts::read(&["*.example.com"]).unwrap();
    let proxy = Proxy::start(&folder.join("proxy"), hosts, ways(address), report).unwrap();
    Begun { proxy, decisions, heard }
}

fn ask(begun: &Begun, request: &str) -> String {
    let mut stream = UnixStream::connect(begun.proxy.socket()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_tunnel_and_a_fetch_reach_an_allowed_host_and_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let begun = begin(folder.path());
    let answer = ask(&begun, "CONNECT good.example.com:443 HTTP/1.1\r\n\r\nearly");
    assert!(answer.starts_with("HTTP/1.1 200 Connection established\r\n\r\n"), "{answer}");
    assert!(answer.ends_with("hello"), "{answer}");
    let answer = ask(&begun, "GET http://good.example.com/a HTTP/1.1\r\nHost: x\r\n\r\nsmuggled");
    assert!(answer.ends_with("hello"), "{answer}");
    let heard = begun.heard.lock().unwrap().clone();
    assert_eq!(
        heard,
        "earlyGET /a HTTP/1.1\r\nHost: good.example.com\r\nConnection: close\r\n\r\n"
    );
    let decisions = begun.decisions.lock().unwrap();
    let told = |port: u16| Decision::Allowed {
        host: "good.example.com".to_owned(),
        port,
        address: SocketAddr::new("93.184.216.34".parse().unwrap(), port),
    };
    assert_eq!(*decisions, [told(443), told(80)]);
}

#[test]
fn what_is_not_allowed_is_refused_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let begun = begin(folder.path());
    let address = |text: &str| Refusal::Address(text.parse().unwrap());
    for (target, status, why) in [
        ("other.org:443", "403", Refusal::Host),
        ("example.com:443", "403", Refusal::Host),
        ("127.0.0.1:443", "403", Refusal::Host),
        ("[::1]:443", "403", Refusal::Host),
        ("good.example.com:22", "403", Refusal::Port),
        ("good.example.com:8443", "403", Refusal::Port),
        ("unknown.example.com:443", "502", Refusal::Unknown),
        ("private.example.com:443", "403", address("10.0.0.1")),
        ("metadata.example.com:80", "403", address("169.254.169.254")),
        ("mapped.example.com:443", "403", address("::ffff:127.0.0.1")),
        ("mixed.example.com:443", "403", address("127.0.0.1")),
    ] {
        let answer = ask(&begun, &format!("CONNECT {target} HTTP/1.1\r\n\r\n"));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{target}: {answer}");
        let last = begun.decisions.lock().unwrap().last().cloned();
        let Some(Decision::Refused { why: told, .. }) = last else { panic!("{target}: {last:?}") };
        assert_eq!(told, why, "{target}");
    }
    assert_eq!(*begun.heard.lock().unwrap(), "", "nothing came through");
}

#[test]
fn a_head_without_an_end_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let begun = begin(folder.path());
    for request in [
        format!("GET http://good.example.com/ HTTP/1.1\r\nA: {}", "a".repeat(20_000)),
        "GET http://good.example.com/ HTTP/1.1\r\n".to_owned(),
    ] {
        let mut stream = UnixStream::connect(begun.proxy.socket()).unwrap();
        // The proxy may close before it has read all.
        let _ = stream.write_all(request.as_bytes());
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let last = begun.decisions.lock().unwrap().last().cloned();
        assert!(
            matches!(last, Some(Decision::Refused { why: Refusal::Request(_), .. })),
            "{last:?}"
        );
    }
    assert_eq!(begun.decisions.lock().unwrap().len(), 2);
}

#[test]
fn connections_past_the_cap_are_turned_away() {
    let folder = tempfile::tempdir().unwrap();
    let begun = begin(folder.path());
    let connect = || UnixStream::connect(begun.proxy.socket()).unwrap();
    // None of them says what it wants.
    let held: Vec<UnixStream> = (0..128).map(|_| connect()).collect();
    let mut answer = String::new();
    connect().read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    let busy = Decision::Refused { host: String::new(), port: 0, why: Refusal::Busy };
    assert_eq!(*begun.decisions.lock().unwrap(), [busy]);
    drop(held);
}

#[test]
fn a_proxy_that_is_dropped_leaves_no_socket() {
    let folder = tempfile::tempdir().unwrap();
    let begun = begin(folder.path());
    let socket = begun.proxy.socket().to_owned();
    assert!(socket.exists());
    drop(begun);
    assert!(!socket.exists());
}

#[test]
fn a_command_reaches_allowed_hosts_through_the_proxy_and_nothing_past_it() {
    let place = Place::new();
    let backend = backend(Mode::Bubblewrap);
    let begun = begin(place.folder());
    let mut policy = place.policy();
    policy.network = Network::Proxy { socket: begun.proxy.socket().to_owned() };
    let (direct, _) = server();
    let line = format!(
        "for host in good.example.com other.org private.example.com; do
            {LAUNCHER} fetch $host
        done
        {LAUNCHER} connect {direct}
        {LAUNCHER} connect 93.184.216.34:80"
    );
    let output = run(&backend, &policy, &line);
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "HTTP/1.1 200 OK",
            "HTTP/1.1 403 Forbidden",
            "HTTP/1.1 403 Forbidden",
            "Err(ConnectionRefused)",
            "Err(NetworkUnreachable)",
        ],
        "{output:?}"
    );
    assert_eq!(begun.decisions.lock().unwrap().len(), 3);
}

#[test]
fn a_command_with_a_loopback_of_its_own_reaches_nobody_elses() {
    let place = Place::new();
    let (hosts, _) = server();
    let mut policy = place.policy();
    policy.network = Network::Loopback;
    let backend = backend(Mode::Bubblewrap);
    let output = run(&backend, &policy, &format!("{LAUNCHER} connect {hosts}; {LAUNCHER} echo"));
    assert_eq!(output.stdout, "Err(ConnectionRefused)\nheard\n", "{output:?}");
}
