//! The end of somebody who steers a run.

use super::{Answer, LONG_LINE_BYTES_MAX, Request, Steer, at_address, socket, token};
use crate::{EngineError, RunDir};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// A run answers once what was asked is on disk, which takes a slow disk a second.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// Whether a process works on a run just now that can be asked something.
pub fn is_on(dir: &RunDir) -> bool {
    at_address(&socket(dir), |address| UnixStream::connect(address)).is_ok()
}

/// Asks something of a run that is on in another process of this user, and waits for its answer.
///
/// # Errors
/// [`EngineError::NotOn`] when no process works on it; [`EngineError::Io`] when that process can't be
/// spoken to, or ends before it answers.
pub fn steer(dir: &RunDir, steer: &Steer) -> Result<Answer, EngineError> {
    let path = socket(dir);
    let failed = |what| {
        let path = path.clone();
        move |source: io::Error| EngineError::Io { what, path, source }
    };
    let gone = |source: io::Error| match source.kind() {
        // What a killed process leaves refuses, or is not there.
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            EngineError::NotOn { run: dir.id().to_owned() }
        }
        _ => failed("reach")(source),
    };
    let token = std::fs::read_to_string(token(dir)).map_err(gone)?;
    let stream = at_address(&path, |address| UnixStream::connect(address)).map_err(gone)?;
    let said = ask(&stream, &Request { token, steer: steer.clone() }).map_err(failed("ask"))?;
    serde_json::from_str(&said).map_err(|error| failed("understand the answer of")(error.into()))
}

/// Sends one request; the line that answers it.
fn ask(mut stream: &UnixStream, request: &Request) -> io::Result<String> {
    stream.set_read_timeout(Some(ANSWERED_WITHIN))?;
    stream.set_write_timeout(Some(ANSWERED_WITHIN))?;
    let line = serde_json::to_string(request)?;
    stream.write_all(format!("{line}\n").as_bytes())?;
    let mut said = String::new();
    BufReader::new(stream.take(LONG_LINE_BYTES_MAX)).read_line(&mut said)?;
    if said.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(said)
}
