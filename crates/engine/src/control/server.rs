//! The run's end: hears requests, hands them to the loop as commands, and answers.

use super::{Answer, LINE_BYTES_MAX, LONG_LINE_BYTES_MAX, Request, at_address, socket, token};
use crate::RunDir;
use crate::run_loop::Message;
use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::OwnedReadHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// People and programs that steer one run at a time: more is a mistake.
const CONNECTIONS_MAX: u32 = 16;
/// Who connects has something to say; who waits takes the place of others.
const HEARD_WITHIN: Duration = Duration::from_secs(10);
/// An answer is a hundred bytes, which a socket takes at once from a client that reads.
const TAKEN_WITHIN: Duration = Duration::from_secs(2);
/// Too many files are open, most likely, which does not change in a moment.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);
/// Bytes of a token: nobody guesses 256 bits.
const TOKEN_BYTES: usize = 32;

/// The socket of a run, as long as that is on.
pub(crate) struct Control {
    folder: PathBuf,
    accepting: AbortHandle,
    /// A permit for each request that waits for its answer to be written.
    answering: Arc<Semaphore>,
}

/// What connections share.
struct Shared {
    token: blake3::Hash,
    /// The user who may connect.
    user: u32,
    connections: Arc<Semaphore>,
    answering: Arc<Semaphore>,
    sender: Sender<Message>,
}

impl Control {
    /// Listens in the run's folder. What a killed process left there is replaced: the repository's
    /// lock, which this process holds, says that it is gone.
    pub fn open(dir: &RunDir, runtime: &Runtime, sender: Sender<Message>) -> io::Result<Self> {
        let folder = dir.control();
        match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        DirBuilder::new().mode(0o700).create(&folder)?;
        let user = folder.symlink_metadata()?.uid();
        let secret = secret()?;
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(token(dir))?
            .write_all(secret.as_bytes())?;
        let path = socket(dir);
        let listener = at_address(&path, |address| net::UnixListener::bind(address))?;
        std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        let _inside = runtime.enter();
        let listener = UnixListener::from_std(listener)?;
        let places = || Arc::new(Semaphore::new(CONNECTIONS_MAX as usize));
        let (connections, answering) = (places(), places());
        let shared = Shared {
            token: blake3::hash(secret.as_bytes()),
            user,
            connections,
            answering: answering.clone(),
            sender,
        };
        let accepting = runtime.spawn(accept(listener, Arc::new(shared))).abort_handle();
        Ok(Self { folder, accepting, answering })
    }

    /// Closes the socket once those who were answered have read it, or don't.
    pub fn close(self, runtime: &Runtime) {
        self.accepting.abort();
        _ = std::fs::remove_dir_all(&self.folder);
        let answered = self.answering.acquire_many(CONNECTIONS_MAX);
        _ = runtime.block_on(async { timeout(TAKEN_WITHIN, answered).await.map(drop) });
    }
}

fn secret() -> io::Result<String> {
    let mut bytes = [0; TOKEN_BYTES];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

async fn accept(listener: UnixListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_AGAIN).await;
            continue;
        };
        let same = stream.peer_cred().is_ok_and(|peer| peer.uid() == shared.user);
        // One too many, or somebody else, hears nothing but the end.
        let Ok(place) = shared.connections.clone().try_acquire_owned() else { continue };
        if same {
            let shared = shared.clone();
            tokio::spawn(async move {
                let _place = place;
                // A connection that breaks is its other end's matter.
                _ = serve(stream, &shared).await;
            });
        }
    }
}

/// Serves one request after the other until the other end is silent or gone.
async fn serve(stream: UnixStream, shared: &Shared) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let heard = timeout(HEARD_WITHIN, hear(&mut read, shared));
        let line = heard.await.map_err(io::Error::from)??;
        if line.is_empty() {
            return Ok(());
        }
        let is_whole = line.ends_with(b"\n");
        let _answering = shared.answering.acquire().await;
        let answer = match request(&line, shared) {
            Ok(_) if !is_whole => refused("the request has no end, or is too long"),
            Err(why) => refused(&why),
            Ok(request) => asked(request, shared).await,
        };
        let text = format!("{}\n", serde_json::to_string(&answer)?);
        timeout(TAKEN_WITHIN, write.write_all(text.as_bytes()))
            .await
            .map_err(io::Error::from)??;
        if !is_whole {
            return Ok(());
        }
    }
}

/// A line, as much of it as its sender may say; nothing at the end.
async fn hear(read: &mut BufReader<OwnedReadHalf>, shared: &Shared) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut short = (&mut *read).take(LINE_BYTES_MAX);
    short.read_until(b'\n', &mut line).await?;
    let is_cut = line.len() as u64 == LINE_BYTES_MAX && !line.ends_with(b"\n");
    if is_cut && begins_with_the_token(&line, shared) {
        let mut rest = read.take(LONG_LINE_BYTES_MAX - LINE_BYTES_MAX);
        rest.read_until(b'\n', &mut line).await?;
    }
    Ok(line)
}

fn begins_with_the_token(line: &[u8], shared: &Shared) -> bool {
    let token = line.strip_prefix(br#"{"token":""#).and_then(|rest| rest.get(..2 * TOKEN_BYTES));
    token.is_some_and(|token| blake3::hash(token) == shared.token)
}

fn refused(why: &str) -> Answer {
    Answer::Refused { why: why.to_owned() }
}

fn request(line: &[u8], shared: &Shared) -> Result<Request, String> {
    let request: Request = serde_json::from_slice(line)
        .map_err(|error| format!("the request can't be understood: {error}"))?;
    if blake3::hash(request.token.as_bytes()) != shared.token {
        return Err("the token is not this run's".to_owned());
    }
    Ok(request)
}

/// Puts a request to the loop and waits until what it led to is durable.
async fn asked(request: Request, shared: &Shared) -> Answer {
    let (answer, answered) = oneshot::channel();
    _ = shared.sender.send(Message::Steer(request.steer.into(), answer));
    answered.await.unwrap_or_else(|_| refused("the run has stopped"))
}
