//! What the file tools do with files that are theirs.

use crate::World;
use equitr_core::chat::ToolOutcome;
use equitr_tools::Tool;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

#[tokio::test]
async fn a_file_is_read_as_it_is() {
    let world = World::new();
    world.put("a.rs", "fn main() {\n\tprintln!(\"ä\");\n}\n");
    let read = world.done("read_file", json!({"path": "a.rs"})).await;
    assert_eq!(read, "fn main() {\n\tprintln!(\"ä\");\n}\n");
    world.put("empty", "");
    assert_eq!(world.done("read_file", json!({"path": "empty"})).await, "[the file is empty]");
    world.put("bom", "\u{feff}x\n");
    assert_eq!(world.done("read_file", json!({"path": "bom"})).await, "x\n");
    let told = world.refused("read_file", json!({"path": "none"})).await;
    assert_eq!(told, "error: `none` does not exist");
}

#[tokio::test]
async fn a_range_says_where_it_lies_and_how_to_go_on() {
    let world = World::new();
    let text: String = (1..=5_321).map(|n| format!("line {n}\n")).collect();
    world.put("long", text);
    let read = world.done("read_file", json!({"path": "long"})).await;
    assert!(read.starts_with("line 1\nline 2\n"));
    assert!(read.ends_with("line 2000\n[lines 1 to 2000 of 5,321; go on with first_line 2001]\n"));
    let read = world.done("read_file", json!({"path": "long", "first_line": 7, "lines": 2})).await;
    assert_eq!(read, "line 7\nline 8\n[lines 7 to 8 of 5,321; go on with first_line 9]\n");
    let read = world.done("read_file", json!({"path": "long", "first_line": 5321})).await;
    assert_eq!(read, "line 5321\n[lines 5321 to 5321 of 5,321]\n");
    let told = world.refused("read_file", json!({"path": "long", "first_line": 5322})).await;
    assert_eq!(told, "error: `long` has 5,321 lines");
    let told = world.refused("read_file", json!({"path": "long", "first_line": 0})).await;
    assert_eq!(told, "error: `first_line` counts from 1");
}

#[tokio::test]
async fn long_lines_are_cut_and_never_lost_from_count() {
    let world = World::new();
    world.put("wide", format!("{}\nend\n", "x".repeat(100_000)));
    let read = world.done("read_file", json!({"path": "wide"})).await;
    let note = "\n[50,848 bytes of line 1 left out; lines 1 to 1 of 2; go on with first_line 2]\n";
    assert!(read.ends_with(note), "{}", &read[read.len() - 200..]);
    world.put("many", format!("{}\n", "y".repeat(999)).repeat(100));
    let read = world.done("read_file", json!({"path": "many"})).await;
    assert!(read.ends_with("y\n[lines 1 to 49 of 100; go on with first_line 50]\n"));
}

#[tokio::test]
async fn what_is_no_text_is_named() {
    let world = World::new();
    world.put("data.bin", [0_u8, 1, 2].repeat(46_000));
    let told = world.refused("read_file", json!({"path": "data.bin"})).await;
    assert_eq!(told, "error: `data.bin` is binary (138 KB); use run_command");
    world.put("latin1", b"caf\xe9\n");
    let read = world.done("read_file", json!({"path": "latin1"})).await;
    assert_eq!(read, "caf\u{fffd}\n[not UTF-8: bytes that are no text show as \u{fffd}]\n");
    let edit = json!({"path": "latin1", "old": "caf", "new": "tea"});
    let told = world.refused("edit_file", edit).await;
    assert_eq!(told, "error: `latin1` is not UTF-8 text (byte 0xe9 at offset 3); use run_command");
    let huge = std::fs::File::create(world.at("x.csv")).unwrap();
    huge.set_len(2_100_000_000).unwrap();
    let told = world.refused("read_file", json!({"path": "x.csv"})).await;
    assert_eq!(
        told,
        "error: `x.csv` is 2.1 GB; read a range with run_command, such as `sed -n 1,200p`"
    );
}

