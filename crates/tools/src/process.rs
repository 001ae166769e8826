//! Runs one command line and leaves nothing of it behind: the only place where a process starts.
//!
//! The command is the leader of a process group of its own, with `/dev/null` for input and one pipe
//! for both outputs, so that they come in the order they were written. When it ends, for whatever
//! reason, the rest of its group is killed, and what left the group but kept its environment. What a
//! command may reach is the matter of [`crate::sandbox`].

use crate::bounded::{Bounded, plain, size};
use crate::disk::Disk;
use crate::environment::Environment;
use crate::error::Error;
use crate::leftovers::RUN_VARIABLE;
use crate::quotas::{Excess, Quotas};
use crate::sandbox::Sandbox;
use crate::spawner::{COMMAND_VARIABLE, start};
use crate::usage::Usage;
use equitr_core::redact::Redactor;
use std::ffi::OsStr;
use std::future::pending;
use std::hash::{BuildHasher, RandomState};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::time::{Instant, sleep_until};

/// What a command set out to do is said in its first lines.
const HEAD_BYTES: usize = 16 * 1024;
/// How it ended is said in its last ones.
const TAIL_BYTES: usize = 16 * 1024;
/// More is a loop, not a log.
const OUTPUT_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Time to put things in order after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);
/// A killed process that is still there hangs in the kernel; waiting longer would hang us too.
const KILLED_WITHIN: Duration = Duration::from_secs(5);
/// A pipe holds 64 KiB; this is what may still be in it, with room for larger ones.
const REST_BYTES_MAX: u64 = 1024 * 1024;
const CHUNK_BYTES: usize = 16 * 1024;
/// Nobody reads more than this in so short a time; the rest is not handed on as progress.
const STRETCH_BYTES_MAX: usize = 64 * 1024;
const STRETCH: Duration = Duration::from_millis(100);

/// Takes what a command writes, as it comes; pieces are at most 16 KiB and may end within a word.
///
/// Of a flood, only about 64 KiB are handed on in every 100 ms. It is called between two reads of
/// the output and must be quick.
pub type Progress<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// A command line to be run.
#[derive(Debug, Clone, Copy)]
pub struct Command<'a> {
    /// For `sh -c`.
    pub line: &'a str,
    /// Where it runs.
    pub folder: &'a Path,
    /// Its variables, all of them.
    pub environment: &'a Environment,
    /// What it runs in.
    pub sandbox: &'a Sandbox,
    /// Files and folders that are to look empty, where the sandbox can do that; absolute paths.
    pub masked: &'a [PathBuf],
    /// How much it may take before it is killed.
    pub quotas: Quotas,
    /// When it is told to end; it has 2 s to do so.
    pub timeout: Duration,
    /// Takes secrets out of an output that is cut, of which half could not be recognised later on.
    pub redactor: &'a Redactor,
}

/// How a command ended, and what it wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// How it ended.
    pub ended: Ended,
    /// Standard output and error in the order written: the first and last 16 KiB as plain text, with
    /// a mark where something is left out, and then without secrets.
    pub output: String,
    /// How much it wrote in all.
    pub output_bytes: u64,
    /// From start to end.
    pub duration: Duration,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this exit code.
    Exited(i32),
    /// By a signal that was not ours.
    Signalled(i32),
    /// By us, its time being up.
    TimedOut,
    /// By us, after 256 MiB of output.
    Flooded,
    /// By us, having passed a quota; or by itself, having filled its folders quickly.
    OverQuota(Excess),
    /// Exit code 126 or 127, and the shell said which program it can't find or run.
    CantRun {
        /// As the shell names it.
        program: String,
    },
}

