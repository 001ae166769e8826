//! What commands run in, in words that nobody can take for more than it is.

use crate::style::{Mark, Style, Tone};
use crate::text::{listed, one_line};
use equitr_core::policy::{Acceptance, Network, Policy, Sandbox};
use serde_json::{Value, json};

/// Hosts that a line names.
const HOSTS_NAMED: usize = 5;
/// Columns of a host's name.
const HOST_COLUMNS: usize = 60;

/// `commands run in bubblewrap, without network`
pub(crate) fn words(policy: &Policy, style: &Style) -> String {
    let network = match &policy.network {
        Network::None => "without network".to_owned(),
        Network::Hosts(hosts) => {
            let hosts = hosts.iter().map(|host| one_line(host, HOST_COLUMNS, style));
            format!("with the network only to {}", listed(hosts, HOSTS_NAMED))
        }
    };
    match policy.sandbox {
        Sandbox::Bubblewrap => format!("commands run in bubblewrap, {network}"),
        Sandbox::Landlock => format!("weaker sandbox: commands run in landlock, {network}"),
        Sandbox::Off => "NO SANDBOX: commands run as you, with your files and network".to_owned(),
    }
}

/// The same as a line of its own, in the colour of what it says.
pub(crate) fn line(policy: &Policy, style: &Style) -> String {
    let words = words(policy, style);
    let (mark, tone) = match policy.sandbox {
        Sandbox::Bubblewrap => ("", Tone::Quiet),
        Sandbox::Landlock => (style.mark(Mark::Note), Tone::Notice),
        Sandbox::Off => (style.mark(Mark::Incomplete), Tone::Bad),
    };
    let mut words = words.chars();
    let first = words.next().map(|c| c.to_ascii_uppercase().to_string()).unwrap_or_default();
    style.paint(tone, &format!("{mark}{first}{}", words.as_str()))
}

/// What the line that is drawn over again says of it; nothing while there is a whole sandbox.
pub(crate) fn live(policy: &Policy) -> Option<&'static str> {
    match policy.sandbox {
        Sandbox::Bubblewrap => None,
        Sandbox::Landlock => Some("weaker sandbox"),
        Sandbox::Off => Some("NO SANDBOX"),
    }
}

/// Whether changes to protected paths are asked about, in words.
pub(crate) fn protected(policy: &Policy) -> &'static str {
    match policy.protected_accepted {
        Acceptance::Asked => "protected paths need your word",
        Acceptance::Given => "changes to protected paths are accepted in advance",
    }
}

/// For programs. `network` is `null` where nothing is kept from commands, and a list of hosts
/// otherwise.
pub(crate) fn json(policy: &Policy) -> Value {
    let network = match (policy.sandbox, &policy.network) {
        (Sandbox::Off, _) => Value::Null,
        (Sandbox::Bubblewrap | Sandbox::Landlock, Network::None) => json!([]),
        (Sandbox::Bubblewrap | Sandbox::Landlock, Network::Hosts(hosts)) => json!(hosts),
    };
    json!({ "kind": policy.sandbox, "network": network, "words": words(policy, &Style::PLAIN) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sandbox_is_told_as_what_it_is() {
        let told = |sandbox| line(&Policy::new(sandbox), &Style::PLAIN);
        assert_eq!(told(Sandbox::Bubblewrap), "Commands run in bubblewrap, without network");
        assert_eq!(
            told(Sandbox::Landlock),
            "! Weaker sandbox: commands run in landlock, without network"
        );
        assert_eq!(
            told(Sandbox::Off),
            "! NO SANDBOX: commands run as you, with your files and network"
        );
        let red = line(&Policy::new(Sandbox::Off), &Style { color: true, ..Style::PLAIN });
        assert!(red.starts_with("\x1b[31m! NO SANDBOX"), "{red:?}");
    }

    #[test]
    fn hosts_are_named_and_made_harmless() {
        let mut policy = Policy::new(Sandbox::Bubblewrap);
        policy.network = Network::Hosts(vec!["crates.io".into(), "a\x1b[2J.b\n".into()]);
        assert_eq!(
            words(&policy, &Style::PLAIN),
            "commands run in bubblewrap, with the network only to crates.io, a.b"
        );
        assert_eq!(json(&policy)["network"][0], "crates.io");
        policy.sandbox = Sandbox::Off;
        assert_eq!(json(&policy)["network"], Value::Null);
    }
}
