//! TL-01 to TL-12 in the real sandboxes: commands do what they do outside, and end as they should.
//! Each sandbox has to be there.

use crate::World;
use equitr_sandbox::{Backend, Mode};
use equitr_tools::process::{Command, Ended, Finished, run};
use equitr_tools::{CheckOutcome, RUN_VARIABLE, check, kill_leftovers};
use serde_json::json;
use std::future::{Future, poll_fn};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

/// Far more than anything here takes; a test that needs it has failed.
const LONG: Duration = Duration::from_secs(60);

const BOTH: [Mode; 2] = [Mode::Bubblewrap, Mode::Landlock];

async fn finished(world: &World, line: &str, timeout: Duration) -> Finished {
    let folder = world.at("").canonicalize().unwrap();
    let (environment, sandbox) = (&world.place.environment, &world.place.sandbox);
    let (folder, masked, quotas) = (&*folder, &[], world.place.quotas);
    let redactor = &*world.place.redactor;
    let command = Command { line, folder, environment, sandbox, masked, quotas, timeout, redactor };
    run(command, &|_| {}).await.unwrap()
}

/// Waits until `condition` holds; fails after a minute.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < LONG, "never: {what}");
        tokio::task::yield_now().await;
    }
}

/// A time to sleep that no other process of this machine sleeps: to know it by.
fn nap(number: u32) -> String {
    format!("1000.{:07}{number}", std::process::id())
}

/// Whether a program sleeps so.
fn is_napping(nap: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().any(|process| {
        let words = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        words.starts_with(b"sleep\0") && words.windows(nap.len()).any(|at| at == nap.as_bytes())
    })
}

#[tokio::test]
async fn a_command_gives_the_same_in_every_sandbox() {
    for mode in BOTH {
        let world = World::in_sandbox(mode);
        let line = "echo one; echo two >&2; pwd; exit 3";
        let told = world.done("run_command", json!({"command": line})).await;
        let folder = world.at("").canonicalize().unwrap();
        assert_eq!(told, format!("exit 3\none\ntwo\n{}\n", folder.display()), "{mode}");
        let line = "cat; echo home > $HOME/a && echo temp > $TMPDIR/a && echo here > a && \
                    cat $HOME/a $TMPDIR/a a";
        let told = world.done("run_command", json!({"command": line})).await;
        assert_eq!(told, "exit 0\nhome\ntemp\nhere\n", "{mode}");
        assert_eq!(world.text("a"), "here\n");
        assert_eq!(world.text("../home/a"), "home\n");
    }
}

#[tokio::test]
async fn what_lies_beside_the_worktree_is_out_of_reach_in_every_sandbox() {
    let line = "cat ../secret || echo taken > ../secret";
    let told = World::new().done("run_command", json!({"command": line})).await;
    assert_eq!(told, "exit 0\nsecret\n", "without a sandbox it is read");
    for mode in BOTH {
        let world = World::in_sandbox(mode);
        let told = world.done("run_command", json!({"command": line})).await;
        assert!(!told.contains("secret\n") && told.starts_with("exit "), "{mode}: {told}");
        world.secret_is_untouched();
    }
}

