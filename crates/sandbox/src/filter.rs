//! The system calls that no command needs and attacks do, refused by seccomp.

use crate::orders::Sockets;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter, sock_filter,
};
use std::collections::BTreeMap;

/// Refused whatever their arguments: looking into other processes, mounting, namespaces, the
/// kernel's own programs, keys, modules, and `io_uring`, which passes by this very filter.
const REFUSED: [i64; 46] = [
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_open_tree,
    libc::SYS_mount_setattr,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_syslog,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_vhangup,
];

/// What `clone` is refused with; `clone3` hides its flags from a filter.
const NAMESPACES: [i32; 7] = [
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWCGROUP,
];

/// Both put characters into a terminal's input, as if a person had typed them.
const TYPING: [u64; 2] = [libc::TIOCSTI, libc::TIOCLINUX];

/// The same on every architecture, and not yet known to libc for all.
const FCHMODAT2: i64 = 452;

/// Calls that set a file's rights, and which of their arguments says them.
const RIGHTS: &[(i64, u8)] = &[
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_chmod, 1),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_mknod, 1),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_creat, 1),
    (libc::SYS_fchmod, 1),
    (libc::SYS_fchmodat, 2),
    (FCHMODAT2, 2),
    (libc::SYS_mknodat, 2),
];

/// Calls that set them only where their flags say that a file is made: the flags, then the rights.
const MAKING: &[(i64, u8, u8)] = &[
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, 1, 2),
    (libc::SYS_openat, 2, 3),
];

/// Installs the filter on this process and all that come from it.
///
/// A refused call fails with EPERM; calls of another architecture than the program's kill.
pub(crate) fn install(sockets: &Sockets) -> Result<(), String> {
    let filters = programs(sockets).map_err(|error| format!("seccomp: {error}"))?;
    for filter in filters {
        apply_filter(&filter).map_err(|error| format!("seccomp: {error}"))?;
    }
    Ok(())
}

fn programs(sockets: &Sockets) -> Result<Vec<BpfProgram>, seccompiler::BackendError> {
    let arch: TargetArch = std::env::consts::ARCH.try_into()?;
    let mut refused: BTreeMap<i64, Vec<SeccompRule>> =
        REFUSED.iter().map(|call| (*call, Vec::new())).collect();

    let families: &[i32] = match sockets {
        Sockets::Unix => &[libc::AF_UNIX],
        Sockets::Internet | Sockets::Bridged => &[libc::AF_UNIX, libc::AF_INET, libc::AF_INET6],
    };
    let others = families.iter().map(|family| argument(0, SeccompCmpOp::Ne, *family as u64));
    let other = SeccompRule::new(others.collect::<Result<_, _>>()?)?;
    refused.insert(libc::SYS_socket, vec![other.clone()]);
    refused.insert(libc::SYS_socketpair, vec![other]);

    let typing = TYPING.iter().map(|request| one(1, SeccompCmpOp::Eq, *request));
    refused.insert(libc::SYS_ioctl, typing.collect::<Result<_, _>>()?);

    let spaces = NAMESPACES.iter().map(|flag| {
        let flag = *flag as u64;
        one(0, SeccompCmpOp::MaskedEq(flag), flag)
    });
    refused.insert(libc::SYS_clone, spaces.collect::<Result<_, _>>()?);

    refused.extend(setuid()?);

    let eperm = SeccompAction::Errno(libc::EPERM as u32);
    let main = SeccompFilter::new(refused, SeccompAction::Allow, eperm, arch)?;
    // What gets this answer tries again with `clone` or `openat`.
    let enosys = SeccompAction::Errno(libc::ENOSYS as u32);
    let mut hiding: BTreeMap<i64, Vec<SeccompRule>> = [(libc::SYS_clone3, Vec::new())].into();
    if rustix::process::geteuid().is_root() {
        // Hides the rights of what it makes; for others than root that is no more than their own.
        hiding.insert(libc::SYS_openat2, Vec::new());
    }
    let hiding = SeccompFilter::new(hiding, SeccompAction::Allow, enosys, arch)?;
    let mut programs = vec![main.try_into()?, hiding.try_into()?];
    if arch == TargetArch::x86_64 {
        programs.push(x32());
    }
    Ok(programs)
}

/// Refuses to make a program that acts as whoever owns it: it would do so outside, and the owner may
/// be root.
fn setuid() -> Result<Vec<(i64, Vec<SeccompRule>)>, seccompiler::BackendError> {
    /// The part of `O_TMPFILE` that is not `O_DIRECTORY`.
    const UNNAMED: i32 = libc::O_TMPFILE & !libc::O_DIRECTORY;
    let set = |index, bits: u64| argument(index, SeccompCmpOp::MaskedEq(bits), bits);
    let setuid = |index| set(index, u64::from(libc::S_ISUID));
    let mut rules = Vec::new();
    for (call, rights) in RIGHTS {
        rules.push((*call, vec![SeccompRule::new(vec![setuid(*rights)?])?]));
    }
    for (call, flags, rights) in MAKING {
        let making =
            |flag: i32| SeccompRule::new(vec![set(*flags, flag as u64)?, setuid(*rights)?]);
        rules.push((*call, vec![making(libc::O_CREAT)?, making(UNNAMED)?]));
    }
    Ok(rules)
}

fn argument(
    index: u8,
    how: SeccompCmpOp,
    value: u64,
) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(index, SeccompCmpArgLen::Dword, how, value)
}

fn one(index: u8, how: SeccompCmpOp, value: u64) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(vec![argument(index, how, value)?])
}

/// Kills what uses the x32 calls: they count as this architecture's, with numbers of their own that
/// a list of numbers does not hold.
fn x32() -> BpfProgram {
    /// Set in the number of each x32 call.
    const X32_BIT: u32 = 0x4000_0000;
    let step = |code: u32, jt, jf, k| sock_filter { code: code as u16, jt, jf, k };
    vec![
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, 0, 1, X32_BIT),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_KILL_PROCESS),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ]
}
