//! HTTP as far as a test server needs it, by hand: no server library sends broken replies.

use super::Shared;
use super::outcome::{End, Kind, Outcome, outcome};
use std::io;
use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Largest head of a request.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Largest body of a request.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Where the bytes of a stream are cut anew: a prime, so that events and characters are split.
const PIECE_BYTES: usize = 17;

/// How much the reply that is too large has: more than the 32 MiB that a client takes.
const HUGE_BYTES: usize = 33 * 1024 * 1024;

/// Between two pings of a stream that goes on with nothing else.
const PING: Duration = Duration::from_millis(20);

/// Serves connections until told to stop.
pub(super) async fn serve(
    listener: StdListener,
    shared: Arc<Shared>,
    mut stopped: watch::Receiver<bool>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            // Dropping the set ends every connection.
            _ = stopped.wait_for(|stop| *stop) => return Ok(()),
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                connections.spawn(converse(stream, shared.clone()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Answers the requests of one connection, one after another.
async fn converse(stream: TcpStream, shared: Arc<Shared>) {
    // A connection that can't be told to hurry is only slower.
    let _slower = stream.set_nodelay(true);
    let (mut reading, mut writing) = stream.into_split();
    let mut left_over = Vec::new();
    while let Some(request) = read_request(&mut reading, &mut left_over).await {
        let Outcome { pause, kind } =
            outcome(&shared, &request.path, request.headers, &request.body);
        let sending = async {
            tokio::time::sleep(pause).await;
            send(&mut writing, kind).await
        };
        let sent = tokio::select! {
            biased;
            sent = sending => sent,
            () = gone(&mut reading, &mut left_over) => Err(io::ErrorKind::BrokenPipe.into()),
        };
        match sent {
            Ok(After::KeepOpen) => {}
            Ok(After::Close) => return,
            Ok(After::Reset) => {
                reset(reading, writing);
                return;
            }
            Err(_) => {
                shared.note(|ledger| ledger.disconnects += 1);
                return;
            }
        }
    }
}

/// What becomes of the connection after an answer.
enum After {
    KeepOpen,
    Close,
    Reset,
}

struct Request {
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// The next request; none when the client is done, or sends what this server does not read.
async fn read_request(reading: &mut OwnedReadHalf, bytes: &mut Vec<u8>) -> Option<Request> {
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if bytes.len() > HEAD_BYTES_MAX || reading.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes.drain(..head_end + 4).collect()).ok()?;
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(Some(0), |(_, length)| length.parse::<usize>().ok())?;
    if length > BODY_BYTES_MAX {
        return None;
    }
    while bytes.len() < length {
        if reading.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Request { path, headers, body: bytes.drain(..length).collect() })
}

/// Returns when the client has gone; what it sends meanwhile is kept.
async fn gone(reading: &mut OwnedReadHalf, bytes: &mut Vec<u8>) {
    while let Ok(1..) = reading.read_buf(bytes).await {}
}

async fn send(writing: &mut OwnedWriteHalf, kind: Kind) -> io::Result<After> {
    match kind {
        Kind::Body { status, retry_after, content_type, body } => {
            let retry =
                retry_after.map(|wait| format!("retry-after: {wait}\r\n")).unwrap_or_default();
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\n{retry}content-length: {}\r\n\r\n",
                body.len()
            );
            writing.write_all(head.as_bytes()).await?;
            writing.write_all(body.as_bytes()).await?;
            Ok(After::KeepOpen)
        }
        Kind::Events { events, end } => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n";
            writing.write_all(head.as_bytes()).await?;
            let text = events.join(": keep-alive\n\n");
            for piece in text.as_bytes().chunks(PIECE_BYTES) {
                chunk(writing, piece).await?;
            }
            finish(writing, end).await
        }
        Kind::Closed => Ok(After::Close),
        Kind::Silence => std::future::pending().await,
    }
}

async fn finish(writing: &mut OwnedWriteHalf, end: End) -> io::Result<After> {
    match end {
        End::Whole => {
            writing.write_all(b"0\r\n\r\n").await?;
            Ok(After::KeepOpen)
        }
        End::Reset => Ok(After::Reset),
        End::Stall => std::future::pending().await,
        End::Pings => loop {
            chunk(writing, b": keep-alive\n\nevent: ping\ndata: {\"type\": \"ping\"}\n\n").await?;
            tokio::time::sleep(PING).await;
        },
        End::Huge => {
            let piece = [b'x'; 64 * 1024];
            chunk(writing, b"data: ").await?;
            for _ in 0..HUGE_BYTES / piece.len() {
                chunk(writing, &piece).await?;
            }
            std::future::pending().await
        }
    }
}

async fn chunk(writing: &mut OwnedWriteHalf, bytes: &[u8]) -> io::Result<()> {
    let mut framed = format!("{:x}\r\n", bytes.len()).into_bytes();
    framed.extend_from_slice(bytes);
    framed.extend_from_slice(b"\r\n");
    writing.write_all(&framed).await
}

/// Ends a connection so that the other side sees a reset and not an end.
fn reset(reading: OwnedReadHalf, writing: OwnedWriteHalf) {
    if let Ok(stream) = reading.reunite(writing) {
        // Closing with nothing to linger for sends a reset.
        let _closed = stream.set_zero_linger();
    }
}
