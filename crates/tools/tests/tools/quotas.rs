//! T6: what a command may hold in memory and how many processes it may have, in each sandbox and
//! without one. Each line that passes a quota is first run where the quota allows it.

use crate::World;
use equitr_sandbox::Mode;
use equitr_tools::{CheckOutcome, Quotas, check};
use serde_json::json;
use std::time::Duration;

const MIB: u64 = 1024 * 1024;
/// Far more than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// One without a sandbox, and one in each.
fn worlds() -> [World; 3] {
    let [bubblewrap, landlock] = [Mode::Bubblewrap, Mode::Landlock].map(World::in_sandbox);
    [World::new(), bubblewrap, landlock]
}

fn with_memory(mut world: World) -> World {
    world.place.quotas.memory_bytes = 64 * MIB;
    world
}

fn with_processes(mut world: World) -> World {
    world.place.quotas.processes = 30;
    world
}

/// A time to sleep that no other process of this machine sleeps: to know it by.
fn nap(number: u32) -> String {
    format!("999.{:07}{number}", std::process::id())
}

/// How many programs sleep so.
fn napping(nap: &str) -> usize {
    let sleeps = |process: &std::fs::DirEntry| {
        let words = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        words == format!("sleep\0{nap}\0").as_bytes()
    };
    std::fs::read_dir("/proc").unwrap().flatten().filter(sleeps).count()
}

/// What a command is told that passed the quota on memory by as many bytes as are given back.
async fn held_too_much(world: &World, line: &str) -> f64 {
    let told = world.refused("run_command", json!({"command": line})).await;
    let (held, rest) = told
        .strip_prefix("error: stopped: the command held ")
        .and_then(|rest| rest.split_once(" MB of memory, "))
        .unwrap_or_else(|| panic!("{told}"));
    let allowed = "at most 67.1 MB are allowed by `orchestrator.memory_mib`\n";
    assert!(rest.starts_with(allowed), "{told}");
    let held = held.parse().unwrap();
    assert!(held > 67.1, "{told}");
    held
}

async fn passes(world: &World, line: &str) {
    let told = world.done("run_command", json!({"command": line})).await;
    assert!(told.starts_with("exit 0\n"), "{line}: {told}");
}

async fn had_too_many(world: &World, line: &str) {
    let told = world.refused("run_command", json!({"command": line})).await;
    let (count, rest) = told
        .strip_prefix("error: stopped: the command had ")
        .and_then(|rest| rest.split_once(" processes and threads at once, "))
        .unwrap_or_else(|| panic!("{told}"));
    assert!(rest.starts_with("at most 30 are allowed by `orchestrator.processes`\n"), "{told}");
    assert!(count.parse::<u64>().unwrap() > 30, "{told}");
}

#[tokio::test]
async fn limit_11_a_command_that_takes_too_much_memory_is_killed_and_told_so() {
    for world in worlds() {
        let line = |then: &str| {
            format!("x=$(head -c 100000000 /dev/zero | tr '\\0' a); echo ${{#x}}; {then}")
        };
        passes(&world, &line("true")).await;
        let world = with_memory(world);
        let nap = nap(1);
        let held = held_too_much(&world, &line(&format!("sleep {nap}"))).await;
        // A shell has its text more than once while it makes it.
        assert!(held < 400.0, "{held}");
        assert_eq!(napping(&nap), 0);
    }
}

#[tokio::test]
async fn limit_11_memory_of_many_small_processes_is_added_up() {
    for world in worlds() {
        // Each holds one block, and waits for somebody to read it.
        let line = |seconds: &str| {
            format!(
                "for i in 1 2 3 4; do dd if=/dev/zero bs=30M count=1 2> /dev/null | \
                 sleep {seconds} & done; wait"
            )
        };
        passes(&world, &line("0.3")).await;
        let nap = nap(2);
        held_too_much(&with_memory(world), &line(&nap)).await;
        assert_eq!(napping(&nap), 0);
    }
}

#[tokio::test]
async fn limit_11_memory_of_processes_that_hide_is_found_and_they_are_killed() {
    for world in worlds() {
        let nap = nap(3);
        let line = |seconds: &str| {
            format!(
                "for i in 1 2 3 4; do env -i setsid sh -c \
                 'dd if=/dev/zero bs=30M count=1 2> /dev/null | sleep {seconds}' & done; sleep 3"
            )
        };
        passes(&world, &line("0.3")).await;
        held_too_much(&with_memory(world), &line(&nap)).await;
        assert_eq!(napping(&nap), 0);
    }
}