/// Runs the command to its end; dropping the future kills all of it.
///
/// Fails only when no shell can be started in the folder, or its sandbox can't be had.
pub async fn run(command: Command<'_>, progress: Progress<'_>) -> Result<Finished, Error> {
    let started = Instant::now();
    let spawn = |source| Error::Spawn { source };
    let (reader, writer) = std::io::pipe().map_err(spawn)?;
    let mut receiver = Receiver::from_owned_fd(OwnedFd::from(reader)).map_err(spawn)?;
    // A hasher's seed is random: no other command, of this process or another, has the name.
    let name = format!("{}-{:016x}", std::process::id(), RandomState::new().hash_one(0));
    let mut process = process(&command, &name)?;
    process.stdin(Stdio::null()).stdout(writer.try_clone().map_err(spawn)?).stderr(writer);
    let var = |name: &str| command.environment.vars().find(|(n, _)| *n == name);
    let own = ["HOME", "TMPDIR"].map(var);
    let own = own.iter().flatten().map(|(_, value)| Path::new(*value));
    let folders: Vec<&Path> = [command.folder].into_iter().chain(own).collect();
    let disk = Disk::watch(&folders, command.quotas.disk_bytes).await;
    let (mut child, mut group) =
        start(process, name, command.sandbox.bond()).await.map_err(spawn)?;

    let kept = Bounded::new(command.redactor, HEAD_BYTES, TAIL_BYTES);
    let mut output = Output { kept, progress, stretch: (started, 0) };
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut reading = true;
    let mut ending = Ending::Own;
    let mut deadline = started + command.timeout;
    let usage = group.usage(command.quotas);
    let mut excess = std::pin::pin!(first_excess(&disk, usage));
    let status = loop {
        tokio::select! {
            status = child.wait() => break Some(status.map_err(spawn)?),
            read = receiver.read(&mut chunk), if reading => match read {
                Ok(0) | Err(_) => reading = false,
                Ok(bytes) => output.take(&chunk[..bytes]),
            },
            () = sleep_until(deadline) => match ending {
                Ending::Own => {
                    group.ask().await;
                    ending = Ending::AskedTo;
                    deadline = Instant::now() + GRACE;
                }
                Ending::AskedTo => {
                    group.kill();
                    ending = Ending::MadeTo;
                    deadline = Instant::now() + KILLED_WITHIN;
                }
                Ending::MadeTo | Ending::Flooded | Ending::OverQuota(_) => break None,
            },
            (excess, usage) = &mut excess, if matches!(ending, Ending::Own | Ending::AskedTo) => {
                if let Some(usage) = usage {
                    usage.kill().await;
                }
                group.kill();
                ending = match ending {
                    Ending::Own => Ending::OverQuota(excess),
                    Ending::AskedTo | Ending::MadeTo | Ending::Flooded | Ending::OverQuota(_) => {
                        Ending::MadeTo
                    }
                };
                deadline = Instant::now() + KILLED_WITHIN;
            }
        }
        if output.kept.total() > OUTPUT_BYTES_MAX && ending != Ending::Flooded {
            group.kill();
            reading = false;
            ending = Ending::Flooded;
            deadline = Instant::now() + KILLED_WITHIN;
        }
    };
    match status {
        Some(_) => group.end().await,
        None => group.end_all().await,
    }
    output.take_rest(&receiver, &mut chunk);

    let text = output.kept.text();
    if ending == Ending::Own
        && let Some(excess) = disk.overfilled_at_end().await
    {
        ending = Ending::OverQuota(excess);
    }
    let ended = match (ending, status) {
        (Ending::Flooded, _) => Ended::Flooded,
        (Ending::OverQuota(excess), _) => Ended::OverQuota(excess),
        (Ending::AskedTo | Ending::MadeTo, _) | (Ending::Own, None) => Ended::TimedOut,
        (Ending::Own, Some(status)) => ended(status, &text, command.sandbox),
    };
    let (output_bytes, duration) = (output.kept.total(), started.elapsed());
    Ok(Finished { ended, output: text, output_bytes, duration })
}

/// Who ends the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Own,
    AskedTo,
    MadeTo,
    Flooded,
    OverQuota(Excess),
}

/// Ends when the command takes more than it may, of whatever it is; else never.
async fn first_excess(disk: &Disk, usage: Option<Usage>) -> (Excess, Option<Usage>) {
    let used = async {
        match usage {
            Some(usage) => usage.exceeded().await,
            None => pending().await,
        }
    };
    tokio::select! {
        excess = disk.overfilled() => (excess, None),
        (usage, excess) = used => (excess, Some(usage)),
    }
}

/// The process, not yet started: the one place where a command line becomes one.
fn process(command: &Command<'_>, name: &str) -> Result<std::process::Command, Error> {
    let mut marks = vec![(COMMAND_VARIABLE, OsStr::new(name))];
    let run = command.environment.vars().find(|(name, _)| *name == RUN_VARIABLE);
    marks.extend(run.map(|(_, value)| (RUN_VARIABLE, value)));
    command.sandbox.wrap(command, &marks).map_err(|source| Error::Sandbox { source })
}

