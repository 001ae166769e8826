//! Which sandbox a resumed run goes on with.

use super::*;
use crate::error::Exit;

#[test]
fn a_resumed_run_keeps_its_sandbox_or_gets_a_stricter_one() {
    use Mode::{Auto, Bubblewrap, Landlock, Off};
    for (own, asked, mode) in [
        (Sandbox::Bubblewrap, None, Some(Bubblewrap)),
        (Sandbox::Bubblewrap, Some(Auto), Some(Bubblewrap)),
        (Sandbox::Bubblewrap, Some(Bubblewrap), Some(Bubblewrap)),
        (Sandbox::Bubblewrap, Some(Landlock), None),
        (Sandbox::Bubblewrap, Some(Off), None),
        (Sandbox::Landlock, None, Some(Landlock)),
        (Sandbox::Landlock, Some(Auto), Some(Landlock)),
        (Sandbox::Landlock, Some(Bubblewrap), Some(Bubblewrap)),
        (Sandbox::Landlock, Some(Landlock), Some(Landlock)),
        (Sandbox::Landlock, Some(Off), None),
        (Sandbox::Off, None, Some(Off)),
        (Sandbox::Off, Some(Auto), Some(Auto)),
        (Sandbox::Off, Some(Bubblewrap), Some(Bubblewrap)),
        (Sandbox::Off, Some(Landlock), Some(Landlock)),
        (Sandbox::Off, Some(Off), Some(Off)),
    ] {
        assert_eq!(resumed(own, asked).ok(), mode, "{own:?} {asked:?}");
    }
    let error = resumed(Sandbox::Bubblewrap, Some(Off)).unwrap_err();
    assert_eq!(error.exit, Exit::Usage);
    assert_eq!(
        error.to_string(),
        "error: the run began with sandbox bubblewrap, and off would be less than that\n\
         hint: leave --sandbox out, or begin a new run"
    );
}

#[test]
fn landlock_has_no_network_to_give() {
    let error = chosen(Mode::Landlock, &["registries".into()]).unwrap_err();
    assert_eq!(error.exit, Exit::Environment);
    assert_eq!(
        error.to_string(),
        "error: only bubblewrap gives a command a network of its own\n\
         hint: --sandbox bubblewrap, or --network none"
    );
    assert_eq!(chosen(Mode::Off, &["registries".into()]).unwrap(), Backend::Off);
}
