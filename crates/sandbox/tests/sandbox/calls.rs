//! The system call filter, asked by programs of a few bytes that make one call each.

use crate::place::{Place, backend, backends, make_program, run};
use equitr_sandbox::{Backend, Mode, Network};
use std::collections::BTreeMap;

const EPERM: i32 = 1;
const ENOSYS: i32 = 38;
/// How a shell tells that a program was killed by SIGSYS.
const KILLED: i32 = 128 + 31;

/// A program whose exit code is the error of one call with these arguments, 0 if there is none.
fn one_call(number: u32, first: u32, second: u32) -> Vec<u8> {
    let mut code = Vec::new();
    let mut set = |register: u8, value: u32| {
        code.push(0xb8 + register);
        code.extend(value.to_le_bytes());
    };
    // eax, edi, esi, edx.
    set(0, number);
    set(7, first);
    set(6, second);
    set(2, 0);
    code.extend([0x4d, 0x31, 0xd2]); // xor r10, r10
    code.extend([0x0f, 0x05]); // syscall
    code.extend(EXIT_WITH_ERROR);
    program(&code)
}

/// Takes the error out of eax, or 0, and exits with it.
const EXIT_WITH_ERROR: [u8; 17] = [
    0xf7, 0xd8, // neg eax
    0x79, 0x02, // jns over the next
    0x31, 0xc0, // xor eax, eax
    0x89, 0xc7, // mov edi, eax
    0xb8, 60, 0, 0, 0, // mov eax, exit
    0x0f, 0x05, // syscall
    0x0f, 0x0b, // ud2
];

/// A program that exits with 42 by a call of the 32-bit kind.
fn call_of_32_bits() -> Vec<u8> {
    program(&[
        0xb8, 1, 0, 0, 0, // mov eax, exit
        0xbb, 42, 0, 0, 0, // mov ebx, 42
        0xcd, 0x80, // int 0x80
        0x0f, 0x0b, // ud2
    ])
}

/// An ELF file of one segment that holds this code.
fn program(code: &[u8]) -> Vec<u8> {
    const BASE: u64 = 0x40_0000;
    const HEADERS: u64 = 64 + 56;
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    for (half, bytes) in [
        (2_u64, 2), // an executable
        (62, 2),    // for x86-64
        (1, 4),
        (BASE + HEADERS, 8), // where it begins
        (64, 8),             // where the segments are told
        (0, 8),
        (0, 4),
        (64, 2),
        (56, 2),
        (1, 2),
        (0, 2),
        (0, 2),
        (0, 2),
        // The segment: to be loaded, read and run.
        (1, 4),
        (5, 4),
        (0, 8),
        (BASE, 8),
        (BASE, 8),
        (HEADERS + code.len() as u64, 8),
        (HEADERS + code.len() as u64, 8),
        (0x1000, 8),
    ] {
        file.extend(&half.to_le_bytes()[..bytes]);
    }
    file.extend(code);
    file
}