#[tokio::test]
async fn a_check_tells_what_can_not_run_through_every_sandbox() {
    for mode in BOTH {
        let world = World::in_sandbox(mode);
        let check = async |line: &str| check(line, &world.place, LONG, &|_| {}).await.unwrap();
        assert!(matches!(check("true").await, CheckOutcome::Passed { .. }), "{mode}");
        let failed = CheckOutcome::Failed { exit: 2, output: "1 test failed\n".into() };
        assert_eq!(check("echo 1 test failed; exit 2").await, failed, "{mode}");
        match check("pyest -q").await {
            CheckOutcome::CantRun { program, .. } => assert_eq!(program, "pyest", "{mode}"),
            other => panic!("{mode}: {other:?}"),
        }
        match check("kill -SEGV $$").await {
            CheckOutcome::Failed { exit, .. } => assert_eq!(exit, 128 + 11, "{mode}"),
            other => panic!("{mode}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_command_finds_its_toolchain_and_can_not_change_it() {
    for mode in BOTH {
        let world = World::in_sandbox(mode);
        world.put("Cargo.toml", "[package]\nname = \"tried\"\nedition = \"2024\"\n");
        world.put("src/main.rs", "fn main() { println!(\"built\") }\n");
        let done = finished(&world, "cargo run -q && echo $CARGO_NET_OFFLINE", LONG).await;
        assert_eq!((done.ended, &*done.output), (Ended::Exited(0), "built\ntrue\n"), "{mode}");
        let line = "for folder in \"$CARGO_HOME\" \"$CARGO_HOME/registry\" \"$CARGO_HOME/bin\"; do \
                    touch \"$folder/taken\" && echo written; done; ls \"$CARGO_HOME/registry\"";
        let done = finished(&world, line, LONG).await;
        assert!(!done.output.contains("written"), "{mode}: {}", done.output);
    }
}

#[tokio::test]
async fn files_of_secrets_look_empty_to_commands() {
    let mut world = World::in_sandbox(Mode::Bubblewrap);
    world.put(".env", "secret\n");
    world.put(".aws/credentials", "secret\n");
    world.put(".env.example", "KEY=\n");
    let line = "cat .env .env.example; ls .aws; mv .env moved; cat .aws/credentials";
    let told = world.done("run_command", json!({"command": line})).await;
    assert!(told.starts_with("exit 1\nKEY=\n") && !told.contains("secret\n"), "{told}");
    assert!(
        told.ends_with("[commands find `.env`, `.aws` empty, as files of secrets]\n")
            || told.ends_with("[commands find `.aws`, `.env` empty, as files of secrets]\n"),
        "{told}"
    );
    assert_eq!(world.text(".env"), "secret\n");
    let allowed = [".env", ".aws"];
    world.place.worktree = world.place.worktree.clone().allowing_secret_files(&allowed).unwrap();
    let line = "cat .env .aws/credentials";
    assert_eq!(
        world.done("run_command", json!({"command": line})).await,
        "exit 0\nsecret\nsecret\n"
    );
}

#[tokio::test]
async fn git_can_be_read_and_not_written() {
    let mut world = World::in_sandbox(Mode::Bubblewrap);
    let line = "git init -q --bare -b main ../hub && git clone -q ../hub ../first && cd ../first && \
                git config user.email a@b && git config user.name A && echo one > file && \
                git add file && git commit -qm 'the first' && git push -q origin main && \
                git -C ../hub worktree add -q --force ../work main 2>&1";
    let outside = std::process::Command::new("sh")
        .args(["-c", line])
        .current_dir(world.at(""))
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .status()
        .unwrap();
    assert!(outside.success());
    let hub = world.folder.path().join("hub").canonicalize().unwrap();
    world.place.sandbox.read_only.push(hub.clone());
    world.put("file", "two\n");
    let line = "git log --format=%s && git diff --stat && git status --short";
    let told = world.done("run_command", json!({"command": line})).await;
    assert!(told.starts_with("exit 0\nthe first\n file | 2 +-\n"), "{told}");
    assert!(told.ends_with("\n M file\n"), "{told}");
    for line in [
        "git add file",
        "git -c user.name=A -c user.email=a@b commit -qam second",
        "git branch other",
        "git config core.hooksPath /tmp",
        "echo gitdir: /tmp > .git",
        "rm -f .git",
        "mv .git other",
    ] {
        let told = world.done("run_command", json!({"command": line})).await;
        assert!(!told.starts_with("exit 0\n"), "{line}: {told}");
    }
    let done = finished(&world, "git log --format=%s; git status --short", LONG).await;
    assert_eq!(done.output, "the first\n M file\n");
}

#[tokio::test]
async fn tl_01_a_command_that_ignores_sigterm_is_killed_with_its_namespace() {
    let world = World::in_sandbox(Mode::Bubblewrap);
    let naps = [nap(11), nap(12), nap(13)];
    let line = format!(
        "trap '' TERM; sleep {} & env -i setsid sleep {} & echo waiting; sleep {}; sleep 1000",
        naps[0], naps[1], naps[2]
    );
    let done = finished(&world, &line, Duration::from_secs(2)).await;
    assert_eq!((done.ended, done.output.as_str()), (Ended::TimedOut, "waiting\n"));
    assert!(done.duration < Duration::from_secs(8), "{:?}", done.duration);
    for nap in naps {
        assert!(!is_napping(&nap), "{nap}");
    }
}

#[tokio::test]
async fn tl_01_a_sandboxed_command_whose_time_is_up_may_put_things_in_order() {
    for mode in BOTH {
        let world = World::in_sandbox(mode);
        let line = "trap 'echo tidied; exit 0' TERM; echo ready; while :; do sleep 0.01; done";
        let done = finished(&world, line, Duration::from_secs(2)).await;
        assert_eq!(done.ended, Ended::TimedOut);
        assert!(done.output.ends_with("tidied\n"), "{mode}: {}", done.output);
    }
}

#[tokio::test]
async fn tl_02_endless_output_in_a_sandbox_ends_its_producer() {
    let world = World::in_sandbox(Mode::Bubblewrap);
    let nap = nap(21);
    let line = format!("echo start; sleep {nap} & yes");
    let done = finished(&world, &line, LONG).await;
    assert_eq!(done.ended, Ended::Flooded);
    assert!(done.output.len() < 33 * 1024, "{} bytes kept", done.output.len());
    until("the producer's namespace is gone", || !is_napping(&nap)).await;
}

#[tokio::test]
async fn tl_05_a_fork_bomb_stops_at_the_limit_and_leaves_others_alone() {
    let mut world = World::in_sandbox(Mode::Bubblewrap);
    world.place.sandbox.limits.processes = 64;
    let marker = format!("bomb-{}", std::process::id());
    world.place.environment = world.place.environment.clone().with(RUN_VARIABLE, &marker);
    let other = World::in_sandbox(Mode::Bubblewrap);
    let nap = nap(51);
    // At most 1,000 processes, should the limit not hold: a test may not take its machine down.
    let line = format!("i=0; while [ $i -lt 1000 ]; do sleep {nap} & i=$((i+1)); done; sleep 1000");
    let (bomb, beside) = tokio::join!(finished(&world, &line, Duration::from_secs(3)), async {
        until("the bomb has gone off", || is_napping(&nap)).await;
        finished(&other, "ls / | wc -l; (true; true) | cat; echo well", LONG).await
    });
    assert!(matches!(bomb.ended, Ended::TimedOut | Ended::Exited(_)), "{:?}", bomb.ended);
    // Where the kernel can't limit root, the sandbox says so.
    let weaknesses = world.place.sandbox.backend.weaknesses();
    let limited = !weaknesses.iter().any(|weak| weak.contains("number of processes"));
    assert_eq!(bomb.output.to_lowercase().contains("fork"), limited, "{}", bomb.output);
    assert_eq!(beside.ended, Ended::Exited(0));
    assert!(beside.output.ends_with("well\n"), "{}", beside.output);
    assert!(!is_napping(&nap), "the bomb's pieces are gone");
    assert_eq!(kill_leftovers(&marker), 0);
}

#[tokio::test]
async fn tl_06_memory_and_shared_memory_end_where_they_are_limited() {
    let mut world = World::in_sandbox(Mode::Bubblewrap);
    let line = "x=$(head -c 300000000 /dev/zero | tr '\\0' a); echo held ${#x}";
    let done = finished(&world, line, LONG).await;
    assert_eq!(done.output, "held 300000000\n", "without the limit");
    world.place.sandbox.limits.memory_bytes = Some(128 << 20);
    let done = finished(&world, line, LONG).await;
    assert!(!done.output.contains("held"), "{}", done.output);
    assert_ne!(done.ended, Ended::Exited(0), "{}", done.output);
    let line = "head -c 100000000 /dev/zero > /dev/shm/a; wc -c < /dev/shm/a";
    let done = finished(&world, line, LONG).await;
    assert!(done.output.contains("No space left on device"), "{}", done.output);
    assert!(done.output.ends_with(&format!("\n{}\n", 64 << 20)), "{}", done.output);
    world.place.sandbox.limits.file_bytes = 1_000_000;
    let done = finished(&world, "head -c 3000000 /dev/zero > a; wc -c < a", LONG).await;
    assert!(done.output.ends_with("1000000\n"), "{}", done.output);
}

#[tokio::test]
async fn tl_06_a_sandboxed_command_that_fills_the_disk_is_killed() {
    let mut world = World::in_sandbox(Mode::Bubblewrap);
    world.place.quotas.disk_bytes = 40_000_000;
    let nap = nap(61);
    let line = format!(
        "sleep {nap} & i=0; while [ $i -lt 150 ]; do i=$((i+1)); head -c 4000000 /dev/zero > f$i; sleep 0.02; done"
    );
    let told = world.refused("run_command", json!({"command": line})).await;
    assert!(told.starts_with("error: stopped: the worktree and its home hold "), "{told}");
    assert!(!is_napping(&nap));
}

#[tokio::test]
async fn tl_07_a_daemon_that_hides_is_dead_when_the_call_returns() {
    let world = World::in_sandbox(Mode::Bubblewrap);
    let nap = nap(71);
    let line = format!(
        "env -i setsid sh -c 'echo up > up; exec sleep {nap}' & until [ -e up ]; do sleep 0.01; done; \
         echo done"
    );
    let told = world.done("run_command", json!({"command": line})).await;
    assert_eq!(told, "exit 0\ndone\n");
    assert!(!is_napping(&nap));
}

#[tokio::test]
async fn a_cancelled_sandboxed_command_is_killed_with_all_that_hides_in_it() {
    let world = World::in_sandbox(Mode::Bubblewrap);
    let nap = nap(72);
    let line = format!("env -i setsid sleep {nap} & sleep 1000");
    tokio::select! {
        done = finished(&world, &line, LONG) => panic!("ended: {done:?}"),
        () = until("it has started", || is_napping(&nap)) => {}
    }
    until("it is gone", || !is_napping(&nap)).await;
}

#[tokio::test]
async fn a_run_that_is_taken_up_again_finds_what_its_sandboxes_left() {
    let mut world = World::in_sandbox(Mode::Bubblewrap);
    let marker = format!("left-{}", std::process::id());
    world.place.environment = world.place.environment.clone().with(RUN_VARIABLE, &marker);
    let nap = nap(73);
    // Nothing in its environment tells of it: it goes with the namespace.
    let line = format!("env -i setsid sleep {nap} & exec env -i sleep 1000");
    let killed = async {
        until("it has started", || is_napping(&nap)).await;
        tokio::task::spawn_blocking(move || kill_leftovers(&marker)).await.unwrap()
    };
    let (done, killed) = tokio::join!(finished(&world, &line, LONG), killed);
    assert!(killed > 0);
    assert_eq!(done.ended, Ended::Signalled(9));
    until("it is gone", || !is_napping(&nap)).await;
}

#[tokio::test]
async fn tl_08_a_command_without_its_sandbox_is_refused_and_not_run() {
    let line = "touch ran";
    let mut world = World::in_sandbox(Mode::Bubblewrap);
    let program = PathBuf::from("/nonexistent/bwrap");
    world.place.sandbox.backend = Backend::Bubblewrap { program, version: "0.8.0".into() };
    let told = world.refused("run_command", json!({"command": line})).await;
    assert_eq!(told, "error: no command can be started here: No such file or directory");
    for mode in BOTH {
        let mut world = World::in_sandbox(mode);
        world.place.sandbox.launcher = "/nonexistent/launcher".into();
        let told = world.refused("run_command", json!({"command": line})).await;
        assert_eq!(
            told,
            "error: no command can be started here: `/nonexistent/launcher` does not exist"
        );
        assert!(!world.at("ran").exists());
    }
    assert!(!world.at("ran").exists());
}

#[tokio::test]
async fn tl_08_a_sandbox_that_breaks_is_not_taken_for_a_failed_check() {
    let mut world = World::in_sandbox(Mode::Bubblewrap);
    // What bubblewrap says where user namespaces have been shut since it was tried.
    let program = world.folder.path().join("bwrap");
    let script = "#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n";
    std::fs::write(&program, script).unwrap();
    rustix::fs::chmod(&program, rustix::fs::Mode::from_raw_mode(0o755)).unwrap();
    world.place.sandbox.backend = Backend::Bubblewrap { program, version: "0.8.0".into() };
    match check("touch ran", &world.place, LONG, &|_| {}).await.unwrap() {
        CheckOutcome::CantRun { program, output } => {
            assert_eq!(program, "bwrap");
            assert_eq!(output, "bwrap: setting up uid map: Permission denied\n");
        }
        other => panic!("{other:?}"),
    }
    assert!(!world.at("ran").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn tl_12_a_command_outlives_the_thread_that_asked_for_it() {
    for mode in BOTH {
        let world = World::in_sandbox(mode);
        let go = world.at("go");
        let line = "echo up > up; until [ -e go ]; do sleep 0.01; done; echo alive";
        let mut running: Pin<Box<dyn Future<Output = Finished> + Send>> =
            Box::pin(async move { finished(&world, line, LONG).await });
        let runtime = tokio::runtime::Handle::current();
        let up = go.with_file_name("up");
        // Polled until the command runs by a thread that then ends.
        let asking = std::thread::spawn(move || {
            runtime.block_on(async {
                let begun = poll_fn(|context| match running.as_mut().poll(context) {
                    Poll::Ready(done) => panic!("ended: {done:?}"),
                    Poll::Pending if up.exists() => Poll::Ready(()),
                    Poll::Pending => {
                        context.waker().wake_by_ref();
                        Poll::Pending
                    }
                });
                begun.await;
            });
            running
        });
        let running = asking.join().unwrap();
        std::fs::write(go, "").unwrap();
        let done = running.await;
        assert_eq!((done.ended, &*done.output), (Ended::Exited(0), "alive\n"), "{mode}");
    }
}
