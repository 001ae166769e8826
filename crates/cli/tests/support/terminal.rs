//! A terminal with the program in it: what it shows is read as a person reads it, what is typed
//! goes to it as keys.

use ptyprocess::PtyProcess;
use std::fs::File;
use std::io::{Read, Write};
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// Nothing takes as long; a program that hangs is told from one that is slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// The key Ctrl-C.
pub const CTRL_C: &str = "\x03";
/// The key Ctrl-D.
pub const CTRL_D: &str = "\x04";

/// A terminal of 80 columns and 24 lines; dropped, its program is killed.
pub struct Terminal {
    process: PtyProcess,
    keys: File,
    output: Receiver<Vec<u8>>,
    /// All that was shown so far, escape sequences included.
    shown: Vec<u8>,
    /// How much of it was waited for.
    seen: usize,
}

impl Terminal {
    /// A terminal in which `program` was started.
    pub fn with(program: Command) -> Self {
        let process = PtyProcess::spawn(program).unwrap();
        let keys = process.get_raw_handle().unwrap();
        let mut screen = process.get_raw_handle().unwrap();
        let (sender, output) = channel();
        // A thread of its own, since a read from a terminal waits until something is there. It ends
        // with the program, when the read fails.
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { process, keys, output, shown: Vec::new(), seen: 0 }
    }

    /// Waits until `text` is shown behind what was waited for before; what stands between.
    #[track_caller]
    pub fn sees(&mut self, text: &str) -> String {
        loop {
            let rest = &self.shown[self.seen..];
            if let Some(at) = rest.windows(text.len()).position(|part| part == text.as_bytes()) {
                let between = String::from_utf8_lossy(&rest[..at]).into_owned();
                self.seen += at + text.len();
                return between;
            }
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) => self.shown.extend(bytes),
                Err(end) => panic!("`{text}` was not shown ({end}):\n{}", self.all()),
            }
        }
    }

    /// Types keys.
    pub fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Types a line and Enter.
    pub fn enters(&mut self, line: &str) {
        self.types(&format!("{line}\r"));
    }

    /// Waits for the program's end; its exit code, and what was shown since the last wait.
    #[track_caller]
    pub fn ends(&mut self) -> (i32, String) {
        loop {
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) => self.shown.extend(bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it did not end:\n{}", self.all()),
            }
        }
        let rest = String::from_utf8_lossy(&self.shown[self.seen..]).into_owned();
        self.seen = self.shown.len();
        crate::support::canary::assert_none_in(&self.all());
        // `WaitStatus` belongs to a library of the library's; its text is enough.
        let ended = format!("{:?}", self.process.wait().unwrap());
        let code = ended.strip_prefix("Exited(").and_then(|rest| rest.split(", ").nth(1));
        let code = code.and_then(|code| code.trim_end_matches(')').parse().ok());
        match code {
            Some(code) => (code, rest),
            None => panic!("{ended}:\n{}", self.all()),
        }
    }

    /// All that was shown so far.
    pub fn all(&self) -> String {
        String::from_utf8_lossy(&self.shown).into_owned()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself.
        _ = self.process.exit(true);
    }
}

/// What a person reads of `shown`: the last of what was drawn in each line, without escape
/// sequences and white space at its end.
pub fn read(shown: &str) -> String {
    let mut lines = Vec::new();
    for line in shown.split('\n') {
        let line = line.trim_end_matches('\r');
        let last = line.rsplit("\r\x1b[2K").next().unwrap_or_default();
        lines.push(plain(last).trim_end().to_owned());
    }
    lines.join("\n")
}

/// `text` without its escape sequences.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\x1b' {
            plain.push(c);
            continue;
        }
        if chars.next() == Some('[') {
            chars.by_ref().find(|c| c.is_ascii_alphabetic());
        }
    }
    plain
}
