//! TL-01 to TL-04 and TL-07 without a sandbox: commands end when they should, with all that they
//! started.

use crate::World;
use equitr_core::chat::ToolOutcome;
use equitr_core::redact::Redactor;
use equitr_tools::process::{Command, Ended, Finished, run};
use equitr_tools::{
    CheckOutcome, Environment, Place, Quotas, RUN_VARIABLE, Sandbox, check, kill_leftovers,
};
use serde_json::json;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

/// Far more than anything here takes; a test that needs it has failed.
const LONG: Duration = Duration::from_secs(60);

async fn finished(world: &World, line: &str, timeout: Duration) -> Finished {
    let folder = world.at("");
    let environment = &world.place.environment;
    run(plain(line, &folder, environment, timeout), &|_| {}).await.unwrap()
}

fn plain<'a>(
    line: &'a str,
    folder: &'a Path,
    environment: &'a Environment,
    timeout: Duration,
) -> Command<'a> {
    static OFF: LazyLock<Sandbox> = LazyLock::new(Sandbox::off);
    static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::default);
    let redactor = &*REDACTOR;
    let (sandbox, masked, quotas) = (&*OFF, &[], Quotas::default());
    Command { line, folder, environment, sandbox, masked, quotas, timeout, redactor }
}

/// Waits until `condition` holds; fails after a minute.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < LONG, "never: {what}");
        tokio::task::yield_now().await;
    }
}

/// The process ids that a command wrote to a file in the worktree, one a line.
fn pids(world: &World, file: &str) -> Vec<u32> {
    world.text(file).lines().map(|line| line.parse().unwrap()).collect()
}

/// Whether the process is there and not merely waiting to be collected.
fn is_alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(") ").next().unwrap_or("").starts_with('Z'))
}

#[tokio::test]
async fn a_command_gives_its_exit_code_and_output_in_order() {
    let world = World::new();
    let line = "echo one; echo two >&2; echo three; pwd; exit 3";
    let told = world.done("run_command", json!({"command": line})).await;
    let folder = world.at("").canonicalize().unwrap();
    assert_eq!(told, format!("exit 3\none\ntwo\nthree\n{}\n", folder.display()));
    assert_eq!(world.done("run_command", json!({"command": "true"})).await, "exit 0\n");
}

#[tokio::test]
async fn output_is_handed_on_as_it_comes() {
    let world = World::new();
    let heard = Mutex::new(String::new());
    let folder = world.at("");
    let fifo = world.at("go");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    // The command goes on only once its first line was heard.
    let line = "echo first; read word < go; echo $word";
    let environment = &world.place.environment;
    let command = plain(line, &folder, environment, LONG);
    let progress = |text: &str| heard.lock().unwrap().push_str(text);
    let answer = async {
        until("the first line", || *heard.lock().unwrap() == "first\n").await;
        tokio::task::spawn_blocking(move || std::fs::write(fifo, "second\n"))
            .await
            .unwrap()
            .unwrap();
    };
    let (done, ()) = tokio::join!(run(command, &progress), answer);
    assert_eq!(done.unwrap().output, "first\nsecond\n");
    assert_eq!(*heard.lock().unwrap(), "first\nsecond\n");
}

#[tokio::test]
async fn tl_01_a_command_that_hangs_and_ignores_sigterm_is_killed_with_its_children() {
    let world = World::new();
    let line = "trap '' TERM; (trap '' TERM; exec sleep 1000) & echo $! > pids; echo $$ >> pids; \
                echo waiting; while :; do sleep 1000; done";
    let done = finished(&world, line, Duration::from_secs(2)).await;
    assert_eq!((done.ended, done.output.as_str()), (Ended::TimedOut, "waiting\n"));
    // 2 s, and 2 s to put things in order; without the kill, 5 s more until we give up.
    assert!(done.duration < Duration::from_secs(8), "{:?}", done.duration);
    for pid in pids(&world, "pids") {
        until("the process is gone", || !is_alive(pid)).await;
    }
}

#[tokio::test]
async fn tl_01_an_agent_is_told_that_time_was_up_and_what_was_said_until_then() {
    let world = World::new();
    let args = json!({"command": "echo begun; sleep 1000", "timeout_s": 2});
    let told = world.refused("run_command", args).await;
    assert_eq!(told, "error: timed out after 2 s\nbegun\n");
}

