//! TL-05, TL-06 and TL-07: how much a command can use, and that nothing of it is left.

use crate::place::{Place, backend, backends, command, run};
use equitr_sandbox::{Backend, Mode, Policy};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

const MIB: u64 = 1024 * 1024;

#[test]
fn tl_05_a_fork_bomb_stops_at_the_limit_while_another_sandbox_works() {
    let (place, other) = (Place::new(), Place::new());
    let backend = backend(Mode::Bubblewrap);
    let mut policy = place.policy();
    policy.limits.processes = 64;
    // The inner shell ends when it can't fork; the outer one counts without forking, and holds on.
    // There is an end to it for the machine's sake, should the limit fail.
    let line = "(for i in $(seq 1000); do sleep 600 & done) 2> said; set -- /proc/[0-9]*; echo $#
        read end";
    let mut bomb = command(&backend, &policy, line).stdin(Stdio::piped()).spawn().unwrap();
    let mut counted = String::new();
    BufReader::new(bomb.stdout.take().unwrap()).read_line(&mut counted).unwrap();
    let counted: u64 = counted.trim().parse().unwrap();
    assert!((32..=64 + 300).contains(&counted), "{counted} processes");
    let said = fs::read_to_string(place.worktree().join("said")).unwrap();
    assert!(said.contains("Cannot fork"), "{said}");

    let output = run(&backend, &other.policy(), "for i in 1 2 3; do sh -c 'echo works'; done");
    assert_eq!(output.stdout, "works\n".repeat(3), "{output:?}");
    bomb.kill().unwrap();
    bomb.wait().unwrap();
}

#[test]
fn tl_05_another_sandbox_works_while_a_fork_bomb_goes_on() {
    let (place, other) = (Place::new(), Place::new());
    let backend = backend(Mode::Bubblewrap);
    let mut policy = place.policy();
    policy.limits.processes = 64;
    // Doubled ten times at most, for the machine's sake, should the limit fail.
    let line = "b() { [ $1 = 0 ] || { b $(($1 - 1)) | b $(($1 - 1)) & }; }; echo begun
        b 10 2> /dev/null; read end";
    let mut bomb = command(&backend, &policy, line).stdin(Stdio::piped()).spawn().unwrap();
    let mut begun = String::new();
    BufReader::new(bomb.stdout.take().unwrap()).read_line(&mut begun).unwrap();
    assert_eq!(begun, "begun\n");
    let output = run(&backend, &other.policy(), "for i in 1 2 3; do sh -c 'echo works'; done");
    assert_eq!(output.stdout, "works\n".repeat(3), "{output:?}");
    bomb.kill().unwrap();
    bomb.wait().unwrap();
}

#[test]
fn tl_05_a_command_can_not_raise_its_limits() {
    let place = Place::new();
    let backend = backend(Mode::Bubblewrap);
    let line = "cat /proc/sys/kernel/pid_max
        for file in /equitr-pid-max /proc/sys/kernel/pid_max; do echo 99999 > $file; done
        cat /proc/sys/kernel/pid_max; ulimit -n; ulimit -n 8000; ulimit -c; ulimit -f";
    let output = run(&backend, &place.policy(), line);
    let lines: Vec<&str> = output.stdout.lines().collect();
    let [before, after, files, core, blocks] = lines[..] else { panic!("{output:?}") };
    assert_eq!(before, after, "{output:?}");
    assert_eq!((files, core, blocks), ("4096", "0", "2097152"), "{output:?}");
    assert!(output.stderr.contains("error setting limit"), "{output:?}");
    let read_only = "/proc/sys/kernel/pid_max: Read-only file system";
    assert!(output.stderr.contains(read_only), "not by its owner's rights alone: {output:?}");
}

/// Runs a line in a policy that is changed first, and gives back the policy's place as well.
fn limited(backend: &Backend, change: impl Fn(&mut Policy), line: &str) -> (Place, String) {
    let place = Place::new();
    let mut policy = place.policy();
    change(&mut policy);
    let output = run(backend, &policy, line);
    assert_ne!(output.code, Some(0), "{backend}: {output:?}");
    (place, output.stderr)
}

#[test]
fn tl_06_a_memory_bomb_ends_by_itself() {
    for backend in backends() {
        let memory = |policy: &mut Policy| policy.limits.memory_bytes = Some(256 * MIB);
        // Keeps all of a line that does not end.
        let line = "head -c 600000000 /dev/zero | tail -n 1 > /dev/null";
        let (_, said) = limited(&backend, memory, line);
        assert!(said.contains("memory exhausted"), "{backend}: {said}");
    }
}

#[test]
fn tl_06_a_file_grows_to_its_limit() {
    for backend in backends() {
        let file = |policy: &mut Policy| policy.limits.file_bytes = MIB;
        let (place, _) = limited(&backend, file, "head -c 3000000 /dev/zero > file");
        let bytes = fs::metadata(place.worktree().join("file")).unwrap().len();
        assert_eq!(bytes, MIB, "{backend}");
    }
}

#[test]
fn tl_06_temporary_folders_grow_to_their_limits() {
    let backend = backend(Mode::Bubblewrap);
    let small = |policy: &mut Policy| {
        policy.temp_bytes = MIB;
        policy.shared_memory_bytes = MIB;
    };
    for folder in ["/tmp", "/dev/shm"] {
        let fits = run_in(&backend, small, &format!("head -c 1000000 /dev/zero > {folder}/file"));
        assert_eq!(fits, Some(0), "{folder}");
        let line = format!("head -c 3000000 /dev/zero > {folder}/file");
        let (_, said) = limited(&backend, small, &line);
        assert!(said.contains("No space left on device"), "{folder}: {said}");
    }
}

fn run_in(backend: &Backend, change: impl Fn(&mut Policy), line: &str) -> Option<i32> {
    let place = Place::new();
    let mut policy = place.policy();
    change(&mut policy);
    run(backend, &policy, line).code
}

#[test]
fn tl_07_what_a_command_leaves_behind_is_dead_when_the_call_returns() {
    let backend = backend(Mode::Bubblewrap);
    // More than once: what is killed a moment later is mostly dead in time as well.
    for _ in 0..20 {
        let place = Place::new();
        let line = "(setsid /equitr-sandbox hold lock < /dev/zero | cat > said) 2> /dev/null &
            until [ -s said ]; do :; done";
        let output = run(&backend, &place.policy(), line);
        assert_eq!(output.code, Some(0), "{output:?}");
        let lock = File::open(place.worktree().join("lock")).unwrap();
        assert!(lock.try_lock().is_ok(), "it still holds its lock");
    }
}
