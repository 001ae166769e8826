//! Taking folders away, also those in which a worker made things unreadable.

use crate::GitError;
use crate::error::io_error;
use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use rustix::path::Arg;
use std::ffi::CStr;
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A process that a worker left behind may still write while its folder goes; three tries outlast
/// one that is just ending.
const TRIES: u32 = 3;
/// Levels that are gone down by open folders; most trees have fewer, and it is far from any limit.
const DEPTH_MAX: u32 = 64;

/// Removes a file, a link or a folder with all that is in it; links are not followed. What is not
/// there is removed already.
///
/// However deep the folders lie in each other: neither stack nor open files grow with them.
///
/// # Errors
/// When something is left after three tries, such as what belongs to another user.
pub fn remove(path: &Path) -> Result<(), GitError> {
    let mut tries = 1;
    loop {
        match remove_once(path) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) if tries == TRIES => return Err(io_error("remove", path)(error)),
            Err(_) => {}
        }
        tries += 1;
    }
}

/// Each folder is opened from the one above it, and never by way of a link: what still writes there
/// can't lead us elsewhere.
fn remove_once(path: &Path) -> io::Result<()> {
    if !fs::symlink_metadata(path)?.is_dir() {
        return fs::remove_file(path);
    }
    let root = open(CWD, path)?;
    let mut up = 0;
    // What was deep lies in the root after a pass; each takes `DEPTH_MAX` levels away.
    while clear(&root, &root, 0, &mut up)? {}
    fs::remove_dir(path)
}

/// Takes away what is in a folder, and moves folders that are too deep up into the root; whether
/// there were any.
fn clear(root: &OwnedFd, folder: &OwnedFd, depth: u32, up: &mut u64) -> io::Result<bool> {
    let mut moved = false;
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        match rustix::fs::unlinkat(folder, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => continue,
            // A folder.
            Err(Errno::ISDIR | Errno::PERM) => {}
            Err(error) => return Err(error.into()),
        }
        let inner = open(folder, name)?;
        if depth < DEPTH_MAX {
            moved |= clear(root, &inner, depth + 1, up)?;
            rustix::fs::unlinkat(folder, name, AtFlags::REMOVEDIR)?;
        } else {
            moved = true;
            move_up(root, folder, name, up)?;
        }
    }
    Ok(moved)
}

/// Moves a folder into the root, under a name that is free there.
fn move_up(root: &OwnedFd, folder: &OwnedFd, name: &CStr, up: &mut u64) -> io::Result<()> {
    loop {
        *up += 1;
        let free = format!(".removed-{up}");
        match rustix::fs::renameat_with(folder, name, root, free, RenameFlags::NOREPLACE) {
            Err(Errno::EXIST) => {}
            done => return Ok(done?),
        }
    }
}

/// Opens a folder and makes it one that we may read and change; a link is an error.
fn open(at: impl AsFd, name: impl Arg + Copy) -> io::Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(at.as_fd(), name, flags | OFlags::RDONLY, Mode::empty());
    let folder = match opened {
        Err(Errno::ACCESS) => {
            let closed = rustix::fs::openat(at.as_fd(), name, flags | OFlags::PATH, Mode::empty())?;
            // Of a folder that is merely held, the mode can only be set by its place here.
            let place = format!("/proc/self/fd/{}", closed.as_raw_fd());
            fs::set_permissions(place, Permissions::from_mode(0o700))?;
            rustix::fs::openat(at, name, flags | OFlags::RDONLY, Mode::empty())?
        }
        opened => opened?,
    };
    if rustix::fs::fstat(&folder)?.st_mode & 0o700 != 0o700 {
        rustix::fs::fchmod(&folder, Mode::RWXU)?;
    }
    Ok(folder)
}

/// Makes every folder below (and itself) readable and writable for us, and every file readable.
///
/// What can't be changed stays as it is: the act this is for then says so.
pub(crate) fn open_up(path: &Path) {
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        allow(&folder, 0o700);
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => allow(&entry.path(), 0o400),
                Ok(_) | Err(_) => {}
            }
        }
    }
}

fn allow(path: &Path, bits: u32) {
    let Ok(found) = fs::symlink_metadata(path) else { return };
    let mode = found.permissions().mode();
    if !found.is_symlink() && mode & bits != bits {
        // Failing is no matter here: see `open_up`.
        let _ = fs::set_permissions(path, Permissions::from_mode(mode | bits));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_unreadable_parts_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (tree, outside) = (folder.path().join("tree"), folder.path().join("outside"));
        fs::create_dir_all(tree.join("a/b")).unwrap();
        fs::write(tree.join("a/b/file"), "x").unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("kept"), "x").unwrap();
        std::os::unix::fs::symlink(&outside, tree.join("a/link")).unwrap();
        for (path, mode) in [("a/b/file", 0o000), ("a/b", 0o000), ("a", 0o500)] {
            fs::set_permissions(tree.join(path), Permissions::from_mode(mode)).unwrap();
        }
        remove(&tree).unwrap();
        assert!(!tree.exists());
        assert!(outside.join("kept").exists());
        remove(&tree).unwrap();
    }

    #[test]
    fn tl_11_thousands_of_folders_in_each_other_are_removed_whatever_they_are_called() {
        let outer = tempfile::tempdir().unwrap();
        let tree = outer.path().join("tree");
        fs::create_dir(&tree).unwrap();
        // A name that is wanted on the way is taken, and the folders beneath let nobody in.
        let line = "import os\nos.mkdir('.removed-1')\nopen('.removed-1/file', 'w')\n\
                    for n in range(1500):\n os.mkdir('d')\n os.chdir('d')\n\
                    name = 'n' * 250\nfor n in range(40):\n os.mkdir(name)\n os.chdir(name)\n\
                    for n in range(200):\n os.mkdir('e')\n os.chdir('e')\n\
                    for n in range(100):\n os.chdir('..')\n os.chmod('e', 0)\n";
        let mut made = std::process::Command::new("python3");
        assert!(made.args(["-c", line]).current_dir(&tree).status().unwrap().success());
        remove(&tree).unwrap();
        assert_eq!(fs::read_dir(outer.path()).unwrap().count(), 0);
    }

    #[test]
    fn opening_up_gives_the_owner_their_rights_and_leaves_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let (inner, file) = (folder.path().join("inner"), folder.path().join("inner/file"));
        fs::create_dir(&inner).unwrap();
        fs::write(&file, "x").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o010)).unwrap();
        fs::set_permissions(&inner, Permissions::from_mode(0o005)).unwrap();
        open_up(folder.path());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&inner), mode(&file)), (0o705, 0o410));
    }
}
