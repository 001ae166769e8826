//! Mistakes planted on purpose, for tests that prove the simulator finds them; never in a build
//! without the feature `planted`.

use std::cell::Cell;

/// A mistake that this crate can be made to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// A task starts before what it needs is merged.
    IgnoredNeeds,
    /// What needs a task starts once its work is verified, not merged.
    EarlyRelease,
    /// What needs a failed task starts.
    ReleasedByFailure,
    /// Money is set aside for a call by what is spent, whatever is held for others.
    UncountedHolds,
    /// A failed call keeps what was set aside for it.
    KeptHold,
    /// Calls that were under way when a process died are not charged.
    UnchargedCalls,
    /// Any reply to an agent is taken for the one it waits for.
    MissingFence,
    /// Word about any landing of an attempt is taken for the one under way.
    NamelessLandings,
    /// A new attempt does not repeat the messages to its task.
    LostMail,
    /// A failed attempt keeps its worker.
    LeakedWorker,
    /// A machine's failure is ignored while the run comes to a halt.
    IgnoredFailure,
    /// Nobody sees that a worker goes in circles.
    UnseenCircles,
    /// Work is merged whatever its review found.
    UnheardReviews,
    /// Nobody's claims close anything to others.
    OpenClaims,
    /// Of two whose work will conflict, one is told.
    WarnedHalf,
    /// Conflicts in a row go on until the tries are spent.
    EndlessConflicts,
    /// Protected paths come to the person's branch without their word.
    UnaskedDelivery,
    /// What commands run in stays what it was, whatever the person chose since.
    ForgottenSandbox,
    /// An attempt starts while the acceptance checks of its task are still in the making.
    EarlyWork,
    /// A check that was green before the work is taken for a proof.
    HollowProof,
    /// Merges are not told which files have to be as they were recorded.
    UnguardedLocks,
    /// A paused run begins new work.
    HeedlessPause,
    /// A change of the plan is forgotten for a worker that is done before it reads it.
    UntoldChange,
    /// A change of the plan opens every merged task again.
    WholeReopening,
    /// Nobody is told that a contract has changed.
    UntoldContract,
    /// Attempts start before the contracts are committed.
    EarlyStart,
}

thread_local! {
    static PLANTED: Cell<Option<Mistake>> = const { Cell::new(None) };
}

/// Does `act` with the mistake planted, on this thread alone.
pub fn with<T>(mistake: Mistake, act: impl FnOnce() -> T) -> T {
    let before = PLANTED.replace(Some(mistake));
    let done = act();
    PLANTED.set(before);
    done
}

pub(crate) fn is(mistake: Mistake) -> bool {
    PLANTED.get() == Some(mistake)
}
