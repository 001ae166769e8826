//! The run of the specification's example, in every view.

use crate::screen::{COLORS, PLAIN, SYMBOLS, flow, folded, journal};
use crate::shop;
use equitr_core::event::Record;
use equitr_core::state::RunState;
use equitr_ui::json::record_line;
use equitr_ui::progress::status_line;
use equitr_ui::report::report;
use equitr_ui::status::{status, status_json};

#[test]
fn the_flow_of_a_whole_run_reads_like_the_specification() {
    insta::assert_snapshot!("whole_run_flow", flow(&shop::whole_run(), &SYMBOLS));
}

#[test]
fn a_merged_task_is_told_in_the_specifications_words() {
    let told = flow(&shop::whole_run(), &SYMBOLS);
    let expected = "
Agent: backend_worker_1
✓ Task 2: User Management Service complete
  - JWT authentication implemented
  - User registration and profile endpoints
  - Role-based access control
  - PostgreSQL database schema
";
    assert!(told.contains(expected), "{told}");
    let expected =
        "\n✅ Multi-agent execution completed!\n📊 Summary: 6 tasks completed successfully\n";
    assert!(told.contains(expected), "{told}");
}

#[test]
fn without_symbols_the_flow_is_ascii_and_says_the_same() {
    let told = flow(&shop::whole_run(), &PLAIN);
    assert!(told.is_ascii());
    insta::assert_snapshot!("whole_run_flow_plain", told);
}

#[test]
fn colours_change_nothing_but_the_colour() {
    let (colored, bare) = (flow(&shop::whole_run(), &COLORS), flow(&shop::whole_run(), &SYMBOLS));
    assert!(
        colored.contains("\x1b[32m✓ Task 1: Infrastructure and Gateway Setup complete\x1b[0m\n")
    );
    assert_eq!(equitr_ui::sanitize(&colored), bare);
}

#[test]
fn the_journal_of_a_whole_run_is_readable() {
    // How long core's prompts are is not this view's matter.
    insta::with_settings!({ filters => [(r"… \d+ lines left out …", "… lines left out …")] }, {
        insta::assert_snapshot!("whole_run_journal", journal(&shop::whole_run(), &SYMBOLS));
    });
}

#[test]
fn the_report_of_a_whole_run_says_what_was_proven() {
    insta::assert_snapshot!("whole_run_report", report(&shop::whole_run().state, &SYMBOLS));
}

#[test]
fn the_status_in_the_middle_of_a_run_says_who_does_what() {
    let state = middle();
    insta::assert_snapshot!("whole_run_status", status(&state, &SYMBOLS));
    let json = status_json(&state);
    assert_eq!(json["counts"]["proven"], 2);
    assert_eq!(json["tasks"][3]["status"], "waiting");
    assert_eq!(json["tasks"][2]["worker"], "backend_worker_2");
}

#[test]
fn the_live_line_drops_what_does_not_fit_and_never_breaks() {
    let state = middle();
    let now_ms = state.now_ms + 30_000;
    let wide = equitr_ui::Style { width: 88, ..SYMBOLS };
    assert_eq!(
        status_line(&state, now_ms, "backend_worker_2: pytest -q", &wide),
        "2/6 tasks merged · 3 workers at work · $0.0334/$100.00 · 3m 10s · backend_worker_2: pyt…"
    );
    for width in 0..160 {
        for (_, state) in folded(&shop::open_work()) {
            let line = status_line(
                &state,
                now_ms,
                "a\nb\x1b[2J c",
                &equitr_ui::Style { width, ..SYMBOLS },
            );
            let columns = unicode_width::UnicodeWidthStr::width(line.as_str());
            assert!(columns <= width && !line.contains(['\n', '\x1b']), "{width}: {line}");
        }
    }
}

#[test]
fn json_lines_read_back_as_the_journal() {
    let play = shop::open_work();
    let read: Vec<Record> =
        play.journal.iter().map(|r| serde_json::from_str(&record_line(r)).unwrap()).collect();
    assert_eq!(read, play.journal);
}

/// Two tasks are merged, three are at work.
fn middle() -> RunState {
    let merged = |state: &RunState| equitr_ui::Tally::of(state).merged() == 2;
    folded(&shop::whole_run()).into_iter().map(|(_, state)| state).find(merged).unwrap()
}