#[tokio::test]
async fn tl_01_a_command_whose_time_is_up_may_put_things_in_order() {
    let world = World::new();
    let line = "trap 'echo tidied; exit 0' TERM; echo ready; while :; do sleep 0.01; done";
    let done = finished(&world, line, Duration::from_secs(2)).await;
    assert_eq!(done.ended, Ended::TimedOut);
    assert!(done.output.ends_with("tidied\n"), "{}", done.output);
}

#[tokio::test]
async fn tl_02_endless_output_is_cut_in_the_middle_and_its_producer_killed() {
    let world = World::new();
    let done = finished(&world, "echo start; yes", LONG).await;
    assert_eq!(done.ended, Ended::Flooded);
    assert!(
        done.output_bytes > 256 << 20 && done.output_bytes < 258 << 20,
        "{}",
        done.output_bytes
    );
    assert!(done.output.len() < 33 * 1024, "{} bytes kept", done.output.len());
    assert!(done.output.starts_with("start\ny\n"));
    assert!(done.output.contains(" bytes left out …]"), "it says so");
}

#[tokio::test]
async fn tl_02_long_output_keeps_its_start_and_its_end() {
    let world = World::new();
    let done = finished(&world, "seq 1 100000; echo the end", LONG).await;
    assert_eq!(done.ended, Ended::Exited(0));
    assert_eq!(done.output_bytes, 588_903);
    assert!(done.output.starts_with("1\n2\n3\n") && done.output.ends_with("100000\nthe end\n"));
    assert!(done.output.contains("\n[… 556,135 bytes left out …]\n"));
}

#[tokio::test]
async fn tl_03_binary_output_is_named_and_terminal_sequences_are_dropped() {
    let world = World::new();
    let done = finished(&world, "head -c 200000 /bin/sh; head -c 9000 /dev/zero", LONG).await;
    assert!(done.output.starts_with("[binary output, "), "{}", &done.output[..100]);
    let done = finished(&world, r"printf 'a\000b\033[31mc\377\n'", LONG).await;
    assert_eq!(done.output, "abc\u{fffd}\n".to_owned());
}

#[tokio::test]
async fn tl_04_a_command_that_reads_finds_no_input() {
    let world = World::new();
    assert_eq!(world.done("run_command", json!({"command": "cat; wc -c"})).await, "exit 0\n0\n");
}

#[tokio::test]
async fn tl_07_nothing_that_a_command_started_outlives_it() {
    let world = World::new();
    let line = "sleep 1000 & echo $! > pids
        nohup sleep 1000 >/dev/null 2>&1 & echo $! >> pids
        setsid sh -c 'echo $$ >> pids; echo up > up; exec sleep 1000' &
        until [ -e up ]; do sleep 0.01; done; echo done";
    let told = world.done("run_command", json!({"command": line})).await;
    assert_eq!(told, "exit 0\ndone\n");
    let pids = pids(&world, "pids");
    assert_eq!(pids.len(), 3);
    for pid in pids {
        until("the process is gone", || !is_alive(pid)).await;
    }
}

#[tokio::test]
async fn tl_07_a_daemon_that_keeps_the_output_open_does_not_keep_the_call() {
    let world = World::new();
    // Nothing is left in its environment to know it by: it lives on, and nobody waits for it.
    let line = "env -i setsid sh -c 'echo $$ > pid; exec sleep 1000' & \
                until [ -s pid ]; do sleep 0.01; done; echo done";
    let told = world.done("run_command", json!({"command": line})).await;
    assert_eq!(told, "exit 0\ndone\n");
    for pid in pids(&world, "pid") {
        let pid = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }
}

#[tokio::test]
async fn a_cancelled_command_is_killed_with_its_grandchildren() {
    let world = World::new();
    let line = "sh -c 'sh -c \"echo \\$\\$ > grandchild; exec sleep 1000\" & \
                setsid sh -c \"echo \\$\\$ > escaped; exec sleep 1000\" & echo $$ > child; wait' & wait";
    let files = ["child", "grandchild", "escaped"];
    let written = |file: &&str| {
        std::fs::read_to_string(world.at(file)).is_ok_and(|text| text.ends_with('\n'))
    };
    tokio::select! {
        output = world.call("run_command", json!({"command": line})) => {
            panic!("ended: {}", output.content)
        }
        () = until("all have started", || files.iter().all(written)) => {}
    }
    for pid in files.iter().flat_map(|file| pids(&world, file)) {
        until("the process is gone", || !is_alive(pid)).await;
    }
}

