//! How the server is told to fail.

use std::collections::BTreeMap;

/// A way to fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// 429 with this `Retry-After`.
    RateLimited {
        /// The header's value, which may be nonsense.
        retry_after: String,
    },
    /// 429 for want of money.
    OutOfQuota,
    /// 529, or 503 where a provider has no 529.
    Overloaded,
    /// 503.
    Unavailable,
    /// 401, with the key repeated in the refusal.
    KeyRefused,
    /// 400: the request is larger than the model's context.
    TooLarge,
    /// 502 with an HTML page.
    HtmlError,
    /// 200 with an HTML page.
    HtmlPage,
    /// The connection is closed before a byte is sent.
    Dropped,
    /// The connection is reset in the middle of the stream.
    Reset,
    /// The stream ends properly, but in the middle.
    Truncated,
    /// The arguments of the last tool call are cut off, and the reply ends as if all were well.
    CutToolJson,
    /// An error inside a stream that began with 200.
    OverloadedInBand,
    /// A line that is no JSON in the middle of the stream.
    Garbage,
    /// 33 MiB of a single line.
    Huge,
    /// Nothing is ever sent.
    Hang,
    /// The first half of the stream, and then nothing.
    Stall,
    /// The first half of the stream, and then comments and pings until the client goes.
    Pings,
    /// A pause before the reply, which then comes.
    Latency {
        /// How long.
        ms: u64,
    },
}

/// Which requests fail, and how. Each fault is given once.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    by_request: BTreeMap<usize, Fault>,
    by_turn: BTreeMap<(String, u32), Vec<Fault>>,
}

impl Faults {
    /// No faults.
    pub fn none() -> Self {
        Self::default()
    }

    /// The `number`th request of all fails so; the first is 1.
    pub fn nth(mut self, number: usize, fault: Fault) -> Self {
        self.by_request.insert(number, fault);
        self
    }

    /// The next request for `turn` of `agent` (its whole name) fails so; called again, the one after
    /// it.
    pub fn turn(mut self, agent: &str, turn: u32, fault: Fault) -> Self {
        self.by_turn.entry((agent.to_owned(), turn)).or_default().push(fault);
        self
    }

    /// The fault of request `number`, for `turn` of `agent`; it is not given again.
    pub(super) fn take(&mut self, number: usize, agent: &str, turn: u32) -> Option<Fault> {
        self.by_request.remove(&number).or_else(|| {
            let faults = self.by_turn.get_mut(&(agent.to_owned(), turn))?;
            (!faults.is_empty()).then(|| faults.remove(0))
        })
    }
}