#[tokio::test]
async fn a_written_file_has_its_folders_and_keeps_its_permissions() {
    let world = World::new();
    let args = json!({"path": "a/b/c.sh", "content": "echo 1\n"});
    assert_eq!(world.done("write_file", args.clone()).await, "wrote `a/b/c.sh`, 1 line");
    std::fs::set_permissions(world.at("a/b/c.sh"), PermissionsExt::from_mode(0o750)).unwrap();
    let first = world.done("write_file", args.clone()).await;
    assert_eq!(world.done("write_file", args).await, first, "the same again is harmless");
    assert_eq!(world.text("a/b/c.sh"), "echo 1\n");
    let mode = std::fs::metadata(world.at("a/b/c.sh")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o750);
    assert_eq!(std::fs::read_dir(world.at("a/b")).unwrap().count(), 1, "nothing is left beside it");
    let large = "x".repeat(2_000_000);
    let told = world.refused("write_file", json!({"path": "l", "content": large})).await;
    assert_eq!(told, "error: `content` is 2.0 MB; at most 1 MB can be written at once");
}

#[tokio::test]
async fn an_edit_changes_its_place_and_keeps_the_rest() {
    let world = World::new();
    world.put("win.txt", "a\r\nb\r\nc\r\n");
    let read = world.done("read_file", json!({"path": "win.txt"})).await;
    assert_eq!(read, "a\nb\nc\n[lines end in CRLF, which edit_file keeps]\n");
    let args = json!({"path": "win.txt", "old": "b\nc\n", "new": "B\nB2\n"});
    assert_eq!(world.done("edit_file", args.clone()).await, "edited `win.txt` at line 2");
    assert_eq!(world.text("win.txt"), "a\r\nB\r\nB2\r\n");
    let again = world.done("edit_file", args).await;
    assert_eq!(again, "already in place: `win.txt` has the new text at line 2");
    assert_eq!(world.text("win.txt"), "a\r\nB\r\nB2\r\n");
    let told = world.refused("edit_file", json!({"path": "win.txt", "old": "B", "new": "x"})).await;
    assert!(told.contains("occurs 2 times in `win.txt` (lines 2, 3); add context"), "{told}");
    let told = world.refused("edit_file", json!({"path": "no", "old": "a", "new": "b"})).await;
    assert_eq!(told, "error: `no` does not exist");
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_of_one_file_at_the_same_time_are_all_kept() {
    let world = World::new();
    let text: String = (0..30).map(|n| format!("<{n}>\n")).collect();
    world.put("a", text);
    let edits = (0..30).map(|n| {
        world.call(
            "edit_file",
            json!({"path": "a", "old": format!("<{n}>"), "new": format!("[{n}]")}),
        )
    });
    for output in join_all(edits).await {
        assert_eq!(output.outcome, ToolOutcome::Ok, "{}", output.content);
    }
    let text: String = (0..30).map(|n| format!("[{n}]\n")).collect();
    assert_eq!(world.text("a"), text);
}

/// Polls all until each is done.
async fn join_all<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = all.map(|f| (Box::pin(f), None)).collect();
    std::future::poll_fn(|context| {
        for (future, done) in waiting.iter_mut().filter(|(_, done)| done.is_none()) {
            if let std::task::Poll::Ready(output) = future.as_mut().poll(context) {
                *done = Some(output);
            }
        }
        match waiting.iter().all(|(_, done)| done.is_some()) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    waiting.into_iter().filter_map(|(_, done)| done).collect()
}

#[tokio::test]
async fn a_deleted_file_is_gone_and_deleting_it_again_is_harmless() {
    let world = World::new();
    world.put("a/b", "x");
    assert_eq!(world.done("delete_file", json!({"path": "a/b"})).await, "deleted `a/b`");
    assert!(!world.at("a/b").exists());
    let absent = "does not exist, so there is nothing to delete";
    for path in ["a/b", "none/at/all"] {
        let told = world.done("delete_file", json!({"path": path})).await;
        assert_eq!(told, format!("`{path}` {absent}"));
    }
}

#[tokio::test]
async fn files_are_listed_in_order_without_what_git_ignores() {
    let world = World::new();
    for path in [
        "src/main.rs",
        "src/a/deep.rs",
        "src/a.rs",
        "src/a/gen/out.rs",
        "target/debug/x",
        "README.md",
        "notes.log",
        "keep/important.log",
        ".github/ci.yml",
        ".git/HEAD",
    ] {
        world.put(path, "x\n");
    }
    world.put(".gitignore", "/target\n*.log\n[bad\n");
    world.put("keep/.gitignore", "!important.log\n");
    world.put("src/a/.gitignore", "gen/\n");
    std::os::unix::fs::symlink("src", world.at("link")).unwrap();
    assert_eq!(
        world.done("list_files", json!({})).await,
        ".github/ci.yml\n.gitignore\nREADME.md\nkeep/.gitignore\nkeep/important.log\n\
         link (symlink)\nsrc/a.rs\nsrc/a/.gitignore\nsrc/a/deep.rs\nsrc/main.rs\n"
    );
    for (args, listed) in [
        (json!({"path": "src", "glob": "*.rs"}), "src/a.rs\nsrc/a/deep.rs\nsrc/main.rs\n"),
        (json!({"glob": "src/*.rs"}), "src/a.rs\nsrc/main.rs\n"),
        (json!({"glob": "**/deep.rs"}), "src/a/deep.rs\n"),
        (json!({"path": "src/a"}), "src/a/.gitignore\nsrc/a/deep.rs\n"),
        (json!({"path": "./target/"}), "target/debug/x\n"),
        (json!({"glob": "*.py"}), "[no files]\n"),
        (json!({"path": "README.md"}), "README.md\n"),
    ] {
        assert_eq!(world.done("list_files", args.clone()).await, listed, "{args}");
    }
    let told = world.refused("list_files", json!({"glob": "a[b"})).await;
    assert!(told.starts_with("error: `glob`: unclosed character class"), "{told}");
    let told = world.refused("list_files", json!({"path": "nowhere"})).await;
    assert_eq!(told, "error: `nowhere` does not exist");
}

#[tokio::test]
async fn a_long_list_says_how_many_more() {
    let world = World::new();
    for n in 0..600 {
        world.put(&format!("f{n:04}"), "");
    }
    let listed = world.done("list_files", json!({})).await;
    assert!(listed.ends_with("f0499\n[100 more files; narrow with path or glob]\n"), "{listed}");
}

#[tokio::test]
async fn matches_come_with_path_and_line() {
    let world = World::new();
    world.put("src/a.rs", "fn one() {}\nfn two() {}\n");
    world.put("src/b.py", "def One(): pass\r\n");
    world.put("data.bin", b"fn one\0\n");
    world.put("ignored.rs", "fn one() {}\n");
    world.put(".gitignore", "ignored.rs\n");
    for (args, found) in [
        (json!({"pattern": r"fn \w+\("}), "src/a.rs:1:fn one() {}\nsrc/a.rs:2:fn two() {}\n"),
        (json!({"pattern": "(?i)ONE", "glob": "*.py"}), "src/b.py:1:def One(): pass\n"),
        (json!({"pattern": "two", "path": "src/a.rs"}), "src/a.rs:2:fn two() {}\n"),
        (json!({"pattern": "one", "path": "ignored.rs"}), "ignored.rs:1:fn one() {}\n"),
        (json!({"pattern": "nothing", "path": "src"}), "[no match in 2 files]\n"),
    ] {
        assert_eq!(world.done("search", args.clone()).await, found, "{args}");
    }
    let told = world.refused("search", json!({"pattern": "fn ("})).await;
    assert!(told.starts_with("error: `pattern`: regex parse error"), "{told}");
}

#[tokio::test]
async fn many_matches_and_long_lines_are_cut_and_said() {
    let world = World::new();
    world.put("a", "x\n".repeat(500));
    let found = world.done("search", json!({"pattern": "x"})).await;
    assert!(found.ends_with("a:200:x\n[stopped at 200 matches; narrow pattern, path or glob]\n"));
    world.put("a", format!("{}\n", "y".repeat(1_000)));
    let found = world.done("search", json!({"pattern": "y"})).await;
    assert_eq!(found, format!("a:1:{} [… 700 bytes left out]\n", "y".repeat(300)));
}

#[tokio::test]
async fn a_tool_that_is_unknown_or_not_allowed_is_refused_by_name() {
    let world = World::new();
    let told = world.refused("reed_file", json!({"path": "a"})).await;
    assert!(told.starts_with("error: there is no tool `reed_file`; use read_file, "), "{told}");
    let args = json!({"path": "a", "content": "x"}).to_string();
    let only = [Tool::ReadFile];
    let output =
        equitr_tools::run(&only, "write_file", &args, &world.place, &world.limits, &|_| {});
    let output = output.await;
    assert_eq!(output.content, "error: there is no tool `write_file`; use read_file");
    assert!(!world.at("a").exists());
    let told = world.refused("read_file", json!({"pth": "a"})).await;
    assert!(told.starts_with("error: wrong arguments for `read_file`: "), "{told}");
    assert!(told.contains("unknown field `pth`"), "{told}");
}
