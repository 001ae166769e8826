//! The hub: a bare repository of our own, in which all commits and references of a run live.

use crate::command::{Call, Place, cut, git};
use crate::error::io_error;
use crate::removal::remove;
use crate::{Checkout, GitError, Mark, Oid};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// What the hub's configuration ends with: by it a hub is known, and by-id requests are granted.
const MARK: &str = "[equitr]\n\thub = 1\n[uploadpack]\n\tallowAnySHA1InWant = true\n";

/// The tree without entries, which git knows without it being stored; by SHA-1 and by SHA-256.
const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const EMPTY_TREE_SHA256: &str = "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321";

/// A bare repository that only we write to. Cheap to clone, and free to use from many threads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hub {
    pub(crate) dir: PathBuf,
    pub(crate) format: Format,
    pub(crate) mark: Option<Mark>,
}

/// Which hash names the objects of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Sha1,
    Sha256,
}

/// How a compare-and-swap of a reference went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Swap {
    /// The reference is at the new commit (also when it was there before).
    Done,
    /// The reference was not where it was expected, and was left there.
    Moved {
        /// Where it is instead; `None` when it does not exist.
        now: Option<Oid>,
    },
}

impl Format {
    pub fn empty_tree(self) -> &'static str {
        match self {
            Format::Sha1 => EMPTY_TREE,
            Format::Sha256 => EMPTY_TREE_SHA256,
        }
    }

    /// The id that stands for "no object".
    pub fn zeros(self) -> Oid {
        Oid::zeros(self.empty_tree().len())
    }

    pub fn named(name: &str) -> Self {
        if name.eq_ignore_ascii_case("sha256") { Format::Sha256 } else { Format::Sha1 }
    }

    fn name(self) -> &'static str {
        match self {
            Format::Sha1 => "sha1",
            Format::Sha256 => "sha256",
        }
    }
}

impl Hub {
    /// Makes the hub in a folder that does not exist yet (or opens the one that is there).
    ///
    /// With a checkout it starts with all of its objects, branches and tags, as copies or hard
    /// links, so that whatever becomes of the person's repository does not hurt it; without, or
    /// when that has no commits, it starts empty. It is built beside its place and renamed when
    /// whole, so what a killed call leaves is half a hub under another name, which the next call
    /// removes. No two calls may make the same hub at once.
    pub fn create(dir: &Path, checkout: Option<&Checkout>) -> Result<Self, GitError> {
        Self::create_as(dir, checkout, None)
    }

    /// The same, with all git processes marked, those that make it included.
    pub fn create_marked(
        dir: &Path,
        checkout: Option<&Checkout>,
        mark: &Mark,
    ) -> Result<Self, GitError> {
        Self::create_as(dir, checkout, Some(mark))
    }

    fn create_as(
        dir: &Path,
        checkout: Option<&Checkout>,
        mark: Option<&Mark>,
    ) -> Result<Self, GitError> {
        let dir = std::path::absolute(dir).map_err(io_error("find", dir))?;
        let known = |hub: Self| Self { mark: mark.cloned(), ..hub };
        match Self::open(&dir) {
            Ok(hub) => return Ok(known(hub)),
            Err(error) if !is_vacant(&dir) => return Err(error),
            Err(_) => {}
        }
        let mut partial = dir.clone().into_os_string();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        remove(&partial)?;
        let above = dir.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(above).map_err(io_error("make", above))?;
        match checkout {
            Some(checkout) if checkout.head()?.commit.is_some() => {
                clone(checkout, &partial, mark)?;
            }
            Some(checkout) => init(&partial, checkout.format)?,
            None => init(&partial, Format::Sha1)?,
        }
        let config = partial.join("config");
        let text = fs::read_to_string(&config).map_err(io_error("read", &config))?;
        fs::write(&config, text + MARK).map_err(io_error("write", &config))?;
        for path in [&config, &partial] {
            flush(path)?;
        }
        fs::rename(&partial, &dir).map_err(io_error("rename", &partial))?;
        flush(above)?;
        Self::open(&dir).map(known)
    }

