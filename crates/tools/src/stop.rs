//! Work on a blocking thread that ends when its caller no longer wants it.

use crate::error::Error;
use std::sync::{Arc, Mutex};

/// Whether the caller is gone; asked between steps, held during what must not come late.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<Mutex<bool>>);

impl Stop {
    /// Whether to give up.
    pub(crate) fn wanted(&self) -> bool {
        *self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Runs `act` unless the caller is gone; a caller that goes meanwhile waits for its end, so
    /// that nothing changes any more once it is gone.
    pub(crate) fn act<T>(&self, act: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let stopped = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if *stopped { Err(Error::Cancelled) } else { act() }
    }
}

/// Sets its flag when it is dropped.
struct StopOnDrop(Stop);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        *self.0.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = true;
    }
}

/// Runs `work` on a blocking thread; dropping the future stops it.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce(&Stop) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let guard = StopOnDrop(Stop::default());
    let stop = guard.0.clone();
    match tokio::task::spawn_blocking(move || work(&stop)).await {
        Ok(done) => done,
        Err(_) => {
            Err(Error::BadArgument { what: "the tool failed inside; try another way".into() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_done_for_a_caller_that_is_gone() {
        let guard = StopOnDrop(Stop::default());
        let stop = guard.0.clone();
        assert_eq!(stop.act(|| Ok(1)).unwrap(), 1);
        drop(guard);
        assert!(stop.wanted());
        assert!(matches!(stop.act(|| Ok(1)), Err(Error::Cancelled)));
    }
}
