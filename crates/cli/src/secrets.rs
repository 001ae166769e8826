//! What this process must keep to itself: the keys in its environment, and its memory.

use equitr_core::redact::Redactor;
use equitr_llm::Provider;
use std::path::Path;

/// Ends of variables' names that say that the value is a secret.
const ENDS: [&str; 6] = ["_KEY", "_TOKEN", "_SECRET", "_APIKEY", "_PASS", "_PWD"];

/// What says so wherever it stands in a name.
const PARTS: [&str; 2] = ["PASSWORD", "PASSWD"];

/// What finds the secrets of this process's environment, besides all that has the shape of one.
///
/// The values stay in the environment. A program with threads can't take them out safely, since
/// another thread may read it meanwhile (which is why `std::env::remove_var` is unsafe); commands
/// get an environment of their own instead.
pub fn redactor() -> Redactor {
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    of(std::env::vars_os().map(|(name, value)| (text(name), text(value))))
}

fn of(variables: impl Iterator<Item = (String, String)>) -> Redactor {
    Redactor::new(variables.filter(|(name, value)| is_secret(name) && !is_place(value)))
}

fn is_secret(name: &str) -> bool {
    let ours = || Provider::ALL.iter().any(|provider| provider.key_variables().contains(&name));
    let upper = name.to_ascii_uppercase();
    ENDS.iter().any(|end| upper.ends_with(end))
        || PARTS.iter().any(|part| upper.contains(part))
        || ["TOKEN", "SECRET"].contains(&&*upper)
        || ours()
}

/// Whether a value says where a secret is, as in `SSH_KEY=~/.ssh/id_ed25519`, or is a folder, as in
/// `OLD_PWD`.
fn is_place(value: &str) -> bool {
    value.starts_with("~/") || (value.starts_with('/') && Path::new(value).exists())
}

/// Closes this process's memory to others of the same user: no `ptrace`, no reading of
/// `/proc/PID/environ` and `/proc/PID/mem` (they belong to root from then on), and no core dump, all
/// of which would hold the keys. It is the kernel's `PR_SET_DUMPABLE`; programs that we start are as
/// open as ever, since it ends with `exec`. Root may still look, and so may a debugger that was
/// there first.
pub fn close_memory() {
    #[cfg(target_os = "linux")]
    {
        // Where the kernel refuses, everything is as it was: it is one wall of several.
        _ = nix::sys::prctl::set_dumpable(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "canary-0123456789";

    fn found(name: &str) -> bool {
        of([(name.to_owned(), VALUE.to_owned())].into_iter()).redact(VALUE) != VALUE
    }

    #[test]
    fn variables_that_hold_secrets_are_told_by_their_names() {
        for name in ["OPENAI_API_KEY", "GITHUB_TOKEN", "aws_secret", "PGPASSWORD", "MY_PASSWORD_2"]
        {
            assert!(found(name), "{name}");
        }
        for name in ["PATH", "KEYBOARD", "TOKENIZERS_PARALLELISM", "SECRETARY", "MONKEY"] {
            assert!(!found(name), "{name}");
        }
        for provider in Provider::ALL {
            assert!(provider.key_variables().iter().all(|name| found(name)));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_memory_of_this_process_can_be_closed() {
        close_memory();
        assert_eq!(nix::sys::prctl::get_dumpable(), Ok(false));
        nix::sys::prctl::set_dumpable(true).unwrap();
    }

    #[test]
    fn a_variable_that_says_where_a_key_lies_holds_none() {
        let value = std::env::temp_dir().to_string_lossy().into_owned();
        let redactor = of([("SSH_KEY".to_owned(), value.clone())].into_iter());
        assert_eq!(redactor.redact(&value), value);
        assert!(is_place("~/.ssh/id_ed25519") && !is_place("/9f+Q0123456789"));
    }
}