    /// The same hub, whose git processes bear a mark from here on. Those in the person's repository
    /// never do: there, nobody may remove the locks that a killed git leaves.
    pub fn marked(self, mark: Mark) -> Self {
        Self { mark: Some(mark), ..self }
    }

    /// Opens a hub that [`Hub::create`] made; [`GitError::NotAHub`] for anything else.
    pub fn open(dir: &Path) -> Result<Self, GitError> {
        let dir = std::path::absolute(dir).map_err(io_error("find", dir))?;
        let config = fs::read_to_string(dir.join("config")).unwrap_or_default();
        let whole = ["objects", "refs"].iter().all(|part| dir.join(part).is_dir())
            && dir.join("HEAD").is_file();
        if !whole || !config.contains(MARK) {
            return Err(GitError::NotAHub { path: dir });
        }
        let format = config.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            key.trim().eq_ignore_ascii_case("objectformat").then(|| Format::named(value.trim()))
        });
        Ok(Self { dir, format: format.unwrap_or(Format::Sha1), mark: None })
    }

    /// The hub's folder, absolute.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Takes away the lock files that killed git processes left, and says which.
    ///
    /// Only for when nobody else works with the hub: a lock of a living process would go, too.
    pub fn remove_stale_locks(&self) -> Result<Vec<PathBuf>, GitError> {
        let mut removed = Vec::new();
        let mut folders = vec![self.dir.clone()];
        let objects = self.dir.join("objects");
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(io_error("list", &folder))? {
                let path = entry.map_err(io_error("list", &folder))?.path();
                if path.is_dir() {
                    if path != objects {
                        folders.push(path);
                    }
                } else if path.extension().is_some_and(|extension| extension == "lock") {
                    remove(&path)?;
                    removed.push(path);
                }
            }
        }
        Ok(removed)
    }

    /// Moves a reference from one commit to another, unless somebody moved it meanwhile.
    ///
    /// `expected` is where it is now, `None` that it does not exist. To ask twice does no harm: a
    /// reference that is at `new` already gives [`Swap::Done`].
    pub fn update_ref(
        &self,
        name: &str,
        new: &Oid,
        expected: Option<&Oid>,
    ) -> Result<Swap, GitError> {
        check_reference(name)?;
        let zeros = self.format.zeros();
        let old = expected.unwrap_or(&zeros);
        let arguments = ["--no-deref", "--", name, new.as_str(), old.as_str()];
        let answer = self.call("update-ref").args(arguments).answer()?;
        if answer.status == 0 {
            return Ok(Swap::Done);
        }
        let now = self.resolve(name)?;
        if now.as_ref() == Some(new) {
            Ok(Swap::Done)
        } else if now.as_ref() != expected {
            Ok(Swap::Moved { now })
        } else {
            Err(answer.into_failure("update-ref", &self.dir))
        }
    }

    /// Sets a reference wherever it was before, making it if need be.
    pub fn set_ref(&self, name: &str, new: &Oid) -> Result<(), GitError> {
        check_reference(name)?;
        self.call("update-ref").args(["--no-deref", "--", name, new.as_str()]).output()?;
        Ok(())
    }

    /// The commit a reference is at; `None` when it does not exist.
    pub fn resolve(&self, name: &str) -> Result<Option<Oid>, GitError> {
        check_reference(name)?;
        commit_named(self.call("rev-parse"), name)
    }

    /// The first parent of a commit; `None` for a first commit.
    pub fn parent_of(&self, commit: &Oid) -> Result<Option<Oid>, GitError> {
        commit_named(self.call("rev-parse"), &format!("{commit}^"))
    }

    /// Whether `old` is `new` or one of the commits it stands on.
    pub fn is_ancestor(&self, old: &Oid, new: &Oid) -> Result<bool, GitError> {
        let arguments = ["--is-ancestor", old.as_str(), new.as_str()];
        self.call("merge-base").args(arguments).yes()
    }

    /// The tree of a commit.
    pub fn tree_of(&self, commit: &Oid) -> Result<Oid, GitError> {
        let tree = format!("{commit}^{{tree}}");
        self.call("rev-parse").args(["--verify", "-q", &tree]).oid()
    }

    /// The bytes of a file in a commit; `None` when the path is no file there.
    ///
    /// [`GitError::TooLarge`] from `bytes_max` on. A link gives the path it points to.
    pub fn read(
        &self,
        commit: &Oid,
        path: &str,
        bytes_max: u64,
    ) -> Result<Option<Vec<u8>>, GitError> {
        read_blob(self.call("cat-file"), commit, path, bytes_max)
    }

    /// A call about the hub alone. No attributes hold in it: those in a tree are a worker's, and
    /// `merge=union` or `-diff` would hide a conflict or a change.
    pub(crate) fn call(&self, verb: &'static str) -> Call {
        let call = git(verb, Place::Bare(&self.dir)).marked(self.mark.as_ref());
        call.env("GIT_ATTR_SOURCE", self.format.empty_tree())
    }
}

