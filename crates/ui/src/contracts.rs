//! Contracts in all views: their versions, who offers them, who relies on them, and what changed.

use crate::names;
use crate::page::Page;
use crate::style::{Mark, Style, Tone};
use crate::text::{LINE_COLUMNS, count, listed, one_line};
use equitr_core::contracts::{Contract, PlannedContract};
use equitr_core::event::Event;
use equitr_core::prompt::is_red;
use equitr_core::state::RunState;
use serde_json::{Value, json};
use std::fmt::Write;

/// Contracts that a page lists; the JSON value has all.
const LISTED: usize = 50;

/// The contracts of a graph that was accepted, in the plain flow.
pub(crate) fn found(state: &RunState, contracts: &[PlannedContract], page: &mut Page) {
    if contracts.is_empty() {
        return;
    }
    let style = page.style;
    let number = count(contracts.len(), "contract");
    let mut lines = vec![format!("{}Wrote {number} first:", style.mark(Mark::Tasks))];
    for planned in contracts.iter().take(LISTED) {
        if let Some(contract) = state.contracts.get(&planned.path) {
            lines.push(format!("  {}", words(state, contract, &style)));
        }
    }
    if contracts.len() > LISTED {
        lines.push(format!("  {} and {} more", style.mark(Mark::Cut), contracts.len() - LISTED));
    }
    page.block(&lines);
}

/// What happens to contracts, in the plain flow.
pub(crate) fn line(event: &Event, page: &mut Page) {
    match event {
        Event::ContractChanged { contract, version, reason, .. } => {
            let path = one_line(contract, LINE_COLUMNS, &page.style);
            let fact = format!("contract {path} is version {version} now");
            super::line::say(page, Mark::Note, Tone::Notice, &fact, reason);
        }
        Event::ContractRechecked { contract, version, task, checks, .. } => {
            let path = one_line(contract, LINE_COLUMNS, &page.style);
            let how = match checks.iter().any(|check| is_red(&check.verdict)) {
                true => "does not agree with it any more",
                false => "still agrees with it",
            };
            let number = names::number(*task);
            page.line(&format!("{number}, merged before {path} version {version}, {how}"));
        }
        _ => {}
    }
}

/// A contract in a line: path, version, owner, consumers.
fn words(state: &RunState, contract: &Contract, style: &Style) -> String {
    let consumers = contract.consumers.iter().map(|&id| names::worker(state, id, style));
    format!(
        "{} version {} ({}): {} offers it, {} rely on it",
        one_line(&contract.path, LINE_COLUMNS, style),
        contract.version,
        contract.kind.words(),
        names::worker(state, contract.owner, style),
        listed(consumers, 8)
    )
}

/// The contracts on the status page.
pub(crate) fn status(state: &RunState, style: &Style) -> Vec<String> {
    let list = &state.contracts.list;
    if list.is_empty() {
        return Vec::new();
    }
    let mut lines = vec!["Contracts:".to_owned()];
    for contract in list.iter().take(LISTED) {
        let due = if contract.commit.is_none() { ", to be committed" } else { "" };
        lines.push(format!("  {}{due}", words(state, contract, style)));
    }
    if list.len() > LISTED {
        lines.push(format!("  {} and {} more", style.mark(Mark::Cut), list.len() - LISTED));
    }
    lines
}

/// The contracts with their changes, for programs.
pub(crate) fn json(state: &RunState) -> Value {
    let one = |contract: &Contract| {
        let changes: Vec<Value> = contract
            .changes
            .iter()
            .map(|change| {
                json!({
                    "version": change.version,
                    "by": change.by,
                    "reason": change.reason,
                    "note": change.note,
                })
            })
            .collect();
        json!({
            "path": contract.path,
            "kind": contract.kind.words(),
            "version": contract.version,
            "owner": contract.owner,
            "consumers": contract.consumers,
            "check": contract.check,
            "commit": contract.commit,
            "changes": changes,
        })
    };
    state.contracts.list.iter().map(one).collect()
}

/// The report's part on contracts.
pub(crate) fn report(text: &mut String, state: &RunState, style: &Style) {
    let list = &state.contracts.list;
    if list.is_empty() {
        return;
    }
    _ = writeln!(text, "\n## Contracts\n");
    for contract in list {
        _ = writeln!(text, "- {}", words(state, contract, style));
        for change in &contract.changes {
            _ = writeln!(
                text,
                "  - version {}, proposed by {}: {}",
                change.version,
                names::worker(state, change.by, style),
                one_line(&change.reason, LINE_COLUMNS, style)
            );
        }
    }
}
