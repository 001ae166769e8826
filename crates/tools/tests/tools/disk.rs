//! TL-06 and TL-11: commands that fill the disk or spoil the folder they run in.

use crate::World;
use equitr_tools::{CheckOutcome, check};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

const MB: u64 = 1_000_000;
/// Far more than anything here takes.
const LONG: Duration = Duration::from_secs(60);

fn small() -> World {
    let mut world = World::new();
    world.place.quotas.disk_bytes = 40 * MB;
    world
}

#[tokio::test]
async fn tl_06_a_command_that_fills_the_disk_is_killed() {
    for folder in ["$PWD", "$HOME", "$TMPDIR"] {
        let world = small();
        let line = format!(
            "i=0; while [ $i -lt 150 ]; do i=$((i+1)); head -c 4000000 /dev/zero > {folder}/f$i; sleep 0.02; done"
        );
        let told = world.refused("run_command", json!({"command": line})).await;
        let (head, rest) = told.split_once(" MB, ").unwrap();
        let held = head.strip_prefix("error: stopped: the worktree and its home hold ").unwrap();
        assert_eq!(rest, "at most 40.0 MB are allowed by `orchestrator.disk_mib`\n");
        assert!(held.parse::<f64>().unwrap() > 40.0, "{told}");
    }
}

#[tokio::test]
async fn tl_06_a_command_that_has_filled_the_disk_before_anybody_looked_is_told_of() {
    let world = small();
    let line = "head -c 60000000 /dev/zero > large";
    let told = world.refused("run_command", json!({"command": line})).await;
    assert!(told.starts_with("error: stopped: the worktree and its home hold 60."), "{told}");
    match check(line, &world.place, LONG, &|_| {}).await.unwrap() {
        // A file is replaced by one as large: nothing more is taken.
        CheckOutcome::Passed { .. } => {}
        other => panic!("{other:?}"),
    }
    let more = check("cp large larger", &world.place, LONG, &|_| {}).await.unwrap();
    let CheckOutcome::Failed { exit: 137, output } = more else { panic!("{more:?}") };
    assert!(output.contains("[stopped: the worktree and its home hold 120."), "{output}");
}

#[tokio::test]
async fn tl_06_what_is_too_much_already_can_be_deleted() {
    let world = small();
    for n in 0..6 {
        world.put(&format!("large/{n}"), vec![1; 20 * MB as usize]);
    }
    let line = "for i in 0 1 2 3 4 5; do sleep 0.5; rm large/$i; done; echo done";
    assert_eq!(world.done("run_command", json!({"command": line})).await, "exit 0\ndone\n");
}

#[tokio::test]
async fn tl_11_a_command_that_deletes_or_renames_its_folder_leaves_a_typed_failure() {
    for line in ["rm -rf \"$PWD\"", "mv \"$PWD\" \"$PWD-renamed\""] {
        let world = World::new();
        world.put("a", "x\n");
        world.done("run_command", json!({"command": line})).await;
        let told = world.refused("run_command", json!({"command": "true"})).await;
        assert_eq!(told, "error: no command can be started here: No such file or directory");
        let output = world.call("read_file", json!({"path": "a"})).await;
        // The folder is still the one that was opened, whatever it is called now.
        let expected = if line.starts_with("mv") { "x\n" } else { "error: `a` does not exist" };
        assert_eq!(output.content, expected);
        world.secret_is_untouched();
        world.folder.close().unwrap();
    }
}

#[tokio::test]
async fn tl_11_a_folder_that_a_command_made_unreadable_leaves_a_typed_failure() {
    let world = World::new();
    world.put("inner/a", "x\n");
    world.done("run_command", json!({"command": "chmod 000 inner ."})).await;
    let command = world.call("run_command", json!({"command": "echo ran"})).await;
    let read = world.call("read_file", json!({"path": "inner/a"})).await;
    let listed = world.call("list_files", json!({})).await;
    if rustix::process::geteuid().is_root() {
        // Root may read everything.
        assert_eq!((&*command.content, &*read.content), ("exit 0\nran\n", "x\n"));
        assert_eq!(listed.content, "inner/a\n");
    } else {
        let why = "no command can be started here: Permission denied";
        assert_eq!(command.content, format!("error: {why}"));
        assert_eq!(read.content, "error: `inner/a`: Permission denied");
        assert_eq!(listed.content, "error: `.`: Permission denied");
    }
    for folder in ["", "inner"] {
        let mode = PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(world.at(folder), mode).unwrap();
    }
    world.folder.close().unwrap();
}

#[tokio::test]
async fn tl_11_twenty_thousand_files_and_long_names_are_listed_in_part() {
    let world = World::new();
    let line = "n=$(printf '%0250d' 0); mkdir -p $n/$n/$n; : > $n/$n/$n/last; mkdir many; cd many; \
                seq 20000 | xargs touch";
    assert_eq!(world.done("run_command", json!({"command": line})).await, "exit 0\n");
    let told = world.done("list_files", json!({})).await;
    assert!(told.len() < 20_000, "{} bytes", told.len());
    assert!(told.ends_with(" more files; narrow with path or glob]\n"), "{told}");
    assert_eq!(world.done("search", json!({"pattern": "x"})).await, "[no match in 20,001 files]\n");
    world.folder.close().unwrap();
}

#[tokio::test]
async fn tl_11_a_thousand_folders_in_each_other_are_passed_over() {
    let world = World::new();
    let line =
        "i=0; while [ $i -lt 1000 ]; do mkdir d && cd d || exit 1; i=$((i+1)); done; : > deep";
    assert_eq!(world.done("run_command", json!({"command": line})).await, "exit 0\n");
    let told = world.done("list_files", json!({})).await;
    assert_eq!(told, "[no files]\n[1 folder left out: no access, or too deep]\n");
    let path = format!("{}deep", "d/".repeat(1_000));
    let told = world.refused("read_file", json!({"path": path})).await;
    assert!(told.ends_with("is more than 128 folders deep"), "{told}");
    assert_eq!(world.done("run_command", json!({"command": "true"})).await, "exit 0\n");
    world.folder.close().unwrap();
}
