//! What a command can reach, and what becomes of it when its supervisor ends.

use crate::place::{Place, backend, backends, command, launcher, output, run, trial, variables};
use equitr_sandbox::{Backend, Error, Mode, Network, Policy, wrap};
use std::fs::{self, File, TryLockError};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};

#[test]
fn a_command_writes_its_worktree_and_reads_what_it_may_and_reaches_nothing_else() {
    for backend in backends() {
        let place = Place::new();
        let folder = place.folder().display();
        let line = format!(
            "echo written > file; cat {folder}/hub/object; touch {folder}/home/x && echo home
            cat {folder}/secret; touch {folder}/hub/x {folder}/x /usr/x /etc/x /x /dev/x
            cat /etc/shadow; ls /root /home /var /sys; true"
        );
        let output = run(&backend, &place.policy(), &line);
        assert_eq!(output.stdout, "object\nhome\n", "{backend}: {output:?}");
        assert_eq!(fs::read_to_string(place.worktree().join("file")).unwrap(), "written\n");
        assert!(!place.at("hub/x").exists() && !place.at("x").exists(), "{backend}");
        for path in ["/usr/x", "/etc/x", "/x", "/dev/x"] {
            assert!(!Path::new(path).exists(), "{backend}: {path}");
        }
        let owner = fs::metadata(place.worktree().join("file")).unwrap().uid();
        assert_eq!(owner, rustix::process::geteuid().as_raw(), "{backend}");
    }
}

#[test]
fn landlock_lets_programs_read_the_files_of_etc_that_they_find_and_anybody_may_read() {
    let place = Place::new();
    let mut line = "cat".to_owned();
    let mut others = 0;
    for entry in fs::read_dir("/etc").unwrap().flatten() {
        let meta = entry.metadata().unwrap();
        let open = meta.mode() & 0o004 != 0;
        if meta.is_file() && open {
            line.push_str(&format!(" '{}'", entry.path().display()));
        }
        others += u32::from(meta.is_file() && !open);
    }
    let backend = backend(Mode::Landlock);
    let output = run(&backend, &place.policy(), &format!("{line} > /dev/null"));
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(others > 0 && line.contains("/etc/passwd"), "{line}");
    let shadow = run(&backend, &place.policy(), "cat /etc/shadow");
    assert_eq!((shadow.code, shadow.stdout.as_str()), (Some(1), ""), "{shadow:?}");
}

#[test]
fn the_terminal_of_the_person_is_out_of_reach() {
    // Without one, that it may not be opened is said before that there is none.
    for (mode, said) in [
        (Mode::Landlock, "/dev/tty: Permission denied"),
        (Mode::Bubblewrap, "/dev/tty: No such device or address"),
    ] {
        let place = Place::new();
        let output = run(&backend(mode), &place.policy(), ": > /dev/tty");
        assert!(output.stderr.contains(said), "{mode}: {output:?}");
    }
}

#[test]
fn files_can_be_linked_and_moved_from_folder_to_folder() {
    let line = "mkdir a b; echo x > a/file; ln a/file b/link && mv a/file b/file
        test b/file -ef b/link && echo one";
    for backend in backends() {
        let place = Place::new();
        let output = run(&backend, &place.policy(), line);
        assert_eq!(output.stdout, "one\n", "{backend}: {output:?}");
    }
}

#[test]
fn a_command_gets_its_variables_and_no_others() {
    for backend in backends() {
        let place = Place::new();
        let mut given = variables();
        given.insert("NAME".into(), "a=b\nc".into());
        // What is meant for the command must not act on what sets up its sandbox.
        given.insert("LD_PRELOAD".into(), "/nowhere/evil.so".into());
        let line = "cat /proc/$$/environ | tr '\\0' '|'";
        let mut command = wrap(&backend, &place.policy(), &given, launcher(), line).unwrap();
        let output = output(command.env("SUPERVISORS", "own").stdin(Stdio::null()));
        let expected = "LD_PRELOAD=/nowhere/evil.so|NAME=a=b\nc|PATH=/usr/bin:/bin|";
        assert_eq!(output.stdout, expected, "{backend}: {output:?}");
        let complaints = output.stderr.matches("/nowhere/evil.so").count();
        assert_eq!(complaints, 3, "of sh, cat and tr, and of nobody before them: {output:?}");
    }
}

