//! Landlock: which paths a process and all that come from it can reach.

use crate::system;
use landlock::{
    ABI, Access, AccessFs, AccessNet, LandlockStatus, RestrictionStatus, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};
use std::path::{Path, PathBuf};

/// The newest that we know; what the kernel lacks of it is left out.
const NEWEST: ABI = ABI::V10;

/// Below it, files that can be read can also be cut short.
pub(crate) const ABI_NEEDED: u32 = 3;

/// Devices that hold nothing. Not the terminal: it is the person's, and of the same session.
const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// The kernel's ABI; none without Landlock.
///
/// Asked by fencing in a thread that ends at once: the kernel says so only then.
pub(crate) fn abi() -> Option<u32> {
    let asked = std::thread::spawn(|| {
        Ruleset::default().handle_access(AccessFs::WriteFile)?.create()?.restrict_self()
    });
    match asked.join() {
        Ok(Ok(RestrictionStatus {
            ruleset: RulesetStatus::FullyEnforced,
            landlock: LandlockStatus::Available { effective_abi, .. },
            ..
        })) => effective_abi.to_string().parse().ok(),
        Ok(_) | Err(_) => None,
    }
}

/// Fences this process in: `writable` may be changed, `read_only` and the system's own folders may
/// be read and run, nothing else be opened; no TCP, no signal and no abstract socket to outside.
///
/// What the kernel's ABI lacks of it stays open, and is told by
/// [`weaknesses`](crate::Backend::weaknesses); below [`ABI_NEEDED`] it fails.
pub(crate) fn put_up(writable: &[PathBuf], read_only: &[PathBuf]) -> Result<(), String> {
    let read = AccessFs::from_read(NEWEST);
    let roots = system::ROOTS.map(PathBuf::from);
    let system = [PathBuf::from("/usr"), PathBuf::from("/proc")].into_iter().chain(roots);
    let etc = system::etc().into_iter().map(|entry| entry.path).chain(system::public_etc());
    let put_up = || -> Result<RestrictionStatus, RulesetError> {
        Ruleset::default()
            .handle_access(AccessFs::from_all(NEWEST))?
            .handle_access(AccessNet::from_all(NEWEST))?
            .scope(Scope::from_all(NEWEST))?
            .create()?
            .add_rules(path_beneath_rules(system.chain(etc), read))?
            .add_rules(path_beneath_rules(read_only, read))?
            .add_rules(path_beneath_rules(DEVICES, AccessFs::from_all(NEWEST)))?
            .add_rules(path_beneath_rules(writable, AccessFs::from_all(NEWEST)))?
            .restrict_self()
    };
    enforced(put_up())
}

/// Keeps this process from writing files but in `writable`, `/tmp` and `/dev`: so the limit on
/// process ids is sealed, and with it all that root may write in `/proc`.
pub(crate) fn seal(writable: &[PathBuf]) -> Result<(), String> {
    let write = AccessFs::WriteFile | AccessFs::Truncate;
    // Where nothing is said of it, links and moves from folder to folder are refused.
    let anywhere = [Path::new("/")];
    let own = ["/tmp", "/dev"].map(Path::new);
    let seal = || -> Result<RestrictionStatus, RulesetError> {
        Ruleset::default()
            .handle_access(write | AccessFs::Refer)?
            .create()?
            .add_rules(path_beneath_rules(anywhere, AccessFs::Refer))?
            .add_rules(path_beneath_rules(own, write))?
            .add_rules(path_beneath_rules(writable, write))?
            .restrict_self()
    };
    enforced(seal())
}

fn enforced(fence: Result<RestrictionStatus, RulesetError>) -> Result<(), String> {
    match fence {
        Err(error) => Err(format!("landlock: {error}")),
        Ok(RestrictionStatus { ruleset: RulesetStatus::NotEnforced, .. }) => {
            Err("landlock: the kernel has none".to_owned())
        }
        Ok(RestrictionStatus {
            landlock: LandlockStatus::Available { effective_abi, .. }, ..
        }) if effective_abi as u32 >= ABI_NEEDED => Ok(()),
        Ok(RestrictionStatus { landlock, .. }) => {
            Err(format!("landlock: too old or not there ({landlock:?})"))
        }
    }
}
