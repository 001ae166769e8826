//! The list of hosts that a command may reach.

use crate::Error;

/// The registries that package managers read from, by [`Hosts::read`]'s word `registries`.
///
/// Cargo's, npm's, pip's and Go's; downloads of the first three come from the same hosts.
const REGISTRIES: [&str; 8] = [
    "index.crates.io",
    "static.crates.io",
    "crates.io",
    "registry.npmjs.org",
    "pypi.org",
    "files.pythonhosted.org",
    "proxy.golang.org",
    "sum.golang.org",
];

/// The longest name that DNS can hold.
const NAME_BYTES_MAX: usize = 253;

/// A list of hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts {
    exact: Vec<String>,
    /// With the dot they begin with.
    suffixes: Vec<String>,
}

impl Hosts {
    /// A list of names: a host, `*.` and a domain for all hosts below it (the domain itself is not
    /// one of them), or `registries` for the registries of Cargo, npm, pip and Go.
    ///
    /// An address is not a name, nor is one label alone (`localhost`).
    pub fn read<N: AsRef<str>>(names: &[N]) -> Result<Self, Error> {
        let mut hosts = Self::default();
        for name in names.iter().map(AsRef::as_ref) {
            let bad = || Error::BadHost { name: name.to_owned() };
            if name == "registries" {
                hosts.exact.extend(REGISTRIES.map(str::to_owned));
            } else if let Some(domain) = name.strip_prefix("*.") {
                hosts.suffixes.push(format!(".{}", normal(domain).ok_or_else(bad)?));
            } else {
                hosts.exact.push(normal(name).ok_or_else(bad)?);
            }
        }
        Ok(hosts)
    }

    /// Whether the host is on the list; case and a last dot don't matter.
    pub fn allow(&self, host: &str) -> bool {
        let Some(host) = normal(host) else { return false };
        let below = |suffix: &String| {
            host.strip_suffix(suffix.as_str()).is_some_and(|label| !label.is_empty())
        };
        self.exact.contains(&host) || self.suffixes.iter().any(below)
    }
}

/// In small letters and without a last dot, if it is a name of at least two labels.
fn normal(name: &str) -> Option<String> {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let labels: Vec<&str> = name.split('.').collect();
    let sound = |label: &&str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    // No top-level domain is a number, and every way to write an IPv4 address ends in one.
    let named =
        labels.last().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_alphabetic()));
    let sound = labels.len() >= 2 && name.len() <= NAME_BYTES_MAX && labels.iter().all(sound);
    (sound && named).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_allowed_by_its_name_or_by_a_domain_above_it() {
        let hosts = Hosts::read(&["Example.com", "*.foo.org"]).unwrap();
        for host in ["example.com", "EXAMPLE.COM", "example.com.", "a.foo.org", "a.b.foo.org"] {
            assert!(hosts.allow(host), "{host}");
        }
        for host in [
            "a.example.com",
            "example.com.evil.org",
            "notexample.com",
            "foo.org",
            ".foo.org",
            "xfoo.org",
            "foo.org.evil.com",
            "example.com/.foo.org",
            "example.com\0.foo.org",
            "127.0.0.1",
            "",
        ] {
            assert!(!hosts.allow(host), "{host:?}");
        }
    }

    #[test]
    fn registries_stand_for_those_of_four_package_managers() {
        let hosts = Hosts::read(&["registries"]).unwrap();
        for host in
            ["index.crates.io", "registry.npmjs.org", "files.pythonhosted.org", "sum.golang.org"]
        {
            assert!(hosts.allow(host), "{host}");
        }
        assert!(!hosts.allow("evil.crates.io") && !hosts.allow("github.com"));
    }

    #[test]
    fn what_is_no_name_of_a_host_is_refused() {
        for name in [
            "",
            "*",
            "*.",
            "localhost",
            "127.0.0.1",
            "0x7f.1",
            "127.1",
            "[::1]",
            "a b.com",
            "a..b",
            "-a.com",
            "http://a.com",
            "a.com:443",
            "*.*.com",
            "*a.com",
        ] {
            let read = Hosts::read(&[name]);
            assert!(matches!(read, Err(Error::BadHost { .. })), "{name}: {read:?}");
        }
    }
}
