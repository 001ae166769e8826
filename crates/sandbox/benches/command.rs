//! What a sandbox costs one command: the time of `true` in a shell, with and without it.
//!
//! `cargo bench -p equitr-sandbox`; each kind is run in turn, so that a busy machine is busy for all,
//! and the processor's time is told besides, which does not count how long others had it.
//! The aim is less than 20 ms more.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use equitr_sandbox::{Backend, Mode, Policy, choose, wrap};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Enough for a median that stands.
const ROUNDS: usize = 200;

fn main() {
    let launcher = Path::new(env!("CARGO_BIN_EXE_sandbox-trial"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folder = tempfile::tempdir().unwrap();
    let policy = Policy::new(folder.path());
    let variables = [("PATH".into(), path.clone())].into();
    let mut kinds: Vec<(Backend, Vec<Duration>)> = vec![(Backend::Off, Vec::new())];
    let mut busy = Vec::new();
    for mode in [Mode::Landlock, Mode::Bubblewrap] {
        let began = Instant::now();
        match choose(mode, &path, launcher) {
            Ok(backend) => {
                println!("{backend}: chosen in {:.1} ms", ms(began.elapsed()));
                kinds.push((backend, Vec::new()));
            }
            Err(error) => println!("{mode}: {error}"),
        }
    }
    busy.resize(kinds.len(), Duration::ZERO);
    for _ in 0..ROUNDS {
        for ((backend, times), busy) in kinds.iter_mut().zip(&mut busy) {
            let before = processor_time();
            let mut command = wrap(backend, &policy, &variables, launcher, "true").unwrap();
            let began = Instant::now();
            assert!(command.stdin(Stdio::null()).status().unwrap().success(), "{backend}");
            times.push(began.elapsed());
            *busy += processor_time() - before;
        }
    }
    let plain = median(&mut kinds[0].1.clone());
    for ((backend, times), busy) in kinds.iter_mut().zip(&busy) {
        let median = median(times);
        println!(
            "{backend}: {:.1} ms, {:+.1} ms; slowest of ten {:.1} ms; processor {:.1} ms",
            ms(median),
            ms(median) - ms(plain),
            ms(times[times.len() * 9 / 10]),
            ms(*busy) / ROUNDS as f64,
        );
    }
}

/// What the processes that have ended took of the processor so far.
fn processor_time() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(micros.cast_unsigned())
}

/// Sorts them, too.
fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
