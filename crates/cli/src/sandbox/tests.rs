//! Which sandbox a resumed run goes on with.

use super::*;
use crate::error::Exit;

#[test]
fn a_resumed_run_keeps_its_sandbox_unless_the_person_asks_for_another() {
    use Mode::{Auto, Bubblewrap, Landlock, Off};
    for (own, mode) in
        [(Sandbox::Bubblewrap, Bubblewrap), (Sandbox::Landlock, Landlock), (Sandbox::Off, Off)]
    {
        assert_eq!(resumed(own, None), mode);
        for asked in [Bubblewrap, Landlock, Off] {
            assert_eq!(resumed(own, Some(asked)), asked, "{own:?}");
        }
    }
    assert_eq!(resumed(Sandbox::Bubblewrap, Some(Auto)), Bubblewrap);
    assert_eq!(resumed(Sandbox::Landlock, Some(Auto)), Landlock, "auto may be less elsewhere");
    assert_eq!(resumed(Sandbox::Off, Some(Auto)), Auto);
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