#[tokio::test]
async fn a_program_that_can_not_run_is_named() {
    let world = World::new();
    world.put("plain.txt", "not a program\n");
    world.put("script", "#!/usr/bin/env no-such-interpreter\n");
    rustix::fs::chmod(world.at("script"), rustix::fs::Mode::from_raw_mode(0o755)).unwrap();
    for (line, program) in [
        ("no-such-program --version", "no-such-program"),
        ("cd . && ./plain.txt", "./plain.txt"),
        ("./script", "no-such-interpreter"),
        ("sh -c 'no-such-program'", "no-such-program"),
    ] {
        let done = finished(&world, line, LONG).await;
        assert_eq!(done.ended, Ended::CantRun { program: program.into() }, "{}", done.output);
    }
    let told = world.refused("run_command", json!({"command": "no-such-program"})).await;
    assert!(told.starts_with("error: can't run `no-such-program`\n"), "{told}");
    let done = finished(&world, "exit 127", LONG).await;
    assert_eq!(done.ended, Ended::Exited(127), "nothing was missing");
}

#[tokio::test]
async fn a_command_that_dies_of_a_signal_says_which() {
    let world = World::new();
    assert_eq!(finished(&world, "kill -SEGV $$", LONG).await.ended, Ended::Signalled(11));
}

#[tokio::test]
async fn a_line_that_no_shell_takes_is_refused() {
    let world = World::new();
    for (line, why) in [
        ("", "`command` is empty"),
        (" \n", "`command` is empty"),
        ("a\0b", "`command` holds a NUL character"),
    ] {
        let told = world.refused("run_command", json!({"command": line})).await;
        assert_eq!(told, format!("error: {why}"));
    }
    let told = world.refused("run_command", json!({"command": ":".repeat(70_000)})).await;
    assert_eq!(told, "error: `command` is 70 KB; write a script to a file and run that");
}

#[tokio::test]
async fn a_worktree_that_is_gone_is_an_error_and_no_crash() {
    let world = World::new();
    std::fs::remove_dir_all(world.at("")).unwrap();
    let told = world.refused("run_command", json!({"command": "true"})).await;
    assert_eq!(told, "error: no command can be started here: No such file or directory");
    let told = world.refused("read_file", json!({"path": "a"})).await;
    assert_eq!(told, "error: `a` does not exist");
    let told = world.refused("write_file", json!({"path": "a", "content": ""})).await;
    assert_eq!(told, "error: `a`: No such file or directory");
}

#[tokio::test]
async fn sec_01_a_command_sees_no_key_of_ours() {
    let world = World::new();
    let parent = [
        ("ANTHROPIC_API_KEY", "canary"),
        ("GITHUB_TOKEN", "canary"),
        ("LD_PRELOAD", "/canary.so"),
        ("PATH", "/usr/bin:/bin"),
    ];
    let parent = parent.map(|(name, value)| (name.into(), value.into()));
    let (home, temp) = (world.folder.path().join("home"), world.folder.path().join("temp"));
    let environment = Environment::new(parent, &home, &temp).with(RUN_VARIABLE, "r1");
    let folder = world.at("");
    let command = plain("env", &folder, &environment, LONG);
    let done = run(command, &|_| {}).await.unwrap();
    let names: Vec<&str> = done.output.lines().filter_map(|line| line.split('=').next()).collect();
    assert!(!done.output.contains("canary"), "{}", done.output);
    assert!(done.output.contains("EQUITR_RUN=r1\n") && done.output.contains("CI=1\n"));
    assert!(done.output.contains(&format!("HOME={}\n", home.display())));
    for name in names {
        let known = [
            "CI",
            "EQUITR_COMMAND",
            "EQUITR_RUN",
            "GIT_OPTIONAL_LOCKS",
            "HOME",
            "LANG",
            "PATH",
            "PWD",
            "OLDPWD",
            "SHLVL",
            "TERM",
            "TMPDIR",
            "_",
        ];
        assert!(known.contains(&name), "{name}");
    }
}