#[test]
fn a_command_has_no_capability_and_can_not_get_any() {
    for backend in backends() {
        let place = Place::new();
        let line = "grep -E '^(CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status";
        let output = run(&backend, &place.policy(), line);
        let rows: Vec<(&str, &str)> =
            output.stdout.lines().filter_map(|line| line.split_once(":\t")).collect();
        let none = "0000000000000000";
        let capabilities = [("CapInh", none), ("CapPrm", none), ("CapEff", none), ("CapAmb", none)];
        assert_eq!(rows[..4], capabilities, "{backend}");
        assert_eq!(rows[4..], [("NoNewPrivs", "1"), ("Seccomp", "2")], "{backend}");
        if matches!(backend, Backend::Bubblewrap { .. }) {
            let output = run(&backend, &place.policy(), "grep CapBnd /proc/self/status");
            assert_eq!(output.stdout, format!("CapBnd:\t{none}\n"));
        }
    }
}

#[test]
fn what_is_set_for_the_supervisor_does_not_act_on_the_sandbox() {
    let place = Place::new();
    let worktree = place.worktree();
    for mode in ["bubblewrap", "landlock"] {
        let mut supervisor = trial(&["run", mode, worktree.to_str().unwrap(), "echo ran"]);
        let output = output(supervisor.env("LD_PRELOAD", "/nowhere/evil.so"));
        assert_eq!(output.stdout, "ran\n", "{mode}: {output:?}");
        let complaints = output.stderr.matches("/nowhere/evil.so").count();
        assert_eq!(complaints, 1, "of the supervisor alone: {mode}: {output:?}");
    }
}

#[test]
fn what_nothing_bounds_can_not_be_written() {
    let place = Place::new();
    let line = "for folder in / /dev /etc /proc /tmp; do mkdir $folder/new && echo $folder; done";
    let output = run(&backend(Mode::Bubblewrap), &place.policy(), line);
    assert_eq!(output.stdout, "/tmp\n", "{output:?}");
}

#[test]
fn nothing_in_proc_but_a_processs_own_can_be_written() {
    let place = Place::new();
    // Everybody may ask to be told of pressure.
    let line = "find /proc -type f -writable ! -path '/proc/[0-9]*' ! -path '/proc/sys/*' \
            ! -path '/proc/pressure/*' 2> /dev/null | while read file; do
                (: >> $file) 2> /dev/null && echo $file
            done
        echo x > /dev/stdout";
    let output = run(&backend(Mode::Bubblewrap), &place.policy(), line);
    assert_eq!(output.stdout, "x\n", "{output:?}");
}

#[test]
fn the_exit_code_is_the_commands_own() {
    for backend in backends() {
        let place = Place::new();
        let code = |line: &str| run(&backend, &place.policy(), line).code;
        for wanted in [0, 1, 7, 125, 255] {
            assert_eq!(code(&format!("exit {wanted}")), Some(wanted), "{backend}");
        }
        assert_eq!(code("nosuchprogram"), Some(127), "{backend}");
        let killed = code("kill -KILL $$");
        match backend {
            Backend::Bubblewrap { .. } => assert_eq!(killed, Some(137)),
            Backend::Landlock { .. } | Backend::Off => assert_eq!(killed, None),
        }
    }
}

#[test]
fn git_of_the_worktree_can_be_read_and_not_be_changed() {
    let place = Place::new();
    let before = fs::read_to_string(place.worktree().join(".git")).unwrap();
    let line = "cat .git; echo evil > .git; rm -f .git; mv .git moved; ln -sf /tmp .git; true";
    let output = run(&backend(Mode::Bubblewrap), &place.policy(), line);
    assert_eq!(output.stdout, before, "{output:?}");
    assert_eq!(fs::read_to_string(place.worktree().join(".git")).unwrap(), before);
    assert!(!place.worktree().join("moved").exists());
}