fn init(dir: &Path, format: Format) -> Result<(), GitError> {
    let object_format = format!("--object-format={}", format.name());
    let options = ["-q", "--bare", "--template=", "--initial-branch=main", &object_format, "--"];
    git("init", Place::Anywhere).args(options).arg(dir).output()?;
    Ok(())
}

fn clone(checkout: &Checkout, dir: &Path, mark: Option<&Mark>) -> Result<(), GitError> {
    let options = ["-q", "--bare", "--template=", "--dissociate", "--"];
    let call = git("clone", Place::Anywhere).marked(mark).args(options);
    call.arg(checkout.root()).arg(dir).output()?;
    let unnamed = ["--local", "--remove-section", "remote.origin"];
    git("config", Place::Bare(dir)).args(unnamed).output()?;
    Ok(())
}

/// Has what was written to a file or a folder's list of names on the disk.
fn flush(path: &Path) -> Result<(), GitError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(io_error("flush", path))
}

/// Whether nothing is at the path, or a folder with nothing in it.
pub(crate) fn is_vacant(path: &Path) -> bool {
    match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => fs::symlink_metadata(path)
            .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound),
    }
}

/// Git itself checks names in full; this keeps options and abbreviations from being taken for one.
fn check_reference(name: &str) -> Result<(), GitError> {
    let bad = !name.starts_with("refs/") || name.contains(|c: char| c.is_control() || c == ' ');
    if bad || name.contains("..") || name.contains(['~', '^', ':', '?', '*', '[', '\\']) {
        return Err(GitError::BadReference { name: cut(name) });
    }
    Ok(())
}

/// The commit that a `rev-parse` finds under a name, if any.
pub(crate) fn commit_named(rev_parse: Call, name: &str) -> Result<Option<Oid>, GitError> {
    let commit = format!("{name}^{{commit}}");
    let answer = rev_parse.args(["--verify", "-q", &commit]).answer()?;
    let text = String::from_utf8_lossy(&answer.output);
    if answer.status == 0 { text.trim().parse().map(Some) } else { Ok(None) }
}

/// The file at a path of a commit, by a call of `cat-file`.
pub(crate) fn read_blob(
    cat_file: Call,
    commit: &Oid,
    path: &str,
    bytes_max: u64,
) -> Result<Option<Vec<u8>>, GitError> {
    /// More than an object's header can take: an id, a type, a size, and the path when missing.
    const HEADER_BYTES_MAX: u64 = 16 << 10;
    if path.contains('\0') {
        return Ok(None);
    }
    let request = format!("{commit}:{path}\0");
    let call = cat_file.args(["--batch", "-z"]).input(request);
    let answer = call.beginning(bytes_max.saturating_add(HEADER_BYTES_MAX))?;
    let Some(end) = answer.output.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
    let header = String::from_utf8_lossy(&answer.output[..end]).into_owned();
    let mut words = header.split(' ').skip(1);
    let (Some("blob"), Some(size)) = (words.next(), words.next()) else { return Ok(None) };
    let Ok(bytes) = size.parse::<u64>() else { return Ok(None) };
    if bytes > bytes_max {
        return Err(GitError::TooLarge { path: path.to_owned(), bytes, bytes_max });
    }
    let mut blob = answer.output;
    blob.drain(..=end);
    blob.truncate(usize::try_from(bytes).unwrap_or(usize::MAX));
    Ok(Some(blob))
}
