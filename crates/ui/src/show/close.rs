//! How a run ended and where its result is, in an entry of the journal.

use crate::style::Style;
use crate::text::{LINE_COLUMNS, one_line};
use equitr_core::event::{Delivery, Ending};

pub(super) fn ended(ending: &Ending, style: &Style) -> String {
    match ending {
        Ending::Done => "done".to_owned(),
        Ending::DoneWithOpenWork => "done with open work".to_owned(),
        Ending::Failed { reason } => {
            format!("failed: {}", one_line(reason, LINE_COLUMNS, style))
        }
        Ending::OutOfBudget => "out of budget".to_owned(),
        Ending::ModelUnavailable { message } => {
            format!("model unavailable: {}", one_line(message, LINE_COLUMNS, style))
        }
        Ending::Broken { message } => {
            format!("broken: {}", one_line(message, LINE_COLUMNS, style))
        }
        Ending::Cancelled => "cancelled".to_owned(),
    }
}

pub(super) fn delivered(delivery: &Delivery, style: &Style) -> String {
    let words = |text: &str| one_line(text, LINE_COLUMNS, style);
    match delivery {
        Delivery::Moved { branch, commit } => {
            format!("delivered: branch {} moved to {}", words(branch), words(commit.short()))
        }
        Delivery::OnBranch { branch, commit, why } => format!(
            "delivered on branch {} at {}: {}",
            words(branch),
            words(commit.short()),
            words(why)
        ),
    }
}
