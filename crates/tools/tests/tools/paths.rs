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

async fn all_are_outside(paths: &[&str]) {
    let world = World::new();
    for path in paths {
        all_refuse(&world, path, &format!("error: path `{path}` is outside your worktree")).await;
    }
}

async fn all_refuse(world: &World, path: &str, text: &str) {
    for (tool, args) in calls(path) {
        let told = world.refused(tool, args).await;
        assert_eq!(told, text, "{tool} on {path:?}");
    }
    world.secret_is_untouched();
}

#[tokio::test]
async fn path_01_a_path_that_climbs_out_is_outside() {
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
async fn path_02_an_absolute_path_is_outside() {
    all_are_outside(&["/etc/passwd", "/", "//etc/passwd", "/./etc/passwd"]).await;
}

#[tokio::test]
async fn path_03_a_persons_home_is_outside() {
    all_are_outside(&["~", "~/.ssh/id_rsa", "~/../x"]).await;
}

#[tokio::test]
async fn path_06_a_way_through_a_process_to_the_root_is_outside() {
    let own = format!("/proc/{}/root/etc/passwd", std::process::id());
    let paths = ["/proc/self/root/etc/passwd", "/proc/self/cwd/secret", "/proc/self/environ"];
    all_are_outside(&paths).await;
    all_are_outside(&[&own]).await;
    // By a symlink, the kernel would lead there without a name of it being opened.
    let world = World::new();
    symlink("/proc/self/root", world.at("magic")).unwrap();
    symlink("/proc/self/cwd", world.at("here")).unwrap();
    for path in ["magic/etc/passwd", "here/secret"] {
        all_refuse(&world, path, &format!("error: path `{path}` is outside your worktree")).await;
    }
}

#[tokio::test]
async fn path_07_an_open_file_of_ours_is_outside() {
    // Opened by us, and so by a number that a model could guess.
    let world = World::new();
    let open = std::fs::File::open(world.folder.path().join("secret")).unwrap();
    let number = std::os::fd::AsRawFd::as_raw_fd(&open);
    let by_number = [format!("/dev/fd/{number}"), format!("/proc/self/fd/{number}")];
    for path in by_number.iter().map(String::as_str).chain(["/dev/fd/3", "/dev/stdin"]) {
        all_refuse(&world, path, &format!("error: path `{path}` is outside your worktree")).await;
    }
    symlink(&by_number[0], world.at("link")).unwrap();
    let told = world.refused("read_file", json!({"path": "link"})).await;
    assert_eq!(told, "error: path `link` is outside your worktree");
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
async fn path_04_a_symlink_to_a_file_or_folder_outside_is_outside() {
    let world = World::new();
    let outside = world.folder.path();
    symlink(outside.join("secret"), world.at("absolute")).unwrap();
    symlink("../secret", world.at("relative")).unwrap();
    symlink(outside, world.at("folder")).unwrap();
    symlink("..", world.at("up")).unwrap();
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
    for path in ["folder/secret", "up/secret", "folder/new/file"] {
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
async fn path_05_a_symlink_loop_is_named() {
    let world = World::new();
    symlink("b", world.at("a")).unwrap();
    symlink("a", world.at("b")).unwrap();
    all_refuse(&world, "a/x", "error: `a/x` is a symlink loop").await;
    for (tool, args) in calls("a") {
        let expected = match tool {
            "delete_file" => continue,
            "write_file" => "error: `a` is a symlink; write the file that it points to",
            _ => "error: `a` is a symlink loop",
        };
        assert_eq!(world.refused(tool, args).await, expected, "{tool}");
    }
    world.done("delete_file", json!({"path": "a"})).await;
    assert!(!world.at("a").is_symlink(), "the link itself can go");
}

#[tokio::test]
async fn path_08_a_pipe_and_a_socket_are_refused_without_waiting() {
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
async fn path_09_a_device_is_refused_without_being_opened() {
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
async fn path_10_a_path_with_a_nul_is_refused() {
    let world = World::new();
    world.put("a", "secret\n");
    all_refuse(&world, "a\0b", "error: path `a\\u{0}b` holds a NUL character").await;
    all_refuse(&world, "a\0", "error: path `a\\u{0}` holds a NUL character").await;
    assert_eq!(world.text("a"), "secret\n", "nor is the name cut there");
}

#[tokio::test]
async fn a_path_that_no_system_takes_is_refused() {
    let world = World::new();
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
async fn path_13_gits_own_files_are_refused_in_every_case_and_disguise() {
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
async fn path_11_a_name_that_is_no_text_is_listed_and_can_not_be_named() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new();
    std::fs::write(world.at("").join(std::ffi::OsStr::from_bytes(b"caf\xe9")), "x").unwrap();
    world.put("two\nlines", "x");
    let listed = world.done("list_files", json!({})).await;
    assert_eq!(listed, "caf\u{fffd}\ntwo\\nlines\n", "and forges no line");
    for (tool, args) in calls("caf@") {
        let args = args.to_string().replace('@', r"\udce9");
        let told = equitr_tools::run(
            &equitr_tools::Tool::ALL,
            tool,
            &args,
            &world.place,
            &world.limits,
            &|_| {},
        );
        let told = told.await;
        assert_eq!(told.outcome, equitr_core::chat::ToolOutcome::Error, "{tool}");
        assert!(told.content.starts_with("error: wrong arguments for"), "{}", told.content);
    }
    let told = world.refused("read_file", json!({"path": "caf\u{fffd}"})).await;
    assert_eq!(told, "error: `caf\u{fffd}` does not exist");
}

#[tokio::test]
async fn path_12_a_name_with_a_trailing_space_or_dot_is_its_own() {
    let world = World::new();
    world.put("name", "plain secret\n");
    for path in ["name ", "name."] {
        for (tool, args) in &calls(path)[..1] {
            let told = world.refused(tool, args.clone()).await;
            assert_eq!(told, format!("error: `{path}` does not exist"));
        }
        let content = format!("secret of {path}\n");
        world.done("write_file", json!({"path": path, "content": content})).await;
        assert_eq!(world.done("read_file", json!({"path": path})).await, content);
        let told = world.done("search", json!({"path": path, "pattern": "secret"})).await;
        assert_eq!(told, format!("{path}:1:{content}"));
        assert_eq!(world.done("list_files", json!({"path": path})).await, format!("{path}\n"));
        let edit = json!({"path": path, "old": "secret", "new": "taken"});
        world.done("edit_file", edit).await;
        assert_eq!(world.text(path), content.replace("secret", "taken"));
        world.done("delete_file", json!({"path": path})).await;
    }
    assert_eq!(world.text("name"), "plain secret\n");
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
async fn path_14_a_folder_swapped_for_a_symlink_ten_thousand_times_never_leads_out() {
    const CALLS: usize = 2_000;
    const SWAPS: u64 = 10_000;
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
            while !done.load(Ordering::Relaxed) || swaps < SWAPS {
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
                    let (tool, args) = match number % 6 {
                        0 => ("read_file", json!({"path": "door/file"})),
                        1 => ("write_file", json!({"path": "door/new", "content": "taken"})),
                        2 => ("search", json!({"pattern": "secret"})),
                        3 => ("delete_file", json!({"path": "door/hidden"})),
                        4 => ("edit_file", json!({"path": "door/file", "old": "r", "new": "r "})),
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
    assert!(swaps >= SWAPS, "only {swaps} swaps");
    assert!(met[0] > 0 && met[1] > 0, "both sides of the door were met: {met:?}");
    let mut left: Vec<_> =
        std::fs::read_dir(&outside).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["file", "hidden"], "nothing was made or deleted outside");
    for name in ["file", "hidden"] {
        assert_eq!(std::fs::read_to_string(outside.join(name)).unwrap(), "secret\n");
    }
}