#[tokio::test]
async fn limit_11_memory_that_processes_share_counts_once() {
    let line = "python3 -c 'import os, time; x = bytes(b\"a\") * (40 << 20)\n\
                for _ in range(4): os.fork() or (time.sleep(1), os._exit(0))\n\
                for _ in range(4): os.wait()'";
    for world in worlds() {
        passes(&with_memory(world), line).await;
    }
}

#[tokio::test]
async fn limit_11_memory_in_files_without_a_name_counts_though_nobody_maps_it() {
    let line = "python3 -c 'import os, time; f = os.memfd_create(\"a\")\n\
                for _ in range(100): os.write(f, bytes(1 << 20))\n\
                time.sleep(3)'";
    for world in worlds() {
        passes(&world, line).await;
        held_too_much(&with_memory(world), line).await;
    }
}

#[tokio::test]
async fn limit_11_files_in_the_sandboxs_own_memory_count() {
    let world = World::in_sandbox(Mode::Bubblewrap);
    let line = "head -c 40000000 /dev/zero > /tmp/a; head -c 40000000 /dev/zero > /dev/shm/a; \
                sleep 2; ls /tmp";
    passes(&world, line).await;
    let world = with_memory(world);
    held_too_much(&world, line).await;
    let line = "head -c 200000000 /dev/zero > /tmp/a || stat -c %s /tmp/a";
    let told = world.call("run_command", json!({"command": line})).await.content;
    // Whoever is quicker: it can't grow beyond in any case.
    assert!(told.contains("stopped: the command held") || told.contains("67108864"), "{told}");
}

#[tokio::test]
async fn limit_11_a_check_that_takes_too_much_memory_fails_and_says_why() {
    let line = "x=$(head -c 100000000 /dev/zero | tr '\\0' a); echo ${#x}; sleep 3";
    let world = World::in_sandbox(Mode::Bubblewrap);
    let passed = check(line, &world.place, LONG, &|_| {}).await.unwrap();
    assert!(matches!(passed, CheckOutcome::Passed { .. }), "{passed:?}");
    let failed = check(line, &with_memory(world).place, LONG, &|_| {}).await.unwrap();
    let CheckOutcome::Failed { exit: 137, output } = failed else { panic!("{failed:?}") };
    let allowed = "at most 67.1 MB are allowed by `orchestrator.memory_mib`]\n";
    assert!(
        output.contains("[stopped: the command held ") && output.ends_with(allowed),
        "{output}"
    );
}

#[tokio::test]
async fn limit_12_a_command_with_too_many_processes_is_killed_and_told_so() {
    for world in worlds() {
        // Bounded, for the machine's sake.
        let line = |seconds: &str| {
            format!("i=0; while [ $i -lt 60 ]; do sleep {seconds} & i=$((i+1)); done; wait")
        };
        passes(&world, &line("0.3")).await;
        let nap = nap(4);
        had_too_many(&with_processes(world), &line(&nap)).await;
        assert_eq!(napping(&nap), 0);
    }
}

#[tokio::test]
async fn limit_12_processes_that_leave_their_parent_and_their_group_are_counted() {
    for world in worlds() {
        let line = |seconds: &str| {
            format!(
                "i=0; while [ $i -lt 60 ]; do (setsid sleep {seconds} &); i=$((i+1)); done; sleep 3"
            )
        };
        passes(&world, &line("0.3")).await;
        let nap = nap(5);
        had_too_many(&with_processes(world), &line(&nap)).await;
        assert_eq!(napping(&nap), 0);
    }
}

#[tokio::test]
async fn limit_12_threads_are_counted_like_processes() {
    let line = "python3 -c 'import threading, time\n\
                for _ in range(60): threading.Thread(target=time.sleep, args=[2]).start()'";
    for world in worlds() {
        passes(&world, line).await;
        had_too_many(&with_processes(world), line).await;
    }
}

#[tokio::test]
async fn limit_12_a_command_is_not_blamed_for_what_runs_beside_it() {
    let others = World::new();
    let line = "i=0; while [ $i -lt 40 ]; do sleep 2 & i=$((i+1)); done; wait";
    for mode in [Mode::Bubblewrap, Mode::Landlock] {
        let world = with_processes(World::in_sandbox(mode));
        tokio::join!(passes(&others, line), passes(&world, "sleep 1"));
    }
}

#[test]
fn quotas_are_on_by_default() {
    let Quotas { disk_bytes, memory_bytes, processes } = Quotas::default();
    assert_eq!((disk_bytes, memory_bytes, processes), (2_048 * MIB, 4_096 * MIB, 512));
}