#[test]
fn git_says_what_changed_and_can_not_commit() {
    let place = Place::new();
    let git = |folder: &Path, arguments: &[&str]| {
        let mut git = Command::new("git");
        git.current_dir(folder).args(arguments).env("HOME", place.folder());
        git.env("GIT_CONFIG_NOSYSTEM", "1");
        assert_eq!(output(&mut git).code, Some(0), "{arguments:?}");
    };
    let (main, worktree) = (place.at("main"), place.at("linked"));
    fs::create_dir(&main).unwrap();
    git(&main, &["init", "-q", "-b", "main"]);
    let author = ["-c", "user.name=a", "-c", "user.email=a@b"];
    git(&main, &[&author[..], &["commit", "-q", "--allow-empty", "-m", "first"]].concat());
    git(&main, &["worktree", "add", "-q", "../linked"]);
    let mut policy = Policy::new(&worktree);
    policy.git = Some(worktree.join(".git"));
    policy.read_only = vec![main.join(".git")];
    let line = "touch new; git status --porcelain && git log --format=%s && git add new";
    for backend in backends() {
        let output = run(&backend, &policy, line);
        assert_eq!(output.stdout, "?? new\nfirst\n", "{backend}: {output:?}");
        assert_eq!(output.code, Some(128), "{backend}: {output:?}");
    }
}

#[test]
fn masked_files_and_folders_look_empty_and_stay_as_they_are() {
    let place = Place::new();
    let worktree = place.worktree();
    fs::write(worktree.join(".env"), "KEY=secret\n").unwrap();
    fs::write(worktree.join("real"), "KEY=secret\n").unwrap();
    symlink("real", worktree.join("link")).unwrap();
    fs::create_dir(worktree.join("keys")).unwrap();
    fs::write(worktree.join("keys/key"), "secret\n").unwrap();
    let mut policy = place.policy();
    policy.masked = [".env", "link", "keys", "missing"].map(|name| worktree.join(name)).into();
    let line =
        "cat .env link real; ls keys; echo evil > .env; touch keys/new; rm -rf .env keys; true";
    let output = run(&backend(Mode::Bubblewrap), &policy, line);
    assert_eq!(output.stdout, "", "{output:?}");
    assert_eq!(fs::read_to_string(worktree.join(".env")).unwrap(), "KEY=secret\n");
    assert_eq!(fs::read_dir(worktree.join("keys")).unwrap().count(), 1);
    assert!(!worktree.join("missing").exists(), "nothing is made on the host");
}

#[test]
fn what_is_masked_or_read_only_is_so_under_every_name_it_has() {
    let place = Place::new();
    fs::write(place.worktree().join(".env"), "KEY=secret\n").unwrap();
    fs::write(place.worktree().join("file"), "plain\n").unwrap();
    symlink("worktree", place.at("linked")).unwrap();
    let mut policy = Policy::new(place.at("linked"));
    policy.git = Some(place.at("linked/.git"));
    policy.writable = vec![place.worktree()];
    policy.masked = vec![place.at("linked/.env")];
    let before = fs::read_to_string(place.worktree().join(".git")).unwrap();
    let line = "cd ..; for name in linked worktree; do
            cat $name/.env $name/file; echo evil > $name/.git
        done; true";
    let output = run(&backend(Mode::Bubblewrap), &policy, line);
    assert_eq!(output.stdout, "plain\nplain\n", "{output:?}");
    assert_eq!(fs::read_to_string(place.worktree().join(".git")).unwrap(), before);
}

#[test]
fn temporary_folders_are_private_and_gone_with_the_command() {
    let place = Place::new();
    let backend = backend(Mode::Bubblewrap);
    let line = "ls -A /tmp /dev/shm; echo x > /tmp/left; echo x > /dev/shm/left; cat /tmp/left";
    // The worktree's own folders are below the temporary one; what leads to it is all there is.
    for _ in 0..2 {
        let output = run(&backend, &place.policy(), line);
        assert_eq!(output.code, Some(0), "{output:?}");
        assert!(!output.stdout.contains("left"), "{output:?}");
    }
    assert!(!Path::new("/tmp/left").exists() && !Path::new("/dev/shm/left").exists());
}

