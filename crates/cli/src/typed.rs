//! Lines that a person types while a run works, without waiting for any.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{getpgrp, tcgetpgrp};
use std::io::{BufRead, Read};
use std::os::fd::AsFd;

/// What is longer was not typed.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// A line that was typed, if one is complete by now. Nothing is taken from a terminal that another
/// program has in front: a run in the background would be stopped for it.
pub fn line() -> Option<String> {
    let stdin = std::io::stdin();
    let ours = tcgetpgrp(&stdin).is_ok_and(|front| front == getpgrp());
    let mut ready = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
    if !ours || poll(&mut ready, PollTimeout::ZERO).unwrap_or(0) < 1 {
        return None;
    }
    if !ready[0].revents().is_some_and(|events| events.contains(PollFlags::POLLIN)) {
        return None;
    }
    let mut text = String::new();
    // A terminal gives a line at a time, so this does not wait.
    let bytes = stdin.lock().take(LINE_BYTES_MAX).read_line(&mut text).unwrap_or(0);
    (bytes > 0).then_some(text)
}
