//! What a sandbox costs `run_command` in a worktree of 20,000 files, all that is done before and
//! after the command included.
//!
//! `cargo bench -p equitr-tools`; each kind is run in turn, so that a busy machine is busy for all.
//! The aim is less than 20 ms more than without a sandbox. The look for files of secrets is told by
//! itself as well, for it is what grows with the number of files.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use equitr_sandbox::{Mode, choose};
use equitr_tools::{Environment, Limits, Place, Quotas, Sandbox, Tool, Worktree, secret_files};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Enough for a median that stands.
const ROUNDS: usize = 60;
const FOLDERS: usize = 1_000;
const FILES_EACH: usize = 20;

fn main() {
    let world = tempfile::tempdir().unwrap();
    let at = |name: &str| world.path().join(name);
    for name in ["home", "temp"] {
        std::fs::create_dir(at(name)).unwrap();
    }
    for folder in 0..FOLDERS {
        let folder = at("work").join(format!("part{}/module{folder}/src", folder % 10));
        std::fs::create_dir_all(&folder).unwrap();
        for file in 0..FILES_EACH {
            std::fs::write(folder.join(format!("component_{file}.rs")), "fn main() {}\n").unwrap();
        }
    }
    std::fs::write(at("work/.env"), "KEY=1\n").unwrap();
    let launcher = PathBuf::from(env!("CARGO_BIN_EXE_tools-launcher"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut kinds = vec![("off".to_owned(), place(&at, Sandbox::off()), Vec::new())];
    for mode in [Mode::Landlock, Mode::Bubblewrap] {
        match choose(mode, &path, &launcher) {
            Ok(backend) => {
                let sandbox = Sandbox::new(backend.clone(), launcher.clone());
                kinds.push((backend.to_string(), place(&at, sandbox), Vec::new()));
            }
            Err(error) => println!("{mode}: {error}"),
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let worktree = kinds[0].1.worktree.clone();
    let mut looks = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        assert_eq!(secret_files(&worktree).len(), 1);
        looks.push(began.elapsed());
        for (name, place, times) in &mut kinds {
            let began = Instant::now();
            let (limits, args) = (Limits::default(), r#"{"command":"true"}"#);
            let run = equitr_tools::run(&Tool::ALL, "run_command", args, place, &limits, &|_| {});
            let output = runtime.block_on(run);
            times.push(began.elapsed());
            assert!(output.content.starts_with("exit 0"), "{name}: {}", output.content);
        }
    }
    println!("{} files, {ROUNDS} rounds", FOLDERS * FILES_EACH);
    println!("the look for files of secrets: {:.1} ms", ms(median(&mut looks)));
    let plain = median(&mut kinds[0].2.clone());
    for (name, _, times) in &mut kinds {
        let median = median(times);
        println!("{name}: {:.1} ms, {:+.1} ms", ms(median), ms(median) - ms(plain));
    }
}

fn place(at: &dyn Fn(&str) -> PathBuf, sandbox: Sandbox) -> Place {
    let (home, temp): (&Path, &Path) = (&at("home"), &at("temp"));
    Place {
        worktree: Worktree::open(&at("work")).unwrap(),
        environment: Environment::new(std::env::vars_os(), home, temp),
        sandbox,
        quotas: Quotas::default(),
        redactor: Arc::default(),
    }
}

/// Sorts them, too.
fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
