//! One connection to the proxy, from its request to its end.

use super::request::{self, BadRequest, Kind, Request};
use super::{Decision, Refusal, Shared, is_public};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Cookies and tokens of package managers take less than 4 KiB.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// A head comes at once from a program that means it.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// Servers of large downloads pause for seconds, not for minutes.
const IDLE_MAX: Duration = Duration::from_secs(120);
/// No command runs longer than a few tens of minutes.
const LIFE_MAX: Duration = Duration::from_secs(60 * 60);
const CHUNK_BYTES: usize = 16 * 1024;

/// Serves one request, and what follows from it, to the end.
pub(super) fn serve(mut client: UnixStream, shared: &Shared) -> io::Result<()> {
    let (request, server, early) = match open(&mut client, shared) {
        Ok(opened) => opened,
        Err((host, port, why)) => return refuse(&client, shared, host, port, why),
    };
    match request.kind {
        Kind::Tunnel => {
            client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
            (&server).write_all(&early)?;
            carry(client, server)
        }
        Kind::Fetch { head } => {
            (&server).write_all(&head)?;
            pump(&server, &client, &Clock::start());
            client.shutdown(Shutdown::Both)
        }
    }
}

/// Refuses a connection for which there is no room.
pub(super) fn turn_away(client: &UnixStream, shared: &Shared) {
    // It is gone in either case; waiting for it would hold up the others.
    let _ = client.set_nonblocking(true);
    let _ = refuse(client, shared, String::new(), 0, Refusal::Busy);
}

fn refuse(
    mut client: &UnixStream,
    shared: &Shared,
    host: String,
    port: u16,
    why: Refusal,
) -> io::Result<()> {
    let said = format!("the sandbox's proxy: {why}\n");
    (shared.report)(&Decision::Refused { host, port, why });
    let status = match why {
        Refusal::Request(_) => "400 Bad Request",
        Refusal::Host | Refusal::Port | Refusal::Address(_) => "403 Forbidden",
        Refusal::Unknown | Refusal::Unreachable => "502 Bad Gateway",
        Refusal::Busy => "503 Service Unavailable",
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{said}",
        said.len()
    );
    client.set_write_timeout(Some(HEAD_WITHIN))?;
    client.write_all(head.as_bytes())?;
    client.shutdown(Shutdown::Write)
}

/// A request, the connection that it asks for, and what the client sent after its head.
type Opened = (Request, TcpStream, Vec<u8>);

fn open(client: &mut UnixStream, shared: &Shared) -> Result<Opened, (String, u16, Refusal)> {
    let unread = |bad| (String::new(), 0, Refusal::Request(bad));
    let (head, early) = read_head(client).map_err(|_| unread(BadRequest::Head))?;
    let request = request::read(&head).map_err(unread)?;
    let refused = |why| (request.host.clone(), request.port, why);
    if !shared.hosts.allow(&request.host) {
        return Err(refused(Refusal::Host));
    }
    let plain = matches!(request.kind, Kind::Fetch { .. });
    if request.port != 80 && (plain || request.port != 443) {
        return Err(refused(Refusal::Port));
    }
    let addresses = (shared.ways.resolve)(&request.host).unwrap_or_default();
    if addresses.is_empty() {
        return Err(refused(Refusal::Unknown));
    }
    // One bad address is enough: who mixes them wants us to take the wrong one.
    if let Some(bad) = addresses.iter().find(|address| !is_public(**address)) {
        return Err(refused(Refusal::Address(*bad)));
    }
    for address in addresses {
        let address = SocketAddr::new(address, request.port);
        if let Ok(server) = (shared.ways.connect)(address) {
            let (host, port) = (request.host.clone(), request.port);
            (shared.report)(&Decision::Allowed { host, port, address });
            return Ok((request, server, early));
        }
    }
    Err(refused(Refusal::Unreachable))
}

/// The head, and what came with it.
fn read_head(client: &mut UnixStream) -> io::Result<(Vec<u8>, Vec<u8>)> {
    const END: &[u8] = b"\r\n\r\n";
    let deadline = Instant::now() + HEAD_WITHIN;
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    while head.len() <= HEAD_BYTES_MAX {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        client.set_read_timeout(Some(left))?;
        let bytes = client.read(&mut chunk)?;
        if bytes == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(&chunk[..bytes]);
        if let Some(at) = head.windows(END.len()).position(|bytes| bytes == END) {
            let early = head.split_off(at + END.len());
            return Ok((head, early));
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}

/// Carries bytes both ways until either side ends, both pause for too long, or time is up.
fn carry(client: UnixStream, server: TcpStream) -> io::Result<()> {
    let clock = Arc::new(Clock::start());
    let (client_too, server_too) = (client.try_clone()?, server.try_clone()?);
    let clock_too = Arc::clone(&clock);
    let up = std::thread::Builder::new().spawn(move || {
        pump(&client_too, &server_too, &clock_too);
        // Half of a connection stays open: the answer may be still to come.
        let _ = server_too.shutdown(Shutdown::Write);
    })?;
    pump(&server, &client, &clock);
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
    let _ = up.join();
    Ok(())
}

/// When a connection began, and when it last carried something.
struct Clock {
    began: Instant,
    carried_ms: AtomicU64,
}

impl Clock {
    fn start() -> Self {
        Self { began: Instant::now(), carried_ms: AtomicU64::new(0) }
    }

    fn age(&self) -> Duration {
        self.began.elapsed()
    }

    fn carry(&self) {
        let age_ms = u64::try_from(self.age().as_millis()).unwrap_or(u64::MAX);
        self.carried_ms.store(age_ms, Ordering::SeqCst);
    }

    fn is_over(&self) -> bool {
        let carried = Duration::from_millis(self.carried_ms.load(Ordering::SeqCst));
        self.age() >= LIFE_MAX || self.age().saturating_sub(carried) >= IDLE_MAX
    }
}

/// A side of a connection.
trait Side {
    /// Makes reading and writing give up after a while.
    fn set_timeouts(&self) -> io::Result<()>;
}

impl Side for UnixStream {
    fn set_timeouts(&self) -> io::Result<()> {
        self.set_read_timeout(Some(IDLE_MAX))?;
        self.set_write_timeout(Some(IDLE_MAX))
    }
}

impl Side for TcpStream {
    fn set_timeouts(&self) -> io::Result<()> {
        self.set_read_timeout(Some(IDLE_MAX))?;
        self.set_write_timeout(Some(IDLE_MAX))
    }
}

/// Carries bytes one way until the end; it makes no difference which end there is.
fn pump<F: Side, T: Side>(mut from: &F, mut to: &T, clock: &Clock)
where
    for<'a> &'a F: Read,
    for<'a> &'a T: Write,
{
    let mut chunk = vec![0; CHUNK_BYTES];
    if from.set_timeouts().and_then(|()| to.set_timeouts()).is_err() {
        return;
    }
    while !clock.is_over() {
        match from.read(&mut chunk) {
            // The other way may be busy all the while.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Ok(0) | Err(_) => return,
            Ok(bytes) if to.write_all(&chunk[..bytes]).is_err() => return,
            Ok(_) => clock.carry(),
        }
    }
}