/// The exit code of each program.
fn exit_codes(
    backend: &Backend,
    network: Network,
    programs: &[(&'static str, Vec<u8>)],
) -> BTreeMap<String, i32> {
    let place = Place::new();
    for (name, bytes) in programs {
        make_program(&place.worktree().join(format!("call-{name}")), bytes);
    }
    let mut policy = place.policy();
    policy.network = network;
    let line =
        "for call in call-*; do ./$call 2> /dev/null; echo ${call#call-} $?; done 2> /dev/null";
    let output = run(backend, &policy, line);
    let rows = output.stdout.lines().filter_map(|line| line.split_once(' '));
    let codes: BTreeMap<_, _> =
        rows.map(|(name, code)| (name.to_owned(), code.parse().unwrap())).collect();
    assert_eq!(codes.len(), programs.len(), "{output:?}");
    codes
}

#[test]
fn calls_that_only_attacks_need_are_refused() {
    let call = |name, number: i64| (name, one_call(u32::try_from(number).unwrap(), 0, 0));
    let refused = [
        call("ptrace", libc::SYS_ptrace),
        call("process_vm_readv", libc::SYS_process_vm_readv),
        call("process_vm_writev", libc::SYS_process_vm_writev),
        call("pidfd_getfd", libc::SYS_pidfd_getfd),
        call("io_uring_setup", libc::SYS_io_uring_setup),
        call("io_uring_enter", libc::SYS_io_uring_enter),
        call("io_uring_register", libc::SYS_io_uring_register),
        call("mount", libc::SYS_mount),
        call("umount2", libc::SYS_umount2),
        call("pivot_root", libc::SYS_pivot_root),
        call("move_mount", libc::SYS_move_mount),
        call("fsopen", libc::SYS_fsopen),
        call("open_tree", libc::SYS_open_tree),
        call("unshare", libc::SYS_unshare),
        call("setns", libc::SYS_setns),
        call("bpf", libc::SYS_bpf),
        call("perf_event_open", libc::SYS_perf_event_open),
        call("userfaultfd", libc::SYS_userfaultfd),
        call("keyctl", libc::SYS_keyctl),
        call("add_key", libc::SYS_add_key),
        call("request_key", libc::SYS_request_key),
        call("kexec_load", libc::SYS_kexec_load),
        call("init_module", libc::SYS_init_module),
        call("finit_module", libc::SYS_finit_module),
        call("delete_module", libc::SYS_delete_module),
        call("open_by_handle_at", libc::SYS_open_by_handle_at),
    ];
    let bare = exit_codes(&Backend::Off, Network::None, &refused);
    let let_through = bare.values().filter(|code| **code != EPERM).count();
    assert!(let_through >= 15, "without a sandbox most fail of something else: {bare:?}");
    for backend in backends() {
        let codes = exit_codes(&backend, Network::None, &refused);
        assert!(codes.values().all(|code| *code == EPERM), "{backend}: {codes:?}");
    }
}

#[test]
fn calls_are_refused_by_what_they_ask_for() {
    let call = |name, number: i64, first: i32, second: u64| {
        let second = u32::try_from(second).unwrap();
        (name, one_call(u32::try_from(number).unwrap(), first.cast_unsigned(), second))
    };
    let stream = libc::SOCK_STREAM as u64;
    let datagram = libc::SOCK_DGRAM as u64;
    let programs = [
        call("unix", libc::SYS_socket, libc::AF_UNIX, stream),
        call("inet", libc::SYS_socket, libc::AF_INET, stream),
        call("inet6", libc::SYS_socket, libc::AF_INET6, datagram),
        call("netlink", libc::SYS_socket, libc::AF_NETLINK, datagram),
        call("packet", libc::SYS_socket, libc::AF_PACKET, datagram),
        call("alg", libc::SYS_socket, libc::AF_ALG, stream),
        call("pair", libc::SYS_socketpair, libc::AF_TIPC, stream),
        call("typing", libc::SYS_ioctl, 0, libc::TIOCSTI),
        call("linux", libc::SYS_ioctl, 0, libc::TIOCLINUX),
        call("settings", libc::SYS_ioctl, 0, libc::TCGETS),
        call("clone", libc::SYS_clone, libc::CLONE_NEWUSER | libc::SIGCHLD, 0),
        call("clone3", libc::SYS_clone3, 0, 0),
        call("fchmod", libc::SYS_fchmod, 0, 0o4755),
        call("creat", libc::SYS_creat, 0, 0o4755),
        call("mknod", libc::SYS_mknod, 0, 0o4755),
        call("openat2", libc::SYS_openat2, 0, 0),
        call("getpid", libc::SYS_getpid, 0, 0),
    ];
    for backend in backends() {
        let codes = exit_codes(&backend, Network::None, &programs);
        for name in
            ["inet", "inet6", "netlink", "packet", "alg", "pair", "typing", "linux", "clone"]
                .into_iter()
                .chain(["fchmod", "creat", "mknod"])
        {
            assert_eq!(codes[name], EPERM, "{backend}: {name}");
        }
        assert_eq!(codes["clone3"], ENOSYS, "so that `clone` is tried");
        let is_root = rustix::process::geteuid().is_root();
        assert_eq!(codes["openat2"] == ENOSYS, is_root, "{backend}: {codes:?}");
        for name in ["unix", "getpid"] {
            assert_eq!(codes[name], 0, "{backend}: {name}");
        }
        assert_ne!(codes["settings"], EPERM, "{backend}");
    }
    let codes = exit_codes(&backend(Mode::Bubblewrap), Network::Loopback, &programs);
    for name in ["unix", "inet", "inet6"] {
        assert_eq!(codes[name], 0, "with a network: {name}");
    }
    for name in ["netlink", "packet", "alg", "pair"] {
        assert_eq!(codes[name], EPERM, "with a network: {name}");
    }
}

#[test]
fn no_call_makes_a_setuid_program_and_ordinary_rights_can_be_set() {
    let place = Place::new();
    let line = "touch a b; chmod 755 a && echo set; chmod 4755 a; chmod u+s b; install -m 4755 a c
        install -m 755 a d && echo installed; find . -perm -4000";
    for backend in backends() {
        let output = run(&backend, &place.policy(), line);
        assert_eq!(output.stdout, "set\ninstalled\n", "{backend}: {output:?}");
    }
    let bare = run(&Backend::Off, &place.policy(), "touch a; chmod 4755 a; find . -perm -4000");
    assert_eq!(bare.stdout, "./a\n", "{bare:?}");
}

#[test]
fn calls_of_another_architecture_kill() {
    /// Marks a call of the x32 kind.
    const X32: u32 = 0x4000_0000;
    let getpid = u32::try_from(libc::SYS_getpid).unwrap();
    let programs = [
        ("x32", one_call(X32 | getpid, 0, 0)),
        ("ia32", call_of_32_bits()),
        ("own", one_call(getpid, 0, 0)),
    ];
    let bare = exit_codes(&Backend::Off, Network::None, &programs);
    assert_ne!(bare["x32"], KILLED, "{bare:?}");
    for backend in backends() {
        let codes = exit_codes(&backend, Network::None, &programs);
        assert_eq!((codes["x32"], codes["own"]), (KILLED, 0), "{backend}");
        // Where the kernel has no 32-bit calls, the program dies of its own instruction.
        assert_ne!(codes["ia32"], 42, "{backend}");
        if bare["ia32"] == 42 {
            assert_eq!(codes["ia32"], KILLED, "{backend}");
        }
    }
}
