//! The way from a command's own loopback interface to the proxy's socket.
//!
//! Programs know how to talk to a proxy over TCP and not over a Unix socket. The launcher serves this
//! from threads of its own while it waits for the command.

use crate::bubblewrap::PROXY_SOCKET;
use std::io;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Each takes two of the sandbox's 512 threads; package managers open 16 and fewer.
const CONNECTIONS_MAX: usize = 64;

/// Something else has to be closed first, which does not happen in a moment.
const ACCEPT_AGAIN: Duration = Duration::from_millis(20);

/// The variables by which programs find a proxy.
const VARIABLES: [&str; 6] =
    ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// What a command reaches without the proxy.
const LOCAL: &str = "localhost,127.0.0.1,::1";

/// Starts the bridge and gives back the variables that lead to it.
pub(crate) fn start() -> io::Result<Vec<(&'static str, String)>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let proxy = format!("http://{}", listener.local_addr()?);
    std::thread::Builder::new().spawn(move || serve(&listener))?;
    let mut variables: Vec<_> = VARIABLES.iter().map(|name| (*name, proxy.clone())).collect();
    variables.extend([("no_proxy", LOCAL.to_owned()), ("NO_PROXY", LOCAL.to_owned())]);
    Ok(variables)
}

/// Serves connections as long as the process lives.
fn serve(listener: &TcpListener) {
    let open = Arc::new(AtomicUsize::new(0));
    loop {
        let Ok((stream, _)) = listener.accept() else {
            // Too many files are open, most likely.
            std::thread::sleep(ACCEPT_AGAIN);
            continue;
        };
        if open.fetch_add(1, Ordering::SeqCst) >= CONNECTIONS_MAX {
            open.fetch_sub(1, Ordering::SeqCst);
            continue;
        }
        let counted = Arc::clone(&open);
        let carried = std::thread::Builder::new().spawn(move || {
            // A connection that breaks is its two ends' matter.
            let _ = carry(stream);
            counted.fetch_sub(1, Ordering::SeqCst);
        });
        if carried.is_err() {
            open.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

fn carry(client: TcpStream) -> io::Result<()> {
    let proxy = UnixStream::connect(PROXY_SOCKET)?;
    let (mut from_client, mut to_client) = (client.try_clone()?, client);
    let (mut from_proxy, mut to_proxy) = (proxy.try_clone()?, proxy);
    let up = std::thread::Builder::new().spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_proxy);
        let _ = to_proxy.shutdown(Shutdown::Write);
    })?;
    let copied = io::copy(&mut from_proxy, &mut to_client);
    let _ = to_client.shutdown(Shutdown::Both);
    let _ = up.join();
    copied.map(drop)
}
