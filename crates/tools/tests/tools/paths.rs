//! PATH-01 to PATH-14: nothing outside the worktree is read or written, whatever a path says.

use crate::World;
use rustix::fs::{CWD, FileType, Mode, RenameFlags};
use serde_json::{Value, json};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};

/// Every tool that takes a path, with arguments that would succeed on a plain text file.
fn calls(path: &str) -> [(&'static str, Value); 6] {
    [
        ("read_file", json!({"path": path})),
        ("write_file", json!({"path": path, "content": "taken\n"})),
        ("edit_file", json!({"path": path, "old": "secret", "new": "taken"})),
        ("delete_file", json!({"path": path})),
        ("list_files", json!({"path": path})),
        ("search", json!({"path": path, "pattern": "secret"})),
    ]
}

async fn all_refuse(world: &World, path: &str, text: &str) {
    for (tool, args) in calls(path) {
        let told = world.refused(tool, args).await;
        assert_eq!(told, text, "{tool} on {path:?}");
    }
    world.secret_is_untouched();
}

#[tokio::test]
async fn a_path_that_climbs_out_is_outside() {
    let world = World::new();
    world.put("a/b.txt", "x");
    for path in ["../secret", "a/../../secret", "./a/.././../secret", "..", "a/b/../../../x"] {
        let told = world.refused("read_file", json!({"path": path})).await;
        let expected = match path {
            "a/b/../../../x" => "error: `a/b/../../../x` does not exist".to_owned(),
            _ => format!("error: path `{path}` is outside your worktree"),
        };
        assert_eq!(told, expected);
    }
    all_refuse(&world, "../secret", "error: path `../secret` is outside your worktree").await;
    assert_eq!(world.done("read_file", json!({"path": "a/../a/./b.txt"})).await, "x\n");
}

#[tokio::test]
async fn an_absolute_path_or_home_is_outside() {
    let world = World::new();
    for path in ["/etc/passwd", "/proc/self/root/etc/passwd", "/dev/fd/3", "~/.ssh/id_rsa", "~"] {
        all_refuse(&world, path, &format!("error: path `{path}` is outside your worktree")).await;
    }
}

#[tokio::test]
async fn an_absolute_path_below_the_worktree_is_its_relative_one() {
    let world = World::new();
    world.put("src/a.rs", "x\n");
    let absolute = world.at("src/a.rs");
    let path = absolute.to_str().unwrap();
    assert_eq!(world.done("read_file", json!({"path": path})).await, "x\n");
    let above = world.at("../secret");
    let output = world.call("read_file", json!({"path": above.to_str().unwrap()})).await;
    assert!(output.content.ends_with("is outside your worktree"), "{}", output.content);
}

#[tokio::test]
async fn a_symlink_that_leads_out_is_outside() {
    let world = World::new();
    let outside = world.folder.path();
    symlink(outside.join("secret"), world.at("absolute")).unwrap();
    symlink("../secret", world.at("relative")).unwrap();
    symlink(outside, world.at("folder")).unwrap();
    symlink("..", world.at("up")).unwrap();
    symlink("/proc/self/root", world.at("magic")).unwrap();
    for path in ["absolute", "relative"] {
        for (tool, args) in calls(path) {
            if tool == "delete_file" {
                continue;
            }
            let told = world.refused(tool, args).await;
            let expected = match tool {
                "write_file" => {
                    format!("error: `{path}` is a symlink; write the file that it points to")
                }
                _ => format!("error: path `{path}` is outside your worktree"),
            };
            assert_eq!(told, expected, "{tool}");
        }
    }
    for path in ["folder/secret", "up/secret", "folder/new/file", "magic/etc/passwd"] {
        all_refuse(&world, path, &format!("error: path `{path}` is outside your worktree")).await;
    }
    assert!(!outside.join("new").exists());
    world.done("delete_file", json!({"path": "absolute"})).await;
    assert!(!world.at("absolute").is_symlink(), "the link itself can go");
    world.secret_is_untouched();
}

#[tokio::test]
async fn a_symlink_that_stays_inside_is_followed() {
    let world = World::new();
    world.put("real/a.txt", "inner\n");
    symlink("real", world.at("folder")).unwrap();
    symlink("folder/a.txt", world.at("file")).unwrap();
    symlink("../real/a.txt", world.at("real/self")).unwrap();
    for path in ["folder/a.txt", "file", "real/self", "folder/../real/a.txt"] {
        assert_eq!(world.done("read_file", json!({"path": path})).await, "inner\n", "{path}");
    }
    world.done("write_file", json!({"path": "folder/b.txt", "content": "new\n"})).await;
    assert_eq!(world.text("real/b.txt"), "new\n");
}

#[tokio::test]
async fn a_symlink_loop_is_named() {
    let world = World::new();
    symlink("b", world.at("a")).unwrap();
    symlink("a", world.at("b")).unwrap();
    for path in ["a", "a/x"] {
        let told = world.refused("read_file", json!({"path": path})).await;
        assert_eq!(told, format!("error: `{path}` is a symlink loop"));
    }
}

#[tokio::test]
async fn what_is_not_a_regular_file_is_refused_without_waiting() {
    let world = World::new();
    let pipe = world.at("pipe");
    rustix::fs::mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o666), 0).unwrap();
    let _socket = UnixListener::bind(world.at("socket")).unwrap();
    for (path, kind) in [("pipe", "fifo"), ("socket", "socket")] {
        all_refuse(&world, path, &format!("error: `{path}` is not a regular file ({kind})")).await;
    }
    assert_eq!(world.done("list_files", json!({})).await, "[no files]\n");
    assert_eq!(world.done("search", json!({"pattern": "x"})).await, "[no match in 0 files]\n");
}

