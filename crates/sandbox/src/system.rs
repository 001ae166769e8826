//! What of the system every command may read.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// Where programs and libraries are, besides `/usr`: folders, or links into it.
pub(crate) const ROOTS: [&str; 6] = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/// The files of `/etc` that programs can't do without: names of users and services, the loader's
/// cache, the clock's zone, certificates (and not the keys beside them). Each costs bubblewrap 0.15 ms.
const ETC: [&str; 17] = [
    "passwd",
    "group",
    "nsswitch.conf",
    "hosts",
    "services",
    "ld.so.cache",
    "localtime",
    "os-release",
    "mime.types",
    "alternatives",
    "ssl/certs",
    "ssl/openssl.cnf",
    "pki/tls/certs",
    "pki/tls/openssl.cnf",
    "pki/ca-trust/extracted",
    "crypto-policies",
    // What git finds and may not read, it gives up on.
    "gitconfig",
];

/// Names in `/etc` that begin so: where Debian keeps what Java can't start without.
const ETC_FAMILIES: [&str; 1] = ["java-"];

/// A file or folder of `/etc` to be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// What it leads to, for a link into `/usr`.
    pub(crate) link: Option<PathBuf>,
}

/// The files and folders of `/etc` to be read, those that exist.
pub(crate) fn etc() -> Vec<Entry> {
    let etc = PathBuf::from("/etc");
    let families = std::fs::read_dir(&etc).into_iter().flatten().flatten().filter(|entry| {
        let name = entry.file_name();
        ETC_FAMILIES.iter().any(|family| name.as_encoded_bytes().starts_with(family.as_bytes()))
    });
    let named = ETC.iter().map(|name| etc.join(name)).filter(|path| path.exists());
    let mut paths: Vec<PathBuf> = named.chain(families.map(|entry| entry.path())).collect();
    paths.sort();
    paths.into_iter().map(entry).collect()
}

fn entry(path: PathBuf) -> Entry {
    let target = path.is_symlink().then(|| path.canonicalize().ok()).flatten();
    let link = target.filter(|target| target.starts_with("/usr"));
    Entry { path, link }
}

/// The files right in `/etc` that anybody may read.
///
/// Landlock shows what it does not let be read, and programs that find a file they can't read give
/// up where without it they would go on.
pub(crate) fn public_etc() -> Vec<PathBuf> {
    const READ_BY_ANYBODY: u32 = 0o004;
    let all = std::fs::read_dir("/etc").into_iter().flatten().flatten();
    all.filter(|entry| {
        // Of a link, its own: which is no file.
        entry.metadata().is_ok_and(|meta| meta.is_file() && meta.mode() & READ_BY_ANYBODY != 0)
    })
    .map(|entry| entry.path())
    .collect()
}
