//! When a failed model call is tried again, and when not any more.

use crate::chat::CallFault;

/// Tries of one call that fails for passing reasons: with the pauses below, about three minutes.
const TRANSIENT_TRIES: u32 = 6;
/// Tries against a rate limit: waits of up to two minutes each outlast an hourly hiccup's worst.
const RATE_TRIES: u32 = 20;
/// First pause after a passing fault; doubles each time.
const TRANSIENT_BASE_MS: u64 = 500;
/// Longest pause after a passing fault.
const TRANSIENT_CAP_MS: u64 = 60_000;
/// First pause at a rate limit that names none.
const RATE_BASE_MS: u64 = 2_000;
/// Longest pause at a rate limit that names none.
const RATE_CAP_MS: u64 = 120_000;
/// Longest pause that a provider may ask for.
const RETRY_AFTER_CAP_MS: u64 = 15 * 60_000;

/// What follows a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Try again after so many milliseconds.
    Retry {
        /// The pause.
        after_ms: u64,
    },
    /// The request is at fault: whoever made it has failed.
    FailAgent,
    /// The provider is at fault: the run stops until somebody resumes it.
    StopRun,
}

/// What follows the failure of a call that had failed `failures` times before.
///
/// `salt` spreads the pauses of agents that failed together, between half and all of the pause.
pub fn after(fault: CallFault, failures: u32, retry_after_ms: Option<u64>, salt: u64) -> Next {
    let pause = |base: u64, cap: u64| {
        let full = base.saturating_mul(1 << failures.min(16)).min(cap);
        full / 2 + mix(salt, failures) % (full / 2 + 1)
    };
    match fault {
        CallFault::RateLimited if failures < RATE_TRIES => {
            let asked = retry_after_ms.unwrap_or(0).min(RETRY_AFTER_CAP_MS);
            let own = if retry_after_ms.is_some() { 0 } else { pause(RATE_BASE_MS, RATE_CAP_MS) };
            Next::Retry { after_ms: asked.max(own) }
        }
        CallFault::Transient if failures < TRANSIENT_TRIES => {
            let asked = retry_after_ms.unwrap_or(0).min(RETRY_AFTER_CAP_MS);
            Next::Retry { after_ms: asked.max(pause(TRANSIENT_BASE_MS, TRANSIENT_CAP_MS)) }
        }
        CallFault::TooLarge if failures == 0 => Next::Retry { after_ms: 0 },
        CallFault::TooLarge | CallFault::BadRequest => Next::FailAgent,
        CallFault::RateLimited
        | CallFault::Transient
        | CallFault::OutOfQuota
        | CallFault::KeyRefused => Next::StopRun,
    }
}

/// A number that looks random and is the same for the same arguments (splitmix64).
fn mix(salt: u64, failures: u32) -> u64 {
    let mut z = salt.wrapping_add(u64::from(failures)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_that_asks_for_seven_seconds_gets_them() {
        assert_eq!(
            after(CallFault::RateLimited, 0, Some(7_000), 1),
            Next::Retry { after_ms: 7_000 }
        );
        assert_eq!(
            after(CallFault::RateLimited, 0, Some(u64::MAX), 1),
            Next::Retry { after_ms: 900_000 }
        );
    }

    #[test]
    fn pauses_grow_and_end() {
        let pauses: Vec<Next> = (0..=6).map(|n| after(CallFault::Transient, n, None, 42)).collect();
        for (n, next) in pauses.iter().take(6).enumerate() {
            let full = (500_u64 << n).min(60_000);
            assert!(
                matches!(next, Next::Retry { after_ms } if (full / 2..=full).contains(after_ms)),
                "{n}: {next:?}"
            );
        }
        assert_eq!(pauses[6], Next::StopRun);
    }

    #[test]
    fn a_refused_key_is_not_tried_again() {
        assert_eq!(after(CallFault::KeyRefused, 0, None, 0), Next::StopRun);
        assert_eq!(after(CallFault::BadRequest, 0, None, 0), Next::FailAgent);
    }
}