#[tokio::test]
async fn a_device_is_refused_without_being_opened() {
    let world = World::new();
    let device = rustix::fs::makedev(1, 5);
    let made = rustix::fs::mknodat(
        CWD,
        world.at("zero"),
        FileType::CharacterDevice,
        Mode::from_raw_mode(0o666),
        device,
    );
    // Only root can make one; without, there is none to be met.
    if made.is_ok() {
        all_refuse(&world, "zero", "error: `zero` is not a regular file (device)").await;
    }
}

#[tokio::test]
async fn a_folder_is_not_a_file_and_a_file_is_not_a_folder() {
    let world = World::new();
    world.put("folder/file", "x\n");
    for (tool, args) in &calls("folder")[..4] {
        let told = world.refused(tool, args.clone()).await;
        assert_eq!(told, "error: `folder` is a folder, not a file", "{tool}");
    }
    all_refuse(&world, "folder/file/x", "error: `folder/file/x` is not a folder").await;
    for (tool, args) in calls("folder/file/") {
        let told = world.refused(tool, args).await;
        assert_eq!(told, "error: `folder/file/` is not a folder", "{tool}");
    }
}

#[tokio::test]
async fn a_path_that_no_system_takes_is_refused() {
    let world = World::new();
    all_refuse(&world, "a\0b", "error: path `a\\u{0}b` holds a NUL character").await;
    all_refuse(&world, "", "error: path `` is empty; the worktree's root is `.`").await;
    let long = "a/".repeat(2_100);
    let told = world.refused("read_file", json!({"path": long})).await;
    assert!(told.ends_with("is longer than 4,096 bytes"), "{told}");
    let told = world.refused("write_file", json!({"path": "n".repeat(300), "content": ""})).await;
    assert!(told.ends_with("File name too long"), "{told}");
    let deep = format!("{}f", "d/".repeat(200));
    let told = world.refused("write_file", json!({"path": deep, "content": ""})).await;
    assert!(told.ends_with("is more than 128 folders deep"), "{told}");
}

#[tokio::test]
async fn gits_own_files_are_refused_in_every_disguise() {
    let world = World::new();
    world.put(".git/config", "secret\n");
    world.put("sub/.git/config", "secret\n");
    for path in [
        ".git/config",
        ".GIT/config",
        ".git",
        "sub/.git/config",
        "./.git/../.git/config",
        ".git./config",
        ".git /config",
        ".gi\u{200d}t/config",
        "git~1/config",
    ] {
        let shown =
            format!("error: path `{path}` is git's own; it can be neither read nor written");
        all_refuse(&world, path, &shown).await;
    }
    assert_eq!(world.text(".git/config"), "secret\n");
    assert_eq!(world.done("list_files", json!({})).await, "[no files]\n");
    let told = world.done("search", json!({"pattern": "secret"})).await;
    assert_eq!(told, "[no match in 0 files]\n");
}

