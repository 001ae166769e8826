//! What of the system every command may read.

use std::path::PathBuf;

/// Where programs and libraries are, besides `/usr`: folders, or links into it.
pub(crate) const ROOTS: [&str; 6] = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/// The files of `/etc` that programs can't do without: names of users and services, the loader's
/// cache, the clock's zone, certificates (and not the keys beside them).
const ETC: [&str; 28] = [
    "passwd",
    "group",
    "nsswitch.conf",
    "hosts",
    "host.conf",
    "services",
    "protocols",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "timezone",
    "alternatives",
    "ssl/certs",
    "ssl/cert.pem",
    "ssl/openssl.cnf",
    "pki/tls/certs",
    "pki/tls/openssl.cnf",
    "pki/ca-trust/extracted",
    "ca-certificates",
    "ca-certificates.conf",
    "crypto-policies",
    // What git finds and may not read, it gives up on.
    "gitconfig",
    "mime.types",
    "magic",
    "inputrc",
    "os-release",
    "debian_version",
];

/// Names in `/etc` that begin so: where Debian keeps what Java, Python and Perl read.
const ETC_FAMILIES: [&str; 3] = ["java", "python", "perl"];

/// The files and folders of `/etc` to be read, those that exist.
pub(crate) fn etc() -> Vec<PathBuf> {
    let etc = PathBuf::from("/etc");
    let families = std::fs::read_dir(&etc).into_iter().flatten().flatten().filter(|entry| {
        let name = entry.file_name();
        ETC_FAMILIES.iter().any(|family| name.as_encoded_bytes().starts_with(family.as_bytes()))
    });
    let mut found: Vec<PathBuf> =
        ETC.iter().map(|name| etc.join(name)).filter(|path| path.exists()).collect();
    found.extend(families.map(|entry| entry.path()));
    found.sort();
    found.dedup();
    found
}