#[test]
fn a_policy_that_can_not_be_had_is_refused_before_anything_runs() {
    let place = Place::new();
    let refused = |backend: &Backend, policy: &Policy, name: &str, value: &str, line: &str| {
        let mut given = variables();
        given.insert(name.into(), value.into());
        wrap(backend, policy, &given, launcher(), line).unwrap_err()
    };
    let policy = place.policy();
    let home = place.at("home");
    let home = home.to_str().unwrap();
    for backend in backends() {
        let with = |change: &dyn Fn(&mut Policy)| {
            let mut changed = policy.clone();
            change(&mut changed);
            refused(&backend, &changed, "HOME", home, "true")
        };
        let relative = with(&|policy| policy.worktree = "worktree".into());
        assert!(matches!(relative, Error::NotAbsolute { .. }), "{relative}");
        let relative = with(&|policy| policy.masked = vec![".env".into()]);
        assert!(matches!(relative, Error::NotAbsolute { .. }), "{relative}");
        let missing = with(&|policy| policy.git = Some(place.at("worktree/nothing")));
        assert!(matches!(missing, Error::Missing { .. }), "{missing}");
        let missing = with(&|policy| policy.writable = vec![place.at("nothing")]);
        assert!(matches!(missing, Error::Missing { .. }), "{missing}");
        let systems = with(&|policy| policy.worktree = "/usr/.".into());
        assert!(matches!(systems, Error::TooWide { .. }), "{systems}");
        let all = with(&|policy| policy.read_only = vec!["/".into()]);
        assert!(matches!(all, Error::TooWide { .. }), "{all}");
        let outside = refused(&backend, &policy, "HOME", "/root", "true");
        assert!(matches!(outside, Error::NotWritable { variable: "HOME", .. }), "{outside}");
        let zero = refused(&backend, &policy, "HOME", home, "tr\0ue");
        assert!(matches!(zero, Error::ZeroByte { .. }), "{zero}");
        let zero = refused(&backend, &policy, "NAME", "a\0b", "true");
        assert!(matches!(zero, Error::ZeroByte { .. }), "{zero}");
    }
    let landlock = backend(Mode::Landlock);
    let mut online = policy.clone();
    online.network = Network::Loopback;
    let no_network = refused(&landlock, &online, "HOME", home, "true");
    assert!(matches!(no_network, Error::NetworkNeedsBubblewrap), "{no_network}");
    let outside = refused(&landlock, &policy, "TMPDIR", "/tmp", "true");
    assert!(matches!(outside, Error::NotWritable { variable: "TMPDIR", .. }), "{outside}");
}

/// Starts a command that holds a lock on `lock`, and waits until it does.
fn lock_holder(place: &Place, backend: &Backend) -> Child {
    let inside = match backend {
        Backend::Bubblewrap { .. } => Path::new("/equitr-sandbox"),
        Backend::Landlock { .. } | Backend::Off => launcher(),
    };
    let line = format!("{} hold lock", inside.display());
    let mut child = command(backend, &place.policy(), &line).stdin(Stdio::piped()).spawn().unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    assert!(is_locked(place), "the command holds it");
    child
}

fn is_locked(place: &Place) -> bool {
    match File::open(place.worktree().join("lock")).unwrap().try_lock() {
        Err(TryLockError::WouldBlock) => true,
        Ok(()) => false,
        Err(TryLockError::Error(error)) => panic!("{error}"),
    }
}

/// That nobody holds the lock any more; waits for it, since what was killed takes a moment.
fn is_set_free(place: &Place) -> bool {
    File::open(place.worktree().join("lock")).unwrap().lock().is_ok()
}

#[test]
fn killing_the_process_that_was_started_kills_the_command() {
    let place = Place::new();
    let mut child = lock_holder(&place, &backend(Mode::Bubblewrap));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(is_set_free(&place));
}

#[test]
fn a_command_ends_with_the_thread_that_started_it() {
    for backend in backends() {
        let place = Place::new();
        let thread = |place: &Place| lock_holder(place, &backend);
        let mut child = std::thread::scope(|scope| scope.spawn(|| thread(&place)).join().unwrap());
        assert!(!child.wait().unwrap().success(), "{backend}");
        assert!(is_set_free(&place), "{backend}");
    }
}

#[test]
fn a_command_in_a_sandbox_finds_no_second_one_by_bubblewrap() {
    let place = Place::new();
    let line = format!("/equitr-sandbox run bubblewrap {} true", place.worktree().display());
    let nested = run(&backend(Mode::Bubblewrap), &place.policy(), &line);
    assert_eq!(nested.code, Some(3), "{nested:?}");
    assert!(nested.stderr.contains("could not be sandboxed by bubblewrap"), "{nested:?}");
    let outside =
        output(&mut trial(&["run", "bubblewrap", place.worktree().to_str().unwrap(), ":"]));
    assert_eq!(outside.code, Some(0), "{outside:?}");
}
