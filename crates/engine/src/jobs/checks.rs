//! Running checks.

use super::Trouble;
use super::call_model::elapsed_ms;
use equitr_core::dialogue::cut_front;
use equitr_core::event::{CheckResult, Verdict};
use equitr_core::redact::Redactor;
use equitr_tools::{CheckOutcome, Place, check};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The end of a check's output that is kept: where test runners print what failed.
const OUTPUT_BYTES: usize = 8_000;

/// Runs all checks, one after the other; a red one does not spare the others, so that the worker
/// learns of everything at once.
pub(super) async fn run_checks(
    place: &Place,
    checks: &[Arc<str>],
    check_ms: u64,
    redactor: &Redactor,
) -> Result<Vec<CheckResult>, Trouble> {
    let timeout = Duration::from_millis(check_ms);
    let mut results = Vec::with_capacity(checks.len());
    for command in checks {
        let started = Instant::now();
        let outcome = check(command, place, timeout, &|_| {}).await?;
        let (verdict, output) = match outcome {
            CheckOutcome::Passed { .. } => (Verdict::Passed, String::new()),
            CheckOutcome::Failed { exit, output } => (Verdict::Failed { exit }, output),
            CheckOutcome::TimedOut { output, .. } => (Verdict::TimedOut, output),
            CheckOutcome::CantRun { program, output } => {
                (Verdict::CantRun { program: program.into() }, output)
            }
        };
        results.push(CheckResult {
            command: command.clone(),
            verdict,
            // Before it is cut: half a secret would not be found.
            output: cut_front(&redactor.redact(&output), OUTPUT_BYTES).into(),
            took_ms: elapsed_ms(started),
        });
    }
    Ok(results)
}