#[tokio::test]
async fn a_symlink_into_git_is_gits_own_too() {
    let world = World::new();
    world.put(".git/config", "secret\n");
    symlink(".git", world.at("innocent")).unwrap();
    symlink(".git/config", world.at("config")).unwrap();
    all_refuse(
        &world,
        "innocent/config",
        "error: path `innocent/config` is git's own; it can be neither read nor written",
    )
    .await;
    let told = world.refused("read_file", json!({"path": "config"})).await;
    assert!(told.contains("git's own"), "{told}");
    assert_eq!(world.text(".git/config"), "secret\n");
}

#[tokio::test]
async fn a_hard_linked_file_is_read_and_not_written() {
    let world = World::new();
    std::fs::hard_link(world.folder.path().join("secret"), world.at("twin")).unwrap();
    assert_eq!(world.done("read_file", json!({"path": "twin"})).await, "secret\n");
    for (tool, args) in &calls("twin")[1..3] {
        let told = world.refused(tool, args.clone()).await;
        assert_eq!(
            told, "error: `twin` has 2 names (hard links); it can't be written by this tool",
            "{tool}"
        );
    }
    world.secret_is_untouched();
}

#[tokio::test]
async fn a_name_that_is_no_text_is_listed_and_forges_no_line() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new();
    std::fs::write(world.at("").join(std::ffi::OsStr::from_bytes(b"caf\xe9")), "x").unwrap();
    world.put("two\nlines", "x");
    world.put("trailing ", "dot and space\n");
    let listed = world.done("list_files", json!({})).await;
    assert_eq!(listed, "caf\u{fffd}\ntrailing \ntwo\\nlines\n");
    let read = world.done("read_file", json!({"path": "trailing "})).await;
    assert_eq!(read, "dot and space\n", "such a name is its own");
}

#[tokio::test]
async fn a_folder_that_can_not_be_written_says_so() {
    let world = World::new();
    world.put("locked/a", "x\n");
    std::fs::set_permissions(world.at("locked"), PermissionsExt::from_mode(0o500)).unwrap();
    let output = world.call("write_file", json!({"path": "locked/b", "content": ""})).await;
    // Root may write anywhere.
    if !rustix::process::geteuid().is_root() {
        assert_eq!(output.content, "error: `locked/b`: Permission denied");
    }
    std::fs::set_permissions(world.at("locked"), PermissionsExt::from_mode(0o700)).unwrap();
}

struct EndOnDrop<'a>(&'a AtomicBool);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// While one thread swaps `door` between a folder and a symlink that leads out, nothing outside is
/// seen or written by whichever of the two a call meets.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_swapped_for_a_symlink_never_leads_out() {
    const CALLS: usize = 2_000;
    let world = World::new();
    let outside = world.folder.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("file"), "secret\n").unwrap();
    std::fs::write(outside.join("hidden"), "secret\n").unwrap();
    world.put("door/file", "inner\n");
    symlink(&outside, world.at("other")).unwrap();
    let done = AtomicBool::new(false);
    let (door, other) = (world.at("door"), world.at("other"));
    let mut met = [0_usize; 2];
    let swaps = std::thread::scope(|scope| {
        let swapper = scope.spawn(|| {
            let mut swaps = 0_u64;
            while !done.load(Ordering::Relaxed) {
                rustix::fs::renameat_with(CWD, &door, CWD, &other, RenameFlags::EXCHANGE).unwrap();
                swaps += 1;
            }
            swaps
        });
        // Dropped by a failed assertion as well: the other thread must not go on for ever.
        let end = EndOnDrop(&done);
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                for number in 0..CALLS {
                    let (tool, args) = match number % 4 {
                        0 => ("read_file", json!({"path": "door/file"})),
                        1 => ("write_file", json!({"path": "door/new", "content": "taken"})),
                        2 => ("search", json!({"pattern": "secret"})),
                        _ => ("list_files", json!({"path": "door"})),
                    };
                    let told = world.call(tool, args).await;
                    for leaked in ["secret\n", "hidden\n"] {
                        assert!(!told.content.contains(leaked), "{tool}: {}", told.content);
                    }
                    let ok = told.outcome == equitr_core::chat::ToolOutcome::Ok;
                    met[usize::from(ok)] += 1;
                }
            });
        });
        drop(end);
        swapper.join().unwrap()
    });
    assert!(swaps > CALLS as u64, "only {swaps} swaps");
    assert!(met[0] > 0 && met[1] > 0, "both sides of the door were met: {met:?}");
    let mut left: Vec<_> =
        std::fs::read_dir(&outside).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["file", "hidden"], "nothing was written outside");
}
