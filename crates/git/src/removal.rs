//! Taking folders away, also those in which a worker made things unreadable.

use crate::GitError;
use crate::error::io_error;
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A process that a worker left behind may still write while its folder goes; three tries outlast
/// one that is just ending.
const TRIES: u32 = 3;

/// Removes a file, a link or a folder with all that is in it; links are not followed. What is not
/// there is removed already.
pub(crate) fn remove(path: &Path) -> Result<(), GitError> {
    let mut tries = 1;
    loop {
        match remove_once(path) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) if tries == TRIES => return Err(io_error("remove", path)(error)),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => open_up(path),
            Err(_) => {}
        }
        tries += 1;
    }
}

fn remove_once(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    }
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