struct Output<'a> {
    kept: Bounded<'a>,
    progress: Progress<'a>,
    /// When the present stretch of progress began, and what of it was handed on.
    stretch: (Instant, usize),
}

impl Output<'_> {
    fn take(&mut self, bytes: &[u8]) {
        self.kept.push(bytes);
        let (began, handed_on) = &mut self.stretch;
        if began.elapsed() >= STRETCH {
            (*began, *handed_on) = (Instant::now(), 0);
        }
        if *handed_on < STRETCH_BYTES_MAX {
            *handed_on += bytes.len();
            (self.progress)(&plain(bytes));
        }
    }

    /// What the pipe still holds; a process that escaped may keep it open, so its end is not awaited.
    fn take_rest(&mut self, receiver: &Receiver, chunk: &mut [u8]) {
        let enough = self.kept.total() + REST_BYTES_MAX;
        while self.kept.total() < enough {
            match receiver.try_read(chunk) {
                Ok(0) | Err(_) => return,
                Ok(bytes) => self.take(&chunk[..bytes]),
            }
        }
    }
}

fn ended(status: ExitStatus, output: &str, sandbox: &Sandbox) -> Ended {
    if !status.success()
        && let Some(speaker) = sandbox.failed_by(output)
    {
        return Ended::CantRun { program: speaker.to_owned() };
    }
    match (status.code(), status.signal()) {
        (Some(code @ (126 | 127)), _) => missing_program(output)
            .map_or(Ended::Exited(code), |program| Ended::CantRun { program }),
        (Some(code), _) => Ended::Exited(code),
        (None, signal) => Ended::Signalled(signal.unwrap_or(0)),
    }
}

/// The program that a shell, or `env`, said last that it can't find or run.
fn missing_program(output: &str) -> Option<String> {
    /// What comes after it is the caller's, such as npm's own summary.
    const LINES_MAX: usize = 50;
    output.lines().rev().take(LINES_MAX).find_map(program_of)
}

/// From `sh: 1: jest: not found` and its like: `jest`.
fn program_of(line: &str) -> Option<String> {
    const REASONS: [&str; 7] = [
        ": not found",
        ": command not found",
        ": Permission denied",
        ": No such file or directory",
        ": Is a directory",
        ": Exec format error",
        ": cannot execute: required file not found",
    ];
    let (speaker, rest) = line.split_once(": ")?;
    if !(speaker.ends_with("sh") || speaker.ends_with("env")) {
        return None;
    }
    let said = REASONS.iter().find_map(|reason| rest.strip_suffix(reason))?;
    let program = match said.split_once(": ") {
        Some((at, program)) if at.trim_start_matches("line ").parse::<u32>().is_ok() => program,
        Some(_) | None => said,
    };
    Some(program.trim_matches(['\'', '"', '‘', '’']).to_owned())
}

/// How it ended, in a few words.
pub(crate) fn told(finished: &Finished, timeout: Duration) -> String {
    match &finished.ended {
        Ended::Exited(code) => format!("exit {code}"),
        Ended::Signalled(signal) => format!("killed by signal {signal}"),
        Ended::TimedOut => format!("timed out after {} s", timeout.as_secs()),
        Ended::Flooded => format!("killed after {} of output", size(finished.output_bytes)),
        Ended::OverQuota(excess) => excess.told(),
        Ended::CantRun { program } => format!("can't run `{program}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_whichever_shell_says_so() {
        for (output, program) in [
            ("/bin/sh: 1: pyest: not found\n", "pyest"),
            ("sh: line 1: pyest: command not found\n", "pyest"),
            ("sh: pyest: not found\n", "pyest"),
            ("/bin/sh: 1: ./run: Permission denied\n", "./run"),
            ("/bin/sh: 3: /no/where: No such file or directory", "/no/where"),
            ("/usr/bin/env: ‘node’: No such file or directory\n", "node"),
            ("env: 'python3': No such file or directory\n", "python3"),
            ("bash: ./x: cannot execute: required file not found\n", "./x"),
            ("> test\n> jest\n\nsh: 1: jest: not found\nnpm error code 127\n", "jest"),
        ] {
            assert_eq!(missing_program(output).as_deref(), Some(program), "{output}");
        }
        for output in ["", "not found", "cat: x: No such file or directory", "sh: 1: fine"] {
            assert_eq!(missing_program(output), None, "{output}");
        }
    }
}
