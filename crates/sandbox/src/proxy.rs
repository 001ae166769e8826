//! The only way out of a sandbox: a proxy on a Unix socket that lets through a list of hosts.
//!
//! It runs outside, in the supervisor's process, and serves `CONNECT`, and `GET` and `HEAD` for
//! plain HTTP. A host is looked up first; then all of its addresses have to be public, and the
//! connection is made to an address that was checked and to no other. What is said inside of a TLS
//! connection is not looked at: a host on the list is trusted with what a command sends to it.

mod address;
mod connection;
mod hosts;
mod request;

pub use address::is_public;
pub use hosts::Hosts;
pub use request::BadRequest;

use crate::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Package managers open 16 and fewer, and a run has some tens of commands at work at most.
const CONNECTIONS_MAX: usize = 128;
/// Far hosts answer within a second; three tries of TCP's take 7 s.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// Something else has to be closed first, which does not happen in a moment.
const ACCEPT_AGAIN: Duration = Duration::from_millis(20);

/// What the proxy made of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is let through.
    Allowed {
        /// As the command named it, in small letters.
        host: String,
        /// 443 or 80.
        port: u16,
        /// Where the connection goes.
        address: SocketAddr,
    },
    /// It is not.
    Refused {
        /// As the command named it; nothing when the request could not be read.
        host: String,
        /// As the command named it; 0 when the request could not be read.
        port: u16,
        /// Why.
        why: Refusal,
    },
}

/// Why the proxy refused a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is not one that the proxy serves.
    Request(BadRequest),
    /// The host is not on the list.
    Host,
    /// The port is neither 443 nor 80.
    Port,
    /// The host has no address.
    Unknown,
    /// One of the host's addresses is not public.
    Address(IpAddr),
    /// No connection to it could be made.
    Unreachable,
    /// Too many connections are open.
    Busy,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(bad) => write!(f, "{bad}"),
            Self::Host => f.write_str("the host is not on the list of allowed hosts"),
            Self::Port => f.write_str("only the ports 443 and 80 are allowed"),
            Self::Unknown => f.write_str("the host has no address"),
            Self::Address(address) => write!(f, "{address} is not a public address"),
            Self::Unreachable => f.write_str("the host can't be reached"),
            Self::Busy => write!(f, "more than {CONNECTIONS_MAX} connections are open"),
        }
    }
}

/// Gives back all addresses of a host.
pub type Resolve = Box<dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync>;

/// Connects to this very address.
pub type Connect = Box<dyn Fn(SocketAddr) -> io::Result<TcpStream> + Send + Sync>;

/// How names are looked up and connections made.
pub struct Ways {
    /// All addresses of a host.
    pub resolve: Resolve,
    /// A connection to an address that was checked.
    pub connect: Connect,
}

impl Ways {
    /// The system's own.
    pub fn system() -> Self {
        let resolve =
            |host: &str| Ok((host, 0).to_socket_addrs()?.map(|address| address.ip()).collect());
        let connect = |address: SocketAddr| TcpStream::connect_timeout(&address, CONNECT_WITHIN);
        Self { resolve: Box::new(resolve), connect: Box::new(connect) }
    }
}

impl fmt::Debug for Ways {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ways")
    }
}

/// Told of every decision, from the thread of the connection, before anything is sent on.
pub type Report = Box<dyn Fn(&Decision) + Send + Sync>;

/// A proxy at work; dropping it closes its socket. Connections that are open end by themselves.
#[derive(Debug)]
pub struct Proxy {
    socket: PathBuf,
    stopped: Arc<AtomicBool>,
}

/// What the connections of a proxy share.
struct Shared {
    hosts: Hosts,
    ways: Ways,
    report: Report,
    open: AtomicUsize,
    stopped: Arc<AtomicBool>,
}

impl Proxy {
    /// Listens on a new socket, which only this user can connect to if its folder is this user's
    /// alone, and serves it from threads of its own.
    ///
    /// At most 128 connections at once; more are refused, so give each agent its own. Fails when the socket can't be made, as
    /// when there is a file of that name.
    pub fn start(socket: &Path, hosts: Hosts, ways: Ways, report: Report) -> Result<Self, Error> {
        let failed = |source| Error::Listen { path: socket.to_owned(), source };
        let listener = UnixListener::bind(socket).map_err(failed)?;
        let stopped = Arc::new(AtomicBool::new(false));
        let open = AtomicUsize::new(0);
        let shared = Shared { hosts, ways, report, open, stopped: Arc::clone(&stopped) };
        let accepting = move || accept(&listener, &Arc::new(shared));
        std::thread::Builder::new()
            .name("sandbox-proxy".to_owned())
            .spawn(accepting)
            .map_err(failed)?;
        Ok(Self { socket: socket.to_owned(), stopped })
    }

    /// Where it listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts, which then sees that it is over.
        let _ = std::os::unix::net::UnixStream::connect(&self.socket);
        let _ = std::fs::remove_file(&self.socket);
    }
}

fn accept(listener: &UnixListener, shared: &Arc<Shared>) {
    while !shared.stopped.load(Ordering::SeqCst) {
        let Ok((stream, _)) = listener.accept() else {
            // Too many files are open, most likely.
            std::thread::sleep(ACCEPT_AGAIN);
            continue;
        };
        if shared.open.load(Ordering::SeqCst) >= CONNECTIONS_MAX {
            connection::turn_away(&stream, shared);
            continue;
        }
        shared.open.fetch_add(1, Ordering::SeqCst);
        let counted = Arc::clone(shared);
        let serving = std::thread::Builder::new().spawn(move || {
            // A connection that breaks is its two ends' matter.
            let _ = connection::serve(stream, &counted);
            counted.open.fetch_sub(1, Ordering::SeqCst);
        });
        if serving.is_err() {
            shared.open.fetch_sub(1, Ordering::SeqCst);
        }
    }
}
