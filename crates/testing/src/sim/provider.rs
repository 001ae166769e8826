//! A provider: replies or fails, and bills by its own count.

use super::dice::Dice;
use equitr_core::chat::{CallFault, Message, Reply, Request, Usage};
use equitr_core::input::{CallFailure, Outcome, Used};
use equitr_core::units::Price;

/// Bytes of a message as a provider counts them.
pub(super) fn bytes(message: &Message) -> usize {
    match message {
        Message::User { text } => text.len(),
        Message::Assistant(reply) => {
            let calls: usize =
                reply.calls.iter().map(|c| c.id.len() + c.name.len() + c.args.len()).sum();
            reply.text.len() + calls
        }
        Message::Tool(result) => result.call_id.len() + result.content.len(),
    }
}

/// How a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Luck {
    /// It is answered.
    Good,
    /// It fails.
    Bad,
    /// It fails after it hung for long; nobody knows what it cost.
    Hangs,
}

/// A call's outcome and what is billed for it, in micro-dollars.
pub(super) fn answer(
    dice: &mut Dice,
    request: &Request,
    input_max: u64,
    price: Price,
    luck: Luck,
    reply: impl FnOnce() -> Reply,
    took_ms: u64,
) -> (Outcome, u64) {
    // Bills at the very bound are the ones that find what was not set aside.
    let dearest = dice.chance(200);
    let output_max = u64::from(request.max_tokens);
    let usage = Usage {
        input_tokens: if dearest { input_max } else { dice.within(input_max / 2..=input_max) },
        output_tokens: if dearest { output_max } else { 1 + dice.below(output_max) },
        ..Usage::default()
    };
    let usage = match dice.below(4) {
        0 => Usage { cached_tokens: dice.within(0..=usage.input_tokens), ..usage },
        1 => Usage { cache_write_tokens: dice.within(0..=usage.input_tokens), ..usage },
        _ => usage,
    };
    let bill = price.cost(&usage);
    if luck == Luck::Good {
        let mut reply = reply();
        reply.usage = match dice.below(12) {
            0 => Usage::default(),
            1 => Usage { reported_cost: Some(bill), ..Usage::default() },
            _ => usage,
        };
        return (Outcome::Called { result: Ok(reply), took_ms }, bill.0);
    }
    let used = match dice.below(3) {
        _ if luck == Luck::Hangs => Used::Unknown,
        0 => Used::Nothing,
        1 => Used::Tokens(usage),
        _ => Used::Unknown,
    };
    let fault = if luck == Luck::Hangs { CallFault::Transient } else { fault(dice) };
    let retry_after_ms = (fault == CallFault::RateLimited && dice.chance(600))
        .then(|| dice.one_of([0, 7_000, u64::MAX]));
    let failure = CallFailure { fault, message: "no".into(), retry_after_ms, used };
    let bill = if used == Used::Nothing { 0 } else { bill.0 };
    (Outcome::Called { result: Err(failure), took_ms }, bill)
}

fn fault(dice: &mut Dice) -> CallFault {
    match dice.below(40) {
        0..=14 => CallFault::Transient,
        15..=29 => CallFault::RateLimited,
        30..=32 => CallFault::TooLarge,
        33..=35 => CallFault::BadRequest,
        36 | 37 => CallFault::OutOfQuota,
        _ => CallFault::KeyRefused,
    }
}