#[tokio::test]
async fn a_check_tells_bad_work_from_a_check_that_can_not_run() {
    let world = World::new();
    let check =
        async |line: &str, timeout| check(line, &world.place, timeout, &|_| {}).await.unwrap();
    assert!(matches!(check("true", LONG).await, CheckOutcome::Passed { .. }));
    let failed = CheckOutcome::Failed { exit: 2, output: "1 test failed\n".into() };
    assert_eq!(check("echo 1 test failed; exit 2", LONG).await, failed);
    let killed = check("kill -9 $$", LONG).await;
    let output = "\n[killed by signal 9]\n".into();
    assert_eq!(killed, CheckOutcome::Failed { exit: 137, output });
    let timeout = Duration::from_secs(2);
    let late = CheckOutcome::TimedOut { timeout, output: "begun\n".into() };
    assert_eq!(check("echo begun; sleep 1000", timeout).await, late);
    match check("pyest -q", LONG).await {
        CheckOutcome::CantRun { program, output } => {
            assert_eq!(program, "pyest");
            assert!(output.contains("not found"), "{output}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn only_the_leftovers_of_the_run_are_killed() {
    let world = World::new();
    let run_id = format!("r{}", std::process::id());
    let start = |name: &str, value: &str| Orphans::start(&world, name, value);
    let mut ours = start(RUN_VARIABLE, &run_id);
    let mut others = [
        start(RUN_VARIABLE, &format!("{run_id}0")),
        start(RUN_VARIABLE, &run_id[..run_id.len() - 1]),
        start("EQUITR_RUNS", &run_id),
        start("OTHER", &format!("EQUITR_RUN={run_id}")),
    ];
    let child = ours.child().await;
    assert_eq!(kill_leftovers(""), 0);
    assert_eq!(kill_leftovers("no-such-run"), 0);
    assert_eq!(kill_leftovers(&run_id), 2);
    assert!(!ours.shell.wait().unwrap().success());
    assert!(!is_alive(child));
    for other in &mut others {
        let child = other.child().await;
        assert!(other.shell.try_wait().unwrap().is_none(), "another's process was killed");
        assert!(is_alive(child), "another's process was killed");
    }
    assert_eq!(kill_leftovers(&run_id), 0, "none is left");
}

/// A shell and its child, as commands of an engine that was killed; dropping ends them.
struct Orphans {
    shell: std::process::Child,
    file: std::path::PathBuf,
}

impl Orphans {
    fn start(world: &World, name: &str, value: &str) -> Self {
        let file = world.at(&format!("{name} {value}"));
        let shell = std::process::Command::new("/bin/sh")
            .args(["-c", "sleep 1000 & echo $! > \"$FILE\"; wait"])
            .env(name, value)
            .env("FILE", &file)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        Self { shell, file }
    }

    async fn child(&self) -> u32 {
        let text = || std::fs::read_to_string(&self.file).unwrap_or_default();
        until("it has started", || text().ends_with('\n')).await;
        text().trim().parse().unwrap()
    }
}

impl Drop for Orphans {
    fn drop(&mut self) {
        let group = self.shell.id().try_into().ok().and_then(rustix::process::Pid::from_raw);
        if let Some(group) = group {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.shell.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_commands_run_at_once() {
    let world = World::new();
    let all: Vec<_> = (0..64)
        .map(|n| {
            let place: Place = world.place.clone();
            let folder = world.at("");
            tokio::spawn(async move {
                let line = format!("echo {n}");
                let environment = &place.environment;
                let folder: &Path = &folder;
                let command = plain(&line, folder, environment, LONG);
                run(command, &|_| {}).await.unwrap()
            })
        })
        .collect();
    for (n, running) in all.into_iter().enumerate() {
        let done = running.await.unwrap();
        assert_eq!((done.ended, done.output), (Ended::Exited(0), format!("{n}\n")));
    }
}

#[tokio::test]
async fn a_command_that_failed_is_a_result_and_not_an_error() {
    let world = World::new();
    let output = world.call("run_command", json!({"command": "false"})).await;
    assert_eq!((output.outcome, output.content.as_str()), (ToolOutcome::Ok, "exit 1\n"));
}
